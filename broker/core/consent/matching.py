"""How does the one DUO matcher speak in consent's words? (rules R8 and R10; ruling 6)

The matcher is core/duo, asked strictly, as for a person's own codes. Added here is what only a person's
consent has: any one of several permissions suffices, ancestry beside another kind of research is a modifier's
question, and POA never carries clinical care.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from broker.core.consent.model import Scope
from broker.core.consent.verdict import Verdict, exclude, hold, include
from broker.core.duo.asked import Asked
from broker.core.duo.coding import Codes, read_codes
from broker.core.duo.modifiers import modifier_opinions
from broker.core.duo.ontology import Ontology
from broker.core.duo.opinion import Match, Opinion, combine
from broker.core.duo.opinion import Verdict as Duo
from broker.core.duo.permissions import permission_verdict
from broker.core.duo.terms import Term
from broker.core.duo.vocabulary import CATEGORIES, POA, TermKind
from broker.core.outcome import Reason
from broker.core.purpose import Kind, Purpose
from broker.core.time import Day

_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        "DUO-ANCESTRY": "CON-ANCESTRY",
        "DUO-METHODS": "CON-METHODS",
        "DUO-FORPROFIT-ORG": "CON-FORPROFIT-ORG",
        "DUO-COMMERCIAL-USE": "CON-COMMERCIAL-USE",
        "DUO-GENETIC-ONLY": "CON-GENETIC-ONLY",
        "DUO-REGION": "CON-REGION",
    }
)
"""A modifier's refusal in consent's words, in the order in which R10 gives them; any other is CON-CONDITION."""

_NO_FAULT = frozenset({"DUO-NO-PERMISSION", "DUO-TWO-PERMISSIONS"})
"""What is a fault on a dataset and none on a person: permissions of one person mean "or"."""

_OUTSIDE = frozenset({"DUO-PURPOSE", "DUO-DISEASE", "DUO-CLINICAL-CARE"})
"""How a permission refuses who names a disease; what is open beside a refusal says nothing of it."""

Terms = tuple[Term, ...]
_READABLE = frozenset({TermKind.PERMISSION, TermKind.MODIFIER})
_METHODS_OPEN = frozenset({"DUO-METHODS-UNCLEAR", "DUO-DISEASE-UNSTATED"})
_RESEARCH = frozenset({Kind.GENERAL, Kind.HMB, Kind.DISEASE, Kind.METHODS, Kind.CONTROL, Kind.DRUG_DEVELOPMENT})
"""Kinds beside which ancestry is a flag of the study and not its purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a scope's codes say about a purpose: R8, R10, and what carries it if neither objects."""

    purpose: Verdict | None
    conditions: Verdict | None
    carried: Verdict
    """By the permission that fits best; also where an ethics committee has answered R8's open question."""


def fit(scope: Scope, purpose: Purpose, ontology: Ontology, today: Day) -> Fit:
    """Whether `purpose` fits the permissions and modifiers of one person's scope."""
    return _fit(scope.permissions, scope.modifiers, purpose, ontology, today)


@lru_cache(maxsize=1024)
def _fit(given: Terms, modifiers: Terms, purpose: Purpose, ontology: Ontology, today: Day) -> Fit:
    """Remembered: a cohort has a few forms, and a download asks again for every range."""
    codes = read_codes((*given, *(term for term in modifiers if not _permits(term))))
    main = _without_ancestry(purpose)
    said = [(term, _asked_of(term, main, ontology, care=codes.care)) for term in codes.permissions]
    said.sort(key=lambda one: one[1].verdict)  # stable: of equals, the one that the record names first
    opinions = _conditions(modifiers, codes, purpose, today)
    conditions = combine(opinions) if opinions else Match(verdict=Duo.PERMIT)
    silent = not codes.permissions  # a family or community that states none refuses nothing; a person's own is R8's
    ancestry = main == purpose or silent or any(_ancestry(term, ontology) for term in codes.permissions)
    return Fit(
        purpose=_outside(given, [match for _, match in said], main),
        conditions=_objection(conditions) if ancestry else exclude("CON-ANCESTRY"),
        carried=_carried(*said[0], conditions) if said else exclude("CON-PURPOSE"),
    )


def _permits(term: Term) -> bool:
    return term.kind is TermKind.PERMISSION


