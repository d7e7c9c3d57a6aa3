"""One vocabulary for every answer: outcomes, their order, and the reasons that carry them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from broker.core.ids import SubjectRef
from broker.core.reasons import REASONS
from broker.core.time import FOREVER, Seconds


class Outcome(IntEnum):
    """From the least to the most restrictive; combining takes the maximum."""

    PERMIT = 0
    PERMIT_WITH_OBLIGATIONS = 1
    PENDING = 2
    """Named evidence is missing; the asker can bring it."""
    REFER = 3
    """A named role must answer."""
    ALTERNATIVE = 4
    """Not in the way asked, but a milder way really passes."""
    DENY = 5

    @property
    def permits(self) -> bool:
        """May the data be used? Only the two permits say so."""
        return self <= Outcome.PERMIT_WITH_OBLIGATIONS


class Gate(StrEnum):
    """Every gate that a question passes, in the order in which they are explained."""

    IDENTITY = "identity"
    ENTITLEMENT = "entitlement"
    TERMS = "terms"
    PURPOSE = "purpose"
    SAFEGUARDS = "safeguards"
    DUO = "duo"
    CONSENT = "consent"
    COMMUNITY = "community"
    JURISDICTION = "jurisdiction"
    SECURITY = "security"
    CONDUCT = "conduct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """The rule that decided: enough to find the very text years later."""

    source: str
    """A policy pack's id, `duo`, `consent-record`, …"""
    version: str = ""
    rule: str = ""
    cite: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One ground of an answer. `facts` are the names and values that the rule read, for the sentence's slots.

    ValueError for a code that the registry does not list: no orphan reasons.
    """

    code: str
    facts: tuple[tuple[str, str], ...] = ()
    norm: Norm | None = None

    def __post_init__(self) -> None:
        if self.code not in REASONS:
            raise ValueError(f"{self.code} is not in the registry of reasons")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What one gate says.

    `until`: the first second at which this answer may stop being true. `excluded`: participants whose data
    this answer leaves out. `alternatives`: ways of access that this gate would permit instead.
    """

    gate: Gate
    outcome: Outcome
    reasons: tuple[Reason, ...]
    obligations: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Names of facts or evidence that would move the answer."""
    excluded: frozenset[SubjectRef] = frozenset()
    until: Seconds = FOREVER
    read: tuple[tuple[str, str], ...] = field(default=())
    """(name, version) of what was read: packs, ontology, consent generation; for replay."""
    asks: tuple[Reason, ...] = ()
    """Of a REFER: the open questions that findings could settle. None: no finding settles this gate's REFER."""
    besides: Outcome = Outcome.PERMIT_WITH_OBLIGATIONS
    """What the answer comes to once all of `asks` are answered."""
    awaits: tuple[Reason, ...] = ()
    """Why, if that is no permit."""
    ends: Seconds | None = None
    """Until when a grant may rest on this answer; None: `until`. What only takes a duty away, or one participant out,
    changes the answer and ends no grant.
    """


def most_restrictive(outcomes: Iterable[Outcome]) -> Outcome:
    """The maximum. ValueError when there is nothing to combine: an empty list of checks is no permit."""
    return max(outcomes)
