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


def bench(document: Mapping[str, Any]) -> Bench:
    """The file's trust rows, caller, keys and clock: everything but its tokens."""
    try:
        rows = [_row(row) for row in document["trusted"]]
        sets = {jku: usable(keys) for jku, keys in document["jwks"].items()}
        caller = document["caller"]
        return Bench(
            trust=Trust(rows),
            keys_of={(row.iss, jku): sets[jku] or () for row in rows for jku in row.jku if jku in sets},
            caller=frozenset({(caller["iss"], caller["sub"]), *map(_identity, caller.get("linked_as", ()))}),
            dataset=document["asked_dataset"],
            at=Seconds(document["clock"]),
            leeway=Seconds(document.get("leeway_s", limits.LEEWAY)),
            us=frozenset(document.get("audience", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a file of visa cases: {error}") from None


def _identity(pair: Sequence[str]) -> Identity:
    iss, sub = pair
    return (iss, sub)


_MEMBERS = frozenset({"iss", "jku", "algs", "may_grant", "types", "sources", "granted_by", "may_link", "aliases"}) | {
    "access_tokens",
    "max_lifetime_s",
    "max_asserted_age_s",
}


def _row(row: Mapping[str, Any]) -> TrustRow:
    if not row.keys() <= _MEMBERS:
        raise ValueError(f"a trust row has no member {min(row.keys() - _MEMBERS)}")
    jku = row["jku"]
    return TrustRow(
        iss=row["iss"],
        jku=(jku,) if isinstance(jku, str) else tuple(jku),
        algorithms=frozenset(row.get("algs", ALGORITHMS)),
        values=tuple(row.get("may_grant", ())),
        types=_set(row, "types"),
        sources=_set(row, "sources"),
        granted_by=frozenset(row.get("granted_by", ("dac",))),
        may_link=row.get("may_link") is True,
        aliases=dict(row.get("aliases", {})),
        access_tokens=row.get("access_tokens") is True,
        max_lifetime=row.get("max_lifetime_s"),
        max_asserted_age=row.get("max_asserted_age_s"),
    )


def _set(row: Mapping[str, Any], name: str) -> frozenset[str] | None:
    return frozenset(row[name]) if name in row else None


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
