"""Who may do what with an application, in which stage? One table; of several parts, each gives what it gives.

Nobody decides on their own request: who applies, or applies with others, has no other part in that application,
whatever roles they hold (dac-workflow I2). A draft is its author's alone (I6).
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

from broker.core.access.life import Command, Stage


class Part(StrEnum):
    APPLICANT = "applicant"
    ACCESSOR = "accessor"
    """Applies together with the applicant, for a grant of their own."""
    SIGNING_OFFICIAL = "signing_official"
    IT_DIRECTOR = "it_director"
    """Answers for where and how the applicant's institution keeps and computes data."""
    HANDLER = "handler"
    """Keeps the committee's desk: sees that an application comes to its answer, and does not give it."""
    MEMBER = "committee_member"
    CHAIR = "committee_chair"
    REVIEWER = "reviewer"
    DECIDER = "decider"
    AUDITOR = "auditor"


OF_APPLICANTS = frozenset({Part.APPLICANT, Part.ACCESSOR})

INSIDE = frozenset({Part.HANDLER, Part.MEMBER, Part.CHAIR, Part.REVIEWER, Part.DECIDER, Part.AUDITOR})
"""Who reads what the committee says among itself."""

_SEE = frozenset({Command.SEE})
_SPEAK = _SEE | {Command.REMARK}
_HANDLE = _SPEAK | {Command.INVITE, Command.DELAY}
_SIT = _SPEAK | {Command.ASSESS, Command.VOTE, Command.STEP_ASIDE, Command.RETURN, Command.DECIDE}
_PEOPLE = frozenset({Command.BRING, Command.REMOVE})
_OWN = _SPEAK | {Command.WITHDRAW, Command.COPY} | _PEOPLE
_WITH = _SEE | {Command.COPY, Command.LEAVE}

_READING = {
    Part.HANDLER: _SPEAK,
    Part.MEMBER: _SPEAK,
    Part.CHAIR: _SPEAK,
    Part.REVIEWER: _SEE,
    Part.DECIDER: _SEE,
    Part.AUDITOR: _SEE,
}
"""What is left to everybody else while nothing is to be decided: who once took part can still read."""

PERMISSIONS: Mapping[Stage, Mapping[Part, frozenset[Command]]] = {
    Stage.DRAFT: {Part.APPLICANT: frozenset({Command.SEE, Command.SAVE, Command.DELETE, Command.SUBMIT, Command.COPY})},
    Stage.SUBMITTED: {
        **_READING,
        Part.APPLICANT: _OWN,
        Part.ACCESSOR: _WITH,
        Part.SIGNING_OFFICIAL: _SEE | {Command.ENDORSE, Command.DECLINE},
        Part.IT_DIRECTOR: _SEE | {Command.CONFIRM, Command.DECLINE},
    },
    Stage.SCREENING: {**_READING, Part.APPLICANT: _OWN - _PEOPLE, Part.ACCESSOR: _WITH - {Command.LEAVE}},
    Stage.IN_REVIEW: {
        Part.APPLICANT: _OWN,
        Part.ACCESSOR: _WITH,
        Part.SIGNING_OFFICIAL: _SEE,
        Part.IT_DIRECTOR: _SEE,
        Part.HANDLER: _HANDLE | {Command.RETURN},
        Part.MEMBER: _SIT,
        Part.CHAIR: _SIT | _HANDLE,
        Part.REVIEWER: _SPEAK | {Command.STEP_ASIDE},
        Part.DECIDER: _SPEAK | {Command.ASSESS, Command.DECIDE, Command.STEP_ASIDE},
        Part.AUDITOR: _SEE,
    },
    Stage.RETURNED: {
        **_READING,
        Part.APPLICANT: _OWN | {Command.SUBMIT},
        Part.ACCESSOR: _WITH,
        Part.SIGNING_OFFICIAL: _SEE,
        Part.IT_DIRECTOR: _SEE,
        Part.HANDLER: _SPEAK | {Command.INVITE},
        Part.CHAIR: _SPEAK | {Command.INVITE},
    },
    Stage.DECIDED: {
        **_READING,
        Part.APPLICANT: _SPEAK | {Command.COPY, Command.AMEND} | _PEOPLE,
        Part.ACCESSOR: _WITH,
        Part.SIGNING_OFFICIAL: _SEE,
        Part.IT_DIRECTOR: _SEE,
        Part.CHAIR: _SPEAK | {Command.REOPEN},
    },
    Stage.WITHDRAWN: {
        **_READING,
        Part.APPLICANT: _SEE | {Command.COPY},
        Part.ACCESSOR: _WITH - {Command.LEAVE},
        Part.SIGNING_OFFICIAL: _SEE,
        Part.IT_DIRECTOR: _SEE,
    },
}


def allowed(stage: Stage, parts: Collection[Part]) -> frozenset[Command]:
    """What whoever has these parts may do now. Nothing, without a part."""
    mine = OF_APPLICANTS & frozenset(parts) or frozenset(parts)
    return frozenset().union(*(PERMISSIONS[stage].get(part, frozenset()) for part in mine))
