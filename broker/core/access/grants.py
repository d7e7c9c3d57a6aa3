"""The life of a grant, as tables: its stages, what moves it, and who may move it (dac-workflow section 2).

Three stages come by time alone: the last weeks, the end, and nothing else. No row is written for them, so no clock
that stands still keeps a right alive. Everything else is somebody's step, with its ground and its entry.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

from broker.core.time import Seconds

_DAY = 86_400


class GrantStage(StrEnum):
    ACTIVE = "active"
    EXPIRING = "expiring"
    """It ends within weeks: its holder and its committee are reminded."""
    SUSPENDED = "suspended"
    """Nothing is used under it until it is resumed; also past its end."""
    EXPIRED = "expired"
    REVOKED = "revoked"
    CLOSED = "closed"
    """Its holder attested that the copies are destroyed. For good."""


class GrantCommand(StrEnum):
    SEE = "see"
    FULFIL = "fulfil"
    """Record as done what was owed (flows/obligations.py)."""
    RENEW = "renew"
    """Ask for a later end, with a report of what was done."""
    EXTEND = "extend"
    DECLINE = "decline"
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    CLOSE = "close"
    TELL = "tell"
    """Report what was found about a participant (flows/results.py). What was found is not over with the grant."""
    PUBLISH = "publish"
    """Enter what was published. Papers come after the end, too."""
    REMIND = "remind"
    """By time: its end is near."""
    EXPIRE = "expire"
    """By time."""


_ENDS = {
    GrantCommand.SUSPEND: GrantStage.SUSPENDED,
    GrantCommand.REVOKE: GrantStage.REVOKED,
    GrantCommand.CLOSE: GrantStage.CLOSED,
}

GRANT_TRANSITIONS: Mapping[GrantStage, Mapping[GrantCommand, GrantStage]] = {
    GrantStage.ACTIVE: {**_ENDS, GrantCommand.EXTEND: GrantStage.ACTIVE, GrantCommand.REMIND: GrantStage.EXPIRING},
    GrantStage.EXPIRING: {**_ENDS, GrantCommand.EXTEND: GrantStage.ACTIVE, GrantCommand.EXPIRE: GrantStage.EXPIRED},
    GrantStage.SUSPENDED: {
        GrantCommand.RESUME: GrantStage.ACTIVE,
        GrantCommand.REVOKE: GrantStage.REVOKED,
        GrantCommand.CLOSE: GrantStage.CLOSED,
    },
    GrantStage.EXPIRED: {GrantCommand.EXTEND: GrantStage.ACTIVE, GrantCommand.CLOSE: GrantStage.CLOSED},
    GrantStage.REVOKED: {GrantCommand.CLOSE: GrantStage.CLOSED},
    GrantStage.CLOSED: {},
}
"""Stage, and what moves a grant out of it. An end that came while the committee had not answered can be extended: who
asked in time does not pay for its silence, and nothing is used between.
"""

USED = frozenset({GrantStage.ACTIVE, GrantStage.EXPIRING})
"""The stages in which every use is judged. In all others there is none."""


class GrantPart(StrEnum):
    HOLDER = "holder"
    MEMBER = "committee_member"
    ANSWERER = "answerer"
    """Who gives the committee's answer: its chair, and every member where it does not vote."""
    HANDLER = "handler"
    CUSTODIAN = "custodian"
    ADMIN = "admin"
    AUDITOR = "auditor"


_SEE = frozenset({GrantCommand.SEE})
_HELD = _SEE | {GrantCommand.TELL, GrantCommand.PUBLISH}
_OWED = _SEE | {GrantCommand.FULFIL}
_ANSWER = _SEE | {GrantCommand.EXTEND, GrantCommand.DECLINE}
_READING = {
    GrantPart.HOLDER: _HELD | {GrantCommand.CLOSE},
    GrantPart.MEMBER: _OWED,
    GrantPart.ANSWERER: _SEE,
    GrantPart.HANDLER: _SEE,
    GrantPart.CUSTODIAN: _OWED,
    GrantPart.ADMIN: _SEE,
    GrantPart.AUDITOR: _SEE,
}
_LIVE = {
    **_READING,
    GrantPart.HOLDER: _HELD | {GrantCommand.RENEW, GrantCommand.CLOSE},
    GrantPart.MEMBER: _OWED | {GrantCommand.SUSPEND, GrantCommand.REVOKE},
    GrantPart.ANSWERER: _ANSWER,
    GrantPart.CUSTODIAN: _OWED | {GrantCommand.SUSPEND},
    GrantPart.ADMIN: _SEE | {GrantCommand.SUSPEND, GrantCommand.REVOKE},
}
_STOPPED = frozenset({GrantCommand.RESUME, GrantCommand.REVOKE})

GRANT_PERMISSIONS: Mapping[GrantStage, Mapping[GrantPart, frozenset[GrantCommand]]] = {
    GrantStage.ACTIVE: _LIVE,
    GrantStage.EXPIRING: _LIVE,
    GrantStage.SUSPENDED: {
        **_READING,
        GrantPart.MEMBER: _OWED | _STOPPED,
        GrantPart.ADMIN: _SEE | _STOPPED,
    },
    GrantStage.EXPIRED: {**_READING, GrantPart.ANSWERER: _ANSWER},
    GrantStage.REVOKED: _READING,
    GrantStage.CLOSED: {**_READING, GrantPart.HOLDER: _HELD},
}
"""Who may do what in which stage. A custodian stops a use at once; whether it goes on, the committee says."""

REMINDERS = (60, 30, 7)
"""Days before the end from which on holder and committee are reminded, each time more urgently."""


def next_stage(stage: GrantStage, command: GrantCommand) -> GrantStage | None:
    """Where `command` takes a grant that is in `stage`; None if it cannot happen there."""
    return GRANT_TRANSITIONS[stage].get(command)


def stage_of(
    ends: Seconds, now: Seconds, *, closed: bool = False, revoked: bool = False, suspended: bool = False
) -> GrantStage:
    """In which stage a grant is at `now` that ends at `ends`, by what was done with it."""
    if closed:
        return GrantStage.CLOSED
    if revoked:
        return GrantStage.REVOKED
    if suspended:
        return GrantStage.SUSPENDED
    if ends <= now:
        return GrantStage.EXPIRED
    return GrantStage.ACTIVE if reminder(ends, now) is None else GrantStage.EXPIRING


def reminder(ends: Seconds, now: Seconds) -> int | None:
    """The last of REMINDERS that has come; None: not one has, or the end has."""
    due = [days for days in REMINDERS if now < ends <= now + days * _DAY]
    return min(due) if due else None


def may(stage: GrantStage, parts: Collection[GrantPart]) -> frozenset[GrantCommand]:
    """What whoever has these parts may do now. A holder has that part alone: nobody decides on their own (I2)."""
    mine = {GrantPart.HOLDER} if GrantPart.HOLDER in parts else parts
    return frozenset().union(*(GRANT_PERMISSIONS[stage].get(part, frozenset()) for part in mine))
