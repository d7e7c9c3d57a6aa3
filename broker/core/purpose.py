"""The research purpose: one object for requests, grants, decisions and case files.

A member that is `None` was not answered. Not answered is never "no".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal, get_args

Organisation = Literal["non_profit", "for_profit"]
EthicsApproval = Literal["verified", "supplied", "expired", "refused"]
Collaboration = Literal["recorded", "refused", "pending"]
AiUse = Literal["none", "training", "model_release", "generative_release"]


class Kind(StrEnum):
    """What a project does with the data; the words of the DUO investigation terms, shortened."""

    GENERAL = "general"
    HMB = "hmb"
    DISEASE = "disease"
    ANCESTRY = "ancestry"
    METHODS = "methods"
    POPULATION = "population"
    CONTROL = "control"
    GENETIC = "genetic"
    DRUG_DEVELOPMENT = "drug_development"
    AGE_CATEGORY = "age_category"
    GENDER_CATEGORY = "gender_category"


class Sensitive(StrEnum):
    """Topics that always go to a person."""

    SINGLE_GENDER = "single_gender"
    PAEDIATRIC = "paediatric"
    ILLEGAL_BEHAVIOUR = "illegal_behaviour"
    ADDICTION = "addiction"
    SEXUAL_HEALTH = "sexual_health"
    STIGMATISING_DISEASE = "stigmatising_disease"
    VULNERABLE_POPULATION = "vulnerable_population"
    MIGRATION = "migration"
    PSYCHOLOGICAL_TRAITS = "psychological_traits"
    ETHNICITY = "ethnicity"
    GENERAL_VARIATION = "general_variation"
    FREE_TEXT = "free_text"


PROHIBITED = frozenset({
    "prohibited", "re_identification", "discrimination", "stigmatisation", "surveillance", "group_profiling", "misuse",
})  # fmt: skip
"""Flags of purposes that nobody can permit: no committee, no law, no participant (WHO 2024, 3.8-2b)."""

DUAL_USE = "dual_use"
"""The flag of what could also be used to do harm: a person looks at it, always (WHO-P-5)."""


class Modality(StrEnum):
    """Ways of access, from the most to the least intrusive: the ladder."""

    DOWNLOAD = "download"
    STREAM = "stream"
    TRE_REMOTE = "tre_remote"
    CODE_TO_DATA = "code_to_data"
    AGGREGATE = "aggregate"


LADDER = tuple(Modality)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreements:
    """What the requester undertakes. `None`: not asked yet."""

    publish: bool | None = None
    return_data: bool | None = None
    collaborate: Collaboration | None = None
    no_publication_before: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Who asks, to do what, where, for how long (specs: DUO section 2; the members of the case files)."""

    organisation: Organisation | None = None
    commercial: bool | None = None
    clinical_care: bool | None = None
    genetic_data: bool | None = None
    kinds: frozenset[Kind] | None = None
    """An empty set: no research, for example care alone."""
    diseases: frozenset[str] = frozenset()
    """MONDO CURIEs."""
    countries: frozenset[str] = frozenset()
    """ISO 3166-1 alpha-2: of every institution, and of processing."""
    project: str | None = None
    institution: str | None = None
    user: str | None = None
    """`iss|sub` of the person, for user-specific codes."""
    duration_months: int | None = None
    agreements: Agreements = field(default_factory=Agreements)
    ethics_approval: EthicsApproval | None = None
    sensitive: frozenset[Sensitive] | None = None
    """An empty set: it was said that no such topic is touched."""
    ai_use: AiUse | None = None
    linkage: bool | None = None
    recontact: bool | None = None
    modality: Modality = Modality.DOWNLOAD
    flags: frozenset[str] = frozenset()
    """Purpose flags that policy packs read, for example `prohibited`."""

    @property
    def named_kinds(self) -> frozenset[Kind]:
        """The kinds that were named. None named may mean "not answered": whoever takes that for a no asks `kinds`."""
        return self.kinds or frozenset()

    @property
    def named_topics(self) -> frozenset[Sensitive]:
        """The sensitive topics that were named; of an unanswered question none, as for `named_kinds`."""
        return self.sensitive or frozenset()


MAX_ITEMS = 200
"""Values of one list of a written purpose."""
MAX_TEXT = 500
"""Characters of one text of a written purpose."""
MAX_MONTHS = 1200
"""The longest project that can be stated."""


