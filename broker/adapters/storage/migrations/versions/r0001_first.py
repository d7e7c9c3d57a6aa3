"""The first schema: a table for each kind of row, the log, scratch."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KINDS = {
    "access": ("person",),
    "approval": ("person",),
    "client": (),
    "code": ("family",),
    "committee": (),
    "consent": (),
    "dataset": (),
    "delivery": ("state", "access"),
    "drs_object": (),
    "family": ("person", "session", "client"),
    "grant": ("person", "dataset"),
    "identity": ("person",),
    "identity_provider": (),
    "organisation": (),
    "person": (),
    "refresh_token": ("family",),
    "repository": (),
    "request": ("person", "dataset", "state"),
    "revocation": (),
    "role": (),
    "session": ("person",),
    "trace": ("person",),
    "visa_issuer": (),
}
_whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From nothing."""
    for kind, members in _KINDS.items():
        _table(kind, "id", id=_text, version=_whole, body=_text)
        for member in members:
            op.add_column(kind, sa.Column(member, _text, nullable=True))
            op.create_index(f"{kind}_{member}", kind, [member])
    _table("record", "seq", seq=_whole, id=_text, at=_whole, kind=_text, body=sa.LargeBinary)
    op.create_index("record_id", "record", ["id"], unique=True)
    _table(
        "effect",
        "kind row_id version",
        kind=_text,
        row_id=_text,
        version=_whole,
        digest=_text,
        seq=_whole,
        rowid=False,
    )
    op.create_index("effect_seq", "effect", ["seq"])
    _table("tile", "l n", l=_whole, n=_whole, data=sa.LargeBinary)
    _table(
        "checkpoint", "size", size=_whole, root=sa.LargeBinary, note=sa.LargeBinary, at=_whole, leaves=sa.LargeBinary
    )
    _table("scratch", "n", n=_whole, kind=_text, id=_text, body=_text, expires=_whole)
    op.create_index("scratch_kind_id", "scratch", ["kind", "id"], unique=True)
    op.create_index("scratch_kind_n", "scratch", ["kind", "n"])
    op.create_index("scratch_expires", "scratch", ["expires"])
    if op.get_context().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE scratch_n OWNED BY scratch.n")
    _table("meta", "key", key=_text, value=_text)


def _table(name: str, keys: str, *, rowid: bool = True, **columns: TypeEngine[Any] | type) -> None:
    parts = [
        sa.Column(column, type_, primary_key=column in keys.split(), nullable=False, autoincrement=False)
        for column, type_ in columns.items()
    ]
    op.create_table(name, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)
