"""Who is calling, from the headers or body of a request; refusals in the form of the door."""

from aiohttp import hdrs, web

from broker.core.outcome import Reason
from broker.flows.authenticate import by_access_token, by_passports
from broker.flows.world import Caller
from broker.web.errors import Problem
from broker.web.state import BROKER

_MAX_BEARER = 16 * 1024


def bearer(request: web.Request) -> str | None:
    """The token of an Authorization header (RFC 6750 section 2.1); None if there is no such header."""
    given = request.headers.get(hdrs.AUTHORIZATION)
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token or " " in token or len(token) > _MAX_BEARER:
        raise Problem("AUTH-TOKEN-INVALID")
    return token


async def caller(request: web.Request) -> Caller:
    """The caller by access token, or a 401."""
    broker, token = request.app[BROKER], bearer(request)
    if token is None:
        raise Problem("AUTH-NO-CREDENTIALS")
    return _made(await by_access_token(broker.world, broker.verifier, token))


async def caller_by_passports(request: web.Request, passports: list[str]) -> Caller:
    """The caller by Passports. Beside a bearer token they would be two answers to one question: refused."""
    broker = request.app[BROKER]
    if bearer(request) is not None:
        raise Problem("REQ-INVALID", problem="send either an access token or Passports, not both")
    return _made(await by_passports(broker.world, broker.verifier, passports))


def _made(found: Caller | Reason) -> Caller:
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found
