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


def upgrade() -> None:
    """From nothing."""
    for kind, members in _KINDS.items():
        _table(kind, "id", id=sa.Text, version=_whole, body=sa.Text)
        for member in members:
            op.add_column(kind, sa.Column(member, sa.Text, nullable=True))
            op.create_index(f"{kind}_{member}", kind, [member])
    _table("record", "seq", seq=_whole, id=sa.Text, at=_whole, kind=sa.Text, body=sa.LargeBinary)
    op.create_index("record_id", "record", ["id"], unique=True)
    _table(
        "effect",
        "kind row_id version",
        kind=sa.Text,
        row_id=sa.Text,
        version=_whole,
        digest=sa.Text,
        seq=_whole,
        rowid=False,
    )
    op.create_index("effect_seq", "effect", ["seq"])
    _table("tile", "l n", l=_whole, n=_whole, data=sa.LargeBinary)
    _table(
        "checkpoint", "size", size=_whole, root=sa.LargeBinary, note=sa.LargeBinary, at=_whole, leaves=sa.LargeBinary
    )
    _table("scratch", "n", n=_whole, kind=sa.Text, id=sa.Text, body=sa.Text, expires=_whole)
    op.create_index("scratch_kind_id", "scratch", ["kind", "id"], unique=True)
    op.create_index("scratch_kind_n", "scratch", ["kind", "n"])
    op.create_index("scratch_expires", "scratch", ["expires"])
    _table("meta", "key", key=sa.Text, value=sa.Text)


def _table(name: str, keys: str, *, rowid: bool = True, **columns: TypeEngine[Any] | type) -> None:
    parts = [
        sa.Column(column, type_, primary_key=column in keys.split(), nullable=False, autoincrement=False)
        for column, type_ in columns.items()
    ]
    op.create_table(name, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)
