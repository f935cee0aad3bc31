"""Photos, faces, owners' rules: the catalog of version 0.1."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_RULES = "rule IN ('nobody', 'friends', 'everyone')"


def upgrade() -> None:
    """Make the first four tables."""
    op.create_table(
        "photo",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("photo_id", sa.LargeBinary, sa.CheckConstraint("length(photo_id) = 16"), nullable=False),
        sa.Column("version", sa.LargeBinary, sa.CheckConstraint("length(version) = 16"), nullable=False),
        sa.Column("base_sha256", sa.LargeBinary, sa.CheckConstraint("length(base_sha256) = 32"), nullable=False),
        sa.Column("base_size", sa.Integer, sa.CheckConstraint("base_size > 0"), nullable=False),
        sa.Column("width", sa.Integer, sa.CheckConstraint("width > 0"), nullable=False),
        sa.Column("height", sa.Integer, sa.CheckConstraint("height > 0"), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("published", sa.Float, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
    )
    op.create_table(
        "face",
        sa.Column("path", sa.Text, sa.ForeignKey("photo.path", ondelete="CASCADE"), primary_key=True),
        sa.Column("slot", sa.Integer, sa.CheckConstraint("slot >= 0"), primary_key=True),
        *(sa.Column(side, sa.Integer, nullable=False) for side in "xywh"),
        sa.Column("owner", sa.Text),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "user_rule",
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("rule", sa.Text, sa.CheckConstraint(_RULES), nullable=False),
    )
    op.create_table(
        "photo_rule",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("rule", sa.Text, sa.CheckConstraint(_RULES), nullable=False),
    )
