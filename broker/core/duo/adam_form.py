"""What does an ADA-M matrix look like? (specs: DUO section 5; ADA-M 1.0 and 1.1.0)

Strict: ValueError names the member that cannot be read. Both versions have the same members; 1.1.0 asks for `Header`
and describes `header`, so both are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from broker.core.duo.foreign import items, members, text, word

_MOST = 200
"""Values of one list."""

_PLAIN = ("country", "organisation", "person")
_FULL = (
    *("nonProfitOrganisation", "profitOrganisation", "academicProfessional", "clinicalProfessional"),
    *("profitProfessional", "nonProfessional", "nonProfitPurpose", "profitPurpose"),
)
_ALLOWED: Mapping[str, str] = (
    {
        "country": "allowedCountries",
        "clinicalPurpose": "allowedClinicalPurpose",  # so spelled in 1.1.0
    }
    | {name: f"allowed{name[0].upper()}{name[1:]}s" for name in (*_PLAIN[1:], *_FULL, "researchPurpose")}
)
_UL = {one.casefold(): one for one in ("UNRESTRICTED", "LIMITED")}
_ULF = _UL | {one.casefold(): one for one in ("UNRESTRICTED_OBLIGATORY", "LIMITED_OBLIGATORY", "FORBIDDEN")}
_TYPES = {
    one.casefold(): one
    for one in (
        *("OTHER", "METHODS", "CONTROL", "POPULATION", "ANCESTRY", "BIOMEDICAL"),
        *("FUNDAMENTAL", "GENETIC", "DRUG", "DISEASE", "GENDER", "AGE"),
    )
}
_CLINICAL_TYPES = {one.casefold(): one for one in ("OTHER", "DECISION_SUPPORT", "DISEASE")}
_TOPICS = (
    *("Authorization", "Publication", "Timeline", "Security", "Expunging", "Linking"),
    *("IPClaim", "Reporting", "Collaboration", "Payment"),
)
_HEADER = frozenset(
    {
        *("matrixName", "matrixVersion", "matrixReferences", "matrixProfileCreateDate", "matrixProfileUpdates"),
        *("resourceName", "resourceReferences", "resourceDescription", "resourceDataLevel"),
        *("resourceContactNames", "resourceContactOrganisations"),
    }
)
_SLOTS = (*_PLAIN, *_FULL, "researchPurpose", "clinicalPurpose")
_PROFILE = frozenset({*_SLOTS, *_ALLOWED.values(), "allowedResearchProfiles", "allowedClinicalProfiles"})
_RECONTACT = ("allowedRecontactTerms", "compulsoryRecontactTerms")
_TERMS = frozenset({f"no{one}Terms" for one in (*_TOPICS, "Recontact")} | {f"which{one}Terms" for one in _TOPICS}) | {
    *_RECONTACT
}
_META = frozenset(
    {
        *("sharingMode", "multipleObligationsRule", "noOtherConditions", "whichOtherConditions"),
        *("sensitivePopulations", "uniformConsent"),
    }
)
_MODES = {one.casefold(): one for one in ("UNKNOWN", "DISCOVERY", "ACCESS", "DISCOVERY_AND_ACCESS")}
_OBLIGATIONS = {one.casefold(): one for one in ("MEET_ALL_OBLIGATIONS", "MEET_AT_LEAST_ONE_OBLIGATION")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One slot of the profile. `value`: None if it is not stated. `obligatory`: one of `allowed` is said to be."""

    value: str | None
    allowed: tuple[str, ...] = ()
    obligatory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Research:
    """One kind of research or of clinical use."""

    where: str
    type: str
    description: str
    restriction: str | None

    @property
    def wording(self) -> str:
        """The whole of it, for a person."""
        return " ".join(one for one in (self.restriction or "not stated whether", self.type, self.description) if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A matrix as it stands. `terms`: each topic's, None if it has none. `meta`: what is for a person, and where.

    `unstated`: topics of which nothing is said.
    """

    title: str
    slots: Mapping[str, Limit]
    research: Limit
    clinical: Limit
    kinds: tuple[Research, ...]
    terms: Mapping[str, tuple[str, ...] | None]
    meta: tuple[tuple[str, str], ...]
    unstated: tuple[str, ...]
    any_obligation: bool


def read_form(raw: object) -> Matrix:
    """The matrix that a JSON value is. ValueError for anything that cannot be read."""
    top = members("", raw, frozenset({"header", "Header", "profile", "terms", "metaConditions"}))
    if "header" in top and "Header" in top:
        raise ValueError("header: said twice")
    header = members("header", top.get("header", top.get("Header")), _HEADER)
    name = header.get("resourceName", header.get("matrixName"))
    profile = members("profile", top.get("profile", {}), _PROFILE)
    slots = {slot: _limit(profile, slot) for slot in _SLOTS}
    clinical = tuple(_research("allowedClinicalProfiles", profile, _CLINICAL_TYPES))
    stated = members("terms", top.get("terms", {}), _TERMS)
    topics = (*_TOPICS, "Recontact")
    terms = {topic: _topic(stated, topic) for topic in topics if _spoken(stated, topic)}
    meta = members("metaConditions", top.get("metaConditions", {}), _META)
    obligations = meta.get("multipleObligationsRule", "MEET_ALL_OBLIGATIONS")
    limited = slots["clinicalPurpose"]
    return Matrix(
        title=text("header.resourceName", name) if name is not None else "",
        slots={slot: slots[slot] for slot in (*_PLAIN, *_FULL)},
        research=slots["researchPurpose"],
        clinical=Limit(value=limited.value, allowed=(*limited.allowed, *(one.wording for one in clinical))),
        kinds=tuple(_research("allowedResearchProfiles", profile, _TYPES)),
        terms=terms,
        meta=tuple(_meta(meta)),
        unstated=tuple(f"terms.{topic}" for topic in topics if topic not in terms),
        any_obligation=word("metaConditions.multipleObligationsRule", obligations, _OBLIGATIONS)
        != "MEET_ALL_OBLIGATIONS",
    )


def _limit(profile: Mapping[str, object], slot: str) -> Limit:
    known = _UL if slot in _PLAIN else _ULF
    value = word(f"profile.{slot}", profile[slot], known) if slot in profile else None
    name = _ALLOWED[slot]
    allowed: list[str] = []
    obligatory = False
    for where, raw in items(f"profile.{name}", profile.get(name, []), _MOST):
        one = members(where, raw, frozenset({"description", "obligatory"}))
        allowed.append(text(f"{where}.description", one.get("description")))
        obligatory |= _flag(f"{where}.obligatory", one.get("obligatory", False))
    return Limit(value=value, allowed=tuple(allowed), obligatory=obligatory)


def _research(name: str, profile: Mapping[str, object], types: Mapping[str, str]) -> Iterator[Research]:
    for where, raw in items(f"profile.{name}", profile.get(name, []), _MOST):
        one = members(where, raw, frozenset({"type", "description", "restriction"}))
        yield Research(
            where=where,
            type=word(f"{where}.type", one.get("type"), types),
            description=text(f"{where}.description", one["description"]) if "description" in one else "",
            restriction=word(f"{where}.restriction", one["restriction"], _ULF) if "restriction" in one else None,
        )


def _lists(topic: str) -> tuple[str, ...]:
    return _RECONTACT if topic == "Recontact" else (f"which{topic}Terms",)


def _spoken(stated: Mapping[str, object], topic: str) -> bool:
    return bool(stated.keys() & {f"no{topic}Terms", *_lists(topic)})


def _topic(stated: Mapping[str, object], topic: str) -> tuple[str, ...] | None:
    """The terms of a topic; None if there are none."""
    names = _lists(topic)
    said = [text(where, one) for name in names for where, one in items(f"terms.{name}", stated.get(name, []), _MOST)]
    free = _flag(f"terms.no{topic}Terms", stated.get(f"no{topic}Terms", False))
    return None if free and not said else tuple(said)


def _meta(meta: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What of the meta-conditions is for a person."""
    mode = word("metaConditions.sharingMode", meta.get("sharingMode", "UNKNOWN"), _MODES)
    if "ACCESS" not in mode:
        yield "metaConditions.sharingMode", f"{mode}: it is not said that the data may be accessed"
    others = items("metaConditions.whichOtherConditions", meta.get("whichOtherConditions", []), _MOST)
    said = [text(where, one) for where, one in others]
    none = _flag("metaConditions.noOtherConditions", meta.get("noOtherConditions", False))
    if said or not none:
        yield "metaConditions.whichOtherConditions", "; ".join(said) or "there may be other conditions"
    _flag("metaConditions.sensitivePopulations", meta.get("sensitivePopulations", False))  # asked of everybody anyway
    if not _flag("metaConditions.uniformConsent", meta.get("uniformConsent", False)):
        yield "metaConditions.uniformConsent", "not all participants gave the same consent"


def _flag(where: str, raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(f"{where}: neither true nor false")  # noqa: TRY004 (one kind of error for a document)
    return raw
