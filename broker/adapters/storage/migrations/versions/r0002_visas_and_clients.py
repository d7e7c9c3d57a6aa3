"""The tables of what came with the whole of Passports (see `_KINDS`), the history of rows, and one of receipts.

Of rows that are there already the version that holds is kept, but for kinds with secrets: theirs are kept from their
next version on. Versions before are gone.
"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KINDS: dict[str, tuple[str, ...]] = {
    "done": (),
    "assertion": (),
    "custom_type": (),
    "gathered": (),
    "farewell": ("state",),
    "home_session": ("home",),
    "polled_visa": (),
    "signing_key": (),
    "task": ("person",),
    "identity_link": (),
    "document": ("name",),
    "in_force": (),
    "consent_template": (),
    "withdrawal_receipt": ("subject",),
    "sanction": (),
    "recipient_key": ("person",),
    "asked_about": (),
    "usage": ("decision",),
    "erasure": (),
    "application": ("person",),
    "review": ("application",),
    "hold": (),
    "challenge": ("person",),
    "incident": ("reporter",),
    "report": ("person", "grant"),
    "mailbox": ("person", "subject"),
    "notice": ("box", "state"),
    "alert": ("state",),
    "use_mark": (),
    "use_tally": (),
    "pack_proposal": ("state", "pack"),
    "consultation": ("state", "pack"),
    "comment": ("consultation", "person"),
    "use_volume": (),
    "use_whole": (),
    "attachment": ("person",),
    "result_report": ("reporter", "stage"),
    "moves": (),
}
"""Kind of row to the members by which its rows are found."""
_FROM_NOW_ON = ("committee", "consent", "dataset", "drs_object", "organisation", "repository", "revocation")
_AT_ONCE = 10_000
"""Receipts that are moved at a time."""
_whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """From 0001."""
    for kind, members in _KINDS.items():
        op.create_table(
            kind,
            sa.Column("id", _text, primary_key=True, nullable=False, autoincrement=False),
            sa.Column("version", _whole, nullable=False, autoincrement=False),
            sa.Column("body", _text, nullable=False, autoincrement=False),
            sqlite_strict=True,
        )
        for member in members:
            op.add_column(kind, sa.Column(member, _text, nullable=True))
            op.create_index(f"{kind}_{member}", kind, [member])
    _deliveries_by_object()
    _history()
    _receipts()
    _shards()
    if op.get_context().dialect.name == "postgresql":
        _many_processes()


def _deliveries_by_object() -> None:
    """Deliveries are found by object, so that a participant can be told how often their data left."""
    op.add_column("delivery", sa.Column("object", _text, nullable=True))
    op.create_index("delivery_object", "delivery", ["object"])
    postgresql = op.get_context().dialect.name == "postgresql"
    member = "body::json ->> 'object'" if postgresql else "json_extract(body, '$.object')"
    op.execute(f"UPDATE delivery SET object = {member}")  # noqa: S608 (ours)


def _history() -> None:
    """Every version of what decisions read; of what is there, the one that holds."""
    op.create_table(
        "history",
        sa.Column("kind", _text, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("row_id", _text, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("version", _whole, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("seq", _whole, nullable=False, autoincrement=False),
        sa.Column("body", _text, nullable=False, autoincrement=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for kind in _FROM_NOW_ON:
        op.execute(
            "INSERT INTO history SELECT e.kind, e.row_id, e.version, e.seq, r.body FROM effect e"  # noqa: S608 (ours)
            f" JOIN \"{kind}\" r ON r.id = e.row_id AND r.version = e.version WHERE e.kind = '{kind}'"
        )
    op.execute(
        "INSERT INTO meta (key, value) SELECT 'history_from', CAST(coalesce(max(seq) + 1, 0) AS TEXT) FROM record"
    )


def _many_processes() -> None:
    """What waits for its place in the log, and what the pictures of all processes follow."""
    op.create_table(
        "pending",
        sa.Column("n", sa.BigInteger, sa.Identity(cache=1), primary_key=True),
        sa.Column("id", _text, nullable=False, unique=True),
        sa.Column("at", _whole, nullable=False),
        sa.Column("kind", _text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("more", _text, nullable=False),
    )
    op.create_table(
        "feed",
        sa.Column("seq", _whole, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("place", _whole, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("at", _whole, nullable=False),
        sa.Column("kind", _text, nullable=False),
        sa.Column("body", _text, nullable=False),
    )
    op.create_index("feed_at", "feed", ["at"])


def _shards() -> None:
    """Logs that have ended."""
    op.create_table(
        "shard",
        sa.Column("origin", _text, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("first", _whole, nullable=False, autoincrement=False),
        sa.Column("size", _whole, nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False, autoincrement=False),
        sa.Column("note", sa.LargeBinary, nullable=False, autoincrement=False),
        sa.Column("at", _whole, nullable=False, autoincrement=False),
        sa.Column("leaves", sa.LargeBinary, nullable=False, autoincrement=False),
        sqlite_strict=True,
    )
    op.create_table(
        "shard_tile",
        sa.Column("origin", _text, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("l", _whole, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("n", _whole, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False, autoincrement=False),
        sqlite_strict=True,
    )


def _receipts() -> None:
    """Receipt ids are kept once more than in the entries, as 16 bytes, and not as text in two places."""
    op.create_table(
        "receipt",
        sa.Column("id", sa.LargeBinary, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("seq", _whole, nullable=False, autoincrement=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute("INSERT INTO receipt SELECT decode(replace(substr(id, 5), '-', ''), 'hex'), seq FROM record")
    else:
        connection = op.get_bind()
        into = sa.text("INSERT INTO receipt (id, seq) VALUES (:id, :seq)")
        size = connection.execute(sa.text("SELECT coalesce(max(seq) + 1, 0) FROM record")).scalar_one()
        for first in range(0, size, _AT_ONCE):
            page = sa.text("SELECT id, seq FROM record WHERE seq >= :first AND seq < :end")
            found = connection.execute(page, {"first": first, "end": first + _AT_ONCE}).all()
            connection.execute(into, [{"id": UUID(id.removeprefix("rcp_")).bytes, "seq": seq} for id, seq in found])
    op.drop_index("record_id", "record")
    op.drop_column("record", "id")
