"""What can happen to a consultation, as a table; and which one lets a change of the rules come into force.

It is closed by a person, not by time, and only when every objection has an answer. What is put in force is the very
text that people read: whoever writes on asks again.
"""

from collections.abc import Iterable, Mapping

from broker.core.outcome import Reason
from broker.core.rows import Comment, Consultation, PackProposal
from broker.core.time import Seconds

_DAY = 86_400
MOST_DAYS = 366
MOST_TEXT = 5_000
"""Characters of a comment, and of an answer."""
MOST_COMMENTS, MOST_OF_ONE = 1_000, 20
"""On one consultation by people for themselves, and of one person for one side: however many speak for themselves, a
community that is asked can be heard."""

STEPS: Mapping[tuple[str, str], frozenset[str]] = {
    ("open", "running"): frozenset({"comment", "answer"}),
    ("open", "over"): frozenset({"answer", "close"}),
    ("closed", "running"): frozenset(),
    ("closed", "over"): frozenset(),
}
"""State, and whether its time runs: what may be done. Nothing leads back."""


def can(row: Consultation, step: str, now: Seconds) -> Reason | None:
    """Why a step cannot be taken now; None: it can."""
    if step in STEPS[row.state, "running" if now < row.until else "over"]:
        return None
    state = "closed" if row.state == "closed" else "open" if now < row.until else "over"
    return Reason(code="REQ-STATE", facts=(("state", state),))


def unanswered(comments: Iterable[Comment]) -> int:
    """How many objections have no answer."""
    return sum(one.objects and one.answered is None for one in comments)


def ends(days: int, least: int, now: Seconds) -> Seconds | None:
    """When a consultation of so many days is over; None: it would be too short, or too long."""
    return Seconds(now + days * _DAY) if max(1, least) <= days <= MOST_DAYS else None


def is_asked(proposal: PackProposal, found: Iterable[Consultation]) -> bool:
    """Are people being asked about the text of now?"""
    return any(row.state != "closed" for row in _of_text(proposal, found))


def settled(proposal: PackProposal, found: Iterable[Consultation]) -> Consultation | None:
    """The closed one in which people were asked about the text of now, the last; None: there is none, or people are
    still being asked about it, whose objections nobody has answered.
    """
    of_text = _of_text(proposal, found)
    if is_asked(proposal, of_text):
        return None
    return max(of_text, key=lambda row: (row.closed or 0, row.id), default=None)


def _of_text(proposal: PackProposal, found: Iterable[Consultation]) -> list[Consultation]:
    text = proposal.written[-1].digest
    return [row for row in found if row.proposal == proposal.id and row.digest == text]
