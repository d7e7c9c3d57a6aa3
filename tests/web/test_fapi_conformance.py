"""FAPI 2.0 as the OpenID conformance suite tests it, as far as we claim it: PAR, private_key_jwt and DPoP together.

By contract, like the other plans; RS256 stands beside ES256 here, and PS256 is not offered, so no certification is claimed.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio

from broker.core.oidc.limits import CODE_LIFE, PUSHED_LIFE, REFRESH_GRACE
from broker.core.rows import Client
from tests import builders as b
from tests.proofs import ClientKey
from tests.web.relying import AUTHORIZE, INFO, KEYS, TOKEN, VERIFIER, Landed, Relying, registered
from tests.web.site import BACK, site
from tests.web.upstream import Home, upstreams

PAR = "/oauth2/par"
STRICT: dict[str, Any] = {
    "auth_method": "private_key_jwt", "secret": None, "jwks": (KEYS["ES256"],), "require_par": True, "dpop_required": True,
}  # fmt: skip
ONE, TWO = registered("fapi-1", **STRICT), registered("fapi-2", **STRICT)


@dataclass
class Fapi:
    """A client of the profile: what it pushes, and the key that it proves."""

    rp: Relying
    key: ClientKey

    @property
    def now(self) -> int:
        return int(self.rp.s.stage.clock.now())

    def proof(self, method: str, path: str, token: str | None = None, **claims: Any) -> dict[str, str]:
        return {"DPoP": self.key.proof(method, f"{b.US}{path}", token, **{"at": self.now, **claims})}

    async def push(self, client: Client = ONE, *, proved: bool = True, **changes: Any) -> tuple[int, dict[str, Any]]:
        """A request, pushed. `assertion`: the parameters that prove the client, where they are unusual."""
        assertion = changes.pop("assertion", {})
        form = self.rp.request(client, **changes) | assertion
        status, told, _ = await self.rp.call(PAR, client, form, **(self.proof("POST", PAR) if proved else {}))
        return status, told | {"asked": form}

    async def visit(self, pushed: dict[str, Any], client: Client = ONE, **beside: str) -> Landed:
        return await self.rp.visit(AUTHORIZE, {"client_id": client.id, "request_uri": pushed["request_uri"], **beside})

    async def code(self, client: Client = ONE, **changes: Any) -> str:
        status, told = await self.push(client, **changes)
        assert status == 201, told
        return self.rp.given(told["asked"], await self.visit(told, client))

    async def redeem(
        self, code: str, client: Client = ONE, headers: dict[str, str] | None = None, **changes: Any
    ) -> tuple[int, dict[str, Any]]:
        usual = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        form = {name: value for name, value in {**usual, **changes}.items() if value is not None}
        proved = self.proof("POST", TOKEN) if headers is None else headers
        status, told, _ = await self.rp.call(TOKEN, client, form, **proved)
        return status, told

    async def userinfo(self, token: str, scheme: str = "DPoP", **headers: str) -> int:
        """The status of UserInfo, asked with a proof unless `headers` bring another."""
        sent = {"Authorization": f"{scheme} {token}", **(headers or self.proof("GET", INFO, token))}
        return (await self.rp.s.http.get(INFO, headers=sent)).status


@pytest_asyncio.fixture
async def fapi(tmp_path: Path) -> AsyncIterator[Fapi]:
    home = Home(info={"name": "Ada"})
    async with site(tmp_path, home.provider, ONE, TWO) as s:
        yield Fapi(Relying(s, upstreams(s, home), home), ClientKey())


@pytest.mark.row("OC-fapi2-discovery-end-point-verification")
async def test_the_document_says_what_the_profile_wants(fapi: Fapi) -> None:
    told = await (await fapi.rp.s.http.get("/.well-known/oauth-authorization-server")).json()
    assert told["pushed_authorization_request_endpoint"] == f"{b.US}{PAR}"
    assert told["authorization_response_iss_parameter_supported"] is True
    for member, wanted in (
        ("code_challenge_methods_supported", "S256"), ("dpop_signing_alg_values_supported", "ES256"),
        ("token_endpoint_auth_methods_supported", "private_key_jwt"), ("response_types_supported", "code"),
        ("token_endpoint_auth_signing_alg_values_supported", "ES256"), ("grant_types_supported", "authorization_code"),
    ):  # fmt: skip
        assert wanted in told[member]


# What succeeds.

GOOD = [
    pytest.param({}, marks=pytest.mark.row("OC-fapi2-happy-flow", "OC-fapi2-ensure-dpopproof-at-par-endpoint-binding-success", "OC-fapi2-par-without-duplicate-parameters")),
    pytest.param({"state": None}, marks=pytest.mark.row("OC-fapi2-ensure-authorization-request-without-state-success")),
    pytest.param({"nonce": None}, marks=pytest.mark.row("OC-fapi2-ensure-authorization-request-without-nonce-success")),
    pytest.param({"nonce": "n" * 64}, marks=pytest.mark.row("OC-fapi2-ensure-authorization-request-with-64-char-nonce-success")),
    pytest.param({"nonce": "n" * 384}, marks=pytest.mark.row("OC-fapi2-ensure-authorization-request-with-long-nonce")),
    pytest.param({"state": "s" * 1000}, marks=pytest.mark.row("OC-fapi2-ensure-authorization-request-with-long-state")),
    pytest.param({"scope": "profile openid"}, marks=pytest.mark.row("OC-fapi2-ensure-other-scope-order-succeeds")),
    pytest.param({"proved": False, "dpop_jkt": "its own"}, marks=pytest.mark.row("OC-fapi2-ensure-dpop-auth-code-binding-success")),
]  # fmt: skip


@pytest.mark.parametrize("changes", GOOD)
async def test_a_pushed_request_ends_in_a_bound_token(fapi: Fapi, changes: dict[str, Any]) -> None:
    if "dpop_jkt" in changes:
        changes = changes | {"dpop_jkt": fapi.key.jkt}
    status, pushed = await fapi.push(**changes)
    assert (status, 5 < pushed["expires_in"] < 600) == (201, True)
    code = fapi.rp.given(pushed["asked"], await fapi.visit(pushed))
    status, told = await fapi.redeem(code)
    assert (status, told["token_type"]) == (200, "DPoP")
    claims = await fapi.rp.checked(told, ONE)
    assert claims.get("nonce") == pushed["asked"].get("nonce")
    assert jwt.decode(told["access_token"], options={"verify_signature": False})["cnf"] == {"jkt": fapi.key.jkt}
    assert await fapi.userinfo(told["access_token"]) == 200


@pytest.mark.row("OC-fapi2-access-token-type-header-case-sensitivity")
@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP", "dPOp"])
async def test_the_scheme_may_be_written_in_any_letters(fapi: Fapi, scheme: str) -> None:
    _, told = await fapi.redeem(await fapi.code())
    assert await fapi.userinfo(told["access_token"], scheme) == 200


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"at": -10}, marks=pytest.mark.row("OC-fapi2-ensure-dpopproof-with-iat-10seconds-before-succeeds")),
        pytest.param({"at": 10}, marks=pytest.mark.row("OC-fapi2-ensure-dpopproof-with-iat-10seconds-after-succeeds")),
        pytest.param({"nbf": 0, "exp": 300}, marks=pytest.mark.row("OC-fapi2-check-dpop-proof-nbf-exp")),
    ],
)  # fmt: skip
async def test_a_proof_may_be_of_another_clock_and_say_more(fapi: Fapi, claims: dict[str, int]) -> None:
    said: dict[str, Any] = {name: fapi.now + value for name, value in claims.items()}
    status, told = await fapi.redeem(await fapi.code(), headers=fapi.proof("POST", TOKEN, **said))
    assert status == 200
    assert await fapi.userinfo(told["access_token"], **fapi.proof("GET", INFO, told["access_token"], **said)) == 200


@pytest.mark.row("OC-fapi2-user-rejects-authentication")
async def test_a_no_comes_back_to_the_client(fapi: Fapi) -> None:
    fapi.rp.agrees = False
    _, pushed = await fapi.push()
    landed = await fapi.visit(pushed)
    assert (landed.query["error"], landed.query["state"]) == ("access_denied", pushed["asked"]["state"])
    assert landed.query["iss"] == b.US


@pytest.mark.row(
    "OC-fapi2-ensure-different-state-inside-and-outside-request-object",
    "OC-fapi2-ensure-different-nonce-inside-and-outside-request-object",
    "OC-fapi2-state-only-outside-request-object-not-used",
)
@pytest.mark.parametrize("inside", [None, "inside"])
async def test_what_stands_beside_a_pushed_request_counts_for_nothing(fapi: Fapi, inside: str | None) -> None:
    _, pushed = await fapi.push(state=inside, nonce=inside)
    landed = await fapi.visit(pushed, state="outside", nonce="outside", redirect_uri="https://portal.example/other")
    assert landed.query.get("state") == inside
    _, told = await fapi.redeem(fapi.rp.given(pushed["asked"], landed))
    assert (await fapi.rp.checked(told, ONE)).get("nonce") == inside


# What is refused when it is pushed.

PUSHED_WRONG = [
    pytest.param({"redirect_uri": None}, marks=pytest.mark.row("OC-fapi2-ensure-request-object-without-redirect-uri-fails", "OC-fapi2-ensure-redirect-uri-in-authorization-request")),
    pytest.param({"redirect_uri": "https://portal.example/new"}, marks=pytest.mark.row("OC-fapi2-plain-fapi-tolerate-unregistered-redirect-uri")),
    pytest.param({"response_type": "code id_token"}, marks=pytest.mark.row("OC-fapi2-ensure-response-type-code-idtoken-fails")),
    pytest.param({"response_type": "token"}, marks=pytest.mark.row("OC-fapi2-ensure-response-type-token-fails")),
    pytest.param({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, marks=pytest.mark.row("OC-fapi2-par-authorization-request-containing-request_uri-form-param")),
    pytest.param({"code_challenge": None, "code_challenge_method": None}, marks=pytest.mark.row("OC-fapi2-par-ensure-pkce-required")),
    pytest.param({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, marks=pytest.mark.row("OC-fapi2-par-plain-pkce-rejected")),
    pytest.param({"dpop_jkt": "x" * 43}, marks=pytest.mark.row("OC-fapi2-ensure-mismatched-dpop-jkt-fails")),
]  # fmt: skip


@pytest.mark.parametrize("changes", PUSHED_WRONG)
async def test_a_wrong_request_is_refused_when_it_is_pushed(fapi: Fapi, changes: dict[str, Any]) -> None:
    status, told = await fapi.push(**changes)
    assert (status, "request_uri" in told) == (400, False)
    assert told["error"] in ("invalid_request", "unsupported_response_type", "invalid_dpop_proof")


@pytest.mark.row("OC-fapi2-par-attempt-invalid-http-method")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_request_is_pushed_by_post_alone(fapi: Fapi, method: str) -> None:
    assert (await fapi.rp.s.http.request(method, PAR)).status == 405


@pytest.mark.row("OC-fapi2-ensure-unsigned-authorization-request-without-using-par-fails")
async def test_what_was_not_pushed_is_refused(fapi: Fapi) -> None:
    landed = await fapi.rp.visit(AUTHORIZE, fapi.rp.request(ONE))
    assert (landed.query["error"], "code" in landed.query) == ("invalid_request", False)


@pytest.mark.parametrize(
    ("later", "client", "before"),
    [
        pytest.param(0, ONE, True, marks=pytest.mark.row("OC-fapi2-par-attempt-reuse-request_uri")),
        pytest.param(PUSHED_LIFE, ONE, False, marks=pytest.mark.row("OC-fapi2-par-attempt-to-use-expired-request_uri")),
        pytest.param(0, TWO, False, marks=pytest.mark.row("OC-fapi2-par-attempt-to-use-request_uri-for-different-client")),
    ],
)  # fmt: skip
async def test_a_reference_is_its_clients_for_a_minute_and_once(
    fapi: Fapi, later: int, client: Client, *, before: bool
) -> None:
    _, pushed = await fapi.push()
    if before:
        fapi.rp.given(pushed["asked"], await fapi.visit(pushed))
    fapi.rp.s.stage.clock.advance(later)
    landed = await fapi.visit(pushed, client)
    assert (landed.status, landed.location, "AUTH-PUSHED-UNKNOWN" in landed.text) == (400, None, True)


@pytest.mark.row("OC-fapi2-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds")
async def test_the_page_behind_a_reference_may_be_loaded_again(fapi: Fapi) -> None:
    _, pushed = await fapi.push()
    first = {"client_id": ONE.id, "request_uri": pushed["request_uri"]}
    answer = await fapi.rp.s.http.get(AUTHORIZE, params=first, allow_redirects=False)
    page = answer.headers["Location"]
    for _ in range(2):
        assert (await fapi.rp.s.http.get(page, allow_redirects=False)).status == 303
    path, _, id = page.partition("?interaction=")
    fapi.rp.given(pushed["asked"], await fapi.rp.visit(path, {"interaction": id}))


# What is refused at the token endpoint.

AT_TOKEN = [
    pytest.param({"code_verifier": None}, marks=pytest.mark.row("OC-fapi2-ensure-pkce-code-verifier-required")),
    pytest.param({"code_verifier": "w" * 43}, marks=pytest.mark.row("OC-fapi2-incorrect-pkce-code-verifier-rejected")),
    pytest.param({"client": TWO}, marks=pytest.mark.row("OC-fapi2-ensure-authorization-code-is-bound-to-client")),
    pytest.param({"headers": {}}, marks=pytest.mark.row("OC-fapi2-ensure-holder-of-key-required")),
]  # fmt: skip


@pytest.mark.parametrize("changes", AT_TOKEN)
async def test_a_code_is_good_for_who_has_everything(fapi: Fapi, changes: dict[str, Any]) -> None:
    status, no = await fapi.redeem(await fapi.code(), **changes)
    assert (status, "access_token" in no) == (400, False)
    assert no["error"] in ("invalid_grant", "invalid_request", "invalid_dpop_proof")


@pytest.mark.row(
    "OC-fapi2-attempt-reuse-authorization-code-after-one-second",
    "OC-fapi2-ensure-token-endpoint-fails-with-expired-auth-code",
)
async def test_a_code_is_good_once_and_for_a_minute(fapi: Fapi) -> None:
    code = await fapi.code()
    assert (await fapi.redeem(code))[0] == 200
    fapi.rp.s.stage.clock.advance(1)
    assert (await fapi.redeem(code))[1]["error"] == "invalid_grant"
    code = await fapi.code()
    fapi.rp.s.stage.clock.advance(CODE_LIFE)
    assert (await fapi.redeem(code))[1]["error"] == "invalid_grant"


@pytest.mark.row(
    "OC-fapi2-ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
    "OC-fapi2-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
)
@pytest.mark.parametrize("proved", [False, True])
async def test_a_code_is_bound_to_the_key_of_its_request(fapi: Fapi, *, proved: bool) -> None:
    code = await fapi.code(proved=proved, dpop_jkt=fapi.key.jkt)
    fapi.key = ClientKey()
    status, no = await fapi.redeem(code)
    assert (status, no["error"] in ("invalid_grant", "invalid_dpop_proof")) == (400, True)


BAD_PROOFS: dict[str, dict[str, Any]] = {
    "another method": {"htm": "PATCH"}, "another address": {"htu": "https://elsewhere.example/"},
    "another type": {"header": {"typ": "JWT"}}, "without a key": {"header": {"jwk": None}},
    "without jti": {"jti": None}, "without htm": {"htm": None}, "without htu": {"htu": None}, "without iat": {"iat": None},
    "a minute old": {"at": -61}, "a minute early": {"at": 61}, "an hour old": {"at": -3600},
    "of another key": {"header": {"jwk": ClientKey().jwk}},
}  # fmt: skip


@pytest.mark.row("OC-fapi2-dpop-negative-tests")
@pytest.mark.parametrize("bad", BAD_PROOFS)
async def test_a_bad_proof_is_refused_at_both_doors(fapi: Fapi, bad: str) -> None:
    wrong = dict(BAD_PROOFS[bad])
    if "at" in wrong:
        wrong["at"] += fapi.now
    code = await fapi.code()
    status, no = await fapi.redeem(code, headers=fapi.proof("POST", TOKEN, **wrong))
    assert (status, no["error"]) == (400, "invalid_dpop_proof")
    _, told = await fapi.redeem(code)
    token = told["access_token"]
    assert await fapi.userinfo(token, **fapi.proof("GET", INFO, token, **wrong)) == 401
    assert await fapi.userinfo(token, **fapi.proof("GET", INFO, "another token")) == 401
    assert await fapi.userinfo(token, **fapi.proof("GET", INFO)) == 401
    assert await fapi.userinfo(token, "Bearer") == 401
    once = fapi.proof("GET", INFO, token)
    assert [await fapi.userinfo(token, **once) for _ in range(2)] == [200, 401]


@pytest.mark.row("OC-fapi2-refresh-token")
async def test_a_refresh_token_is_its_clients_and_its_keys(fapi: Fapi) -> None:
    _, told = await fapi.redeem(await fapi.code())
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    for client, headers in ((TWO, fapi.proof("POST", TOKEN)), (ONE, {})):
        assert (await fapi.rp.call(TOKEN, client, form, **headers))[0] == 400
    other = {"DPoP": ClientKey().proof("POST", f"{b.US}{TOKEN}")}
    assert (await fapi.rp.call(TOKEN, ONE, form, **other))[0] == 400
    fapi.rp.s.stage.clock.advance(REFRESH_GRACE)
    status, again, _ = await fapi.rp.call(TOKEN, ONE, form, **fapi.proof("POST", TOKEN))
    assert (status, again["token_type"]) == (200, "DPoP")
    assert await fapi.userinfo(again["access_token"]) == 200


# The client's assertion, at both endpoints.

ASSERTIONS = [
    pytest.param({"exp": -300, "iat": -360}, marks=pytest.mark.row("OC-fapi2-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails")),
    pytest.param({"aud": "https://elsewhere.example"}, marks=pytest.mark.row("OC-fapi2-ensure-client-assertion-with-wrong-aud-fails")),
    pytest.param({"sub": None}, marks=pytest.mark.row("OC-fapi2-ensure-client-assertion-with-no-sub-fails")),
    pytest.param({"iss": "fapi-2"}, marks=pytest.mark.row("OC-fapi2-ensure-invalid-client-assertions-fail")),
    pytest.param({"sub": "fapi-2"}, marks=pytest.mark.row("OC-fapi2-ensure-client-id-in-token-endpoint")),
    pytest.param({"exp": None}, marks=pytest.mark.row("OC-fapi2-ensure-invalid-client-assertions-fail")),
    pytest.param({"jti": None}, marks=pytest.mark.row("OC-fapi2-ensure-invalid-client-assertions-fail")),
    pytest.param({"aud": [b.US]}, marks=pytest.mark.row("OC-fapi2-par-test-array-as-audience-fails")),
    pytest.param({"aud": f"{b.US}{PAR}"}, marks=pytest.mark.row("OC-fapi2-par-test-par-endpoint-url-as-audience-fails")),
    pytest.param({"aud": f"{b.US}{TOKEN}"}, marks=pytest.mark.row("OC-fapi2-par-test-token-endpoint-url-as-audience-fails")),
    pytest.param({"nbf": 61}, marks=pytest.mark.row("OC-fapi2-par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails")),
    pytest.param({"alg": "RS256"}, marks=pytest.mark.row("OC-fapi2-ensure-signed-client-assertion-with-RS256-fails")),
]  # fmt: skip


@pytest.mark.parametrize("claims", ASSERTIONS)
async def test_an_assertion_with_a_flaw_proves_nobody(fapi: Fapi, claims: dict[str, Any]) -> None:
    said = {
        name: fapi.now + value if name in ("exp", "iat", "nbf") and value else value for name, value in claims.items()
    }
    code = await fapi.code()
    for status, told in (
        await fapi.push(assertion=fapi.rp.assertion(ONE, **said)), await fapi.redeem(code, ONE, None, **fapi.rp.assertion(ONE, **said)),
    ):  # fmt: skip
        assert (status, told["error"]) == (401, "invalid_client")
    assert (await fapi.redeem(code))[0] == 200


@pytest.mark.row("OC-fapi2-par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted")
async def test_an_assertion_may_be_of_a_clock_that_is_ahead(fapi: Fapi) -> None:
    assert (await fapi.push(assertion=fapi.rp.assertion(ONE, nbf=fapi.now + 8, iat=fapi.now + 8)))[0] == 201


@pytest.mark.row("OC-fapi2-ensure-client-assertion-in-token-endpoint")
async def test_an_id_alone_proves_no_client(fapi: Fapi) -> None:
    form = {"grant_type": "authorization_code", "code": await fapi.code(), "redirect_uri": BACK, "client_id": ONE.id}
    headers = {"Content-Type": "application/x-www-form-urlencoded", **fapi.proof("POST", TOKEN)}
    answer = await fapi.rp.s.http.post(TOKEN, data=form | {"code_verifier": VERIFIER}, headers=headers)
    assert (answer.status, (await answer.json())["error"]) == (401, "invalid_client")
