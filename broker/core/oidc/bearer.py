"""Which access token does a caller send? In the Authorization header and nowhere else (RFC 6750 section 2.1)."""

import re

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_BEARER

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/-]+=*)")


def bearer_token(authorization: str | None) -> str | OAuthError:
    """The token of a `Bearer` header; NO_TOKEN if there is no header or it speaks of another scheme."""
    if authorization is None or not authorization[:7].lower().startswith("bearer"):
        return OAuthError.NO_TOKEN
    found = _BEARER.fullmatch(authorization)
    if found is None or len(found[1]) > MAX_BEARER:
        return OAuthError.TOKEN_INVALID
    return found[1]
