"""What does this query or form say? Parsed once; afterwards nothing reads raw input.

RFC 6749 section 3.1 and 3.2: no parameter twice, an empty one counts as absent, an unknown one is ignored.
`resource` and `audience` may repeat (RFC 8707, RFC 8693). UTF-8 only, no control characters, every length
bounded: what two readers could read in two ways is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_FORM, MAX_PARAMETERS, MAX_TARGETS, MAX_VALUE, VALUE_LIMITS

REPEATABLE = frozenset({"resource", "audience"})
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
"""C0, DEL, C1, line separators, and marks that change the direction in which text is shown."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one request: `one` for those that occur once, `many` for `resource` and `audience`."""

    one: Mapping[str, str]
    many: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str | None:
        """The value, or None when it was absent or empty."""
        return self.one.get(name)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a repeatable parameter, in the order sent."""
        return self.many.get(name, ())

    def words(self, name: str) -> tuple[str, ...]:
        """The space-separated words of a value, each once, in the order sent."""
        return tuple(dict.fromkeys(word for word in self.one.get(name, "").split(" ") if word))


def parse(raw: bytes, limit: int = MAX_FORM) -> Parameters | OAuthError:
    """The parameters of a query string or `application/x-www-form-urlencoded` body of at most `limit` bytes."""
    if len(raw) > limit:
        return OAuthError.TOO_LONG
    pieces = [piece for piece in raw.split(b"&") if piece]
    if len(pieces) > MAX_PARAMETERS:
        return OAuthError.TOO_LONG
    one: dict[str, str] = {}
    many: dict[str, list[str]] = {}
    for piece in pieces:
        name, _, value = piece.partition(b"=")
        read = _pair(name, value)
        if isinstance(read, OAuthError):
            return read
        refused = _keep(read, one, many)
        if refused is not None:
            return refused
    present = {name: value for name, value in one.items() if value}
    lists = {name: tuple(value for value in values if value) for name, values in many.items()}
    return Parameters(MappingProxyType(present), MappingProxyType(lists))


def _keep(pair: tuple[str, str], one: dict[str, str], many: dict[str, list[str]]) -> OAuthError | None:
    name, value = pair
    if name in REPEATABLE:
        values = many.setdefault(name, [])
        values.append(value)
        return OAuthError.TOO_LONG if len(values) > MAX_TARGETS else None
    if name in one:
        return OAuthError.REPEATED
    one[name] = value
    return None


def _pair(name: bytes, value: bytes) -> tuple[str, str] | OAuthError:
    """Name and value, decoded, if they are text without control characters and not too long."""
    decoded_name, decoded_value = _decode(name), _decode(value)
    if decoded_name is None or decoded_value is None:
        return OAuthError.MALFORMED
    if len(decoded_name) > MAX_VALUE or len(decoded_value) > VALUE_LIMITS.get(decoded_name, MAX_VALUE):
        return OAuthError.TOO_LONG
    return decoded_name, decoded_value


def _decode(raw: bytes) -> str | None:
    """Percent-decoded once (`+` is a space), or None for a broken escape, other than UTF-8, or control characters."""
    if not raw.isascii() or _BAD_ESCAPE.search(raw):
        return None
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text