def read_purpose(raw: Mapping[str, object]) -> Purpose:
    """The purpose that a JSON object states: the members of `Purpose`, `ethics_approval` inside `evidence`.

    A member that is null or missing was not answered. ValueError names the member, never the value: for an
    unknown member, a wrong type, an unknown word, or more than the limits above.
    """
    answered = _answered("purpose", raw)
    return Purpose(**_read("", answered, _PURPOSE))


def purpose_json(purpose: Purpose) -> dict[str, Any]:
    """The JSON object that `read_purpose` reads back as `purpose`. What was not answered is left out; "none" is not."""
    written: dict[str, Any] = {}
    for name in _PURPOSE:
        if name not in {"agreements", "evidence"}:
            written[name] = _written(getattr(purpose, name))
    given = {name: _written(getattr(purpose.agreements, name)) for name in _AGREEMENTS}
    written["agreements"] = {name: value for name, value in given.items() if value is not None}
    if purpose.ethics_approval is not None:
        written["evidence"] = {"ethics_approval": purpose.ethics_approval}
    return {
        name: value for name, value in written.items() if value or value is False or (value == [] and name in _NONE)
    }


_NONE = frozenset({"kinds", "sensitive"})
"""Lists of which an empty one is an answer."""


def _written(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(str(one) for one in value)
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


Reader = Callable[[str, object], Any]
"""(the member's name, its JSON value) -> the value in core, or ValueError with the name."""


def _answered(name: str, raw: object) -> dict[str, object]:
    if not isinstance(raw, Mapping) or not all(isinstance(key, str) for key in raw):
        raise ValueError(f"{name}: not an object")
    return {key: value for key, value in raw.items() if value is not None}


def _read(within: str, answered: Mapping[str, object], readers: Mapping[str, Reader]) -> dict[str, Any]:
    unknown = answered.keys() - readers.keys()
    if unknown:
        raise ValueError(f"{within}{min(unknown)[:40]}: no such member")
    read: dict[str, Any] = {}
    for name, value in answered.items():
        found = readers[name](within + name, value)
        read |= found if name == "evidence" else {name: found}
    return read


def _flag(name: str, value: object) -> bool:
    if value is not True and value is not False:
        raise ValueError(f"{name}: neither true nor false")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
        raise ValueError(f"{name}: not a text of 1 to {MAX_TEXT} characters")
    return value


def _texts(name: str, value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
        raise ValueError(f"{name}: not a list of at most {MAX_ITEMS}")
    return frozenset(_text(name, one) for one in value)


def _months(name: str, value: object) -> int:
    if type(value) is not int or not 0 < value <= MAX_MONTHS:
        raise ValueError(f"{name}: not a whole number from 1 to {MAX_MONTHS}")
    return value


def _day(name: str, value: object) -> date:
    try:
        found = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:
        raise ValueError(f"{name}: not an ISO 8601 date, YYYY-MM-DD")
    return found


def _word(*words: str) -> Reader:
    def read(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"{name}: none of {', '.join(words)}")
        return value

    return read


def _words(kind: type[StrEnum]) -> Reader:
    word = _word(*kind)
    return lambda name, value: frozenset(kind(word(name, one)) for one in _texts(name, value))


_AGREEMENTS: Mapping[str, Reader] = {
    "publish": _flag,
    "return_data": _flag,
    "collaborate": _word(*get_args(Collaboration)),
    "no_publication_before": _day,
}
_EVIDENCE: Mapping[str, Reader] = {"ethics_approval": _word(*get_args(EthicsApproval))}
_PURPOSE: Mapping[str, Reader] = {
    "organisation": _word(*get_args(Organisation)),
    "commercial": _flag,
    "clinical_care": _flag,
    "genetic_data": _flag,
    "kinds": _words(Kind),
    "diseases": _texts,
    "countries": _texts,
    "project": _text,
    "institution": _text,
    "user": _text,
    "duration_months": _months,
    "agreements": lambda name, raw: Agreements(**_read(f"{name}.", _answered(name, raw), _AGREEMENTS)),
    "evidence": lambda name, raw: _read(f"{name}.", _answered(name, raw), _EVIDENCE),
    "sensitive": _words(Sensitive),
    "ai_use": _word(*get_args(AiUse)),
    "linkage": _flag,
    "recontact": _flag,
    "modality": lambda name, raw: Modality(_word(*Modality)(name, raw)),
    "flags": _texts,
}
