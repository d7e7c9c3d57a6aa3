"""How is a trusted issuer doing, and what may be wrong with its row? For operators; no decision reads it.

Everything here speaks of registered issuers only, in words of a closed list: a stranger's token can neither add
an issuer nor put text of its own in front of an operator. What a refused token says is unverified: anybody can
make a token that names an issuer, so the counts show that something is refused, never who sent it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from broker.core.outcome import Reason
from broker.core.passport import compact, limits
from broker.core.passport.keys import thumbprint
from broker.core.passport.trust import Jwk, Trust
from broker.core.time import Seconds

KeysState = Literal["unused", "good", "stale", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyShown:
    """A public key that counts now. `thumbprint`: RFC 7638, the name under which a key is revoked."""

    kid: str
    algorithm: str
    thumbprint: str


def shown(key: Jwk) -> KeyShown:
    """What an operator sees of a usable key. The algorithm is the key's own word, or else the one for its kind."""
    said = key.get("alg")
    algorithm = said if isinstance(said, str) else {"EC": "ES256", "RSA": "RS256"}[key["kty"]]
    return KeyShown(kid=key["kid"], algorithm=algorithm[:20], thumbprint=thumbprint(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressHealth:
    """One registered address. `age`: seconds since its last good answer; `error`: why the last attempt failed."""

    jku: str
    state: KeysState
    keys: tuple[KeyShown, ...] = ()
    age: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How often tokens that name this issuer were refused for `code` since the start, and when last."""

    code: str
    count: int
    last: Seconds


class Hint(StrEnum):
    """What may be wrong, as far as a refused token shows."""

    SLASH = "issuer differs by a trailing slash"
    SCHEME = "issuer differs by http and https"
    JKU = "jku in tokens differs from the registered one"
    ALGORITHM = "alg not allowed"
    KID = "tokens name a key that the issuer does not publish"
    CLOCK = "tokens are not yet valid: its clock or ours may be wrong"
    AUDIENCE = "tokens are for somebody else"
    STYLE = "Visa Access Tokens are sent, and the row does not allow them, or the reverse"
    NOT_A_BROKER = "Passports are sent, and the row is not a broker's"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerReport:
    """One registered issuer. `last_code`: the reason of the newest refusal. `hints` are guesses for people."""

    iss: str
    addresses: tuple[AddressHealth, ...] = ()
    refusals: tuple[Refusals, ...] = ()
    last_code: str | None = None
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerns:
    """Which registered issuer a refused token concerns, and what that hints at."""

    iss: str
    code: str
    hint: Hint | None


_BY_ENDING: Mapping[str, Hint] = {
    "-JKU-UNTRUSTED": Hint.JKU,
    "-ALGORITHM": Hint.ALGORITHM,
    "-KEY-UNKNOWN": Hint.KID,
    "-NOT-YET": Hint.CLOCK,
    "-AUDIENCE": Hint.AUDIENCE,
    "-STYLE": Hint.STYLE,
}


def concerns(token: str, reason: Reason, trust: Trust) -> Concerns | None:
    """Whom the refusal of `token` concerns; None if it names nobody who is registered, or nearly is."""
    parsed = compact.parse(token, limits.PASSPORT_BYTES, "VISA")
    if isinstance(parsed, Reason):
        return None
    iss = parsed.payload.get("iss")
    row = trust.of(iss)
    if row is not None:
        if reason.code == "PASSPORT-ISSUER-UNTRUSTED":
            return Concerns(iss=row.iss, code=reason.code, hint=Hint.NOT_A_BROKER)
        hint = next((hint for ending, hint in _BY_ENDING.items() if reason.code.endswith(ending)), None)
        return Concerns(iss=row.iss, code=reason.code, hint=hint)
    near = _near(iss, trust) if isinstance(iss, str) else None
    return None if near is None else Concerns(iss=near[0], code=reason.code, hint=near[1])


def _near(iss: str, trust: Trust) -> tuple[str, Hint] | None:
    """The registered issuer whom somebody may have meant. It is not trusted for being near."""
    slashed = iss[:-1] if iss.endswith("/") else f"{iss}/"
    if trust.of(slashed) is not None:
        return slashed, Hint.SLASH
    scheme, _, rest = iss.partition("://")
    other = {"http": "https", "https": "http"}.get(scheme)
    if other is not None and trust.of(f"{other}://{rest}") is not None:
        return f"{other}://{rest}", Hint.SCHEME
    return None
