"""Which protected resource does an address belong to, and what is a caller asked for who may not come in?

RFC 9728: our API and UserInfo are one resource (the broker itself), DRS and htsget are others. Bytes behind data
tickets are none: nobody gets a ticket from an authorization server.
"""

from aiohttp import hdrs, web

from broker.core.oidc.bearer import Shown, shown_token
from broker.core.oidc.challenge import Challenge, Scheme, challenges
from broker.core.oidc.dpop import NOTHING, Sent
from broker.core.oidc.errors import OAuthError
from broker.core.outcome import Reason
from broker.web.state import BROKER

PROOF, NONCE = "DPoP", "DPoP-Nonce"
METADATA = "/.well-known/oauth-protected-resource"
DRS = "/ga4gh/drs/v1"
HTSGET = "/ga4gh/htsget/v1"


def ask_for_more(request: web.Request, response: web.StreamResponse, asked: Challenge) -> None:
    """Put `asked` into the headers of a refusal, a field for each scheme."""
    response.headers.popall(hdrs.WWW_AUTHENTICATE, None)
    for challenge in challenges(asked, resource_metadata(request)):
        response.headers.add(hdrs.WWW_AUTHENTICATE, challenge)


def resource_metadata(request: web.Request) -> str | None:
    """Where the resource behind this address describes itself (RFC 9728 section 3.1)."""
    if request.path.startswith(("/data/", "/authz/")):  # tickets; a repository's own address, which we cannot know
        return None
    own = next((service for service in (DRS, HTSGET) if request.path.startswith(f"{service}/")), "")
    return f"{request.app[BROKER].world.issuer}{METADATA}{own}"


def challenge_of(request: web.Request, reason: Reason) -> Challenge:
    """What a 401 with this reason asks for. Who sent Passports is told no error: they are no tokens."""
    if reason.code == "AUTH-NO-CREDENTIALS" or not reason.code.startswith("AUTH-"):
        return Challenge()
    scheme: Scheme = "DPoP" if reason.code.startswith("AUTH-DPOP-") else scheme_of(request)
    found = next((error for error in OAuthError if error.code == reason.code), None)
    if found is None:  # tickets, which OAuth knows nothing of
        return Challenge(scheme=scheme, error="invalid_token")
    return Challenge(scheme=scheme, error=found.error, description=found.description)


def sent(request: web.Request) -> Sent:
    """What the request says about itself. Its address is ours as published, whatever Host says (RFC 9449 4.3)."""
    path = request.raw_path.partition("?")[0]
    url = f"{request.app[BROKER].world.issuer}{path}"
    return Sent(proofs=tuple(request.headers.getall(PROOF, ())), method=request.method, url=url)


def shown(request: web.Request) -> Shown | OAuthError:
    """The access token of the request, as every door takes it: in the header, once, and nowhere else."""
    if request.query_string and "access_token" in request.query:
        return OAuthError.TOKEN_MALFORMED
    proved = sent(request) if PROOF in request.headers else NOTHING
    return shown_token(request.headers.get(hdrs.AUTHORIZATION), proved)


def give_nonce(request: web.Request, response: web.StreamResponse, *, asked: bool = False) -> None:
    """Tell the nonce of now to who was refused for one (`asked`), and where everybody needs one to who proves."""
    if not asked and PROOF not in request.headers:
        return
    proofs, clock = request.app[BROKER].oauth.proofs, request.app[BROKER].world.clock
    if asked or proofs.nonces:
        response.headers[NONCE] = proofs.nonce(clock.now())


def scheme_of(request: web.Request) -> Scheme:
    """In which scheme the caller came; who sent nothing but a proof came with DPoP."""
    given = request.headers.get(hdrs.AUTHORIZATION)
    if given is None:
        return "DPoP" if PROOF in request.headers else "Bearer"
    return "DPoP" if given[:4].lower() == "dpop" else "Bearer"
