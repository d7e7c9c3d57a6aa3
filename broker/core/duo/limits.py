"""Who may use the data, for what, and where: the modifiers that limit the use itself (specs: DUO section 3.2)."""

from collections.abc import Mapping
from functools import lru_cache

from broker.core.duo.asked import Asked
from broker.core.duo.opinion import SILENT, Opinion, deny, listed, permit, review
from broker.core.duo.permissions import in_words
from broker.core.duo.regions import country, expand
from broker.core.duo.terms import Term
from broker.core.duo.vocabulary import DS, HMB, canonical_code
from broker.core.purpose import Kind

_HEALTH = frozenset({Kind.HMB, Kind.DISEASE, Kind.GENETIC, Kind.DRUG_DEVELOPMENT})

INVESTIGATIONS: Mapping[str, Kind] = {
    "DUO:0000031": Kind.METHODS,
    "DUO:0000032": Kind.POPULATION,
    "DUO:0000033": Kind.ANCESTRY,
    "DUO:0000034": Kind.AGE_CATEGORY,
    "DUO:0000035": Kind.GENDER_CATEGORY,
    "DUO:0000036": Kind.CONTROL,
    "DUO:0000037": Kind.HMB,
    "DUO:0000038": Kind.GENETIC,
    "DUO:0000039": Kind.DRUG_DEVELOPMENT,
    "DUO:0000040": Kind.DISEASE,
}
"""DUO's terms for kinds of research."""

_MAX_SHOWN = 200
"""Characters of free text that a reason repeats."""

_FIELDS: Mapping[Kind, str] = {
    Kind.HMB: "health",
    Kind.DISEASE: "health",
    Kind.DRUG_DEVELOPMENT: "health",
    Kind.ANCESTRY: "ancestry",
}
"""Kinds that are clearly different when their fields differ. Ways of working belong to no field."""


def no_methods(_: Term, asked: Asked) -> Opinion:
    """NMDS: methods only within a disease of a DS dataset; a person's own NMDS means no methods at all."""
    purpose = asked.purpose
    if Kind.METHODS not in purpose.named_kinds:
        return SILENT
    if not asked.strict:
        if DS in asked.permissions and purpose.diseases:
            return SILENT  # whether the disease is covered is the permission's question
        if HMB in asked.permissions and (purpose.diseases or purpose.named_kinds & _HEALTH):
            return review("DUO-METHODS-MIXED")
    return deny("DUO-METHODS")


def genetic_only(_: Term, asked: Asked) -> Opinion:
    """GSO: genetic research with genotype data."""
    purpose = asked.purpose
    if purpose.genetic_data is False:
        return deny("DUO-GENETIC-ONLY")
    if purpose.genetic_data is None:
        return review("DUO-GENETIC-UNSTATED", missing="purpose.genetic_data")
    if Kind.GENETIC not in purpose.named_kinds:
        return review("DUO-GENETIC-UNSTATED", missing="purpose.kinds")
    return SILENT


def non_profit(term: Term, asked: Asked) -> Opinion:
    """NPU: the organisation, whatever the use."""
    if asked.purpose.organisation is None:
        return review("DUO-ORGANISATION-UNSTATED", missing="purpose.organisation", code=term.name)
    return SILENT if asked.purpose.organisation == "non_profit" else deny("DUO-FORPROFIT-ORG", code=term.name)


def non_commercial(term: Term, asked: Asked) -> Opinion:
    """NCU: the use, whatever the organisation."""
    if asked.purpose.commercial is None:
        return review("DUO-COMMERCIAL-UNSTATED", missing="purpose.commercial", code=term.name)
    return deny("DUO-COMMERCIAL-USE", code=term.name) if asked.purpose.commercial else SILENT


def no_ancestry(_: Term, asked: Asked) -> Opinion:
    """NPOA, also where GRU or NRES would allow ancestry research."""
    if Kind.ANCESTRY in asked.purpose.named_kinds:
        return deny("DUO-ANCESTRY")
    return review("DUO-POPULATION") if Kind.POPULATION in asked.purpose.named_kinds else SILENT


