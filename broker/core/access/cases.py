"""The ladder by which an answer is challenged, and complaints: what can happen, who answers, and until when.

EXPLAIN section 6: somebody else than who decided answers each step. A complaint needs no sign-in, and nobody who sits
in the committee that it may be about can see it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from broker.core.time import Seconds, day_of, start_of

Outcome = Literal["upheld", "partly", "rejected"]
_DAY = 86_400
_SATURDAY = 5


class CaseKind(StrEnum):
    RECONSIDERATION = "reconsideration"
    """The committee looks again, by members who had no part in the answer."""
    APPEAL = "appeal"
    """A panel outside the committee."""
    COMPLAINT = "complaint"
    """By anybody, about anything; the complaints officer."""
    QUESTION = "question"
    """By a participant, about data that hold theirs; the committee that decides about them. It challenges nothing."""


class CaseStage(StrEnum):
    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class CaseCommand(StrEnum):
    SEE = "see"
    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"
    WITHDRAW = "withdraw"


CASE_TRANSITIONS: Mapping[CaseStage, Mapping[CaseCommand, CaseStage]] = {
    CaseStage.RECEIVED: {
        CaseCommand.ACKNOWLEDGE: CaseStage.ACKNOWLEDGED,
        CaseCommand.ANSWER: CaseStage.ANSWERED,
        CaseCommand.WITHDRAW: CaseStage.WITHDRAWN,
    },
    CaseStage.ACKNOWLEDGED: {CaseCommand.ANSWER: CaseStage.ANSWERED, CaseCommand.WITHDRAW: CaseStage.WITHDRAWN},
    CaseStage.ANSWERED: {},
    CaseStage.WITHDRAWN: {},
}

ANSWERED_BY: Mapping[CaseKind, str] = {
    CaseKind.RECONSIDERATION: "committee_member",
    CaseKind.APPEAL: "appeal_panel",
    CaseKind.COMPLAINT: "complaints_officer",
    CaseKind.QUESTION: "committee_member",
}
"""The role that acknowledges and answers: a member of the committee that answered, or of the whole service."""

OUTSIDE = frozenset({CaseKind.APPEAL, CaseKind.COMPLAINT})
"""Kinds that nobody sees who has a part in the committee concerned, whatever other role they hold."""

INSIDE = frozenset({CaseKind.RECONSIDERATION, CaseKind.QUESTION})
"""Kinds that the committee concerned answers itself."""

CHALLENGE_DAYS = 30
"""After an answer, within which it is challenged."""
ACKNOWLEDGED_WITHIN = 3
"""Working days."""
ANSWERED_WITHIN: Mapping[CaseKind, tuple[int, bool]] = {
    CaseKind.RECONSIDERATION: (10, True),
    CaseKind.APPEAL: (30, False),
    CaseKind.COMPLAINT: (30, False),
    CaseKind.QUESTION: (10, True),
}
"""Days, and whether only working days count."""


def answered_in(kind: CaseKind, committee: str) -> str:
    """The scope in which somebody has the role that answers it."""
    return f"committee:{committee}" if kind in INSIDE else "service"


def due(kind: CaseKind, stage: CaseStage, opened: Seconds) -> Seconds | None:
    """Until when the next step is owed: to acknowledge it, then to answer. None: nothing is owed."""
    if stage not in (CaseStage.RECEIVED, CaseStage.ACKNOWLEDGED):
        return None
    if stage is CaseStage.RECEIVED:
        return working_days(opened, ACKNOWLEDGED_WITHIN)
    days, working = ANSWERED_WITHIN[kind]
    return working_days(opened, days) if working else Seconds(opened + days * _DAY)


def working_days(since: Seconds, days: int) -> Seconds:
    """The end of the last of so many days from Monday to Friday after that of `since`, UTC; holidays are not known."""
    day = day_of(since)
    while days:
        day = day_of(Seconds(start_of(day) + _DAY))
        days -= day.weekday() < _SATURDAY
    return Seconds(start_of(day) + _DAY)