def _without_ancestry(purpose: Purpose) -> Purpose:
    """The purpose that R8 judges: ancestry beside another kind of research, or beside care, is left to R10.

    A disease alone is no other kind: without ancestry there would be no purpose left to judge.
    """
    if Kind.ANCESTRY in purpose.named_kinds and (purpose.named_kinds & _RESEARCH or purpose.clinical_care):
        return replace(purpose, kinds=purpose.named_kinds - {Kind.ANCESTRY})
    return purpose


def _ancestry(term: Term, ontology: Ontology) -> bool:
    asked = Purpose(kinds=frozenset({Kind.ANCESTRY}), clinical_care=False)
    return permission_verdict(term, asked, ontology).verdict is Duo.PERMIT


def _asked_of(term: Term, purpose: Purpose, ontology: Ontology, *, care: bool) -> Match:
    """What one permission says; CC adds no clinical care to POA (the last row of the consent table)."""
    return permission_verdict(term, purpose, ontology, care=care and term.code != POA, strict=True)


def _outside(given: Terms, said: list[Match], purpose: Purpose) -> Verdict | None:
    """R8: nothing if a permission carries the purpose, else the first open question, else the refusal."""
    best = said[0] if said else None
    if best is not None and best.verdict is not Duo.DENY:
        return None if best.verdict is Duo.PERMIT else _open(best, purpose)
    unread = [term.name for term in given if term.kind not in _READABLE and term.code not in CATEGORIES]
    if unread:
        return hold("CON-UNKNOWN-CODE", condition=unread[0])
    disease = next((match for match in said if {one.code for one in match.reasons} & _OUTSIDE == {"DUO-DISEASE"}), None)
    return _as("CON-DISEASE", disease.reasons[0]) if disease else exclude("CON-PURPOSE", purpose=_named(purpose))


def _open(match: Match, purpose: Purpose) -> Verdict:
    """R8's open question: which method is it for, what does the asker leave open, or must a person judge?"""
    reason = match.reasons[0]
    if Kind.METHODS in purpose.named_kinds and reason.code in _METHODS_OPEN:
        return hold("CON-METHODS-UNCLEAR", **dict(reason.facts))
    if match.missing:
        return hold("CON-UNDECLARED", keys=", ".join(match.missing))
    return hold("CON-PURPOSE-UNCLEAR", detail=reason.code, **dict(reason.facts))


def _conditions(modifiers: Terms, codes: Codes, purpose: Purpose, today: Day) -> tuple[Opinion, ...]:
    """Every modifier's opinion, and the faults of the codes; a permission among the modifiers never widens."""
    asked = Asked(purpose=purpose, permissions=codes.permission_codes, today=today, strict=True)
    said = [rule(term, asked) for rule, term in codes.rules]
    misplaced = [one for term in modifiers if _permits(term) for one in modifier_opinions(term, asked)]
    faults = [one for one in codes.faults if one.reason and one.reason.code not in _NO_FAULT]
    return (*said, *misplaced, *faults)


def _objection(match: Match) -> Verdict | None:
    """R10: the first refusal in the table's order, else the first open question."""
    if match.verdict is Duo.PERMIT:
        return None
    if match.verdict is Duo.REVIEW:
        reason = match.reasons[0]
        if reason.code.startswith("DUO-CODE-") or reason.code in {"DUO-CONTRADICTION", "DUO-PARAMETER-STRAY"}:
            return hold("CON-UNKNOWN-CODE", condition=dict(reason.facts).get("code", reason.code))
        return hold("CON-CONDITION-OPEN", condition=reason.code)
    by_code = {reason.code: reason for reason in reversed(match.reasons)}
    first = next((by_code[code] for code in _REFUSALS if code in by_code), None)
    return _as(_REFUSALS[first.code], first) if first else exclude("CON-CONDITION", condition=match.reasons[0].code)


def _carried(term: Term, match: Match, conditions: Match) -> Verdict:
    if match.verdict is Duo.DENY:
        return exclude("CON-PURPOSE")
    return include(f"DUO-{term.name}", conditions.obligations, **dict(match.reasons[0].facts))


def _as(code: str, reason: Reason) -> Verdict:
    return exclude(code, **dict(reason.facts))


def _named(purpose: Purpose) -> str:
    kinds = sorted(kind.value for kind in purpose.named_kinds)
    return ", ".join([*kinds, *(["clinical care"] if purpose.clinical_care else [])])
