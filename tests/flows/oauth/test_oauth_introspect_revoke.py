"""Introspection and revocation: T072, RFC 7662, RFC 7009."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_TOKEN, MAX_TOKEN_FORM
from broker.core.rows.revocation import Revocation, revocation_id
from broker.core.time import Seconds
from broker.flows.oauth.introspect import introspect
from broker.flows.oauth.revoke import revoke
from tests.flows.oauth.fakes_oauth import CLIENTS, DATASET, DRS, ISSUER, SESSION, World, basic, said

INACTIVE = {"active": False}


async def look(w: World, text: str | None, client: str = "app", **more: str) -> object:
    form = {"token": text, **more} if text is not None else more
    return await introspect(w.d, basic(client), urlencode(form).encode())


async def give_back(w: World, text: str | None, client: str = "app", **more: str) -> object:
    form = {"token": text, **more} if text is not None else more
    if client == "public":
        return await revoke(w.d, None, urlencode({**form, "client_id": client}).encode())
    return await revoke(w.d, basic(client), urlencode(form).encode())


async def test_a_client_sees_its_own_tokens() -> None:
    w = World()
    got = await w.tokens()
    access = said(got.access_token)
    assert await look(w, got.access_token) == {
        "active": True,
        "iss": ISSUER,
        "sub": "ada",
        "aud": sorted([ISSUER, "app"]),
        "client_id": "app",
        "iat": access["iat"],
        "exp": access["exp"],
        "jti": access["jti"],
        "token_type": "Bearer",
        "scope": "openid ga4gh_passport_v1",
        "auth_time": access["auth_time"],
        "acr": "mfa",
    }
    assert await look(w, got.refresh_token) == {
        "active": True,
        "iss": ISSUER,
        "sub": "ada",
        "client_id": "app",
        "scope": "openid ga4gh_passport_v1",
        "exp": SESSION.expires,
    }


async def test_a_repository_sees_what_was_issued_for_it_and_nothing_else() -> None:
    w = World()
    got = await w.tokens(resource=DATASET)
    theirs = await w.post(grant_type="refresh_token", refresh_token=got.refresh_token, resource=DATASET)
    passport = await w.exchange(got.access_token, resource=DATASET)
    assert (await look(w, theirs.access_token, "repository"))["active"] is True  # type: ignore[index]
    assert (await look(w, passport.access_token, "repository"))["aud"] == [DRS]  # type: ignore[index]
    assert await look(w, got.access_token, "repository") == INACTIVE
    assert await look(w, theirs.refresh_token, "repository") == INACTIVE


@pytest.mark.row("T072")
async def test_t072_another_client_learns_nothing() -> None:
    w = World()
    got = await w.tokens()
    passport = await w.exchange(got.access_token)
    for text in (got.access_token, got.refresh_token, passport.access_token):
        assert await look(w, text, "other") == INACTIVE


@pytest.mark.row("T072")
@pytest.mark.parametrize("text", ["x", "a.b.c", "é", "a\u00a0b", "x" * (MAX_TOKEN + 1), "..."])
async def test_t072_garbage_is_inactive(text: str) -> None:
    assert await look(World(), text) == INACTIVE


@pytest.mark.row("T072", "T013")
async def test_t072_an_id_token_or_a_code_is_inactive() -> None:
    w = World()
    code = await w.code()
    got = await w.redeem(code)
    assert await look(w, got.id_token) == await look(w, code) == INACTIVE


@pytest.mark.row("T072")
async def test_t072_only_authenticated_callers_are_answered() -> None:
    w = World()
    access = (await w.tokens("public")).access_token
    form = urlencode({"token": access, "client_id": "public"}).encode()
    assert await introspect(w.d, None, form) is OAuthError.CLIENT_PUBLIC
    assert await introspect(w.d, None, f"token={access}".encode()) is OAuthError.CLIENT_FAILED
    assert await introspect(w.d, basic("app", "wrong"), f"token={access}".encode()) is OAuthError.CLIENT_FAILED
    assert await look(w, None) is OAuthError.MISSING
    assert await introspect(w.d, basic("app"), b"token=a&token=b") is OAuthError.REPEATED
    assert await introspect(w.d, basic("app"), b"token=" + b"x" * MAX_TOKEN_FORM) is OAuthError.TOO_LONG


async def test_a_token_is_inactive_the_second_it_ends_and_once_it_is_spent() -> None:
    w = World()
    got = await w.tokens()
    await w.post(grant_type="refresh_token", refresh_token=got.refresh_token)
    assert await look(w, got.refresh_token) == INACTIVE
    w.clock.advance(599)
    assert await look(w, got.access_token) != INACTIVE
    w.clock.advance(1)
    assert await look(w, got.access_token) == INACTIVE


@pytest.mark.row("T072")
async def test_what_is_too_long_or_no_text_of_ours_is_not_even_looked_at() -> None:
    class Strict:
        def read(self, token: str, typ: str) -> None:
            raise AssertionError(f"{typ}: {len(token)} characters were looked at")

    w = World()
    w.d = replace(w.d, reader=Strict())
    for text in ("x" * (MAX_TOKEN + 1), "é"):
        assert await look(w, text) == INACTIVE
        assert await give_back(w, text) is None


async def test_a_refresh_token_that_expired_or_whose_person_is_gone_is_inactive() -> None:
    w = World()
    got = await w.tokens()
    (row,) = [row for (kind, _), row in w.ledger.rows.items() if kind == "refresh_token"]
    w.put(replace(row, expires=w.clock.now()))  # type: ignore[type-var]
    assert await look(w, got.refresh_token) == INACTIVE
    w.put(row)
    assert await look(w, got.refresh_token) != INACTIVE
    del w.ledger.rows["person", "ada"]
    assert await look(w, got.refresh_token) == await look(w, got.access_token) == INACTIVE


async def test_a_revocation_holds_from_its_own_second_on() -> None:
    w = World()
    got = await w.tokens()
    id = revocation_id("token", said(got.access_token)["jti"])
    w.put(Revocation(id=id, since=Seconds(w.clock.now() + 1)))
    assert await look(w, got.access_token) != INACTIVE
    w.clock.advance(1)
    assert await look(w, got.access_token) == INACTIVE


async def test_looking_records_nothing() -> None:
    w = World()
    got = await w.tokens()
    before = len(w.ledger.entries)
    await look(w, got.access_token)
    assert len(w.ledger.entries) == before


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "made_up"])
async def test_a_refresh_token_given_back_ends_the_family_whatever_the_hint(hint: str | None) -> None:
    w = World()
    got = await w.tokens()
    passport = await w.exchange(got.access_token)
    more = {} if hint is None else {"token_type_hint": hint}
    assert await give_back(w, got.refresh_token, **more) is None
    for text in (got.refresh_token, got.access_token, passport.access_token):
        assert await look(w, text) == INACTIVE
    assert w.ledger.entries[-1].kind == "token.revoked"
    assert w.ledger.entries[-1].about["what"] == "family"


async def test_an_access_token_given_back_ends_alone() -> None:
    w = World()
    got = await w.tokens()
    assert await give_back(w, got.access_token) is None
    assert await look(w, got.access_token) == INACTIVE
    assert await look(w, got.refresh_token) != INACTIVE
    assert await give_back(w, got.access_token) is None
    assert w.ledger.kinds().count("token.revoked") == 1


async def test_a_passport_given_back_ends_at_our_own_doors() -> None:
    w = World()
    passport = await w.exchange((await w.tokens()).access_token)
    assert await give_back(w, passport.access_token) is None
    assert await look(w, passport.access_token) == INACTIVE


@pytest.mark.row("T072")
@pytest.mark.parametrize("text", ["x", "é", "x" * (MAX_TOKEN + 1)])
async def test_t072_giving_garbage_back_is_fine_and_does_nothing(text: str) -> None:
    w = World()
    assert await give_back(w, text) is None
    assert w.ledger.entries == []


@pytest.mark.row("T072")
@pytest.mark.parametrize("client", ["other", "public", "repository"])
async def test_t072_nobody_gives_back_what_is_not_theirs(client: str) -> None:
    w = World()
    got = await w.tokens()
    for text in (got.access_token, got.refresh_token):
        assert await give_back(w, text, client) is None
        assert await look(w, text) != INACTIVE


async def test_a_public_client_gives_its_own_tokens_back() -> None:
    w = World()
    got = await w.tokens("public")
    assert await give_back(w, got.refresh_token, "public") is None
    assert w.ledger.kinds()[-1] == "token.revoked"


async def test_revocation_needs_a_client_and_a_token() -> None:
    w = World()
    assert await revoke(w.d, None, b"token=x") is OAuthError.CLIENT_FAILED
    assert await give_back(w, None) is OAuthError.MISSING
    assert await revoke(w.d, basic("app"), b"token=a&token=b") is OAuthError.REPEATED
    w.put(replace(CLIENTS[0], status="suspended"))
    assert await give_back(w, "x") is OAuthError.CLIENT_FAILED
