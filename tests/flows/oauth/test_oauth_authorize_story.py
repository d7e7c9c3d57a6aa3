"""From the authorization request to the code: sign-in, consent, memory of it, and its end (B13, B14)."""

from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from broker.core.ids import ClientId
from broker.core.oidc.authorize import RedirectError, ShowError
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.interaction import Ask
from broker.core.rows.identity import Person
from broker.core.rows.oauth import Approval, Family
from broker.flows.oauth.authorize import Consent, Redirect, answer, check, forget
from broker.ports import LedgerDownError
from tests.fakes import at_once
from tests.flows.oauth.fakes_oauth import ADA, BOB, CB, CLIENTS, ISSUER, SESSION, World, said

ALL = frozenset({"openid", "ga4gh_passport_v1"})
YES = Consent(scope=ALL, released=None)
REMEMBER = Consent(scope=ALL, released=frozenset({"grant:1"}), remember=True)


def sent(step: object) -> dict[str, list[str]]:
    assert isinstance(step, Redirect), step
    return parse_qs(urlsplit(step.location).query)


@pytest.mark.row("B1", "B13")
async def test_the_browser_signs_in_agrees_and_goes_back_with_code_state_and_iss() -> None:
    w = World()
    request = await w.request()
    started = w.clock.now()
    assert await answer(w.d, request, None, started) is Ask.SIGN_IN
    assert await answer(w.d, request, SESSION.id, started) is Ask.CONSENT
    assert w.ledger.entries == []
    back = sent(await answer(w.d, request, SESSION.id, started, YES))
    assert (back["state"], back["iss"], len(back["code"][0])) == (["st"], [ISSUER], 43)
    assert w.ledger.kinds() == ["code.issued"]


@pytest.mark.row("B13")
async def test_nobody_gets_a_code_by_posting_a_consent_without_being_signed_in() -> None:
    w = World()
    request = await w.request()
    assert await answer(w.d, request, None, w.clock.now(), YES) is Ask.SIGN_IN
    assert await answer(w.d, request, "session-2", w.clock.now(), YES) is Ask.SIGN_IN
    w.put(replace(SESSION, ended=w.clock.now()))
    assert await answer(w.d, request, SESSION.id, w.clock.now(), YES) is Ask.SIGN_IN
    assert w.ledger.entries == []


@pytest.mark.parametrize("what", ["session", "person"])
async def test_a_session_that_was_revoked_is_nobody(what: str) -> None:
    w = World()
    w.end(what, SESSION.id if what == "session" else ADA.id)  # type: ignore[arg-type]
    assert await answer(w.d, await w.request(), SESSION.id, w.clock.now(), YES) is Ask.SIGN_IN


@pytest.mark.parametrize("row", [replace(ADA, log_key=""), None], ids=["erased", "gone"])
async def test_who_was_erased_is_nobody(row: Person | None) -> None:
    w = World()
    del w.ledger.rows["person", ADA.id]
    if row is not None:
        w.put(row)
    assert await answer(w.d, await w.request(), SESSION.id, w.clock.now(), YES) is Ask.SIGN_IN


async def test_a_consent_does_not_skip_a_sign_in_that_is_asked_for() -> None:
    w = World()
    request = await w.request(prompt="login")
    assert await answer(w.d, request, SESSION.id, w.clock.now(), YES) is Ask.FRESH_SIGN_IN
    silent = await w.request(prompt="none")
    assert sent(await answer(w.d, silent, SESSION.id, w.clock.now(), YES))["error"] == ["consent_required"]


async def test_a_no_is_recorded_and_told() -> None:
    w = World()
    back = sent(await answer(w.d, await w.request(), SESSION.id, w.clock.now(), Consent(scope=frozenset())))
    assert back["error"] == ["access_denied"]
    assert w.ledger.entries[0].kind == "token.refused"
    assert w.ledger.entries[0].about == {"client": "app", "code": "AUTH-SAID-NO"}


@pytest.mark.row("T070", "B13")
@pytest.mark.parametrize(
    "consent",
    [
        Consent(scope=ALL | {"profile"}),
        Consent(scope=ALL, claims=frozenset({"name"})),
    ],
    ids=["scope", "claim"],
)
async def test_t070_a_consent_to_more_than_was_asked_gives_nothing(consent: Consent) -> None:
    w = World()
    back = sent(await answer(w.d, await w.request(), SESSION.id, w.clock.now(), consent))
    assert back["error"] == ["invalid_scope"]
    assert not [kind for kind, _ in w.ledger.rows if kind == "family"]


