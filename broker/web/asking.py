"""Which repository is asking? A registered client that speaks for its repository, by a token or by its own credentials.

`Authorization: Bearer` (or DPoP) with a token of `client_credentials`; or `Authorization: Basic` with its id and
secret. A client without the scope, or that speaks for no repository, is told so.
"""

from collections.abc import Iterable

from aiohttp import hdrs, web

from broker.core.authz.scope import ROLE, Asker, repositories_of
from broker.core.ids import ClientId
from broker.core.oidc.challenge import of_error
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_FORM
from broker.core.oidc.parameters import Parameters, parse
from broker.core.oidc.service_scopes import service_subject
from broker.core.outcome import Reason
from broker.core.rows import Client, Role
from broker.flows.authenticate import by_client_token
from broker.flows.oauth.client import client_of
from broker.flows.repositories.deciding import Desk
from broker.web.callers import access_token
from broker.web.doors import scheme_of
from broker.web.edge import EDGE
from broker.web.errors import Problem
from broker.web.state import BROKER

DESK = web.AppKey("desk", Desk)
ASK, FEED, REPORT = "decisions:ask", "feed:read", "usage:write"


async def repository(request: web.Request, scope: str) -> Asker:
    """The repository that asks; Problem 401 or 403 if it may not."""
    given = request.headers.get(hdrs.AUTHORIZATION, "")
    if given[:6].lower() == "basic ":
        return await by_credentials(request, given, scope)
    broker, token = request.app[BROKER], access_token(request)
    if token is None:
        raise Problem("AUTH-NO-CREDENTIALS")
    service = await by_client_token(broker.world, broker.verifier, token)
    if isinstance(service, Reason):
        raise Problem.of(service)
    if scope not in service.scopes:
        raise _lacking(request, scope)
    return _asker(request, service.client, service.roles)


def often(request: web.Request, what: str, asker: Asker) -> None:
    """Problem 429 if this repository asks for `what` (core/quota.py) too often."""
    wait = request.app[EDGE].rates.wait(what, asker.client, request.app[BROKER].world.clock.now())
    if wait:
        problem = Problem("REQ-TOO-OFTEN", seconds=str(wait))
        problem.headers[hdrs.RETRY_AFTER] = str(wait)
        raise problem


async def by_credentials(request: web.Request, given: str, scope: str) -> Asker:
    """The repository with this id and secret (`Basic …`); Problem 401 or 403 if it may not."""
    broker, nothing = request.app[BROKER], parse(b"", MAX_FORM)
    assert isinstance(nothing, Parameters)  # noqa: S101 (an empty form is one)
    client = await client_of(broker.oauth, given, nothing, public=False)
    if isinstance(client, OAuthError):
        raise Problem(client.code, seconds="1") if client is OAuthError.TOO_OFTEN else Problem(client.code)
    if scope not in client.scopes:
        raise _lacking(request, scope)
    world = request.app[BROKER].world
    roles = world.snapshots.current().roles(world.issuer, service_subject(client.id), world.clock.now())
    return _asker(request, client.id, roles)


def _asker(request: web.Request, client: ClientId, roles: Iterable[Role]) -> Asker:
    snapshot, askers = request.app[BROKER].world.snapshots.current(), request.app[DESK].askers
    known = askers.get(client)
    if known is not None and known[0] is snapshot:
        return known[1]
    row, mine = snapshot.get(Client, client), repositories_of(roles)
    if not mine:
        raise Problem("AUTH-NOT-YOURS", roles=f"{ROLE} of repository:<its id>")
    asker = Asker(client=client, repositories=mine, serves=frozenset(row.serves if row is not None else ()))
    askers[client] = snapshot, asker
    return asker


def _lacking(request: web.Request, scope: str) -> Problem:
    problem = Problem("AUTH-SCOPE", scope=scope)
    problem.challenge = of_error(OAuthError.TOKEN_SCOPE, scheme_of(request), scope)
    return problem
