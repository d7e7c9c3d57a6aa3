"""JSON from strangers, read strictly: size first, no duplicate members, no NaN, bounded depth and numbers.

The one parser for tokens, request bodies and key documents (I-JSON, RFC 7493). What a lenient parser
lets through (last duplicate wins, `NaN`, 5,000 brackets) is how two readers come to see two texts.
"""

import json
import re
from typing import Any

MAX_DEPTH = 32
_MAX_DIGITS = 20
_MAX_DOUBLE = 1e308
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_BRACKET = re.compile(rb"[\[\]{}]")


class StrictJsonError(ValueError):
    """Not JSON, or JSON that two readers could understand in two ways. The text is never in the message."""


def loads(raw: bytes, limit: int) -> Any:
    """The value that `raw` says, at most `limit` bytes of UTF-8. StrictJsonError for anything doubtful."""
    if len(raw) > limit:
        raise StrictJsonError(f"longer than {limit} bytes")
    if _depth(raw) > MAX_DEPTH:
        raise StrictJsonError(f"nested deeper than {MAX_DEPTH}")
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
        if _SURROGATE.search(raw):  # two halves make a character; one alone is none (RFC 7493 section 2.1)
            json.dumps(value, ensure_ascii=False).encode()
    except StrictJsonError:
        raise
    except (ValueError, RecursionError):
        raise StrictJsonError("not JSON in UTF-8") from None
    return value


def _depth(raw: bytes) -> int:
    """How deep the brackets go, strings left out: counted before parsing, so that recursion is bounded."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return 0  # too few brackets to be too deep: what nearly every honest text is
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise StrictJsonError("the same member twice")
    return members


def _no_constant(_: str) -> Any:
    raise StrictJsonError("NaN and Infinity are not JSON")


def _short_int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise StrictJsonError(f"a number of more than {_MAX_DIGITS} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not abs(value) <= _MAX_DOUBLE:
        raise StrictJsonError("a number outside the range of a double")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_short_int, parse_float=_finite
)
"""Made once: making one costs more than reading a visa's claims."""