def research_type(term: Term, asked: Asked) -> Opinion:
    """RS: a person reads it, unless a coded type is clearly another field than a kind that was asked."""
    allowed = listed(in_words(kind) if (kind := _kind(one)) else one for one in term.research_types)
    fields = {_FIELDS.get(kind) if (kind := _kind(one)) else None for one in term.research_types}
    kinds = asked.purpose.named_kinds | ({Kind.DISEASE} if asked.purpose.diseases else frozenset())
    other = [kind for kind in kinds if kind in _FIELDS and _FIELDS[kind] not in fields]
    if fields and None not in fields and other and term.text is None:
        return deny("DUO-RESEARCH-TYPE", allowed=allowed, purpose=listed(map(in_words, other)))
    return review("DUO-RESEARCH-TYPE-UNCLEAR", allowed=allowed or (term.text or "not stated")[:_MAX_SHOWN])


def _kind(written: str) -> Kind | None:
    if written in {kind.value for kind in Kind}:
        return Kind(written)
    return INVESTIGATIONS.get(canonical_code(written))


def region(term: Term, asked: Asked) -> Opinion:
    """GS: every country of institutions and of processing lies inside; the processing stays there."""
    if not term.regions:
        return review("DUO-PARAMETER-MISSING", code=term.name, parameter="regions")
    duty, inside, lost = _bounds(term.regions)
    if lost:
        return review("DUO-REGION-UNKNOWN", obligations=(duty,), place=listed(lost))
    places = {written: country(written) for written in asked.purpose.countries}
    outside = {code for code in places.values() if code is not None} - inside
    allowed = listed(term.regions)
    if outside:
        return deny("DUO-REGION", allowed=allowed, country=listed(outside))
    unmapped = [written for written, code in places.items() if code is None]
    if unmapped:
        return review("DUO-REGION-UNKNOWN", obligations=(duty,), place=listed(unmapped))
    if not asked.purpose.countries:
        return review("DUO-REGION-UNSTATED", missing="purpose.countries", obligations=(duty,), allowed=allowed)
    return permit(duty)


@lru_cache(maxsize=1024)
def _bounds(regions: frozenset[str]) -> tuple[str, frozenset[str], tuple[str, ...]]:
    """(the duty, the countries inside, what nobody knows)."""
    expanded = {name: expand(name) for name in regions}
    inside = frozenset[str]().union(*(countries for countries in expanded.values() if countries is not None))
    lost = tuple(name for name, countries in expanded.items() if countries is None)
    return f"process_only_in:{','.join(sorted(regions))}", inside, lost


def named_users(term: Term, asked: Asked) -> Opinion:
    """US: the person is on the list."""
    return _on_list(term, "users", term.users, "user", asked.purpose.user)


def named_projects(term: Term, asked: Asked) -> Opinion:
    """PS: the project is on the list; the grant is bound to it."""
    return _on_list(term, "projects", term.projects, "project", asked.purpose.project)


def named_institutions(term: Term, asked: Asked) -> Opinion:
    """IS: the institution is on the list; the grant stands while the affiliation does."""
    return _on_list(term, "institutions", term.institutions, "institution", asked.purpose.institution)


_BOUND = {"user": "", "project": "only_for_project:{}", "institution": "only_while_affiliated:{}"}


def _on_list(term: Term, parameter: str, allowed: frozenset[str], member: str, value: str | None) -> Opinion:
    """Compared byte by byte: names that differ in case are two names."""
    if not allowed:
        return review("DUO-PARAMETER-MISSING", code=term.name, parameter=parameter)
    if value is None:
        return review(f"DUO-{member.upper()}-UNSTATED", missing=f"purpose.{member}")
    if value not in allowed:
        return deny(f"DUO-{member.upper()}", **({} if member == "user" else {member: value}))  # never a `sub`
    return permit(_BOUND[member].format(value)) if _BOUND[member] else SILENT
