"""Refresh tokens rotate; honest double-clicks survive, thieves end the family (T065, T066, T067)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import REFRESH_GRACE
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.introspect import introspect
from tests.flows.oauth.fakes_oauth import CLIENTS, DATASET, DRS, SESSION, World, basic, said
from tests.flows.oauth.test_oauth_codes import SlowRows


async def refresh(w: World, text: str | None, client: str = "app", **more: str) -> Any:
    return await w.post(client, grant_type="refresh_token", refresh_token=text, **more)


async def test_a_refresh_gives_new_tokens_and_a_new_refresh_token() -> None:
    w = World()
    first = await w.tokens()
    w.clock.advance(500)
    second = await refresh(w, first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert said(second.access_token)["jti"] != said(first.access_token)["jti"]
    assert said(second.access_token)["exp"] == w.clock.now() + 600
    assert "nonce" not in said(second.id_token)
    assert said(second.id_token)["auth_time"] == SESSION.auth_time
    third = await refresh(w, second.refresh_token)
    assert isinstance(third, Tokens)
    for secret in (first.refresh_token, second.refresh_token, third.refresh_token):
        assert secret is not None
        assert secret.encode() not in w.stored()


@pytest.mark.row("T065")
async def test_t065_within_the_grace_window_everybody_gets_the_same_result() -> None:
    w = World()
    first = await w.tokens()
    second = await refresh(w, first.refresh_token)
    w.clock.advance(REFRESH_GRACE - 1)
    again = await refresh(w, first.refresh_token)
    assert again.refresh_token == second.refresh_token
    assert said(again.access_token) == said(second.access_token)
    assert again.expires_in == second.expires_in - (REFRESH_GRACE - 1)
    assert len([kind for kind, _ in w.ledger.rows if kind == "refresh_token"]) == 2
    assert w.ledger.kinds().count("token.issued") == 3


@pytest.mark.row("T065", "T066")
async def test_t066_after_it_the_family_is_revoked() -> None:
    w = World()
    first = await w.tokens()
    second = await refresh(w, first.refresh_token)
    w.clock.advance(REFRESH_GRACE)
    assert await refresh(w, first.refresh_token) is OAuthError.REFRESH_REPLAYED
    assert w.ledger.kinds()[-1] == "token.replayed"
    assert await refresh(w, second.refresh_token) is OAuthError.AUTHORIZATION_ENDED
    for text in (second.access_token, second.refresh_token):
        assert await introspect(w.d, basic("app"), f"token={text}".encode()) == {"active": False}


@pytest.mark.row("T065")
async def test_t065_twenty_at_once_rotate_once() -> None:
    w = World()
    first = await w.tokens()
    w.d = replace(w.d, rows=SlowRows(w.d.rows.get, [0, 2, 1, 3]))
    got = await asyncio.gather(*(refresh(w, first.refresh_token) for _ in range(20)))
    won = [one for one in got if isinstance(one, Tokens)]
    assert len(won) == 20
    assert len({one.refresh_token for one in won}) == 1
    assert len({said(one.access_token)["jti"] for one in won}) == 1
    assert isinstance(await refresh(w, won[0].refresh_token), Tokens)


@pytest.mark.row("T067")
@pytest.mark.parametrize(
    ("row", "client", "more", "error"),
    [
        ("T067 wider scope", "app", {"scope": "openid profile"}, OAuthError.SCOPE),
        ("T067 a resource", "app", {"resource": DRS}, OAuthError.TARGET),
        ("T067 an audience", "app", {"audience": DRS}, OAuthError.TARGET),
        ("another client", "other", {}, OAuthError.REFRESH_UNKNOWN),
        ("a public client", "public", {}, OAuthError.REFRESH_UNKNOWN),
    ],
)
async def test_a_wrong_refresh_spends_nothing(row: str, client: str, more: dict[str, str], error: OAuthError) -> None:
    w = World()
    first = await w.tokens()
    assert await refresh(w, first.refresh_token, client, **more) is error, row
    w.clock.advance(REFRESH_GRACE + 1)
    assert isinstance(await refresh(w, first.refresh_token), Tokens), row


async def test_a_stranger_with_somebodys_refresh_token_is_not_told_apart_from_one_with_none() -> None:
    w = World()
    first = await w.tokens()
    assert await refresh(w, first.refresh_token, "other") is await refresh(w, "x" * 43, "other")
    assert [(entry.who, entry.about) for entry in w.ledger.entries[2:]] == 2 * [
        (None, {"client": "other", "code": "AUTH-REFRESH-UNKNOWN"})
    ]


async def test_a_narrower_scope_is_given_and_the_next_one_may_be_wide_again() -> None:
    w = World()
    first = await w.tokens()
    narrow = await refresh(w, first.refresh_token, scope="openid")
    assert (narrow.scope, said(narrow.access_token)["scope"]) == ("openid", "openid")
    assert (await refresh(w, narrow.refresh_token)).scope == "openid ga4gh_passport_v1"


async def test_another_scope_within_grace_is_another_access_token() -> None:
    w = World()
    first = await w.tokens()
    wide, narrow = await refresh(w, first.refresh_token), await refresh(w, first.refresh_token, scope="openid")
    assert narrow.refresh_token == wide.refresh_token
    assert said(narrow.access_token)["jti"] != said(wide.access_token)["jti"]


async def test_a_granted_resource_can_be_asked_for_again() -> None:
    w = World()
    first = await w.tokens(resource=DATASET)
    assert said((await refresh(w, first.refresh_token, resource=DATASET)).access_token)["aud"] == [DRS, "app"]
    assert await refresh(w, first.refresh_token, resource=DRS) is OAuthError.TARGET


@pytest.mark.row("T121")
async def test_refreshing_ends_with_the_session() -> None:
    w = World()
    first = await w.tokens()
    w.clock.advance(SESSION.expires - w.clock.now())
    assert await refresh(w, first.refresh_token) is OAuthError.AUTHORIZATION_ENDED


@pytest.mark.parametrize("text", [None, "", "x" * 43])
async def test_what_is_no_refresh_token_is_refused(text: str | None) -> None:
    w = World()
    expected = OAuthError.REFRESH_UNKNOWN if text else OAuthError.MISSING
    assert await refresh(w, text) is expected


@pytest.mark.row("T013")
async def test_an_access_token_or_a_code_is_no_refresh_token() -> None:
    w = World()
    code = await w.code()
    got = await w.redeem(code)
    assert await refresh(w, got.access_token) is OAuthError.REFRESH_UNKNOWN
    assert await refresh(w, code) is OAuthError.REFRESH_UNKNOWN


async def test_a_client_that_lost_the_grant_type_refreshes_no_more() -> None:
    w = World()
    first = await w.tokens()
    w.put(replace(CLIENTS[0], grant_types=("authorization_code",)))
    assert await refresh(w, first.refresh_token) is OAuthError.CLIENT_GRANT
