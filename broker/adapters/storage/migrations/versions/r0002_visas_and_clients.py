"""The tables of what came with the whole of Passports: see `_KINDS`."""

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
    "document": (),
    "in_force": (),
    "consent_template": (),
    "withdrawal_receipt": ("subject",),
}
"""Kind of row to the members by which its rows are found."""
_whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """From 0001."""
    for kind, members in _KINDS.items():
        op.create_table(
            kind,
            sa.Column("id", sa.Text, primary_key=True, nullable=False, autoincrement=False),
            sa.Column("version", _whole, nullable=False, autoincrement=False),
            sa.Column("body", sa.Text, nullable=False, autoincrement=False),
            sqlite_strict=True,
        )
        for member in members:
            op.add_column(kind, sa.Column(member, sa.Text, nullable=True))
            op.create_index(f"{kind}_{member}", kind, [member])
    _deliveries_by_object()


def _deliveries_by_object() -> None:
    """Deliveries are found by object, so that a participant can be told how often their data left."""
    op.add_column("delivery", sa.Column("object", sa.Text, nullable=True))
    op.create_index("delivery_object", "delivery", ["object"])
    postgresql = op.get_context().dialect.name == "postgresql"
    member = "body::json ->> 'object'" if postgresql else "json_extract(body, '$.object')"
    op.execute(f"UPDATE delivery SET object = {member}")  # noqa: S608 (ours)
