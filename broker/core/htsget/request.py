"""What does a request ask for? One value for GET and POST, by every rule of htsget 1.3.0.

What breaks a rule is a Reason, whose code names the specification's error: REQ-INVALID InvalidInput, REQ-REGION
InvalidRange, REQ-FORMAT UnsupportedFormat. Fields and tags are checked and then not needed: a server may always send
more records' fields than were asked for, and ours sends files as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from broker.core.htsget.layout import Format
from broker.core.outcome import Reason

DataType = Literal["reads", "variants"]

FORMATS: Final[Mapping[DataType, tuple[Format, ...]]] = {"reads": ("BAM", "CRAM"), "variants": ("VCF", "BCF")}
"""What each endpoint may give; the first is meant where a request names none."""

UNPLACED: Final = "*"
"""The reference name of reads that have no place."""

MAX_POSITION: Final = 2**32 - 1
"""`start` and `end` are 32-bit unsigned."""

MAX_REGIONS: Final = 2_000
"""Regions of one request; its body has a limit too."""

MAX_NAME: Final = 255

FIELDS: Final = frozenset({"QNAME", "FLAG", "RNAME", "POS", "MAPQ", "CIGAR", "RNEXT", "PNEXT", "TLEN", "SEQ", "QUAL"})

_QUERY: Final = ("format", "class", "referenceName", "start", "end", "fields", "tags", "notags")
_BODY: Final = ("format", "class", "fields", "tags", "notags", "regions")
_REGION: Final = ("referenceName", "start", "end")
_LISTS: Final = ("fields", "tags", "notags")
_SCHEME: Final = "encryptionScheme"
"""Proposed for the next version of htsget (hts-specs, pull request 808); the one value is `c4gh`."""
_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Region:
    """Bases `start`..`end` (0-based, half open) of a reference sequence, or everything that is `UNPLACED`."""

    reference: str
    start: int = 0
    end: int = MAX_POSITION + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for. `regions`: None for the whole file."""

    format: Format
    header_only: bool = False
    regions: tuple[Region, ...] | None = None
    sealed: bool = False
    """As a Crypt4GH file, for the key of who asks."""


def data_type(format: Format) -> DataType:
    """The endpoint that gives this format."""
    return "reads" if format in FORMATS["reads"] else "variants"


