"""The catalog's tables; lengths and relations are checked by the database, so that no program can store half a face.

What a person said (rules, vetoes, groups, blocks) and what nobody may see lives apart from photos and faces, so that publishing
or deleting a photo can never forget it. ``migrations/`` makes these tables; a test compares the two.
"""

from sqlalchemy import BigInteger
from sqlalchemy import Boolean
from sqlalchemy import CheckConstraint
from sqlalchemy import Column
from sqlalchemy import Float
from sqlalchemy import ForeignKey
from sqlalchemy import ForeignKeyConstraint
from sqlalchemy import Index
from sqlalchemy import Integer
from sqlalchemy import LargeBinary
from sqlalchemy import MetaData
from sqlalchemy import Table
from sqlalchemy import Text
from sqlalchemy import false

METADATA = MetaData()

ANSWERS = "answer IN ('', 'yes', 'no')"

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
    Column("certificate", Text, nullable=False),
    Column("uploader", Text),
    Column("renditions", Text, nullable=False, server_default=""),  # width, height, size, hash; one after the other
    Index("photo_by_uploader", "uploader"),
    Index("photo_by_base", "base_sha256"),
)

FACE = Table(
    "face",
    METADATA,
    Column("path", Text, ForeignKey(PHOTO.c.path, ondelete="CASCADE"), primary_key=True),
    Column("slot", Integer, CheckConstraint("slot >= 0"), primary_key=True, autoincrement=False),
    Column("x", Integer, nullable=False),
    Column("y", Integer, nullable=False),
    Column("w", Integer, nullable=False),
    Column("h", Integer, nullable=False),
    Column("owner", Text),
    Column("wrapped_key", LargeBinary),  # NULL: erased, for ever
    Column("locked", Boolean, nullable=False, server_default=false()),
    Column("shown", Boolean, nullable=False, server_default=false()),  # the uploader tagged or unlocked it
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Index("face_by_owner", "owner"),
)

TAG = Table(
    "tag",  # who a face may be, while the two sides have not both said so
    METADATA,
    Column("path", Text, primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("person", Text, primary_key=True),
    Column("proposed", Boolean, nullable=False),  # the uploader says so
    Column("answer", Text, CheckConstraint(ANSWERS), nullable=False),  # what the person says
    ForeignKeyConstraint(("path", "slot"), ("face.path", "face.slot"), ondelete="CASCADE"),
    Index("tag_by_person", "person"),
)

REQUEST = Table(
    "request",  # viewers who asked to see a face
    METADATA,
    Column("path", Text, primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("person", Text, primary_key=True),
    Column("answer", Text, CheckConstraint(ANSWERS), nullable=False),
    ForeignKeyConstraint(("path", "slot"), ("face.path", "face.slot"), ondelete="CASCADE"),
)

SUGGESTION = Table(
    "suggestion",  # faces close to an enrolled template, for that person to claim or not
    METADATA,
    Column("path", Text, primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("person", Text, primary_key=True),
    ForeignKeyConstraint(("path", "slot"), ("face.path", "face.slot"), ondelete="CASCADE"),
    Index("suggestion_by_person", "person"),
)

ACCOUNT = Table(
    "account",  # what a person allows wherever nothing else is said
    METADATA,
    Column("person", Text, primary_key=True),
    Column("rule", Text),
    Column("tied", Boolean, nullable=False, server_default=false()),  # has, or once had, members or blocks
    Column("epoch", BigInteger, nullable=False, server_default="0"),
)

PHOTO_RULE = Table(
    "photo_rule",  # what a person allows on one photo
    METADATA,
    Column("path", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("rule", Text),
    Column("vetoed", Boolean, nullable=False, server_default=false()),
    Column("granted", Text),  # subjects besides those of the rule in force, as a rule spells them
    Column("declined", Text),  # subjects not, though the rule in force names them
    Index("photo_rule_by_owner", "owner"),
)

RESTRICTION = Table(
    "restriction",  # locks and erasures by place; they outlive versions, and the photo itself
    METADATA,
    Column("path", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, CheckConstraint("kind IN ('erasure', 'lock')"), nullable=False),
    *(Column(name, Integer, nullable=False) for name in "xywh"),
    Column("width", Integer, CheckConstraint("width > 0"), nullable=False),  # of the picture that the box is in
    Column("height", Integer, CheckConstraint("height > 0"), nullable=False),
    Column("since", Float, nullable=False),
)

MEMBER = Table(
    "member",  # the named groups of a person
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("circle", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Index("member_by_person", "person", "owner"),
)

BLOCK = Table(
    "block",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("person", Text, primary_key=True),
)

TEMPLATE = Table(
    "template",  # of people who asked to be found; sealed like a face
    METADATA,
    Column("person", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("salt", LargeBinary, CheckConstraint("length(salt) = 32"), nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

SECRET = Table(
    "secret",  # keys of the catalog itself, wrapped like face keys
    METADATA,
    Column("name", Text, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
)

AUDIT = Table(
    "audit",  # append-only; each row's digest covers the row before
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("photo", Text, nullable=False),
    Column("slots", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("digest", LargeBinary, CheckConstraint("length(digest) = 32"), nullable=False),
)

AUDIT_HEAD = Table(
    "audit_head",  # one row: where the log ends
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("digest", LargeBinary, CheckConstraint("length(digest) = 32"), nullable=False),
    Column("seal", LargeBinary, CheckConstraint("length(seal) = 32"), nullable=False),
)
