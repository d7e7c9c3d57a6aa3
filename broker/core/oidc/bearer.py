"""Which access token does a caller send, and how? In the Authorization header and nowhere else.

RFC 6750 section 2.1 (`Bearer`), RFC 9449 section 7.1 (`DPoP`). A header of these schemes that is not well-formed is
an invalid request; other schemes are none of a token's doors' business.
"""

import re
from dataclasses import dataclass, field

from broker.core.oidc.challenge import Scheme
from broker.core.oidc.dpop import NOTHING, Sent
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_BEARER

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SCHEMES: dict[str, Scheme] = {"bearer": "Bearer", "dpop": "DPoP"}
_WORD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An access token as it was sent: in which scheme, and with what proof."""

    scheme: Scheme
    token: str = field(repr=False)
    sent: Sent


def shown_token(authorization: str | None, sent: Sent = NOTHING) -> Shown | OAuthError:
    """The token of the header; NO_TOKEN if there is none or it speaks of another scheme."""
    word = _WORD.match(authorization or "")
    scheme = _SCHEMES.get(word[0].lower()) if word is not None else None
    if authorization is None or scheme is None:
        return OAuthError.NO_TOKEN
    token = authorization[len(scheme) + 1 :]
    if len(token) > MAX_BEARER:
        return OAuthError.TOKEN_INVALID
    if authorization[len(scheme) : len(scheme) + 1] != " " or not _TOKEN.fullmatch(token):
        return OAuthError.TOKEN_MALFORMED
    return Shown(scheme=scheme, token=token, sent=sent)
