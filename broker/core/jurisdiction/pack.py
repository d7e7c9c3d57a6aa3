"""What a policy pack is, once `lint` has found nothing wrong with it (JURISDICTION section 4).

A pack is data that a lawyer can read: no code, no expressions that run. Nothing else makes a `Pack`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from broker.core.jurisdiction.facts import FactValue

SCHEMA = "broker.policy-pack/1"

APPLIES_WHEN, DEFAULT = "applies_when", "default"
"""What stands in the place of a rule's id where no rule decides; no rule may be called so."""

RegimeKind = Literal[
    "data_protection",
    "national_security",
    "genetic_resources",
    "funder_policy",
    "collective_governance",
    "research_approval",
    "ethics",
]
Status = Literal["example", "reviewed", "retired"]
LawStatus = Literal["in_force", "adopted_not_applicable", "proposed", "superseded"]
Confidence = Literal["high", "medium", "low"]
Quality = Literal["primary", "secondary", "memory"]
Effect = Literal["permit", "await", "refer", "limit_modality", "deny"]
OnUnknown = Literal["refer", "skip", "apply"]
Protects = Literal[
    "privacy", "data_protection", "equality", "self_determination", "culture", "security", "safety", "science"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One fact against a value, or against the members of lists of the pack on the day asked about."""

    fact: str
    op: str
    value: FactValue | None = None
    lists: tuple[str, ...] = ()
    """Names of lists of the pack; with several, their union."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`all` or `any` of at least one condition."""

    of: Literal["all", "any"]
    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """`true`: holds whatever is asked."""


Condition = Comparison | Not | Group | Always


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    id: str
    cite: str
    quality: Quality
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A country on a list, on its first and last day and between (both inclusive); None: no bound."""

    code: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryList:
    as_of: date
    source: str
    items: tuple[Entry, ...]

    def members(self, day: date) -> frozenset[str]:
        """Who is on the list on `day`."""
        return frozenset(
            item.code
            for item in self.items
            if (item.first is None or item.first <= day) and (item.last is None or day <= item.last)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The norm that a rule rests on: a listed source, and where in it."""

    source: str
    pinpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportionality:
    """Why a refusal is justified: aim, whom it protects, milder ways, what remains (HUMAN_RIGHTS 2)."""

    aim: str
    protects: tuple[Protects, ...]
    alternatives: tuple[str, ...]
    residual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One ordered rule. The first that applies decides; see judge for what each effect comes to."""

    id: str
    when: Condition
    effect: Effect
    reason: str
    basis: Basis
    obligations: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    on_unknown: OnUnknown
    """`lint` fills the default in: skip for a permit, refer for everything else."""
    mandatory: bool = False
    """Law from which no human exception is possible."""
    proportionality: Proportionality | None = None
    explain: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Obligations that hold whenever the pack applies and `when` holds or is unknown."""

    when: Condition
    obligations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    owner: str | None
    reviewed_by: str | None
    reviewed_on: date | None
    next_review_due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One version of one regime's rules, with its sources and its review."""

    id: str
    version: str
    title: str
    jurisdiction: str
    instrument: str
    kind: RegimeKind
    answers_for: frozenset[str]
    """Country codes, and `EEA` for the members of the pack's own list `eea`."""
    status: Status
    law_status: LawStatus
    effective_from: date
    effective_to: date | None
    """The first day on which the pack no longer holds."""
    as_of: date
    confidence: Confidence
    review: Review
    disclaimer: str
    sources: Mapping[str, Source]
    lists: Mapping[str, CountryList]
    applies_when: Condition
    default_effect: Literal["permit", "refer"]
    default_reason: str
    duties: tuple[Duty, ...]
    rules: tuple[Rule, ...]

    def in_force(self, day: date) -> bool:
        """Does the pack hold on `day`? Its own dates are half-open (ruling 8)."""
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


def comparisons_of(condition: Condition) -> tuple[Comparison, ...]:
    """Every test in `condition`, in the order in which it is written."""
    match condition:
        case Comparison():
            return (condition,)
        case Not(condition=inner):
            return comparisons_of(inner)
        case Group(conditions=parts):
            return tuple(test for part in parts for test in comparisons_of(part))
        case Always():
            return ()


def comparisons_in(pack: Pack) -> tuple[Comparison, ...]:
    """Every test in a condition of `pack`."""
    conditions = (pack.applies_when, *(rule.when for rule in pack.rules), *(duty.when for duty in pack.duties))
    return tuple(test for each in conditions for test in comparisons_of(each))


def facts_read(pack: Pack) -> frozenset[str]:
    """Every fact that some condition of `pack` reads, derived ones too."""
    limits = {"request.modality" for rule in pack.rules if rule.modalities}
    return frozenset(test.fact for test in comparisons_in(pack)) | limits
