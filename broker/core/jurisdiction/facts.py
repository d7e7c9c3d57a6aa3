"""Which facts policy packs may read, what form each has, and what follows from them (JURISDICTION section 1).

Unknown is not false: a fact that nobody stated, or that has not its kind's form (a country `UK`, a number
`true`), is left out, and what rests on it is unknown. No fact is about nationality, citizenship or ethnicity:
only residence, employer, control and place of access count.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, cast

from broker.core.jurisdiction.countries import COUNTRIES
from broker.core.purpose import LADDER

FactValue = str | int | bool | tuple[str, ...]
"""One stated fact. Lists are tuples; a fact that is not known has no value, not a special one."""

Facts = Mapping[str, FactValue]
"""Facts by name, for example `recipient.country`. An absent key is an unknown fact."""

Kind = Literal["country", "countries", "flag", "number", "word", "words"]

LISTS: frozenset[Kind] = frozenset({"countries", "words"})
PLACES: frozenset[Kind] = frozenset({"country", "countries"})

STATED: Mapping[str, Kind] = MappingProxyType(
    {
        "data.origin_countries": "countries",
        "data.us_person_count_12m": "number",
        "data.cn_sensitive_pi_count_ytd": "number",
        "data.n_individuals": "number",
        "data.n_sequenced": "number",
        "data.important_pedigree": "flag",
        "data.specific_region": "flag",
        "data.storage_country": "country",
        "data.storage_operator_control": "countries",
        "data.controller_country": "country",
        "data.controller_type": "word",
        "data.category": "word",
        "data.identifiability": "word",
        "data.repository_class": "word",
        "data.regimes_declared": "words",
        "data.community_governed": "flag",
        "data.community_local_only": "flag",
        "recipient.country": "country",
        "recipient.institution_type": "word",
        "recipient.control_countries": "countries",
        "recipient.individual_residence": "country",
        "recipient.individual_location": "country",
        "recipient.dpf_certified": "flag",
        "recipient.dpf_uk_extension": "flag",
        "recipient.can_sign_scc": "flag",
        "recipient.security_level": "number",
        "recipient.suspended": "flag",
        "request.modality": "word",
        "request.processing_country": "country",
        "request.purpose_flags": "words",
        "request.consideration": "word",
        "request.transaction_type": "word",
        "request.us_gov_funded": "flag",
        "request.ai_use": "word",
        "request.onward_transfer": "countries",
        "request.encryption": "word",
        "request.duration": "number",
        "evidence": "words",
    }
)
"""Every fact that somebody may state, and its form. Numbers are whole and not negative."""

WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "data.identifiability": frozenset({"identified", "pseudonymised", "anonymous"}),
        "request.modality": frozenset(LADDER),
        "request.consideration": frozenset({"none", "cost_recovery", "fee", "license", "other_value"}),
        "request.ai_use": frozenset({"none", "training", "model_release", "generative_release"}),
    }
)
"""Words with a closed list of values; any other value is unknown."""

DERIVED: Mapping[str, Kind] = MappingProxyType(
    {
        "derived.access_countries": "countries",
        "derived.personal_access_countries": "countries",
        "derived.personal_data_visible": "flag",
    }
)
"""Facts that follow from stated ones, and their form."""

KINDS: Mapping[str, Kind] = MappingProxyType({**STATED, **DERIVED})
"""Every fact that a pack may name."""

MEANS_NONE = frozenset({"recipient.control_countries"})
"""Lists whose stated emptiness says something: nobody abroad owns or controls the recipient (ruling 8)."""

_MILD = frozenset({"code_to_data", "aggregate"})
_ACCESS = ("recipient.country", "recipient.individual_location", "request.processing_country")
_GROUNDS = ("request.modality", "data.storage_country", *_ACCESS)


def is_place(fact: str) -> bool:
    """Does it name countries? Those of a purpose are stated elsewhere, and are countries too."""
    return KINDS.get(fact) in PLACES or fact == "purpose.countries"


def derive(stated: Mapping[str, object]) -> dict[str, FactValue]:
    """The stated facts that have their form, and what follows from them.

    `access_countries`: where recipient, person and computing are. `personal_data_visible`: can anybody but the
    holder see records of persons? Yes, unless the code really goes to the data: code-to-data or aggregate, and
    known to be computed where the data lie. `personal_access_countries`: where records can be seen;
    `access_countries`, or only the storage country where nothing is visible. A derived fact whose ground is
    unknown is unknown; one that somebody states is not listened to.
    """
    return with_derived(well_formed(stated))


def with_derived(facts: dict[str, FactValue]) -> dict[str, FactValue]:
    """`facts`, which have their form, with what follows from them put in."""
    read = facts.get
    modality, computing = read("request.modality"), read("request.processing_country")
    access: Any = (read("recipient.country"), read("recipient.individual_location"), computing)
    if None not in access:
        facts["derived.access_countries"] = access
    if modality is None:
        return facts
    storage = read("data.storage_country")
    visible = modality not in _MILD or computing is None or computing != storage
    facts["derived.personal_data_visible"] = visible
    if not visible:
        facts["derived.personal_access_countries"] = cast("tuple[str, ...]", (storage,))
    elif None not in access:
        facts["derived.personal_access_countries"] = access
    return facts


def milder(stated: Mapping[str, FactValue]) -> tuple[str, ...]:
    """The ways of access that are less intrusive than the one asked for; none if that is unknown."""
    asked = stated.get("request.modality")
    return tuple(LADDER[LADDER.index(asked) + 1 :]) if asked in LADDER else ()


def by_the_holder(facts: Mapping[str, FactValue], modality: str) -> dict[str, FactValue]:
    """The same question for a milder way of access, computed where the data lie.

    A secure room, code-to-data and aggregates are what the holder of the data offers, at home; a stream goes
    where a download would have gone.
    """
    milder = {**facts, "request.modality": modality}
    if modality != "stream":
        milder.pop("request.processing_country", None)
        if "data.storage_country" in facts:
            milder["request.processing_country"] = facts["data.storage_country"]
    return milder


def grounds(name: str) -> tuple[str, ...]:
    """The stated facts on which the fact `name` can depend: itself, or what it is derived from."""
    return _GROUNDS if name in DERIVED else (name,)


def unstated(name: str, facts: Facts) -> tuple[str, ...]:
    """What must be stated before the fact `name` is known: itself, or what it is derived from."""
    if name not in DERIVED:
        return (name,)
    if name != "derived.access_countries" and "request.modality" not in facts:
        return ("request.modality",)
    return tuple(ground for ground in _ACCESS if ground not in facts)


def well_formed(stated: Mapping[str, object]) -> dict[str, FactValue]:
    """The facts that have the form of their kind. On the path of every decision: one loop, few calls."""
    facts: dict[str, Any] = {}
    for name, value in stated.items():
        form = _FORMS.get(name)
        if form is None:
            continue
        kind, among = form
        if kind is str:
            fits = isinstance(value, str) and (value != "" if among is None else value in among)
        elif kind is bool:
            fits = value is True or value is False
        elif kind is int:
            fits = type(value) is int and value >= 0
        else:
            fits = type(value) is tuple and _all_fit(value, among)
        if fits:
            facts[name] = value
    return facts


def _all_fit(values: tuple[object, ...], among: frozenset[str] | None) -> bool:
    for value in values:
        if not isinstance(value, str) or value == "" or (among is not None and value not in among):
            return False
    return True


_TYPES: Mapping[Kind, type] = {
    "country": str,
    "countries": tuple,
    "flag": bool,
    "number": int,
    "word": str,
    "words": tuple,
}

_FORMS: Mapping[str, tuple[type, frozenset[str] | None]] = {
    name: (_TYPES[kind], COUNTRIES if kind in PLACES else WORDS.get(name)) for name, kind in STATED.items()
}
"""The type of every fact, and the closed list of its words or countries, if it has one."""
