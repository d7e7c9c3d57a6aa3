"""May this refresh token be used, and what comes after it? (RFC 6749 section 6, RFC 9700 section 4.14)

Every use replaces the token. The successor is computed from the token itself with a key of the server, so
that the uses of one token within the grace window get the same result although no token is stored
(ruling 18). After the window a used token is a stolen one: the family ends.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Protocol

from broker.core.oidc.errors import OAuthError, Penalty
from broker.core.oidc.limits import MIN_KEY_BYTES, REFRESH_GRACE
from broker.core.oidc.opaque import base64url
from broker.core.time import Seconds

_JTI_BYTES = 16


class RefreshState(Protocol):
    """What the rules read of a refresh token's row."""

    @property
    def expires(self) -> Seconds: ...
    @property
    def spent(self) -> Seconds | None: ...


@dataclass(frozen=True, slots=True)
class Rotate:
    """First use: spend it and store its successor, at `at`."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Again:
    """Used within the grace window: the same result as at `at`; nothing changes."""

    at: Seconds


def judge(
    token: RefreshState | None, *, owner: str | None, client_id: str, alive: bool, now: Seconds
) -> Rotate | Again | OAuthError | Penalty:
    """What to do with a refresh token that `client_id` presents. `owner`: the client to which it was given."""
    if token is None or owner != client_id:
        return OAuthError.REFRESH_UNKNOWN
    if not alive:
        return OAuthError.AUTHORIZATION_ENDED
    if token.spent is None:
        return OAuthError.REFRESH_EXPIRED if now >= token.expires else Rotate(now)
    if now >= token.spent + REFRESH_GRACE:
        return Penalty(OAuthError.REFRESH_REPLAYED)
    return Again(token.spent)


def successor(key: bytes, token: str) -> str:
    """The refresh token that replaces `token`. ValueError for a short key: successors could be guessed."""
    return base64url(_derive(key, "successor", token))


def access_token_id(
    key: bytes, token: str, scope: tuple[str, ...], resources: tuple[str, ...], jkt: str | None = None
) -> str:
    """The `jti` of the access token that `token` gives: the same for the same use, another for another scope or key."""
    words = (" ".join(scope), " ".join(resources), *(() if jkt is None else (jkt,)))
    return base64url(_derive(key, "jti", token, *words)[:_JTI_BYTES])


def _derive(key: bytes, *words: str) -> bytes:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the key of refresh tokens has at least {MIN_KEY_BYTES} bytes")
    said = b"\0".join(word.encode("utf-8", "surrogatepass") for word in ("refresh-v1", *words))
    return hmac.new(key, said, hashlib.sha256).digest()
