"""The discovery document, walked member by member: what it says is there, and what is there it says."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from broker.core.ids import ClientId
from broker.core.oidc.client_auth import METHODS
from broker.core.oidc.metadata import BASIC_SCOPES, GRANT_TYPES
from broker.core.oidc.pkce import challenge_of
from broker.core.oidc.service_scopes import SERVICE_SCOPES
from broker.core.rows import Client
from tests import builders as b
from tests.proofs import ClientKey
from tests.web.relying import AUTHORIZE, FORM, KEYS, SIGNERS, TOKEN, VERIFIER, Landed, Relying, registered
from tests.web.site import BACK, site
from tests.web.upstream import Home, upstreams

EVERYTHING = tuple(sorted(BASIC_SCOPES))
BY_KEY: dict[str, Any] = {"auth_method": "private_key_jwt", "secret": None, "jwks": tuple(KEYS.values())}
USUAL: dict[str, Any] = {"scopes": EVERYTHING, "grant_types": GRANT_TYPES}
CLIENTS: dict[str, Client] = {
    "client_secret_basic": registered("basic", **USUAL),
    "client_secret_post": registered("post", auth_method="client_secret_post", **USUAL),
    "private_key_jwt": registered("signer", **USUAL, **BY_KEY),
    "none": registered("public", auth_method="none", secret=None, **USUAL),
}
ELLIPTIC = registered("elliptic", id_token_alg="ES256", **USUAL)
SERVICE = Client(
    id=ClientId("service"), name="Service", grant_types=("client_credentials",), scopes=tuple(SERVICE_SCOPES), **BY_KEY
)
MFA = "https://refeds.org/profile/mfa"
WELL_KNOWN = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest_asyncio.fixture
async def rp(tmp_path: Path) -> AsyncIterator[Relying]:
    home = Home(
        info={"name": "Ada", "eduperson_scoped_affiliation": ["faculty@uni.example"]},
        claims={"acr": MFA, "amr": ["mfa"]},
        row={"acr_values": (MFA,)},
    )
    async with site(tmp_path, home.provider, *CLIENTS.values(), ELLIPTIC, SERVICE) as s:
        yield Relying(s, upstreams(s, home), home)


async def asked(rp: Relying, **changes: str | None) -> Landed:
    return await rp.visit(AUTHORIZE, rp.request(CLIENTS["client_secret_basic"], **changes))


# One function for each member, or for several that say the same of different endpoints.

Check = Callable[[Relying, str, Any], Awaitable[None]]
CALLS: dict[str, tuple[str, int]] = {
    "authorization_endpoint": ("GET", 400), "token_endpoint": ("POST", 401), "userinfo_endpoint": ("GET", 401),
    "jwks_uri": ("GET", 200), "end_session_endpoint": ("GET", 200), "introspection_endpoint": ("POST", 401),
    "revocation_endpoint": ("POST", 401), "device_authorization_endpoint": ("POST", 401),
    "pushed_authorization_request_endpoint": ("POST", 401),
}  # fmt: skip


async def issuer(rp: Relying, _member: str, value: Any) -> None:
    assert value == b.US
    first, second = [await rp.s.http.get(path) for path in WELL_KNOWN]
    assert (first.status, first.content_type) == (200, "application/json")
    assert await first.json() == await second.json()


async def endpoint(rp: Relying, member: str, value: Any) -> None:
    """An https address of ours that does not say 404 or 405, but what it says to who brings nothing."""
    assert value.startswith(f"{b.US}/")
    assert not set("#?") & set(value)
    method, status = CALLS[member]
    answer = await rp.s.http.request(method, value.removeprefix(b.US), headers=FORM, allow_redirects=False)
    assert answer.status == status, member


async def scopes(rp: Relying, _member: str, value: Any) -> None:
    """Everything that is announced can be had; nothing else can."""
    assert set(value) == BASIC_SCOPES | SERVICE_SCOPES.keys()
    told, _, _ = await rp.signed_in(CLIENTS["client_secret_basic"], scope=" ".join(EVERYTHING))
    assert set(told["scope"].split()) == BASIC_SCOPES
    form = {"grant_type": "client_credentials", "scope": " ".join(SERVICE_SCOPES)}
    status, served, _ = await rp.call(TOKEN, SERVICE, form)
    assert (status, set(served["scope"].split())) == (200, set(SERVICE_SCOPES))


async def responses(rp: Relying, member: str, value: Any) -> None:
    name = {"response_types_supported": "response_type", "response_modes_supported": "response_mode"}[member]
    for one in value:
        assert "code" in (await asked(rp, **{name: one})).query
    for other in {"code", "query", "token", "id_token", "none", "fragment", "form_post", "code id_token"} - set(value):
        assert "error" in (await asked(rp, **{name: other})).query, other


async def grants(rp: Relying, _member: str, value: Any) -> None:
    for grant in value:
        status, told, _ = await rp.call(TOKEN, CLIENTS["client_secret_basic"], {"grant_type": grant})
        assert (status, told["error"] == "unsupported_grant_type") == (400, False), grant
    for grant in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        _, told, _ = await rp.call(TOKEN, CLIENTS["client_secret_basic"], {"grant_type": grant})
        assert told["error"] == "unsupported_grant_type"


async def subjects(rp: Relying, _member: str, value: Any) -> None:
    assert value == ["public"]
    _, one, _ = await rp.signed_in(CLIENTS["client_secret_basic"])
    _, two, _ = await rp.signed_in(CLIENTS["client_secret_post"])
    assert one["sub"] == two["sub"]


async def id_tokens(rp: Relying, _member: str, value: Any) -> None:
    clients = {"RS256": CLIENTS["client_secret_basic"], "ES256": ELLIPTIC}
    assert set(value) == set(clients)
    for client in clients.values():
        await rp.signed_in(client)


KNOCKS: dict[str, tuple[str, dict[str, str], int]] = {
    "token": (TOKEN, {"grant_type": "refresh_token", "refresh_token": "x"}, 400),
    "introspection": ("/oauth2/introspect", {"token": "x"}, 200),
    "revocation": ("/oauth2/revoke", {"token": "x"}, 200),
}
"""What a client whose credentials count is answered."""


async def methods(rp: Relying, member: str, value: Any) -> None:
    path, form, wanted = KNOCKS[member.split("_", maxsplit=1)[0]]
    for method in METHODS:
        status, _, _ = await rp.call(path, CLIENTS[method], form)
        assert (status == wanted, status == 401) == (method in value, method not in value), method
    assert set(value) <= set(METHODS)


async def assertions(rp: Relying, member: str, value: Any) -> None:
    path, form, wanted = KNOCKS[member.split("_", maxsplit=1)[0]]
    assert set(value) == set(SIGNERS)
    for alg in value:
        assert (await rp.call(path, CLIENTS["private_key_jwt"], form, alg))[0] == wanted


async def challenges(rp: Relying, _member: str, value: Any) -> None:
    assert value == ["S256"]
    assert "code" in (await asked(rp)).query
    assert "error" in (await asked(rp, code_challenge_method="plain", code_challenge=VERIFIER)).query


async def proofs(rp: Relying, _member: str, value: Any) -> None:
    client = CLIENTS["client_secret_basic"]
    for alg in value:
        code, _, _ = await rp.code(client)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        status, told, _ = await rp.call(TOKEN, client, form, DPoP=ClientKey(alg).proof("POST", f"{b.US}{TOKEN}"))
        assert (status, told.get("token_type")) == (200, "DPoP"), told


async def prompts(rp: Relying, _member: str, value: Any) -> None:
    await rp.signed_in(CLIENTS["client_secret_basic"])
    for prompt in value:
        assert "code" in (await asked(rp, prompt=prompt)).query, prompt
    assert (await asked(rp, prompt="create")).query["error"] == "invalid_request"


async def claims(rp: Relying, _member: str, value: Any) -> None:
    """Every claim that is announced is told to who was given everything, and no other."""
    told, said, _ = await rp.signed_in(CLIENTS["client_secret_basic"], scope=" ".join(EVERYTHING))
    assert set(value) == set(said) | set(await rp.userinfo(told))


async def single_claims(rp: Relying, _member: str, value: Any) -> None:
    assert value is True
    asking = json.dumps({"id_token": {"name": None}})
    _, said, _ = await rp.signed_in(CLIENTS["client_secret_basic"], claims=asking)
    assert said["name"] == "Ada"


async def no_request_objects(rp: Relying, member: str, value: Any) -> None:
    assert value is False
    name = member.removesuffix("_parameter_supported")
    assert (await asked(rp, **{name: "https://portal.example/x"})).query["error"] == f"{name}_not_supported"


async def issuer_in_answers(rp: Relying, _member: str, value: Any) -> None:
    assert value is True
    for prompt in ("none", None):  # an error first, then a code
        assert (await asked(rp, prompt=prompt)).query["iss"] == b.US


async def may_push(rp: Relying, _member: str, value: Any) -> None:
    assert value is False
    form = rp.request(CLIENTS["client_secret_basic"], code_challenge=challenge_of(VERIFIER))
    status, told, _ = await rp.call("/oauth2/par", CLIENTS["client_secret_basic"], form)
    assert status == 201
    landed = await rp.visit(AUTHORIZE, {"client_id": "basic", "request_uri": told["request_uri"]})
    rp.given(form, landed)


async def tells_clients(rp: Relying, _member: str, value: Any) -> None:
    assert value is True
    _, said, _ = await rp.signed_in(CLIENTS["client_secret_basic"])
    assert said["sid"]


async def kinds(rp: Relying, _member: str, value: Any) -> None:
    _, said, _ = await rp.signed_in(CLIENTS["client_secret_basic"], acr_values=" ".join(value))
    assert said["acr"] in value
    assert rp.home.asked["acr_values"] == " ".join(value)


async def normal(_rp: Relying, _member: str, value: Any) -> None:
    assert value == ["normal"]


CHECKS: dict[str, Check] = {
    "issuer": issuer,
    **dict.fromkeys(CALLS, endpoint),
    "scopes_supported": scopes,
    "response_types_supported": responses,
    "response_modes_supported": responses,
    "grant_types_supported": grants,
    "subject_types_supported": subjects,
    "id_token_signing_alg_values_supported": id_tokens,
    **{f"{name}_endpoint_auth_methods_supported": methods for name in KNOCKS},
    **{f"{name}_endpoint_auth_signing_alg_values_supported": assertions for name in KNOCKS},
    "code_challenge_methods_supported": challenges,
    "dpop_signing_alg_values_supported": proofs,
    "prompt_values_supported": prompts,
    "claim_types_supported": normal,
    "claims_supported": claims,
    "claims_parameter_supported": single_claims,
    "request_parameter_supported": no_request_objects,
    "request_uri_parameter_supported": no_request_objects,
    "authorization_response_iss_parameter_supported": issuer_in_answers,
    "require_pushed_authorization_requests": may_push,
    "backchannel_logout_supported": tells_clients,
    "backchannel_logout_session_supported": tells_clients,
    "acr_values_supported": kinds,
}


@pytest.mark.row("OC-discovery-endpoint-verification", "OC-idtoken-unsigned", "B2")
@pytest.mark.parametrize("member", CHECKS)
async def test_what_the_document_says_is_true(rp: Relying, member: str) -> None:
    document = await (await rp.s.http.get(WELL_KNOWN[0])).json()
    await CHECKS[member](rp, member, document[member])


NOT_OURS = {
    "registration_endpoint", "check_session_iframe", "frontchannel_logout_supported", "mtls_endpoint_aliases",
    "backchannel_authentication_endpoint", "request_object_signing_alg_values_supported",
}  # fmt: skip
"""Members of plans that are not ours: what they would announce is not there."""


@pytest.mark.row("OC-discovery-endpoint-verification", "OC-other-plans")
async def test_the_document_says_nothing_that_is_not_looked_at(rp: Relying) -> None:
    document = await (await rp.s.http.get(WELL_KNOWN[0])).json()
    assert set(document) == set(CHECKS)
    assert not NOT_OURS & set(document)
    assert (await rp.s.http.post("/oauth2/register", json={})).status == 404
