"""Locks and erasures by path: what is in force now is kept from here on, also when the photo goes."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COLUMNS = "path, number, kind, x, y, w, h, width, height, since"
# A face may be locked and erased, so a number is its slot twice over; "since" is now: when it was said is in the audit log.
_FILL = """
    INSERT INTO restriction ({columns})
    SELECT face.path, 2 * face.slot + {odd}, '{kind}', x, y, w, h, width, height, {now}
    FROM face JOIN photo ON photo.path = face.path WHERE {which}
"""


def upgrade() -> None:
    """Make the table, and keep in it every lock and erasure there is."""
    op.create_table(
        "restriction",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, sa.CheckConstraint("kind IN ('erasure', 'lock')"), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in "xywh"),
        sa.Column("width", sa.Integer, sa.CheckConstraint("width > 0"), nullable=False),
        sa.Column("height", sa.Integer, sa.CheckConstraint("height > 0"), nullable=False),
        sa.Column("since", sa.Float, nullable=False),
    )
    for odd, kind, which in ((0, "lock", "face.locked"), (1, "erasure", "face.wrapped_key IS NULL")):
        op.execute(_FILL.format(columns=_COLUMNS, odd=odd, kind=kind, now=time.time(), which=which))
