"""Who is calling, from the headers or body of a request; refusals in the form of the door."""

from collections.abc import Sequence

from aiohttp import web

from broker.core.oidc.bearer import Shown
from broker.core.oidc.challenge import of_error
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.own_tokens import OPENID, PASSPORT_SCOPE
from broker.core.oidc.service_scopes import service_subject
from broker.core.outcome import Reason
from broker.flows.administer import Actor
from broker.flows.authenticate import by_access_token, by_client_token, by_passports, is_passport
from broker.flows.by_userinfo import by_userinfo, is_foreign
from broker.flows.world import Caller, ServiceCaller
from broker.web import once
from broker.web.doors import DRS, HTSGET, scheme_of, sent, shown
from broker.web.errors import Problem
from broker.web.state import BROKER

_API_SCOPES = (OPENID, PASSPORT_SCOPE)
"""What a token needs to act for somebody at our own API: a client that only signs people in may not."""


def access_token(request: web.Request) -> Shown | None:
    """The access token of the request; None if it has none. Problem for one that is sent in a wrong way."""
    found = shown(request)
    if isinstance(found, Shown):
        return found
    if found is OAuthError.NO_TOKEN:
        return None
    problem = Problem(found.code)
    problem.challenge = of_error(found, scheme_of(request))
    raise problem


async def caller(request: web.Request) -> Caller:
    """The caller at our own API, by an access token for it that may act for its person; or a 401 or 403."""
    who = await _by_token(request, frozenset({request.app[BROKER].world.issuer}))
    lacking = next((scope for scope in _API_SCOPES if scope not in who.scopes), None)
    if lacking is not None:
        raise _lacking(request, lacking, _API_SCOPES)
    await once.begin(request, f"{who.person.id} {who.client}")
    return who


async def actor(request: web.Request, scope: str) -> Actor:
    """Who administers: a person, or a service in its own name whose token has `scope`. What either may, roles say."""
    broker, token = request.app[BROKER], access_token(request)
    service = await by_client_token(broker.world, broker.verifier, token) if token is not None else None
    if isinstance(service, ServiceCaller):
        if scope not in service.scopes:
            raise _lacking(request, scope, (scope,))
        await once.begin(request, service_subject(service.client))
        return Actor(client=service.client, roles=service.roles)
    if service is not None and service.code != "AUTH-TOKEN-INVALID":
        raise Problem.of(service)
    who = await caller(request)
    return Actor(person=who.person, roles=who.roles)


def _lacking(request: web.Request, scope: str, wanted: Sequence[str]) -> Problem:
    problem = Problem("AUTH-SCOPE", scope=scope)
    problem.challenge = of_error(OAuthError.TOKEN_SCOPE, scheme_of(request), " ".join(wanted))
    return problem


async def caller_for_data(request: web.Request) -> Caller:
    """The caller at DRS or htsget, by an access token for the broker, for DRS or for htsget alone; or a 401.

    What it opens is what was released with it: a token without visas opens what is open to everybody. Here
    alone count the token of a task, and that of a trusted broker, whose UserInfo is asked for the visas (AAI C2).
    htsget has no other place for a Passport than that of the token, and programs that read regions only know tokens.
    """
    broker, found = request.app[BROKER], access_token(request)
    regions = request.path.startswith(f"{HTSGET}/")
    if regions and found is not None and found.scheme == "Bearer" and is_passport(found.token):
        return _made(await by_passports(broker.world, broker.verifier, [found.token], sent(request)))
    if found is not None and found.scheme == "Bearer" and is_foreign(broker.world, found.token):
        return _made(await by_userinfo(broker.world, broker.verifier, broker.endpoints, found.token))
    issuer = broker.world.issuer
    ours = {issuer, f"{issuer}{DRS}"}
    if regions:  # a token for htsget alone opens DRS no more than any other
        ours.add(f"{issuer}{HTSGET}")
    return await _by_token(request, frozenset(ours), tasks=True)


async def _by_token(request: web.Request, audiences: frozenset[str], *, tasks: bool = False) -> Caller:
    broker, token = request.app[BROKER], access_token(request)
    if token is None:
        raise Problem("AUTH-NO-CREDENTIALS")
    return _made(await by_access_token(broker.world, broker.verifier, token, audiences, tasks=tasks))


async def caller_by_passports(request: web.Request, passports: list[str]) -> Caller:
    """The caller by Passports. Beside a bearer token they would be two answers to one question: refused."""
    broker = request.app[BROKER]
    if access_token(request) is not None:
        raise Problem("REQ-INVALID", problem="send either an access token or Passports, not both")
    return _made(await by_passports(broker.world, broker.verifier, passports, sent(request)))


def _made(found: Caller | Reason) -> Caller:
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found
