"""Three access models, epochs, erasable keys, groups, blocks, templates and the audit log.

Tables whose columns change are made anew and filled from the old ones: SQLite cannot alter a column in place.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ANSWERS = "answer IN ('', 'yes', 'no')"


def upgrade() -> None:
    """Bring a catalog of version 0.1 here; nothing that anybody said is lost."""
    op.add_column("photo", sa.Column("uploader", sa.Text))
    op.create_index("photo_by_uploader", "photo", ["uploader"])
    op.create_index("photo_by_base", "photo", ["base_sha256"])
    _renew_faces()
    _renew_rules()
    _create_ties()
    _create_log()


def _renew_faces() -> None:
    op.rename_table("face", "old_face")
    op.create_table(
        "face",
        sa.Column("path", sa.Text, sa.ForeignKey("photo.path", ondelete="CASCADE"), primary_key=True),
        sa.Column("slot", sa.Integer, sa.CheckConstraint("slot >= 0"), primary_key=True, autoincrement=False),
        *(sa.Column(side, sa.Integer, nullable=False) for side in "xywh"),
        sa.Column("owner", sa.Text),
        sa.Column("wrapped_key", sa.LargeBinary),
        sa.Column("locked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("shown", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    )
    same = "path, slot, x, y, w, h, owner, wrapped_key"
    op.execute(f"INSERT INTO face ({same}) SELECT {same} FROM old_face")  # noqa: S608 - a fixed text
    op.drop_table("old_face")
    op.create_index("face_by_owner", "face", ["owner"])
    for name, *columns in (
        ("tag", sa.Column("proposed", sa.Boolean, nullable=False), _answer()),
        ("request", _answer()),
        ("suggestion",),
    ):
        op.create_table(
            name,
            sa.Column("path", sa.Text, primary_key=True),
            sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("person", sa.Text, primary_key=True),
            *columns,
            sa.ForeignKeyConstraint(("path", "slot"), ("face.path", "face.slot"), ondelete="CASCADE"),
        )
    op.create_index("tag_by_person", "tag", ["person"])
    op.create_index("suggestion_by_person", "suggestion", ["person"])


def _renew_rules() -> None:
    op.create_table(
        "account",
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("rule", sa.Text),
        sa.Column("tied", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.execute('INSERT INTO account (person, rule) SELECT "user", rule FROM user_rule')
    op.drop_table("user_rule")
    op.rename_table("photo_rule", "old_photo_rule")
    op.create_table(
        "photo_rule",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("rule", sa.Text),
        sa.Column("vetoed", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.execute("INSERT INTO photo_rule (path, owner, rule) SELECT path, owner, rule FROM old_photo_rule")
    op.drop_table("old_photo_rule")
    op.create_index("photo_rule_by_owner", "photo_rule", ["owner"])


def _create_ties() -> None:
    op.create_table(
        "member",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("owner", "circle", "person")),
    )
    op.create_index("member_by_person", "member", ["person", "owner"])
    op.create_table("block", *(sa.Column(name, sa.Text, primary_key=True) for name in ("owner", "person")))
    op.create_table(
        "template",
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, sa.CheckConstraint("length(salt) = 32"), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )


def _create_log() -> None:
    op.create_table(
        "secret",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("actor", "action", "photo", "slots", "subject")),
        sa.Column("digest", sa.LargeBinary, sa.CheckConstraint("length(digest) = 32"), nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, sa.CheckConstraint("length(digest) = 32"), nullable=False),
        sa.Column("seal", sa.LargeBinary, sa.CheckConstraint("length(seal) = 32"), nullable=False),
    )


def _answer() -> sa.Column[str]:
    return sa.Column("answer", sa.Text, sa.CheckConstraint(_ANSWERS), nullable=False)
