"""Resource indicators at every endpoint (RFC 8707), and grants as resources (ruling 3)."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.core.ids import GrantId
from broker.core.oidc.authorize import RedirectError
from broker.core.oidc.errors import OAuthError
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.authorize import Consent, Redirect, answer, check
from tests import builders as b
from tests.flows.oauth.fakes_oauth import ADA, BOB, DATASET, DRS, ISSUER, SESSION, World, said, visa

OWN, FOREIGN, NONE = (f"{ISSUER}/api/v1/grants/{id}" for id in ("grt_own", "grt_bob", "grt_none"))
SCOPES = frozenset({"openid", "ga4gh_passport_v1"})


def world() -> World:
    w = World()
    w.put(b.grant(id=GrantId("grt_own"), person=ADA.id), b.grant(id=GrantId("grt_bob"), person=BOB.id))
    w.held = (replace(visa("grant:grt_own"), answers=frozenset({OWN})), visa("affiliation:x", "x"))
    return w


@pytest.mark.row("P13", "P8")
async def test_the_faq_s_two_datasets_make_one_audience() -> None:
    w = world()
    w.held = (visa("grant:1", DRS + "dataset1"), visa("grant:2", DRS + "dataset2"))
    access = (await w.tokens()).access_token
    two = f"{DRS}dataset1&resource={DRS}dataset2"
    got = await w.exchange_raw(access, f"&resource={two}")
    assert said(got.access_token)["aud"] == [DRS]
    assert w.asked == [frozenset({DRS + "dataset1", DRS + "dataset2"})]


@pytest.mark.row("P8")
async def test_one_s_own_grant_is_a_resource_at_every_endpoint() -> None:
    w = world()
    passport = await w.exchange((await w.tokens()).access_token, resource=OWN)
    assert said(passport.access_token)["aud"] == [DRS]
    got = await w.redeem(await w.code(resource=OWN), resource=OWN)
    assert isinstance(got, Tokens)
    assert said(got.access_token)["aud"] == [DRS, "app"]
    again = await w.post(grant_type="refresh_token", refresh_token=got.refresh_token, resource=OWN)
    assert said(again.access_token)["aud"] == [DRS, "app"]


@pytest.mark.row("T071", "P11")
@pytest.mark.parametrize("named", [FOREIGN, NONE, OWN + "/", f"{ISSUER}/api/v1/grants/"])
async def test_a_grant_of_nobody_or_somebody_else_is_pur_mismatch_everywhere(named: str) -> None:
    """In the same words, so that nobody learns which grants there are."""
    w = world()
    got = await w.tokens()
    assert await w.exchange(got.access_token, resource=named) is OAuthError.GRANT_FOREIGN
    assert w.ledger.entries[-1].about["code"] == "PUR-MISMATCH"
    request = await w.request(resource=named)
    sent = await answer(w.d, request, SESSION.id, w.clock.now(), Consent(scope=SCOPES, released=None))
    assert isinstance(sent, Redirect)
    assert parse_qs(urlsplit(sent.location).query)["error"] == ["invalid_target"]
    assert w.ledger.entries[-1].about["code"] == "PUR-MISMATCH"


@pytest.mark.row("T067", "T071")
async def test_a_grant_that_became_another_s_is_refused_at_code_and_refresh() -> None:
    w = world()
    code, got = await w.code(resource=OWN), await w.redeem(await w.code(resource=OWN), resource=OWN)
    w.put(b.grant(id=GrantId("grt_own"), person=BOB.id))
    assert await w.redeem(code, resource=OWN) is OAuthError.GRANT_FOREIGN
    refused = await w.post(grant_type="refresh_token", refresh_token=got.refresh_token, resource=OWN)
    assert refused is OAuthError.GRANT_FOREIGN


@pytest.mark.row("B13", "T071")
async def test_a_grant_whose_visa_was_not_released_is_as_nobody_s() -> None:
    w = world()
    code = await w.code("app", Consent(scope=SCOPES, released=frozenset({"affiliation:x"})))
    access = (await w.redeem(code)).access_token
    assert await w.exchange(access, resource=OWN) is OAuthError.GRANT_FOREIGN


@pytest.mark.row("T071")
async def test_a_grant_of_one_s_own_that_ended_is_no_target() -> None:
    w = world()
    w.held = ()
    assert await w.exchange((await w.tokens()).access_token, resource=OWN) is OAuthError.TARGET


BAD: list[tuple[str, str]] = [
    ("not absolute", "drs.example/d1"),
    ("a fragment", f"{DATASET}#x"),
    ("nobody's", "https://evil.example/"),
    ("another client's", "https://other.example/d1"),
    ("empty authority", "https:"),
    ("a space", "https://drs.example/a b"),
]


@pytest.mark.row("T067", "T071", "P11")
@pytest.mark.parametrize(("row", "resource"), BAD)
async def test_a_wrong_resource_is_refused_at_every_endpoint(row: str, resource: str) -> None:
    w = world()
    got = await w.tokens()
    answers: list[Any] = [
        await w.exchange(got.access_token, resource=resource),
        await w.redeem(await w.code(), resource=resource),
        await w.post(grant_type="refresh_token", refresh_token=got.refresh_token, resource=resource),
    ]
    assert answers == [OAuthError.TARGET] * 3, row
    query = "&".join(
        f"{name}={value}"
        for name, value in {
            "client_id": "app", "redirect_uri": "https://app.example/cb", "response_type": "code", "scope": "openid",
            "code_challenge": "v" * 43, "code_challenge_method": "S256", "resource": resource.replace("#", "%23").replace(" ", "%20"),
        }.items()
    )  # fmt: skip
    refused = await check(w.d, query.encode())
    assert isinstance(refused, RedirectError), row
    assert refused.error is OAuthError.TARGET, row


@pytest.mark.row("T067")
@pytest.mark.parametrize("where", ["authorize", "code", "refresh"])
async def test_audience_is_a_parameter_of_the_exchange_alone(where: str) -> None:
    w = world()
    got = await w.tokens()
    if where == "authorize":
        with pytest.raises(AssertionError, match="TARGET"):
            await w.request(audience=DRS)
    elif where == "code":
        assert await w.redeem(await w.code(), audience=DRS) is OAuthError.TARGET
    else:
        refused = await w.post(grant_type="refresh_token", refresh_token=got.refresh_token, audience=DRS)
        assert refused is OAuthError.TARGET
    passport = await w.exchange(got.access_token, audience=DRS)
    assert said(passport.access_token)["aud"] == [DRS]
