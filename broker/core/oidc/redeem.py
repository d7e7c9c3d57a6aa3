"""May this authorization code be turned into tokens? (RFC 6749 section 4.1.3, RFC 7636 section 4.6)"""

import hmac
from typing import Protocol

from broker.core.oidc import pkce
from broker.core.oidc.errors import OAuthError, Penalty
from broker.core.time import Seconds


class CodeState(Protocol):
    """What the rules read of a code's row."""

    @property
    def redirect_uri(self) -> str: ...
    @property
    def challenge(self) -> str: ...
    @property
    def expires(self) -> Seconds: ...
    @property
    def spent(self) -> Seconds | None: ...
    @property
    def device(self) -> bool:
        """The code of a device: good for another grant type."""
        ...

    @property
    def jkt(self) -> str | None: ...


def judge(
    code: CodeState | None,
    *,
    owner: str | None,
    client_id: str,
    redirect_uri: str | None,
    verifier: str | None,
    alive: bool,
    now: Seconds,
    jkt: str | None = None,
) -> OAuthError | Penalty | None:
    """None for yes. `owner`: the client to which the code was given; `alive`: does the authorization last?

    `jkt`: the key that the request proved; the code may be bound to one (RFC 9449 section 10).

    Whose it is comes first, so that a stranger learns nothing and ends nothing; then whether it was used,
    so that a replay ends the family even with a wrong verifier or after its time.
    """
    if code is None or code.device or owner != client_id:
        return OAuthError.CODE_UNKNOWN
    if code.spent is not None:
        return Penalty(OAuthError.CODE_REPLAYED)
    if now >= code.expires:
        return OAuthError.CODE_EXPIRED
    if redirect_uri is None or not hmac.compare_digest(redirect_uri.encode(), code.redirect_uri.encode()):
        return OAuthError.CODE_REDIRECT
    if not pkce.proves(verifier, code.challenge):
        return OAuthError.PKCE_FAILED
    if code.jkt is not None and code.jkt != jkt:
        return OAuthError.DPOP_KEY
    return None if alive else OAuthError.AUTHORIZATION_ENDED
