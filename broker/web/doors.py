"""Which protected resource does an address belong to, and what is a caller asked for who may not come in?

RFC 9728: our API and UserInfo are one resource (the broker itself), DRS is another. Bytes behind data tickets are
none: nobody gets a ticket from an authorization server.
"""

from aiohttp import hdrs, web

from broker.core.oidc.challenge import Challenge, Scheme, challenges
from broker.core.oidc.errors import OAuthError
from broker.core.outcome import Reason
from broker.web.state import BROKER

METADATA = "/.well-known/oauth-protected-resource"
DRS = "/ga4gh/drs/v1"


def ask_for_more(request: web.Request, response: web.StreamResponse, asked: Challenge) -> None:
    """Put `asked` into the headers of a refusal, a field for each scheme."""
    response.headers.popall(hdrs.WWW_AUTHENTICATE, None)
    for challenge in challenges(asked, resource_metadata(request)):
        response.headers.add(hdrs.WWW_AUTHENTICATE, challenge)


def resource_metadata(request: web.Request) -> str | None:
    """Where the resource behind this address describes itself (RFC 9728 section 3.1)."""
    if request.path.startswith("/data/"):
        return None
    of_drs = request.path.startswith(f"{DRS}/")
    return f"{request.app[BROKER].world.issuer}{METADATA}{DRS if of_drs else ''}"


def challenge_of(request: web.Request, reason: Reason) -> Challenge:
    """What a 401 with this reason asks for. Who sent Passports is told no error: they are no tokens."""
    if reason.code == "AUTH-NO-CREDENTIALS" or not reason.code.startswith("AUTH-"):
        return Challenge()
    found = next((error for error in OAuthError if error.code == reason.code), None)
    if found is None:  # tickets, which OAuth knows nothing of
        return Challenge(scheme=scheme_of(request), error="invalid_token")
    return Challenge(scheme=scheme_of(request), error=found.error, description=found.description)


def scheme_of(request: web.Request) -> Scheme:
    """In which scheme the caller came."""
    given = request.headers.get(hdrs.AUTHORIZATION, "")
    return "DPoP" if given[:5].lower() == "dpop " else "Bearer"
