"""The OpenID Provider's endpoints for machines: metadata, keys, token, userinfo, introspection, revocation."""

import hashlib
import json
from typing import Any

from aiohttp import hdrs, web

from broker.core.oidc import metadata
from broker.core.oidc.challenge import of_error
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.key_life import JWKS_SECONDS
from broker.core.oidc.limits import MAX_FORM, MAX_REGISTRATION, MAX_TOKEN_FORM
from broker.core.oidc.own_tokens import OPENID, PASSPORT_SCOPE
from broker.core.oidc.parameters import parse
from broker.core.outcome import Reason
from broker.core.reasons import sentence
from broker.flows.oauth.introspect import introspect
from broker.flows.oauth.par import push
from broker.flows.oauth.register import register
from broker.flows.oauth.revoke import revoke
from broker.flows.oauth.token import token
from broker.flows.oauth.userinfo import userinfo
from broker.flows.sign_in import kinds_of_sign_in
from broker.web.bodies import FORM, raw
from broker.web.doors import DRS, HTSGET, ask_for_more, give_nonce, scheme_of, sent, shown
from broker.web.errors import STATUS, Problem, status_of, why
from broker.web.languages import language
from broker.web.middleware import CODE, REQUEST_ID
from broker.web.state import BROKER

NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
"""AAI Profile, Clients 2.2: on every answer that carries a token or a secret."""


def error(request: web.Request, problem: Problem) -> web.Response:
    """A problem in OAuth's form (RFC 6749 section 5.2), for what went wrong before the flow was asked."""
    known = {
        "REQ-TOO-LARGE": (413, "invalid_request"),
        "REQ-HEADER-TOO-LARGE": (431, "invalid_request"),
        "REQ-TOO-SLOW": (408, "invalid_request"),
        "REQ-TOO-OFTEN": (429, "slow_down"),
        "REQ-METHOD": (405, "invalid_request"),
        "REQ-NOT-FOUND": (404, "invalid_request"),
        "SRV-NO-RECORD": (503, "temporarily_unavailable"),
        "SRV-NO-SIGNATURE": (503, "temporarily_unavailable"),
        "SRV-ERROR": (500, "server_error"),
    }
    status, name = known.get(problem.reason.code, (400, "invalid_request"))
    words = "The request cannot be answered."
    if problem.reason.code == "REQ-MEDIA-TYPE":  # what is wanted is a constant of ours
        words = sentence(problem.reason.code, dict(problem.reason.facts))
    body = {"error": name, "error_description": words, "code": problem.reason.code}
    response = web.json_response({**body, "request_id": request[REQUEST_ID]}, status=status, headers=NO_STORE)
    response.headers.update(problem.headers)
    return response


def told(request: web.Request, no: OAuthError, status: int | None = None) -> web.Response:
    """A refusal of a flow in OAuth's form. `status`: that of a protected resource, where it is another."""
    request[CODE] = no.code
    final = status or no.status
    body = {**no.body(), "code": no.code, "request_id": request[REQUEST_ID]}
    if final == 403:  # noqa: PLR2004 (`error_description` is ASCII by RFC 6749 5.2, and so always English)
        body |= why(Reason(code=no.code), final, language(request))
    response = web.json_response(body, status=final, headers=NO_STORE)
    give_nonce(request, response, asked=no is OAuthError.DPOP_NONCE)
    if no is OAuthError.TOO_OFTEN:
        response.headers[hdrs.RETRY_AFTER] = "5"
    if no.status == 401 and no.error == "invalid_client":  # noqa: PLR2004
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="ga4gh-access-broker"'
    return response


async def openid_configuration(request: web.Request) -> web.Response:
    """OpenID Connect Discovery and RFC 8414: one document under both addresses."""
    broker = request.app[BROKER]
    oauth = broker.oauth
    kinds, registration = kinds_of_sign_in(broker.snapshots.current()), oauth.registration is not None
    document = metadata.provider(
        broker.world.issuer, oauth.scopes, kinds, require_par=oauth.require_par, registration=registration
    )
    return web.json_response(document, headers=_cached())


async def protected_resource(request: web.Request) -> web.Response:
    """RFC 9728: which tokens this service takes at UserInfo and at our API."""
    broker, name = request.app[BROKER], "GA4GH access broker"
    issuer = broker.world.issuer
    return web.json_response(metadata.protected_resource(issuer, issuer, broker.oauth.scopes, name), headers=_cached())


async def protected_drs(request: web.Request) -> web.Response:
    """RFC 9728: which tokens DRS takes. A resource of its own: a token for it opens nothing else."""
    issuer, name = request.app[BROKER].world.issuer, "GA4GH access broker: DRS"
    said = metadata.protected_resource(f"{issuer}{DRS}", issuer, {OPENID, PASSPORT_SCOPE}, name)
    return web.json_response(said, headers=_cached())


