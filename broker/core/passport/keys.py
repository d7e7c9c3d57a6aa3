"""Which keys of a JWK Set can we use, and what is a key's name? (RFC 7517, RFC 7638, RFC 8725 section 3)

Nothing here does cryptography: `adapters/jose.py` checks size, curve and fit each time a key is used.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from broker.core import jws, strict_json
from broker.core.passport import limits
from broker.core.passport.linked import is_name
from broker.core.passport.trust import Jwk

THUMBPRINT = "^[0-9a-f]{64}$"
"""The form of a `thumbprint`."""


def read_set(raw: bytes) -> tuple[Jwk, ...] | None:
    """The usable keys of a JWK Set document; None if it is none, or passes a limit.

    Left out: keys without `kid`, of another kind than EC and RSA, with private parts, and all keys that share
    a `kid`, since nobody could say which one is meant.
    """
    try:
        document = strict_json.loads(raw, limits.KEY_SET_BYTES)
    except strict_json.StrictJsonError:
        return None
    return usable(document)


def usable(document: Any) -> tuple[Jwk, ...] | None:
    """The same for a document that was parsed already."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > limits.KEYS:
        return None
    names = (key.get("kid") for key in listed if isinstance(key, dict))
    kids = Counter(name for name in names if isinstance(name, str))
    return tuple(key for key in listed if _usable(key) and kids[key["kid"]] == 1)


def _usable(key: Any) -> bool:
    if not isinstance(key, dict) or not jws.PRIVATE.isdisjoint(key):
        return False
    members = jws.MEMBERS.get(key["kty"]) if isinstance(key.get("kty"), str) else None
    if members is None or not isinstance(key.get("kid"), str) or not is_name(key["kid"]):
        return False
    return all(isinstance(key.get(member), str) for member in members)


def named(keys: Sequence[Jwk], kid: str) -> Jwk | None:
    """The one key called `kid`; None if there is none, or more than one: keys are never tried in turn."""
    found = [key for key in keys if key.get("kid") == kid]
    return found[0] if len(found) == 1 else None


def holds(keys: Sequence[Jwk], kid: str, key: str) -> bool:
    """Is the key that is called `kid` now still the one with thumbprint `key`?

    For what was verified earlier: a key that was withdrawn, or replaced under its old name, takes it along.
    """
    found = named(keys, kid)
    return found is not None and thumbprint(found) == key


def thumbprint(key: Jwk) -> str:
    """The key's RFC 7638 name (SHA-256, hexadecimal). KeyError for a key that is neither EC nor RSA."""
    return jws.thumbprint(key).hex()