def by_query(kind: DataType, pairs: Iterable[tuple[str, str]]) -> Asked | Reason:
    """What a GET asks for, by the names and values of its query. Other services' parameters are passed over."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given and name in (*_QUERY, _SCHEME):
            return _invalid(f"{name} came twice")
        given[name] = value
    start, end = _position(given.get("start")), _position(given.get("end"))
    if isinstance(start, Reason) or isinstance(end, Reason):
        return _invalid("start and end are whole numbers from 0 to 4294967295")
    lists: dict[str, Sequence[str]] = {name: _listed(given[name]) for name in _LISTS if name in given}
    reference = given.get("referenceName")
    if reference is None and (start is not None or end is not None):
        return _invalid("start and end need a referenceName")
    regions = [(reference, start, end)] if reference is not None else None
    others = [other for other in _QUERY[2:] if other in given]
    asked = _asked(kind, given.get("format"), given.get("class"), lists, regions, others, least=0)
    return _with_scheme(asked, given.get(_SCHEME))


def by_body(kind: DataType, body: Any, *, queried: bool) -> Asked | Reason:
    """What a POST asks for. `body`: the JSON value, or None where there was none; `queried`: its URL had a query."""
    if queried:
        return _invalid("a POST has no query")
    given = {} if body is None else body
    if not isinstance(given, Mapping) or not set(given) <= {*_BODY, _SCHEME}:
        return _invalid(f"the body is an object with {', '.join(_BODY)}")
    if not all(isinstance(given.get(name, ""), str) for name in ("format", "class")):
        return _invalid("format and class are words")
    lists: dict[str, Sequence[str]] = {}
    for name in _LISTS:
        listed = given.get(name, ())
        if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
            return _invalid(f"{name} is a list of words")
        if name in given:
            lists[name] = listed
    regions = _regions(given["regions"]) if "regions" in given else None
    if isinstance(regions, Reason):
        return regions
    others = [other for other in _BODY[2:] if other in given]
    asked = _asked(kind, given.get("format"), given.get("class"), lists, regions, others, least=1)
    return _with_scheme(asked, given.get(_SCHEME))


def _with_scheme(asked: Asked | Reason, scheme: Any) -> Asked | Reason:
    if scheme is None or isinstance(asked, Reason):
        return asked
    return replace(asked, sealed=True) if scheme == "c4gh" else _invalid("encryptionScheme is c4gh, or left out")


Given = tuple[str, int | None, int | None]
"""A region as it came."""


def _regions(given: Any) -> list[Given] | Reason:
    if not isinstance(given, list) or not given:
        return _invalid("regions is a list with one region or more")
    if len(given) > MAX_REGIONS:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"more than {MAX_REGIONS} regions"),))
    found: list[Given] = []
    for one in given:
        if (
            not isinstance(one, Mapping)
            or not set(one) <= set(_REGION)
            or not isinstance(one.get("referenceName"), str)
        ):
            return _invalid("a region is an object with referenceName, start and end")
        start, end = one.get("start"), one.get("end")
        if any(type(at) is not int or not 0 <= at <= MAX_POSITION for at in (start, end) if at is not None):
            return _invalid("start and end are whole numbers from 0 to 4294967295")
        found.append((one["referenceName"], start, end))
    return found


def _asked(
    kind: DataType,
    format: str | None,
    part: str | None,
    lists: Mapping[str, Sequence[str]],
    regions: Sequence[Given] | None,
    others: Sequence[str],
    *,
    least: int,
) -> Asked | Reason:
    """By the rules that GET and POST share. `least`: how many bases a region has at least."""
    named = FORMATS[kind][0] if format is None else next((one for one in FORMATS[kind] if one == format.upper()), None)
    if named is None:
        return Reason(code="REQ-FORMAT", facts=(("formats", " or ".join(FORMATS[kind])),))
    if part is not None and part != "header":
        return _invalid("class is header, or left out")
    if part is not None and others:
        return _invalid(f"beside class=header stands format alone, and not {others[0]}")
    wrong = _wrong_lists(kind, lists)
    if wrong is not None:
        return _invalid(wrong)
    found = None if regions is None else [_region(kind, one, least) for one in regions]
    for one in found or ():
        if isinstance(one, Reason):
            return one
    merged = None if found is None else merge(one for one in found if isinstance(one, Region))
    return Asked(format=named, header_only=part is not None, regions=merged)


def _region(kind: DataType, given: Given, least: int) -> Region | Reason:
    name, start, end = given
    if not 0 < len(name) <= MAX_NAME:
        return _invalid("a referenceName has 1 to 255 characters")
    if name == UNPLACED and (kind != "reads" or (start, end) != (None, None)):
        return _invalid("the referenceName * is for reads, without start and end")
    made = Region(name, start or 0, MAX_POSITION + 1 if end is None else end)
    if made.end - made.start < (least if end is not None else 0):
        return Reason(code="REQ-REGION", facts=(("problem", "it ends before it begins"),))
    return made


def _wrong_lists(kind: DataType, lists: Mapping[str, Sequence[str]]) -> str | None:
    if kind == "reads" and not set(lists.get("fields", ())) <= FIELDS:
        return f"fields are {', '.join(sorted(FIELDS))}"
    if set(lists.get("tags", ())) & set(lists.get("notags", ())):
        return "a tag is in tags and in notags"
    return None


def merge(regions: Iterable[Region]) -> tuple[Region, ...]:
    """The same bases, each region apart from the others, so that nothing is looked for twice."""
    merged: list[Region] = []
    for one in sorted(regions, key=lambda one: (one.reference, one.start, one.end)):
        last = merged[-1] if merged else None
        if last is not None and last.reference == one.reference and one.start <= last.end:
            merged[-1] = Region(last.reference, last.start, max(last.end, one.end))
        else:
            merged.append(one)
    return tuple(merged)


def _position(given: str | None) -> int | Reason | None:
    if given is None:
        return None
    plain = given.isascii() and given.isdigit() and len(given) <= _DIGITS
    return int(given) if plain and int(given) <= MAX_POSITION else _invalid("not a position")


def _listed(given: str) -> tuple[str, ...]:
    """`tags=` is a list of none, where no `tags` means all."""
    return tuple(given.split(",")) if given else ()


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))
