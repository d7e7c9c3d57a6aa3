"""Judging case files of the kinds `visas`, `conditions` and `patterns` with the rules of the product.

Each judge gets the question and nothing else: no id, no title, no wanted answer. ValueError for a file that is
not of its kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.core.outcome import Reason
from broker.core.passport import conditions, limits, patterns
from broker.core.passport.evaluate import evaluate
from broker.core.passport.holdings import grants_for
from broker.core.passport.keys import usable
from broker.core.passport.linked import Identity
from broker.core.passport.read import Pair
from broker.core.passport.trust import ALGORITHMS, Jwk, Trust, TrustRow
from broker.core.passport.verify import CheckSignature, verify_visa
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all visas of one file are judged against."""

    trust: Trust
    keys_of: Mapping[Pair, Sequence[Jwk]]
    caller: frozenset[Identity]
    dataset: str
    at: Seconds
    leeway: Seconds
    us: frozenset[str]


def bench(document: Any) -> Bench:
    """The file's trust rows, caller, keys and clock: everything but its tokens. ValueError names the field."""
    if not isinstance(document, dict):
        raise ValueError("a file of visa cases is an object")  # noqa: TRY004 (a fault of the file)
    rows = [_row(row, f"trusted[{place}]") for place, row in enumerate(_want(document, "trusted", list))]
    sets = {jku: usable(keys) for jku, keys in _want(document, "jwks", dict).items()}
    caller = _want(document, "caller", dict)
    pairs = [_identity(pair, f"caller.linked_as[{n}]") for n, pair in enumerate(_want(caller, "linked_as", list, []))]
    return Bench(
        trust=Trust(rows),
        keys_of={(row.iss, jku): sets[jku] or () for row in rows for jku in row.jku if jku in sets},
        caller=frozenset({(_want(caller, "iss", str), _want(caller, "sub", str)), *pairs}),
        dataset=_want(document, "asked_dataset", str),
        at=Seconds(_want(document, "clock", int)),
        leeway=Seconds(_want(document, "leeway_s", int, limits.LEEWAY)),
        us=frozenset(_texts(document, "audience", [])),
    )


_NEEDED = object()


def _want(members: Mapping[str, Any], name: str, kind: type, otherwise: Any = _NEEDED) -> Any:
    """The member `name`, which must be exactly a `kind`. ValueError names it; what it holds is not repeated."""
    found = members.get(name, otherwise)
    if found is _NEEDED:
        raise ValueError(f"{name}: missing")
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise ValueError(f"{name}: not {_CALLED[kind]}")
    return found


_CALLED = {str: "text", int: "a whole number", list: "a list", dict: "an object", bool: "true or false"}


def _texts(members: Mapping[str, Any], name: str, otherwise: Any = _NEEDED) -> list[str]:
    found: list[str] = _want(members, name, list, otherwise)
    if not all(isinstance(text, str) for text in found):
        raise ValueError(f"{name}: not a list of text")
    return found


def _identity(pair: Any, where: str) -> Identity:
    if not isinstance(pair, list) or len(pair) != len(("iss", "sub")) or not all(isinstance(one, str) for one in pair):
        raise ValueError(f"{where}: not [iss, sub]")
    iss, sub = pair
    return (iss, sub)


_MEMBERS = frozenset({"iss", "jku", "algs", "may_grant", "types", "sources", "granted_by", "may_link", "aliases"}) | {
    "access_tokens",
    "max_lifetime_s",
    "max_asserted_age_s",
}


def _row(row: Any, where: str) -> TrustRow:
    try:
        return _made(row)
    except ValueError as wrong:
        raise ValueError(f"{where}: {wrong}") from None


def _made(row: Any) -> TrustRow:
    if not isinstance(row, dict):
        raise ValueError("not an object")  # noqa: TRY004 (a fault of the file)
    if not row.keys() <= _MEMBERS:
        raise ValueError(f"a trust row has no member {min(row.keys() - _MEMBERS)}")
    jku = row.get("jku")
    return TrustRow(
        iss=_want(row, "iss", str),
        jku=(jku,) if isinstance(jku, str) else tuple(_texts(row, "jku")),
        algorithms=frozenset(_texts(row, "algs", list(ALGORITHMS))),
        values=tuple(_texts(row, "may_grant", [])),
        types=_set(row, "types"),
        sources=_set(row, "sources"),
        granted_by=frozenset(_texts(row, "granted_by", ["dac"])),
        may_link=_want(row, "may_link", bool, otherwise=False),
        aliases={name: _want(row["aliases"], name, str) for name in _want(row, "aliases", dict, {})},
        access_tokens=_want(row, "access_tokens", bool, otherwise=False),
        max_lifetime=_seconds(row, "max_lifetime_s"),
        max_asserted_age=_seconds(row, "max_asserted_age_s"),
    )


def _seconds(row: Mapping[str, Any], name: str) -> Seconds | None:
    return Seconds(_want(row, name, int)) if row.get(name) is not None else None


def _set(row: Mapping[str, Any], name: str) -> frozenset[str] | None:
    return frozenset(_texts(row, name)) if row.get(name) is not None else None


def judge_visa(bench: Bench, token: Any, check: CheckSignature) -> Reason | None:
    """Why this visa alone does not open the asked dataset for the caller; None: it does."""
    if not isinstance(token, str):
        return Reason(code="VISA-MALFORMED")
    visa = verify_visa(token, bench.trust, bench.keys_of, at=bench.at, us=bench.us, check=check, leeway=bench.leeway)
    if isinstance(visa, Reason):
        return visa
    found = evaluate([visa], bench.trust, bench.caller, bench.at, leeway=bench.leeway)
    if found.dropped:
        return found.dropped[0].reason
    return None if grants_for(found, bench.dataset) else Reason(code="VISA-OTHER-DATASET")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Object:
    """A visa object of a case row, taken as accepted; what is not a string is not there."""

    type: str
    value: str | None
    source: str | None
    by: str | None


def judge_conditions(stated: Any, others: Sequence[Mapping[str, Any]]) -> bool:
    """Do the visa objects `others` meet the `conditions` value `stated`?"""
    read = conditions.read(stated)
    if read is None:
        return False
    plain = [_object(other) for other in others if "conditions" not in other]
    return any(True for _ in conditions.Candidates(plain).alternatives(read))


def _object(raw: Mapping[str, Any]) -> _Object:
    told = {name: text for name, text in raw.items() if isinstance(text, str)}
    return _Object(type=told.get("type", ""), value=told.get("value"), source=told.get("source"), by=told.get("by"))


def judge_pattern(expression: Any, value: Any) -> bool:
    """Does `value` fit the match expression?"""
    if not isinstance(expression, str) or not isinstance(value, str):
        return False
    read = patterns.parse(expression)
    return read is not None and read.fits(value)
