"""Visas leave by token exchange or by UserInfo: P4 to P13, B5 to B10, T071, T121."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.oidc.bearer import shown_token
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, PASSPORT_TYPE
from broker.core.time import Seconds
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.authorize import Consent
from broker.flows.oauth.introspect import introspect
from broker.flows.oauth.userinfo import userinfo
from broker.ports import LedgerDownError
from tests.fakes import at_once
from tests.flows.oauth.fakes_oauth import CLIENTS, DATASET, DRS, ISSUER, SESSION, World, basic, header, said, visa

SCOPES = frozenset({"openid", "ga4gh_passport_v1"})


@pytest.mark.row("P1", "P3", "P6", "P9", "P10", "B8", "B11")
async def test_p9_p10_an_access_token_becomes_a_passport() -> None:
    w = World()
    got = await w.exchange((await w.tokens()).access_token, resource=DATASET)
    assert isinstance(got, Tokens)
    assert got.body().keys() == {"access_token", "token_type", "expires_in", "issued_token_type"}
    assert got.body()["token_type"] == "Bearer"
    assert got.issued_token_type == PASSPORT_TYPE
    passport = said(got.access_token)
    assert header(got.access_token) == ("oidc-es256", "vnd.ga4gh.passport+jwt")
    assert (passport["iss"], passport["sub"], passport["aud"]) == (ISSUER, "ada", [DRS])
    assert passport["ga4gh_passport_v1"] == ["visa-grant:1", "visa-affiliation:x"]
    assert w.asked == [frozenset({DATASET})]


async def test_the_log_says_which_visas_left_for_whom_and_until_when() -> None:
    w = World()
    got = await w.exchange((await w.tokens()).access_token)
    told = w.ledger.entries[-1]
    assert told.kind == "passport.issued"
    assert told.about == {
        "client": "app",
        "family": w.family(),
        "jti": said(got.access_token)["jti"],
        "audience": (DRS,),
        "visas": ("jti-grant:1", "jti-affiliation:x"),
        "until": said(got.access_token)["exp"],
    }
    assert b"visa-grant:1" not in w.stored()


@pytest.mark.row("P13", "T046")
@pytest.mark.parametrize(
    ("row", "held", "session", "life"),
    [
        ("an hour", None, 28_800, 3_600),
        ("the earliest visa", (visa(exp=1_800_000_050), visa("b")), 28_800, 50),
        ("the session", None, 70, 70),
    ],
)
async def test_p13_a_passport_ends_with_the_first_of_visas_session_and_hour(
    row: str, held: Any, session: int, life: int
) -> None:
    w = World()
    w.held = held or w.held
    w.put(replace(SESSION, expires=Seconds(w.clock.now() + session)))
    got = await w.exchange((await w.tokens()).access_token)
    assert got.expires_in == life, row
    assert said(got.access_token)["exp"] == w.clock.now() + life, row


@pytest.mark.row("P13", "B13")
async def test_p13_only_visas_that_were_released_to_this_client_are_in_it() -> None:
    w = World()
    code = await w.code("app", Consent(scope=SCOPES, released=frozenset({"affiliation:x"})))
    got = await w.exchange((await w.redeem(code)).access_token)
    assert said(got.access_token)["ga4gh_passport_v1"] == ["visa-affiliation:x"]


@pytest.mark.row("B13")
async def test_b13_without_a_yes_to_any_visa_none_leaves() -> None:
    w = World()
    code = await w.code("app", Consent(scope=SCOPES))
    access = (await w.redeem(code)).access_token
    assert said((await w.exchange(access)).access_token)["ga4gh_passport_v1"] == []
    assert (await seen(w, access))["ga4gh_passport_v1"] == []


@pytest.mark.row("T071", "P11")
async def test_t071_a_dataset_for_which_no_visa_was_released_is_refused() -> None:
    w = World()
    code = await w.code("app", Consent(scope=SCOPES, released=frozenset({"affiliation:x"})))
    access = (await w.redeem(code)).access_token
    assert await w.exchange(access, resource=DATASET) is OAuthError.TARGET
    assert isinstance(await w.exchange(access, resource=DRS), Tokens)


REFUSED: list[tuple[str, str, dict[str, str | None], OAuthError]] = [
    ("P4 a public client", "public", {}, OAuthError.CLIENT_PUBLIC),
    ("P5 nothing requested", "app", {"requested_token_type": None}, OAuthError.EXCHANGE_WANTED),
    ("P6 garbage", "app", {"subject_token": "x"}, OAuthError.SUBJECT_TOKEN),
    ("P6 nothing", "app", {"subject_token": None}, OAuthError.MISSING),
    ("P7 another type", "app", {"subject_token_type": ACCESS_TOKEN_TYPE + "x"}, OAuthError.SUBJECT_TYPE),
    ("P11 unknown resource", "app", {"resource": "https://evil.example/"}, OAuthError.TARGET),
    ("T071 a dataset that is not theirs", "app", {"resource": DRS + "d2"}, OAuthError.TARGET),
    ("P12 another client's token", "other", {}, OAuthError.SUBJECT_TOKEN),
    ("T071 actor", "app", {"actor_token": "x", "actor_token_type": ACCESS_TOKEN_TYPE}, OAuthError.ACTOR),
    ("T071 wider scope", "app", {"scope": "openid profile"}, OAuthError.SCOPE),
]


@pytest.mark.row("P4", "P5", "P6", "P7", "P8", "P11", "P12", "T071", "B11")
@pytest.mark.parametrize(("row", "client", "changes", "error"), REFUSED)
async def test_a_wrong_exchange_gives_no_visa(
    row: str, client: str, changes: dict[str, str | None], error: OAuthError
) -> None:
    w = World()
    access = (await w.tokens()).access_token
    assert await w.exchange(access, client, **changes) is error, row
    assert "passport.issued" not in w.ledger.kinds(), row
    assert w.ledger.kinds()[2:] == ([] if client == "public" else ["passport.refused"]), row


@pytest.mark.row("T013", "P6", "P7")
async def test_t013_no_other_token_is_a_subject_token() -> None:
    w = World()
    got = await w.tokens()
    passport = await w.exchange(got.access_token)
    for text in (got.id_token, got.refresh_token, passport.access_token):
        assert await w.exchange(text or "") is OAuthError.SUBJECT_TOKEN


@pytest.mark.row("P6")
async def test_p6_a_token_without_the_passport_scope_is_refused() -> None:
    w = World()
    assert await w.exchange((await w.tokens(scope="openid")).access_token) is OAuthError.SUBJECT_TOKEN


@pytest.mark.row("T071", "P6")
async def test_t071_a_token_for_another_audience_is_refused() -> None:
    w = World()
    code = await w.code(resource=DATASET)
    got = await w.redeem(code, resource=DATASET)
    assert await w.exchange(got.access_token) is OAuthError.SUBJECT_TOKEN


@pytest.mark.row("T067")
async def test_t067_an_exchange_stays_within_the_resources_of_the_authorisation() -> None:
    w = World()
    got = await w.tokens(resource=DATASET)
    assert await w.exchange(got.access_token, resource=DRS) is OAuthError.TARGET
    assert isinstance(await w.exchange(got.access_token, resource=DATASET), Tokens)


@pytest.mark.row("T071")
async def test_t071_an_expired_token_is_refused() -> None:
    w = World()
    access = (await w.tokens()).access_token
    w.clock.advance(600)
    assert await w.exchange(access) is OAuthError.SUBJECT_TOKEN
    assert await userinfo(w.d, shown_token(f"Bearer {access}")) is OAuthError.TOKEN_EXPIRED


@pytest.mark.row("T121", "T071")
@pytest.mark.parametrize("what", ["family", "session", "person", "token"])
async def test_t121_whatever_is_revoked_the_token_opens_nothing_more(what: Any) -> None:
    w = World()
    access = (await w.tokens()).access_token
    passport = (await w.exchange(access)).access_token
    values = {"family": w.family(), "session": SESSION.id, "person": "ada", "token": said(access)["jti"]}
    w.end(what, values[what])
    assert await w.exchange(access) is OAuthError.SUBJECT_TOKEN
    assert await userinfo(w.d, shown_token(f"Bearer {access}")) is OAuthError.TOKEN_REVOKED
    assert await introspect(w.d, basic("app"), f"token={access}".encode()) == {"active": False}
    still = (await introspect(w.d, basic("app"), f"token={passport}".encode()))["active"]  # type: ignore[index]
    assert still is (what == "token")


async def test_a_suspended_client_has_no_passports_left() -> None:
    w = World()
    access = (await w.tokens()).access_token
    w.put(replace(CLIENTS[0], status="suspended"))
    assert await w.exchange(access) is OAuthError.CLIENT_FAILED
    assert await userinfo(w.d, shown_token(f"Bearer {access}")) is OAuthError.TOKEN_REVOKED


@pytest.mark.row("T045")
async def test_more_visas_than_fit_are_never_cut_silently() -> None:
    w = World()
    w.held = tuple(visa(str(i)) for i in range(501))
    access = (await w.tokens()).access_token
    for refused in (await w.exchange(access), await userinfo(w.d, shown_token(f"Bearer {access}"))):
        assert refused is OAuthError.PASSPORT_TOO_MANY
        assert (refused.status, refused.error) == (413, "invalid_target")
        assert "500 visas" in refused.description
    w.held = tuple(replace(visa(str(i)), token="t" * 100_000 + str(i)) for i in range(8))
    for refused in (await w.exchange(access), await userinfo(w.d, shown_token(f"Bearer {access}"))):
        assert refused is OAuthError.PASSPORT_TOO_LARGE
        assert (refused.status, "1 MiB" in refused.description) == (413, True)
    w.held = tuple(visa(str(i)) for i in range(500))
    assert len(said((await w.exchange(access)).access_token)["ga4gh_passport_v1"]) == 500


async def test_no_record_no_passport() -> None:
    w = World()
    access = (await w.tokens()).access_token
    w.ledger.breaks = "lost"
    with pytest.raises(LedgerDownError):
        await w.exchange(access)
    with pytest.raises(LedgerDownError):
        await userinfo(w.d, shown_token(f"Bearer {access}"))


@pytest.mark.parametrize(
    "changes",
    [{"sub": "bob"}, {"sid": "fam_unknown"}, {"client_id": "other"}],
    ids=["another person", "no family", "another client"],
)
async def test_a_token_that_does_not_fit_its_family_is_none(changes: dict[str, str]) -> None:
    w = World()
    claims = said((await w.tokens()).access_token) | changes
    text = at_once(w.keys.sign("oidc-es256", "at+jwt", claims))
    assert await w.exchange(text, changes.get("client_id", "app")) is OAuthError.SUBJECT_TOKEN
    assert await userinfo(w.d, shown_token(f"Bearer {text}")) is OAuthError.TOKEN_INVALID
    if "client_id" not in changes:
        assert await introspect(w.d, basic("app"), f"token={text}".encode()) == {"active": False}


# UserInfo


async def seen(w: World, access: str) -> dict[str, Any]:
    got = await userinfo(w.d, shown_token(f"Bearer {access}"))
    assert isinstance(got, dict), got
    return got


@pytest.mark.row("B9", "B17")
async def test_b9_userinfo_gives_the_visas_and_records_them() -> None:
    w = World()
    got = await seen(w, (await w.tokens()).access_token)
    assert got == {"sub": "ada", "iss": ISSUER, "ga4gh_passport_v1": ["visa-grant:1", "visa-affiliation:x"]}
    assert w.ledger.entries[-1].about["via"] == "userinfo"
    assert w.ledger.entries[-1].about["visas"] == ("jti-grant:1", "jti-affiliation:x")


@pytest.mark.row("B9")
async def test_b9_without_any_visa_the_list_is_there_and_empty() -> None:
    w = World()
    w.held = ()
    assert (await seen(w, (await w.tokens()).access_token))["ga4gh_passport_v1"] == []
    assert "passport.issued" not in w.ledger.kinds()


@pytest.mark.row("B10")
async def test_b10_without_the_scope_there_is_no_such_member() -> None:
    w = World()
    got = await seen(w, (await w.tokens(scope="openid profile")).access_token)
    assert got == {"sub": "ada", "iss": ISSUER, "name": "Ada"}
    assert w.asked == []


async def test_a_claim_that_was_asked_for_one_by_one_is_given() -> None:
    w = World()
    got = await seen(w, (await w.tokens(scope="openid", claims='{"userinfo":{"name":null}}')).access_token)
    assert got["name"] == "Ada"


async def test_what_the_session_does_not_know_is_left_out() -> None:
    w = World()
    w.put(replace(CLIENTS[0], scopes=("openid", "profile", "eduperson_scoped_affiliation")))
    scope = "openid profile eduperson_scoped_affiliation"
    access = (await w.tokens(scope=scope)).access_token
    assert (await seen(w, access))["eduperson_scoped_affiliation"] == ["faculty@uni.example"]
    w.put(replace(SESSION, name="", affiliations=()))
    assert (await seen(w, access)).keys() == {"sub", "iss"}


@pytest.mark.parametrize(
    ("scope", "error"), [("profile", OAuthError.TOKEN_SCOPE), ("ga4gh_passport_v1", OAuthError.TOKEN_SCOPE)]
)
async def test_userinfo_needs_openid(scope: str, error: OAuthError) -> None:
    w = World()
    assert await userinfo(w.d, shown_token(f"Bearer {(await w.tokens(scope=scope)).access_token}")) is error


@pytest.mark.row("T013", "T014")
async def test_t013_userinfo_takes_access_tokens_for_us_only() -> None:
    w = World()
    got = await w.tokens()
    passport = await w.exchange(got.access_token)
    code = await w.code(resource=DATASET)
    elsewhere = await w.redeem(code, resource=DATASET)
    for text in (got.id_token, got.refresh_token, passport.access_token, elsewhere.access_token, "x"):
        assert await userinfo(w.d, shown_token(f"Bearer {text}")) is OAuthError.TOKEN_INVALID
    assert await userinfo(w.d, shown_token(None)) is OAuthError.NO_TOKEN