@pytest.mark.row("B13")
async def test_b13_a_consent_to_less_gives_less() -> None:
    w = World()
    code = await w.code("app", Consent(scope=frozenset({"openid"})), claims='{"userinfo":{"name":null}}')
    got = await w.redeem(code)
    assert got.scope == "openid"
    family = w.ledger.rows["family", w.family()]
    assert isinstance(family, Family)
    assert (family.released, family.userinfo_claims) == (frozenset(), ())


@pytest.mark.row("B14")
async def test_b14_a_consent_is_remembered_only_when_the_person_says_so() -> None:
    w = World()
    await w.code()
    assert await answer(w.d, await w.request(), SESSION.id, w.clock.now()) is Ask.CONSENT
    await w.code("app", REMEMBER)
    back = sent(await answer(w.d, await w.request(prompt="none"), SESSION.id, w.clock.now()))
    got = await w.redeem(back["code"][0])
    assert said((await w.exchange(got.access_token)).access_token)["ga4gh_passport_v1"] == ["visa-grant:1"]


@pytest.mark.row("B14")
async def test_b14_what_is_remembered_is_for_one_client_and_one_scope() -> None:
    w = World()
    await w.code("app", REMEMBER)
    more = await w.request(scope="openid ga4gh_passport_v1 profile")
    assert await answer(w.d, more, SESSION.id, w.clock.now()) is Ask.CONSENT
    other = await w.request("other")
    assert await answer(w.d, other, SESSION.id, w.clock.now()) is Ask.CONSENT


@pytest.mark.row("B14")
async def test_b14_what_was_remembered_can_be_forgotten_and_remembered_again() -> None:
    w = World()
    await w.code("app", REMEMBER)
    await forget(w.d, ADA, ClientId("app"))
    await forget(w.d, ADA, ClientId("app"))
    assert w.ledger.kinds() == ["code.issued", "revocation.made"]
    assert await answer(w.d, await w.request(), SESSION.id, w.clock.now()) is Ask.CONSENT
    await w.code("app", REMEMBER)
    kept = w.ledger.rows["approval", "ada app"]
    assert isinstance(kept, Approval)
    assert (kept.version, kept.ended) == (3, None)


async def test_ruling_22_a_demo_client_gets_its_code_by_redirects_alone() -> None:
    w = World()
    request = await w.request("demo", prompt="none", login_hint="ada")
    assert "code" in sent(await answer(w.d, request, SESSION.id, w.clock.now()))


async def test_a_hint_must_be_ours_and_for_her() -> None:
    w = World()
    mine = (await w.tokens("demo")).id_token or ""
    w.put(BOB)
    bobs = at_once(w.keys.sign("oidc-rs256", "JWT", {"iss": ISSUER, "sub": "bob"}))
    stranger = at_once(w.keys.sign("oidc-rs256", "JWT", {"iss": "https://evil.example", "sub": "ada"}))
    access = (await w.tokens("demo")).access_token
    for hint, outcome in ((mine, "code"), (bobs, "error"), (stranger, "error"), (access, "error"), ("x", "error")):
        request = await w.request("demo", prompt="none", id_token_hint=hint)
        assert outcome in sent(await answer(w.d, request, SESSION.id, w.clock.now()))
    w.clock.advance(700)
    request = await w.request("demo", prompt="none", id_token_hint=mine)
    assert "code" in sent(await answer(w.d, request, SESSION.id, w.clock.now()))


async def test_a_client_suspended_meanwhile_gets_nothing() -> None:
    w = World()
    request = await w.request()
    w.put(replace(CLIENTS[0], status="suspended"))
    assert await answer(w.d, request, SESSION.id, w.clock.now(), YES) is OAuthError.REDIRECT_UNKNOWN


async def test_a_client_that_is_gone_gets_nothing_and_forgetting_nothing_is_nothing() -> None:
    w = World()
    request = await w.request()
    await forget(w.d, ADA, ClientId("app"))
    del w.ledger.rows["client", "app"]
    assert await answer(w.d, request, SESSION.id, w.clock.now(), YES) is OAuthError.REDIRECT_UNKNOWN
    assert w.ledger.entries == []


async def test_a_request_that_cannot_be_read_is_shown_not_sent() -> None:
    w = World()
    good = {"client_id": "app", "redirect_uri": CB}
    assert await check(w.d, urlencode(good).encode() + b"&state=1&state=2") == ShowError(OAuthError.REPEATED)
    assert await check(w.d, b"") == ShowError(OAuthError.REDIRECT_UNKNOWN)
    assert isinstance(await check(w.d, urlencode(good).encode()), RedirectError)


async def test_no_record_no_code() -> None:
    w = World()
    request = await w.request()
    w.ledger.breaks = "stored"
    with pytest.raises(LedgerDownError):
        await answer(w.d, request, SESSION.id, w.clock.now(), YES)
