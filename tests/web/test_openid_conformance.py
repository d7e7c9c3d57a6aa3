"""The OpenID conformance suite, test module by test module: what each does, and what it demands, over real HTTP.

By contract: each test does what the module of that name does, with PKCE in every request (OC-pkce says why).
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.adapters.keys import Key, KeyStore
from broker.core.oidc.limits import CODE_LIFE, REFRESH_GRACE
from broker.core.oidc.opaque import base64url
from tests.fakes import START
from tests.web.relying import AUTHORIZE, INFO, Landed, Relying, registered
from tests.web.site import BACK, keys, site
from tests.web.upstream import Home, upstreams

ONE, TWO = registered("suite-1"), registered("suite-2")
POSTING = registered("suite-post", auth_method="client_secret_post")
ELLIPTIC = registered("suite-ec", id_token_alg="ES256")
PARTED = registered("suite-query", redirect_uris=(f"{BACK}?foo=bar",))
CLIENTS = (ONE, TWO, POSTING, ELLIPTIC, PARTED)
UNSIGNED = ".".join((base64url(b'{"alg":"none"}'), base64url(f'{{"redirect_uri":"{BACK}"}}'.encode()), ""))


@pytest_asyncio.fixture
async def rp(tmp_path: Path) -> AsyncIterator[Relying]:
    """A browser without cookies, before a broker with one home provider."""
    home = Home(info={"name": "Ada", "email": "ada@uni.example"})
    async with site(tmp_path, home.provider, *CLIENTS) as s:
        yield Relying(s, upstreams(s, home), home)


def error(landed: Landed, asked: dict[str, str]) -> str:
    """The error of an answer at the registered address, with state and iss, and without a code."""
    assert landed.location is not None, (landed.status, landed.text)
    assert landed.location.startswith(f"{BACK}?")
    assert set(landed.query) == {"error", "error_description", "state", "iss"}
    assert landed.query["state"] == asked["state"]
    assert re.fullmatch(r"[ !#-\[\]-~]+", landed.query["error_description"])
    return landed.query["error"]


# What succeeds, whatever is asked besides.

HAPPY = [
    pytest.param(ONE, {}, set(), marks=pytest.mark.row("OC-server")),
    pytest.param(POSTING, {}, set(), marks=pytest.mark.row("OC-server-client-secret-post")),
    pytest.param(ELLIPTIC, {}, set(), marks=pytest.mark.row("OC-idtoken-signature")),
    pytest.param(ONE, {"nonce": None}, set(), marks=pytest.mark.row("OC-ensure-request-without-nonce-succeeds-for-code-flow")),
    pytest.param(ONE, {"scope": "openid profile"}, {"name"}, marks=pytest.mark.row("OC-scope-profile")),
    pytest.param(ONE, {"scope": "openid email"}, set(), marks=pytest.mark.row("OC-scope-email")),
    pytest.param(ONE, {"scope": "openid address"}, set(), marks=pytest.mark.row("OC-scope-address")),
    pytest.param(ONE, {"scope": "openid phone"}, set(), marks=pytest.mark.row("OC-scope-phone")),
    pytest.param(
        ONE, {"scope": "openid profile email address phone"}, {"name"}, marks=pytest.mark.row("OC-scope-all")
    ),
    pytest.param(ONE, {"scope": "profile openid"}, {"name"}, marks=pytest.mark.row("OC-ensure-other-scope-order-succeeds")),
    pytest.param(ONE, {"display": "page"}, set(), marks=pytest.mark.row("OC-display-page")),
    pytest.param(ONE, {"display": "popup"}, set(), marks=pytest.mark.row("OC-display-popup")),
    pytest.param(ONE, {"extra": "foobar"}, set(), marks=pytest.mark.row("OC-ensure-request-with-unknown-parameter-succeeds")),
    pytest.param(ONE, {"login_hint": "buffy@broker.example"}, set(), marks=pytest.mark.row("OC-login-hint")),
    pytest.param(ONE, {"ui_locales": "se"}, set(), marks=pytest.mark.row("OC-ui-locales")),
    pytest.param(ONE, {"claims_locales": "se"}, set(), marks=pytest.mark.row("OC-claims-locales")),
    pytest.param(ONE, {"acr_values": "1 2"}, set(), marks=pytest.mark.row("OC-ensure-request-with-acr-values-succeeds")),
    pytest.param(
        ONE, {"claims": '{"userinfo":{"name":{"essential":true}}}'}, {"name"}, marks=pytest.mark.row("OC-claims-essential")
    ),
    pytest.param(
        ONE, {"scope": "openid offline_access", "prompt": "consent"}, set(), marks=pytest.mark.row("OC-offline-access")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("client", "asked", "known"), HAPPY)
async def test_a_request_succeeds_and_every_answer_fits(
    rp: Relying, client: Any, asked: dict[str, str | None], known: set[str]
) -> None:
    told, claims, landed = await rp.signed_in(client, **asked)
    assert (landed.sign_ins, landed.asked) == (1, 1)
    said = await rp.userinfo(told)
    assert said["sub"] == claims["sub"]
    assert set(said) == {"sub", "iss"} | known
    wanted = (asked.get("scope") or "openid").split()
    assert told["scope"].split() == [word for word in wanted if word in ("openid", "profile")]


@pytest.mark.row("OC-alternate-happy-flow")
async def test_no_order_counts(rp: Relying) -> None:
    asked = rp.request(ONE, scope="email profile openid")
    landed = await rp.visit(AUTHORIZE, dict(reversed(asked.items())))
    status, told = await rp.redeem(ONE, rp.given(asked, landed))
    assert (status, told["scope"]) == (200, "profile openid")


@pytest.mark.row("OC-ensure-post-request-succeeds")
async def test_a_request_may_be_posted_and_finds_who_is_signed_in(rp: Relying) -> None:
    for sign_ins, prompt in ((1, None), (0, None), (0, "none")):
        asked = rp.request(ONE, prompt=prompt)
        landed = await rp.visit(AUTHORIZE, asked, post=True)
        assert landed.sign_ins == sign_ins
        assert (await rp.redeem(ONE, rp.given(asked, landed)))[0] == 200


# UserInfo.


@pytest.mark.row("OC-userinfo-get", "OC-userinfo-post-header")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_userinfo_takes_the_token_in_the_header(rp: Relying, method: str) -> None:
    told, claims, _ = await rp.signed_in(ONE, scope="openid profile")
    assert await rp.userinfo(told, method) == {"sub": claims["sub"], "iss": claims["iss"], "name": "Ada"}


@pytest.mark.row("OC-userinfo-post-body")
async def test_userinfo_takes_no_token_in_a_body(rp: Relying) -> None:
    told, _, _ = await rp.signed_in(ONE)
    answer = await rp.s.http.post(INFO, data={"access_token": told["access_token"]})
    assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


# Asked twice.


async def twice(rp: Relying, **second: str | None) -> tuple[dict[str, Any], dict[str, Any], Landed]:
    """Two authorizations in one browser, two seconds apart: the claims of both ID tokens, and how the second came."""
    told, first, _ = await rp.signed_in(ONE)
    rp.s.stage.clock.advance(2)
    if "id_token_hint" in second:
        second["id_token_hint"] = told["id_token"]
    _, again, landed = await rp.signed_in(ONE, **second)
    assert again["sub"] == first["sub"]
    return first, again, landed


@pytest.mark.row("OC-prompt-login", "OC-max-age-1")
@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "1"}])
async def test_signing_in_again_is_asked_and_told(rp: Relying, asked: dict[str, str | None]) -> None:
    first, again, landed = await twice(rp, **asked)
    assert (landed.sign_ins, rp.home.asked["prompt"]) == (1, "login")
    assert first["auth_time"] < again["auth_time"] == rp.s.stage.clock.now()


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"prompt": "none"}, marks=pytest.mark.row("OC-prompt-none-logged-in")),
        pytest.param({"prompt": "none", "id_token_hint": ""}, marks=pytest.mark.row("OC-id-token-hint")),
        pytest.param({"max_age": "10000"}, marks=pytest.mark.row("OC-max-age-10000")),
    ],
)
async def test_who_is_signed_in_is_not_asked_again(rp: Relying, asked: dict[str, str | None]) -> None:
    first, again, landed = await twice(rp, **asked)
    assert (landed.sign_ins, landed.asked) == (0, 0)
    assert again["auth_time"] == first["auth_time"]


@pytest.mark.row("OC-prompt-none-not-logged-in")
async def test_without_asking_nobody_is_signed_in(rp: Relying) -> None:
    asked = rp.request(ONE, prompt="none")
    landed = await rp.visit(AUTHORIZE, asked)
    assert (error(landed, asked), landed.sign_ins) == ("login_required", 0)


# What is refused, and where.


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        pytest.param({"response_type": None}, "invalid_request", marks=pytest.mark.row("OC-response-type-missing")),
        pytest.param(
            {"request": UNSIGNED}, "request_not_supported",
            marks=pytest.mark.row("OC-unsigned-request-object-supported-correctly-or-rejected-as-unsupported"),
        ),
        pytest.param(
            {"request_uri": "https://portal.example/request.jwt"}, "request_uri_not_supported",
            marks=pytest.mark.row("OC-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported"),
        ),
        pytest.param({"code_challenge": None, "code_challenge_method": None}, "invalid_request", marks=pytest.mark.row("OC-pkce")),
        pytest.param({"response_type": "id_token"}, "unsupported_response_type", marks=pytest.mark.row("OC-other-plans")),
        pytest.param({"response_type": "code id_token"}, "unsupported_response_type", marks=pytest.mark.row("OC-other-plans")),
        pytest.param({"response_mode": "form_post"}, "invalid_request", marks=pytest.mark.row("OC-other-plans")),
    ],
)  # fmt: skip
async def test_what_is_not_offered_is_told_at_the_registered_address(
    rp: Relying, changes: dict[str, str | None], name: str
) -> None:
    asked = rp.request(ONE, **changes)
    landed = await rp.visit(AUTHORIZE, asked)
    assert (error(landed, asked), landed.sign_ins) == (name, 0)


ELSEWHERE = [
    pytest.param(ONE, {"redirect_uri": f"{BACK}/other"}, marks=pytest.mark.row("OC-ensure-registered-redirect-uri")),
    pytest.param(ONE, {"redirect_uri": None}, marks=pytest.mark.row("OC-ensure-redirect-uri-in-authorization-request")),
    pytest.param(
        ONE, {"redirect_uri": "https://portal.example/wrong", "request": UNSIGNED},
        marks=pytest.mark.row("OC-ensure-request-object-with-redirect-uri"),
    ),
    pytest.param(PARTED, {"redirect_uri": f"{BACK}?foo=baz"}, marks=pytest.mark.row("OC-redirect-uri-query-mismatch")),
    pytest.param(ONE, {"redirect_uri": f"{BACK}?foo=bar"}, marks=pytest.mark.row("OC-redirect-uri-query-added")),
]  # fmt: skip


@pytest.mark.parametrize(("client", "changes"), ELSEWHERE)
async def test_an_address_that_is_not_registered_is_not_gone_to(
    rp: Relying, client: Any, changes: dict[str, str | None]
) -> None:
    landed = await rp.visit(AUTHORIZE, rp.request(client, **changes))
    assert (landed.status, landed.location, landed.sign_ins) == (400, None, 0)
    assert "AUTH-REDIRECT" in landed.text


@pytest.mark.row("OC-redirect-uri-query-OK")
async def test_a_registered_query_stays_as_it_is(rp: Relying) -> None:
    asked = rp.request(PARTED, redirect_uri=f"{BACK}?foo=bar")
    landed = await rp.visit(AUTHORIZE, asked)
    assert landed.location is not None
    assert landed.location.startswith(f"{BACK}?foo=bar&")
    status, _ = await rp.redeem(PARTED, landed.query["code"], redirect_uri=f"{BACK}?foo=bar")
    assert status == 200


# Codes and refresh tokens.


@pytest.mark.row("OC-codereuse", "OC-codereuse-30seconds")
@pytest.mark.parametrize("later", [0, 30, CODE_LIFE])
async def test_a_code_is_good_once_and_what_it_gave_ends_when_it_comes_again(rp: Relying, later: int) -> None:
    code, _, _ = await rp.code(ONE)
    _, told = await rp.redeem(ONE, code)
    await rp.userinfo(told)
    rp.s.stage.clock.advance(later)
    status, no = await rp.redeem(ONE, code)
    assert (status, no["error"]) == (400, "invalid_grant")
    assert re.fullmatch(r"[ !#-\[\]-~]+", no["error_description"])
    answer = await rp.s.http.get(INFO, headers={"Authorization": f"Bearer {told['access_token']}"})
    assert answer.status == 401


@pytest.mark.row("OC-refresh-token")
async def test_a_refresh_token_is_its_clients_and_renews_everything(rp: Relying) -> None:
    told, first, _ = await rp.signed_in(ONE)
    assert re.fullmatch(r"[ -~]+", told["refresh_token"])
    rp.s.stage.clock.advance(5)
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    status, again = await rp.token(ONE, form)
    assert status == 200
    assert again["access_token"] != told["access_token"]
    renewed = await rp.checked(again, ONE)
    same = ("iss", "sub", "aud", "auth_time")
    assert [renewed[name] for name in same] == [first[name] for name in same]
    assert (renewed["iat"] > first["iat"], renewed.get("nonce"), "azp" in renewed) == (True, None, False)
    assert (await rp.userinfo(again))["sub"] == first["sub"]
    theirs, _, _ = await rp.signed_in(TWO)
    for client, wanted in ((ONE, (400, "invalid_grant")), (TWO, (200, None))):
        status, answer = await rp.token(client, form | {"refresh_token": theirs["refresh_token"]})
        assert (status, answer.get("error")) == wanted
    rp.s.stage.clock.advance(REFRESH_GRACE)
    status, no = await rp.token(ONE, form)
    assert (status, no["error"]) == (400, "invalid_grant")


@pytest.mark.row("OC-offline-access")
async def test_a_scope_that_nobody_knows_is_not_on_the_page_and_not_in_the_token(rp: Relying) -> None:
    rp.agrees = False
    asked = rp.request(ONE, scope="openid email offline_access", prompt="consent")
    landed = await rp.visit(AUTHORIZE, asked)
    assert (error(landed, asked), landed.asked) == ("access_denied", 1)
    rp.agrees = True
    told, _, _ = await rp.signed_in(ONE, scope="openid email offline_access", prompt="consent")
    said = rp.s.tokens.read(told["access_token"], "at+jwt")
    assert said is not None
    assert (told["scope"], said["scope"], "refresh_token" in told) == ("openid", "openid", True)
    asked = rp.request(ONE, scope="openid ga4gh_passport_v1")
    assert error(await rp.visit(AUTHORIZE, asked), asked) == "invalid_scope"


@pytest.mark.row("OC-discovery-endpoint-verification")
async def test_the_published_keys_are_public_and_each_has_its_name(rp: Relying) -> None:
    served = await published(rp)
    assert len(served) >= 2
    private = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert not [key for key in served.values() if private & set(key)]
    assert {key["alg"] for key in served.values()} == {"RS256", "ES256"}


async def published(rp: Relying) -> dict[str, dict[str, Any]]:
    """The key set, by `kid`."""
    answer = await rp.s.http.get("/.well-known/jwks.json")
    served = (await answer.json())["keys"]
    assert len({key["kid"] for key in served}) == len(served)
    return {key["kid"]: key for key in served}


@pytest.mark.row("OC-server-rotate-keys")
async def test_a_new_key_is_published_then_signs_and_the_old_one_is_still_read(rp: Relying) -> None:
    told, _, _ = await rp.signed_in(ONE)
    before = await published(rp)
    made = Key("oidc-rs256", "made-later", START + 60, rsa.generate_private_key(65537, 2048))
    rp.s.tokens.adopt(KeyStore((*keys().keys, made)))
    assert set(await published(rp)) == {*before, "made-later"}
    for later, signs in ((0, False), (60, True)):
        rp.s.stage.clock.advance(later)
        again, _, _ = await rp.signed_in(ONE)
        assert (jwt.get_unverified_header(again["id_token"])["kid"] == "made-later") == signs
    await rp.checked(told, ONE)
