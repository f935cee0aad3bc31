"""The smaller pictures that are sealed beside a photo; photos from before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; empty: none."""
    op.add_column("photo", sa.Column("renditions", sa.Text, nullable=False, server_default=""))
