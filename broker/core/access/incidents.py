"""What happens after something went wrong with data: a table of steps, and who takes them (WHO 2024, 3.8-3).

Whoever notices it reports it. What is in doubt is frozen at once, by those who may suspend a grant; then it is
investigated, decided, told to the people concerned, and published. Nobody handles what they are involved in.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Literal, get_args

Breach = Literal["other", "beyond_purpose", "re_identification", "passed_on", "lost_or_stolen", "missing_attribution"]
"""Of what it is said to be a breach. `missing_attribution`: data were published of and not named."""
BREACHES: tuple[Breach, ...] = get_args(Breach)


class IncidentStage(StrEnum):
    REPORTED = "reported"
    INVESTIGATED = "investigated"
    """Somebody looks into it."""
    DECIDED = "decided"
    """What happened is found, and what is done about it."""
    INFORMED = "informed"
    """Those concerned were told, or why they were not."""
    PUBLISHED = "published"


class IncidentCommand(StrEnum):
    SEE = "see"
    FREEZE = "freeze"
    """Suspend grants that may be involved."""
    INVESTIGATE = "investigate"
    DECIDE = "decide"
    INFORM = "inform"
    PUBLISH = "publish"


INCIDENT_TRANSITIONS: Mapping[IncidentStage, Mapping[IncidentCommand, IncidentStage]] = {
    IncidentStage.REPORTED: {IncidentCommand.INVESTIGATE: IncidentStage.INVESTIGATED},
    IncidentStage.INVESTIGATED: {IncidentCommand.DECIDE: IncidentStage.DECIDED},
    IncidentStage.DECIDED: {IncidentCommand.INFORM: IncidentStage.INFORMED},
    IncidentStage.INFORMED: {IncidentCommand.PUBLISH: IncidentStage.PUBLISHED},
    IncidentStage.PUBLISHED: {},
}
"""No step is left out: nothing is published that those concerned were not told before."""


class IncidentPart(StrEnum):
    REPORTER = "reporter"
    INVOLVED = "involved"
    """Holds a grant that was frozen for it, or applied for it with its holder."""
    MEMBER = "committee_member"
    CUSTODIAN = "custodian"
    ADMIN = "admin"
    AUDITOR = "auditor"


_SEE = frozenset({IncidentCommand.SEE})
_HANDLE = frozenset(IncidentCommand)
RIGHTS: Mapping[IncidentPart, frozenset[IncidentCommand]] = {
    IncidentPart.REPORTER: _SEE,
    IncidentPart.INVOLVED: frozenset(),
    IncidentPart.MEMBER: _HANDLE,
    IncidentPart.CUSTODIAN: _HANDLE - {IncidentCommand.DECIDE},
    IncidentPart.ADMIN: _HANDLE - {IncidentCommand.DECIDE},
    IncidentPart.AUDITOR: _SEE,
}


def may(stage: IncidentStage, parts: Collection[IncidentPart]) -> frozenset[IncidentCommand]:
    """What whoever has these parts may do now; whoever is involved at most sees what they reported."""
    mine = {IncidentPart.REPORTER} & set(parts) if IncidentPart.INVOLVED in parts else parts
    can = INCIDENT_TRANSITIONS[stage].keys() | {IncidentCommand.SEE}
    can |= {IncidentCommand.FREEZE} if stage is not IncidentStage.PUBLISHED else set()
    return frozenset().union(*(RIGHTS[part] for part in mine)) & can
