"""Redeeming authorization codes: T063, T064, T070, and what is recorded."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.audit.entry import pseudonym
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import CODE_LIFE
from broker.core.rows.catalogue import IdentityProvider
from broker.core.rows.change import Row
from broker.core.rows.oauth import Client, Code, Family, RefreshToken
from broker.core.time import Seconds
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.introspect import introspect
from broker.flows.oauth.token import token
from broker.ports import LedgerDownError
from tests.flows.oauth.fakes_oauth import (
    ADA,
    BOB,
    CB,
    CLIENTS,
    DATASET,
    DRS,
    ISSUER,
    SECRET,
    SESSION,
    VERIFIER,
    World,
    basic,
    header,
    said,
)

R = TypeVar("R", bound=Row)


@pytest.mark.row("B1", "B7", "B3")
async def test_a_code_becomes_tokens_that_say_who_for_whom_and_until_when() -> None:
    w = World()
    got = await w.tokens()
    access, identity = said(got.access_token), said(got.id_token or "")
    assert header(got.access_token) == ("oidc-es256", "at+jwt")
    assert header(got.id_token or "") == ("oidc-rs256", "JWT")
    assert (access["sub"], access["aud"], access["sid"]) == (ADA.id, [ISSUER, "app"], w.family())
    assert access["exp"] - access["iat"] == got.expires_in == 600
    assert (identity["aud"], identity["nonce"], identity["auth_time"]) == ("app", "no", SESSION.auth_time)
    assert got.body().keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}


@pytest.mark.row("T073", "T130")
async def test_every_step_is_recorded_under_a_pseudonym_and_no_secret_is_stored() -> None:
    w = World()
    code = await w.code()
    got = await w.redeem(code)
    assert w.ledger.kinds() == ["code.issued", "token.issued"]
    assert {entry.who for entry in w.ledger.entries} == {pseudonym(ADA.log_key, ISSUER, ADA.id)}
    stored = w.stored()
    for secret in (code, got.access_token, got.refresh_token, got.id_token, SECRET, VERIFIER):
        assert secret.encode() not in stored
        assert secret not in repr(got)


async def test_a_client_that_may_not_refresh_gets_no_refresh_token() -> None:
    w = World()
    w.put(replace(CLIENTS[0], grant_types=("authorization_code",)))
    assert (await w.tokens()).refresh_token is None
    assert not [kind for kind, _ in w.ledger.rows if kind == RefreshToken.KIND]


async def test_without_openid_there_is_no_id_token() -> None:
    assert (await World().tokens(scope="profile")).id_token is None


async def test_an_id_token_is_signed_as_its_client_registered() -> None:
    w = World()
    w.put(replace(CLIENTS[0], id_token_alg="ES256"))
    assert header((await w.tokens()).id_token or "")[0] == "oidc-es256"


async def test_a_claim_that_was_asked_for_and_agreed_to_is_in_the_id_token() -> None:
    got = await World().tokens(claims='{"id_token":{"name":null}}')
    assert said(got.id_token or "")["name"] == "Ada"
    assert "name" not in said((await World().tokens()).id_token or "")


async def test_b9_a_token_for_a_resource_is_for_that_audience_only() -> None:
    w = World()
    code = await w.code(resource=DATASET)
    got = await w.redeem(code, resource=DATASET)
    assert said(got.access_token)["aud"] == [DRS, "app"]


async def test_tokens_never_outlive_the_session() -> None:
    w = World()
    w.put(replace(SESSION, expires=Seconds(w.clock.now() + 100)))
    got = await w.tokens()
    assert got.expires_in == 100
    assert said(got.id_token or "")["exp"] == w.clock.now() + 100


REFUSED: list[tuple[str, str, dict[str, str | None], OAuthError]] = [
    ("no code", "app", {"code": None}, OAuthError.MISSING),
    ("T064 unknown code", "app", {"code": "x" * 43}, OAuthError.CODE_UNKNOWN),
    ("T064 another client", "other", {}, OAuthError.CODE_UNKNOWN),
    ("T064 a public client", "public", {}, OAuthError.CODE_UNKNOWN),
    ("T064 wrong verifier", "app", {"code_verifier": "w" * 43}, OAuthError.PKCE_FAILED),
    ("T064 no verifier", "app", {"code_verifier": None}, OAuthError.PKCE_FAILED),
    ("T063 another address", "app", {"redirect_uri": CB + "2"}, OAuthError.CODE_REDIRECT),
    ("T067 a resource that was not granted", "app", {"resource": DRS}, OAuthError.TARGET),
    ("T067 an audience", "app", {"audience": DRS}, OAuthError.TARGET),
]


@pytest.mark.row("T063", "T064", "T067")
@pytest.mark.parametrize(("row", "client", "changes", "error"), REFUSED)
async def test_a_wrong_redemption_gives_nothing_and_spends_nothing(
    row: str, client: str, changes: dict[str, str | None], error: OAuthError
) -> None:
    w = World()
    code = await w.code()
    assert await w.redeem(code, client, **changes) is error, row
    assert "token.issued" not in w.ledger.kinds()
    assert isinstance(await w.redeem(code), Tokens), row


@pytest.mark.row("T064")
async def test_t064_a_code_lives_a_minute() -> None:
    w = World()
    code = await w.code()
    w.clock.advance(CODE_LIFE)
    assert await w.redeem(code) is OAuthError.CODE_EXPIRED


@pytest.mark.row("T121", "T123")
@pytest.mark.parametrize("what", ["family", "session", "person", "issuer"])
async def test_a_code_dies_with_what_it_rests_on(what: Any) -> None:
    w = World()
    code = await w.code()
    w.end(what, {"family": w.family(), "session": SESSION.id, "person": ADA.id, "issuer": SESSION.idp}[what])
    assert await w.redeem(code) is OAuthError.AUTHORIZATION_ENDED


IDP = IdentityProvider(
    id=SESSION.idp, slug="home", name="Home", client_id="broker", client_secret="x", status="suspended"
)


@pytest.mark.row("T121")
@pytest.mark.parametrize(
    "row",
    [
        replace(SESSION, ended=SESSION.auth_time),
        replace(ADA, log_key=""),
        replace(SESSION, person=BOB.id),
        replace(SESSION, expires=SESSION.auth_time),
        IDP,
    ],
    ids=["session ended", "person erased", "session of another", "session over", "provider suspended"],
)
async def test_a_code_dies_when_a_row_under_it_says_so(row: Row) -> None:
    w = World()
    code = await w.code()
    w.put(row)
    assert await w.redeem(code) is OAuthError.AUTHORIZATION_ENDED


async def test_a_provider_that_is_active_ends_nothing() -> None:
    w = World()
    w.put(replace(IDP, status="active"))
    assert isinstance(await w.redeem(await w.code()), Tokens)


@pytest.mark.parametrize("gone", [("person", ADA.id), ("session", SESSION.id), ("family", "")])
async def test_a_code_under_which_something_is_missing_is_unknown(gone: tuple[str, str]) -> None:
    w = World()
    code = await w.code()
    del w.ledger.rows[gone[0], gone[1] or w.family()]
    assert await w.redeem(code) is OAuthError.CODE_UNKNOWN


@pytest.mark.row("T064", "B12")
async def test_t064_a_replay_ends_the_family_and_is_recorded_once() -> None:
    w = World()
    code = await w.code()
    got = await w.redeem(code)
    assert await w.redeem(code, code_verifier="w" * 43) is OAuthError.CODE_REPLAYED
    assert await w.redeem(code) is OAuthError.CODE_REPLAYED
    assert w.ledger.kinds()[2:] == ["token.replayed", "token.refused"]
    told = w.ledger.entries[2]
    assert told.about == {"client": "app", "code": "AUTH-CODE-REPLAYED", "family": w.family()}
    seen = await introspect(w.d, basic("app"), f"token={got.access_token}".encode())
    assert seen == {"active": False}


@pytest.mark.row("T064")
async def test_t064_a_stranger_who_replays_a_code_ends_nothing() -> None:
    w = World()
    code = await w.code()
    await w.redeem(code)
    assert await w.redeem(code, "other") is OAuthError.CODE_UNKNOWN
    assert w.ledger.entries[-1].about == {"client": "other", "code": "AUTH-CODE-UNKNOWN"}
    assert w.ledger.entries[-1].who is None
    assert ("revocation", f"family:{w.family()}") not in w.ledger.rows


@pytest.mark.row("T070")
async def test_t070_repeated_parameters_and_unauthenticated_noise_leave_no_trace() -> None:
    w = World()
    for header_, raw in (
        (None, b"grant_type=authorization_code&grant_type=refresh_token"),
        (basic("app", "wrong"), b"grant_type=authorization_code"),
        (basic("ghost"), b"grant_type=authorization_code"),
        (None, b"client_id=public&grant_type=password"),
        (None, b"client_id=public&grant_type=authorization_code&code=x"),
    ):
        assert isinstance(await token(w.d, header_, raw), OAuthError)
    assert w.ledger.entries == []


async def test_a_refusal_about_an_authorisation_is_recorded_even_if_its_client_is_public() -> None:
    w = World()
    code = await w.code("public")
    assert await w.redeem(code, "public", code_verifier="w" * 43) is OAuthError.PKCE_FAILED
    told = w.ledger.entries[-1]
    assert (told.kind, told.about["family"], told.who is None) == ("token.refused", w.family(), False)


async def test_a_refusal_of_a_known_client_is_recorded_without_its_words() -> None:
    w = World()
    assert await w.post(grant_type="password", username="ada@example.org", password="x") is OAuthError.GRANT_TYPE
    assert await w.post(grant_type=None) is OAuthError.MISSING
    assert [entry.about for entry in w.ledger.entries] == [
        {"client": "app", "code": "AUTH-GRANT-TYPE"},
        {"client": "app", "code": "AUTH-REQUEST-INCOMPLETE"},
    ]


async def test_a_grant_type_that_is_not_registered_is_refused() -> None:
    w = World()
    code = await w.code()
    w.put(replace(CLIENTS[0], grant_types=("refresh_token",)))
    assert await w.redeem(code) is OAuthError.CLIENT_GRANT


async def test_a_suspended_client_is_an_unknown_one() -> None:
    w = World()
    code = await w.code()
    w.put(replace(CLIENTS[0], status="suspended"))
    assert await w.redeem(code) is OAuthError.CLIENT_FAILED


@pytest.mark.row("T125")
@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_no_record_no_token(breaks: Any) -> None:
    w = World()
    code = await w.code()
    w.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await w.redeem(code)


class SlowRows:
    """Reads that let others run before and after, as `pauses` says: each one another interleaving."""

    def __init__(self, get: Callable[[type[Any], str], Awaitable[Any]], pauses: list[int]) -> None:
        self._get, self._pauses, self._turn = get, pauses, 0

    async def get(self, kind: type[R], id: str) -> R | None:
        for _ in range(self._pause()):
            await asyncio.sleep(0)
        found: R | None = await self._get(kind, id)
        for _ in range(self._pause()):
            await asyncio.sleep(0)
        return found

    def _pause(self) -> int:
        self._turn += 1
        return self._pauses[self._turn % len(self._pauses)]

    def scan(self, kind: type[R]) -> Any:
        raise NotImplementedError

    def find(self, kind: type[R], member: str, value: str) -> Any:
        raise NotImplementedError

    def newest(self, kind: type[R], member: str, value: str, most: int) -> Any:
        raise NotImplementedError

    def newest_of(self, kind: type[R], member: str, values: Any, most: int) -> Any:
        raise NotImplementedError

    def after(self, kind: type[R], id: str, most: int) -> Any:
        raise NotImplementedError

    def each(self, kind: type[R], ids: Any) -> Any:
        raise NotImplementedError


@pytest.mark.row("T064")
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(2, 20))
@settings(max_examples=50)
def test_t064_however_redemptions_interleave_at_most_one_succeeds(pauses: list[int], many: int) -> None:
    async def run() -> None:
        w = World()
        code = await w.code()
        w.d = replace(w.d, rows=SlowRows(w.d.rows.get, pauses))
        got = await asyncio.gather(*(w.redeem(code) for _ in range(many)))
        won = [one for one in got if isinstance(one, Tokens)]
        assert len(won) == 1
        assert {one for one in got if one not in won} <= {OAuthError.CODE_REPLAYED, OAuthError.BUSY}
        assert w.ledger.kinds().count("token.issued") == 1
        assert w.ledger.kinds().count("token.replayed") == 1
        assert ("revocation", f"family:{w.family()}") in w.ledger.rows

    asyncio.run(run())


@pytest.mark.row("T064")
async def test_t064_fifty_redemptions_at_once() -> None:
    w = World()
    code = await w.code()
    w.d = replace(w.d, rows=SlowRows(w.d.rows.get, [0, 1, 3, 2]))
    got = await asyncio.gather(*(w.redeem(code) for _ in range(50)))
    assert sum(isinstance(one, Tokens) for one in got) == 1


async def test_a_public_client_redeems_with_its_verifier_alone() -> None:
    w = World()
    got = await w.tokens("public")
    assert said(got.access_token)["client_id"] == "public"
    row = w.ledger.rows["family", w.family()]
    assert isinstance(row, Family)
    assert isinstance(w.ledger.rows["client", row.client], Client)
    assert [kind for kind, _ in w.ledger.rows].count(Code.KIND) == 1
