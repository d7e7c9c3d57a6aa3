"""Is a human being shut out, under whichever of the identities that were ever shown to be theirs?

What ends somebody's access holds for the human being and not for an account (settled question 46): it covers who was
linked when it was said, and who is linked since. Parting two identities takes nothing of it back.
"""

from collections.abc import Iterator

from broker.core.ids import PersonId
from broker.core.rows import Sanction
from broker.core.rows.revocation import revocation_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds


def revoked(snapshot: Snapshot, person: PersonId, at: Seconds) -> bool:
    """Was the access of this human being ended, by whichever identity of theirs it was named?"""
    return snapshot.any_revoked((revocation_id("person", one) for one in snapshot.ever_linked(person)), at)


def suspensions(snapshot: Snapshot, person: PersonId) -> Iterator[Sanction]:
    """Every suspension of this human being: in force, over, or to come."""
    if not snapshot.unsanctioned:
        for one in sorted(snapshot.ever_linked(person)):
            yield from (row for row in snapshot.sanctions("person", one) if row.suspends)


def is_out(snapshot: Snapshot, person: PersonId, at: Seconds) -> bool:
    """Are they revoked or suspended? Then they have no role, and answer and decide nothing, as long as it lasts."""
    return revoked(snapshot, person, at) or any(row.holds(at) for row in suspensions(snapshot, person))
