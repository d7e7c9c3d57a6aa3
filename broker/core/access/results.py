"""The life of a finding about a participant, as a table: who takes which step (WHO 2024, 3.2-2).

It goes from a researcher to the custodian, and from there to the clinical route of the data; never to the person, and
never back to the researcher. What the person chose is asked at every step (core/consent/returning.py), and stops it.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum


class ResultStage(StrEnum):
    REPORTED = "reported"
    VALIDATED = "validated"
    """The custodian made sure of it, and said what it means."""
    AT_ETHICS = "at_ethics"
    """An ethics committee says whether it may go on."""
    FORWARDED = "forwarded"
    """With the clinical route, which speaks with whom it may speak with."""
    CLOSED = "closed"


WAITING = (ResultStage.REPORTED, ResultStage.VALIDATED, ResultStage.AT_ETHICS)
"""The stages in which somebody owes the next step."""


class ResultCommand(StrEnum):
    SEE = "see"
    VALIDATE = "validate"
    FORWARD = "forward"
    ALLOW = "allow"
    """By an ethics committee, with the reference of its approval."""
    CLOSE = "close"
    REFER = "refer"
    """By the broker: what is known of the person's choice leaves it to an ethics committee."""
    STOP = "stop"
    """By the broker: the person chose not to know, or nothing permits to tell them."""
    RETRACT = "retract"
    """By who reported it: it was wrong."""


_ENDS = {
    ResultCommand.CLOSE: ResultStage.CLOSED,
    ResultCommand.STOP: ResultStage.CLOSED,
    ResultCommand.RETRACT: ResultStage.CLOSED,
}
RESULT_TRANSITIONS: Mapping[ResultStage, Mapping[ResultCommand, ResultStage]] = {
    ResultStage.REPORTED: {
        **_ENDS,
        ResultCommand.VALIDATE: ResultStage.VALIDATED,
        ResultCommand.REFER: ResultStage.AT_ETHICS,
    },
    ResultStage.VALIDATED: {
        **_ENDS,
        ResultCommand.FORWARD: ResultStage.FORWARDED,
        ResultCommand.REFER: ResultStage.AT_ETHICS,
    },
    ResultStage.AT_ETHICS: {
        **_ENDS,
        ResultCommand.ALLOW: ResultStage.VALIDATED,
        ResultCommand.REFER: ResultStage.AT_ETHICS,
    },
    ResultStage.FORWARDED: {ResultCommand.RETRACT: ResultStage.FORWARDED},
    ResultStage.CLOSED: {ResultCommand.RETRACT: ResultStage.CLOSED},
}
"""Stage, and what moves a finding out of it. Taking it back is possible always, and answered alike: whoever reported it
learns nothing of its stage by that."""


class ResultPart(StrEnum):
    INVOLVED = "involved"
    """Reported it, holds the grant under which it was found, or applied for that with its holder."""
    CUSTODIAN = "custodian"
    ETHICS = "ethics_committee"


_CUSTODIAN = frozenset({ResultCommand.SEE, ResultCommand.VALIDATE, ResultCommand.FORWARD, ResultCommand.CLOSE})
_SEE = frozenset({ResultCommand.SEE})
_NOTHING = frozenset[ResultCommand]()
RESULT_PERMISSIONS: Mapping[ResultStage, Mapping[ResultPart, frozenset[ResultCommand]]] = {
    ResultStage.REPORTED: {ResultPart.CUSTODIAN: _CUSTODIAN},
    ResultStage.VALIDATED: {ResultPart.CUSTODIAN: _CUSTODIAN},
    ResultStage.AT_ETHICS: {
        ResultPart.CUSTODIAN: _SEE,
        ResultPart.ETHICS: _SEE | {ResultCommand.ALLOW, ResultCommand.CLOSE},
    },
    ResultStage.FORWARDED: {ResultPart.CUSTODIAN: _SEE},
    ResultStage.CLOSED: {ResultPart.CUSTODIAN: _SEE},
}
"""An ethics committee sees what waits for it, and nothing else."""


def may(stage: ResultStage, parts: Collection[ResultPart]) -> frozenset[ResultCommand]:
    """What whoever has these parts may do now. Who is involved sees nothing: not even whether it goes on."""
    if ResultPart.INVOLVED in parts:
        return _NOTHING
    mine = _NOTHING.union(*(RESULT_PERMISSIONS[stage].get(part, _NOTHING) for part in parts))
    return mine & (RESULT_TRANSITIONS[stage].keys() | _SEE)
