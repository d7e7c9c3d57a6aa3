"""A duty that is bound to one grant: who owes what, until when, and whether it was recorded as done."""

from dataclasses import dataclass

from broker.core.ids import PersonId
from broker.core.rows.safeguards import DutyClass, Late
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One duty of one grant. `id` is unique within the grant: the code, or the duty's id and its number.

    `text`: the id of its wording. `due`: None if it holds all along and is never done. Recorded as fulfilled means
    that `by` said so at `at`, with a reference to the proof; nothing else is claimed.
    """

    id: str
    cls: DutyClass
    text: str
    holder: str
    flows_down: bool = True
    due: Seconds | None = None
    evidence: str = ""
    late: Late = "no_renewal"
    proof: str = ""
    by: PersonId | None = None
    role: str = ""
    """In which role they said so."""
    at: Seconds | None = None

    @property
    def fulfilled(self) -> bool:
        """Has somebody recorded it as done?"""
        return self.at is not None

    def overdue(self, now: Seconds) -> bool:
        """Should it have been recorded as done by `now`?"""
        return self.due is not None and self.at is None and self.due <= now
