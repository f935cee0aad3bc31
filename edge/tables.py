"""The catalog's tables; lengths and relations are checked by the database, so that no program can store half a face."""

from sqlalchemy import CheckConstraint
from sqlalchemy import Column
from sqlalchemy import Float
from sqlalchemy import ForeignKey
from sqlalchemy import Integer
from sqlalchemy import LargeBinary
from sqlalchemy import MetaData
from sqlalchemy import Table
from sqlalchemy import Text

METADATA = MetaData()

PHOTO = Table(
    "photo",
    METADATA,
    Column("path", Text, primary_key=True),
    Column("photo_id", LargeBinary, CheckConstraint("length(photo_id) = 16"), nullable=False),
    Column("version", LargeBinary, CheckConstraint("length(version) = 16"), nullable=False),
    Column("base_sha256", LargeBinary, CheckConstraint("length(base_sha256) = 32"), nullable=False),
    Column("base_size", Integer, CheckConstraint("base_size > 0"), nullable=False),
    Column("width", Integer, CheckConstraint("width > 0"), nullable=False),
    Column("height", Integer, CheckConstraint("height > 0"), nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("published", Float, nullable=False),
    Column("certificate", Text, nullable=False, default=""),
)

FACE = Table(
    "face",
    METADATA,
    Column("path", Text, ForeignKey(PHOTO.c.path, ondelete="CASCADE"), primary_key=True),
    Column("slot", Integer, CheckConstraint("slot >= 0"), primary_key=True),
    Column("x", Integer, nullable=False),
    Column("y", Integer, nullable=False),
    Column("w", Integer, nullable=False),
    Column("h", Integer, nullable=False),
    Column("owner", Text),
    Column("wrapped_key", LargeBinary, nullable=False),
)

USER_RULE = Table(
    "user_rule",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("rule", Text, CheckConstraint("rule IN ('nobody', 'friends', 'everyone')"), nullable=False),
)

PHOTO_RULE = Table(
    "photo_rule",  # apart from photo and face, so that publishing again cannot forget what an owner said
    METADATA,
    Column("path", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("rule", Text, CheckConstraint("rule IN ('nobody', 'friends', 'everyone')"), nullable=False),
)
