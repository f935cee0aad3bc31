"""Answers to requests beside the rule: whom an owner lets see them on one photo, and whom not, whatever the rule says then.

What was granted before is part of an override, which says of itself no more how it came about; it stays one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add both columns; NULL: nobody."""
    for name in ("granted", "declined"):
        op.add_column("photo_rule", sa.Column(name, sa.Text))