async def protected_htsget(request: web.Request) -> web.Response:
    """RFC 9728: which tokens htsget takes. Those for DRS open it too: they are for the same data."""
    issuer, name = request.app[BROKER].world.issuer, "GA4GH access broker: htsget"
    said = metadata.protected_resource(f"{issuer}{HTSGET}", issuer, {OPENID, PASSPORT_SCOPE}, name)
    return web.json_response(said, headers=_cached())


async def jwks(request: web.Request) -> web.Response:
    """The public keys of tokens and Passports."""
    return _keys(request, request.app[BROKER].jwks())


async def visa_jwks(request: web.Request) -> web.Response:
    """The public keys of visas: their `jku` (AAI Visa Issuers 1.1.3)."""
    return _keys(request, request.app[BROKER].visa_jwks())


def _keys(request: web.Request, document: dict[str, object]) -> web.Response:
    """A key set, or 304 for who has this very one (RFC 9110 section 13.1.2)."""
    body = json.dumps(document).encode()
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {**_cached(), hdrs.ETAG: f'"{tag}"'}
    if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers, content_type="application/jwk-set+json")


async def post_token(request: web.Request) -> web.Response:
    """The token endpoint."""
    form = await _form(request, MAX_FORM)
    answer = await token(request.app[BROKER].oauth, _authorization(request), form, sent(request))
    if isinstance(answer, OAuthError):
        return told(request, answer)
    return web.json_response(answer.body(), headers=NO_STORE)


async def post_par(request: web.Request) -> web.Response:
    """POST /oauth2/par: an authorization request, pushed before the browser comes (RFC 9126)."""
    form = await _form(request, MAX_FORM)
    answer = await push(request.app[BROKER].oauth, _authorization(request), form, sent(request))
    if isinstance(answer, OAuthError):
        return told(request, answer)
    return web.json_response(answer.body(), status=201, headers=NO_STORE)


async def post_register(request: web.Request) -> web.Response:
    """POST /oauth2/register: a program registers itself (RFC 7591). Nothing is here unless the operator allows it."""
    oauth = request.app[BROKER].oauth
    if oauth.registration is None:
        raise Problem("REQ-NOT-FOUND")
    if request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower() != "application/json":
        raise Problem("REQ-MEDIA-TYPE", wanted="application/json")
    answer = await register(oauth, shown(request), await raw(request, MAX_REGISTRATION))
    if answer is None:
        raise Problem("REQ-NOT-FOUND")
    if isinstance(answer, OAuthError):
        response = told(request, answer)
        if answer.status == 401:  # noqa: PLR2004 (RFC 6750 section 3)
            ask_for_more(request, response, of_error(answer, "Bearer"))
        return response
    return web.json_response(answer.body(), status=201, headers=NO_STORE)


async def any_userinfo(request: web.Request) -> web.Response:
    """UserInfo, GET or POST, by Bearer header (OpenID Connect Core 5.3.1)."""
    broker = request.app[BROKER]
    answer: dict[str, Any] | OAuthError = OAuthError.TOKEN_MALFORMED
    if not await _holds_token(request):
        answer = await userinfo(broker.oauth, shown(request))
    if isinstance(answer, OAuthError):
        status = status_of(answer.code) if answer.code in STATUS else answer.status
        response = told(request, answer, status)
        if answer.status != status or status in {400, 401, 403}:
            ask_for_more(request, response, of_error(answer, scheme_of(request)))
        return response
    return web.json_response(answer, headers=NO_STORE)


async def post_introspect(request: web.Request) -> web.Response:
    """RFC 7662: 200 for every token; only the caller's own credentials can fail."""
    answer = await introspect(request.app[BROKER].oauth, _authorization(request), await _form(request, MAX_TOKEN_FORM))
    if isinstance(answer, OAuthError):
        return told(request, answer)
    return web.json_response(dict(answer), headers=NO_STORE)


async def post_revoke(request: web.Request) -> web.Response:
    """RFC 7009: 200 also for tokens that nobody knows."""
    answer = await revoke(request.app[BROKER].oauth, _authorization(request), await _form(request, MAX_TOKEN_FORM))
    return told(request, answer) if isinstance(answer, OAuthError) else web.Response(headers=NO_STORE)


async def _holds_token(request: web.Request) -> bool:
    """Does a form say an access token? RFC 6750 section 2.2 allows it; here it is refused, like one in a query."""
    if request.method != hdrs.METH_POST or request.content_type != FORM:
        return False
    form = parse(await raw(request, MAX_FORM))
    return not isinstance(form, OAuthError) and form.get("access_token") is not None


async def _form(request: web.Request, limit: int) -> bytes:
    if request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower() != FORM:
        raise Problem("REQ-MEDIA-TYPE", wanted=FORM)
    return await raw(request, limit)


def _authorization(request: web.Request) -> str | None:
    return request.headers.get(hdrs.AUTHORIZATION)


def _cached() -> dict[str, str]:
    return {"Cache-Control": f"public, max-age={JWKS_SECONDS}"}
