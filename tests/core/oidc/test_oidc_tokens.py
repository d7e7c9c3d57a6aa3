"""What our tokens say, and which of them are believed (B3 to B10, P9, P13, T013, T046)."""

import hashlib
from typing import Any

import pytest
from authlib.oidc.core.util import create_half_hash
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc import claims
from broker.core.oidc.bearer import Shown, shown_token
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.introspect import active, active_refresh, concerns, is_readable
from broker.core.oidc.limits import MAX_BEARER, MAX_TOKEN, MAX_VISA_BYTES, MAX_VISAS
from broker.core.oidc.own_tokens import OwnToken, read_access_token, read_passport
from broker.core.oidc.release import MintedVisa, log_name, over, passport_end, releasable, unanswered
from broker.core.purpose import Kind, Purpose
from broker.core.time import Seconds

ISSUER = "https://broker.example"
NOW = Seconds(1_000)


def access(**changes: Any) -> dict[str, Any]:
    said = claims.access_token(
        issuer=ISSUER,
        sub="ada",
        client_id="app",
        audiences=[ISSUER],
        scope=["openid", "ga4gh_passport_v1"],
        family="fam",
        jti="j",
        auth_time=Seconds(900),
        now=Seconds(990),
        ends=Seconds(1_590),
    )
    return {**said, **changes}


def passport(**changes: Any) -> dict[str, Any]:
    said = claims.passport(
        issuer=ISSUER,
        sub="ada",
        audiences=["https://drs/"],
        family="fam",
        jti="p",
        visas=["a.b.c"],
        now=Seconds(990),
        ends=Seconds(1_590),
    )
    return {**said, **changes}


@pytest.mark.row("B3", "B4", "B6")
def test_b3_b4_an_access_token_has_every_member_of_aai_section_5_and_of_rfc_9068() -> None:
    said = access()
    assert {"iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope", "auth_time", "sid"} == said.keys()
    assert said["scope"] == "openid ga4gh_passport_v1"
    assert said["aud"] == [ISSUER, "app"]


@pytest.mark.row("B5")
def test_b5_no_ga4gh_claim_is_in_an_access_token() -> None:
    assert not {"ga4gh_passport_v1", "ga4gh_visa_v1"} & access().keys()


def test_an_access_token_that_we_wrote_is_read() -> None:
    token = read_access_token(access(), ISSUER, NOW)
    assert isinstance(token, OwnToken)
    assert (token.sub, token.client_id, token.family, token.jti) == ("ada", "app", "fam", "j")
    assert token.audience == {ISSUER, "app"}
    assert token.passport_scoped


@pytest.mark.row("B3")
@pytest.mark.parametrize("scope", ["openid", "ga4gh_passport_v1", "openid  ga4gh_passport_v1x", ""])
def test_b3_a_token_without_both_scopes_is_not_passport_scoped(scope: str) -> None:
    token = read_access_token(access(scope=scope), ISSUER, NOW)
    assert isinstance(token, OwnToken)
    assert not token.passport_scoped


@pytest.mark.row("T013", "B4")
@pytest.mark.parametrize(
    ("row", "said", "error"),
    [
        ("no token of ours", None, OAuthError.TOKEN_INVALID),
        ("T013 a passport", passport(), OAuthError.TOKEN_INVALID),
        ("another issuer", access(iss=ISSUER + "/"), OAuthError.TOKEN_INVALID),
        ("expired now", access(exp=1_000), OAuthError.TOKEN_EXPIRED),
        ("made in the future", access(iat=1_001), OAuthError.TOKEN_INVALID),
        ("no exp", access(exp=None), OAuthError.TOKEN_INVALID),
        ("exp as text", access(exp="9999"), OAuthError.TOKEN_INVALID),
        ("exp as a boolean", access(exp=True), OAuthError.TOKEN_INVALID),
        ("exp with a fraction", access(exp=9999.5), OAuthError.TOKEN_INVALID),
        ("iat missing", access(iat=None), OAuthError.TOKEN_INVALID),
        ("no sub", access(sub=None), OAuthError.TOKEN_INVALID),
        ("an empty sub", access(sub=""), OAuthError.TOKEN_INVALID),
        ("no sid", access(sid=None), OAuthError.TOKEN_INVALID),
        ("no jti", access(jti=None), OAuthError.TOKEN_INVALID),
        ("no client", access(client_id=None), OAuthError.TOKEN_INVALID),
        ("a list as scope", access(scope=["openid"]), OAuthError.TOKEN_INVALID),
        ("text as aud", access(aud=ISSUER), OAuthError.TOKEN_INVALID),
        ("numbers in aud", access(aud=[1]), OAuthError.TOKEN_INVALID),
    ],
)
def test_an_access_token_with_a_flaw_is_none(row: str, said: dict[str, Any] | None, error: OAuthError) -> None:
    assert read_access_token(said, ISSUER, NOW) is error, row


@pytest.mark.row("P9", "T013")
def test_p9_a_passport_of_ours_is_read_and_an_access_token_is_not_one() -> None:
    token = read_passport(passport(), ISSUER, NOW)
    assert isinstance(token, OwnToken)
    assert (token.kind, token.client_id, token.scope) == ("passport", None, ())
    assert read_passport(access(), ISSUER, NOW) is OAuthError.TOKEN_INVALID
    assert read_passport(None, ISSUER, NOW) is OAuthError.TOKEN_INVALID
    assert read_passport(passport(exp=1_000), ISSUER, NOW) is OAuthError.TOKEN_EXPIRED


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_at_hash_agrees_with_authlib(token: str) -> None:
    assert claims.half_hash(token) == create_half_hash(token, "RS256").decode()


def id_token(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "issuer": ISSUER,
        "sub": "ada",
        "client_id": "app",
        "nonce": "n",
        "sid": "s",
        "auth_time": Seconds(900),
        "acr": None,
        "amr": (),
        "access_token": "at",
        "personal": {},
        "now": NOW,
        "ends": Seconds(1_600),
    }
    return claims.id_token(**{**given, **changes})


@pytest.mark.row("B1")
def test_an_id_token_says_what_core_section_2_wants_and_leaves_out_what_is_not_known() -> None:
    assert id_token() == {
        "iss": ISSUER,
        "sub": "ada",
        "aud": "app",
        "nonce": "n",
        "sid": "s",
        "auth_time": 900,
        "iat": 1_000,
        "exp": 1_600,
        "at_hash": claims.half_hash("at"),
    }
    assert "nonce" not in id_token(nonce=None)
    assert id_token(acr="mfa", amr=("otp",))["amr"] == ["otp"]


def test_a_claim_about_the_person_never_replaces_one_of_the_token() -> None:
    assert id_token(personal={"sub": "bob", "name": "Ada"})["sub"] == "ada"


@pytest.mark.row("B9", "B10")
@pytest.mark.parametrize(
    ("row", "scope", "asked", "visas", "members"),
    [
        ("only openid", ["openid"], [], None, {"sub", "iss"}),
        ("profile", ["openid", "profile"], [], None, {"sub", "iss", "name"}),
        ("one by one", ["openid"], ["name"], None, {"sub", "iss", "name"}),
        ("B9 visas, none held", ["openid", "ga4gh_passport_v1"], [], [], {"sub", "iss", "ga4gh_passport_v1"}),
        ("what nobody knows", ["openid", "eduperson_scoped_affiliation"], ["email"], None, {"sub", "iss"}),
    ],
)
def test_userinfo_says_what_was_released(
    row: str, scope: list[str], asked: list[str], visas: list[str] | None, members: set[str]
) -> None:
    said = claims.userinfo(issuer=ISSUER, sub="ada", scope=scope, asked=asked, known={"name": "Ada"}, visas=visas)
    assert said.keys() == members, row


@pytest.mark.parametrize(("project", "members"), [("p1", {"project": "p1"}), (None, {})])
def test_a_permission_says_dataset_codes_purpose_and_end(project: str | None, members: dict[str, str]) -> None:
    said = claims.permission(
        issuer=ISSUER,
        sub="ada",
        grant="grt_1",
        dataset="https://d/1",
        committee="https://dac/",
        codes=({"code": "DUO:0000007", "diseases": frozenset({"MONDO:2", "MONDO:1"})},),
        purpose=Purpose(kinds=frozenset({Kind.DISEASE})),
        project=project,
        findings=(),
        obligations=("CORE-BASELINE",),
        now=NOW,
        begins=Seconds(900),
        ends=Seconds(9_000),
    )
    body = said["duo_permission"]
    assert (said["jti"], said["nbf"], said["exp"]) == ("grt_1", 900, 9_000)
    assert body["codes"] == [{"code": "DUO:0000007", "diseases": ["MONDO:1", "MONDO:2"]}]
    assert body["purpose"]["kinds"] == ["disease"]
    assert {name: value for name, value in body.items() if name == "project"} == members


# which visas leave


def visa(id: str = "v", *, exp: int = 5_000, ends: int = 6_000, **changes: Any) -> MintedVisa:
    given: dict[str, Any] = {"jti": f"j-{id}", "token": f"t-{id}", "type": "T", "value": f"https://d/{id}"}
    return MintedVisa(id=id, exp=Seconds(exp), ends=Seconds(ends), source="https://dac/", **{**given, **changes})


@pytest.mark.row("P13", "V7")
def test_only_live_visas_that_were_released_leave() -> None:
    held = (visa("a"), visa("b"), visa("old", exp=1_000), visa("ended", ends=1_000), visa("a"))
    assert [v.id for v in releasable(held, None, NOW)] == ["a", "b"]
    assert [v.id for v in releasable(held, frozenset({"b", "old", "x"}), NOW)] == ["b"]
    assert releasable(held, frozenset(), NOW) == ()


@pytest.mark.row("P13", "T046")
@pytest.mark.parametrize(
    ("row", "visas", "session", "end"),
    [
        ("no visa: an hour", (), 99_999, 4_600),
        ("T046 the earliest visa", (visa("a", exp=4_000), visa("b", exp=3_000)), 99_999, 3_000),
        ("the earliest grant", (visa("a", ends=2_000), visa("b")), 99_999, 2_000),
        ("the session", (visa("a"),), 1_500, 1_500),
        ("never more than an hour", (visa("a", exp=90_000, ends=90_000),), 99_999, 4_600),
    ],
)
def test_p13_a_passport_ends_with_the_first_thing_it_rests_on(
    row: str, visas: tuple[MintedVisa, ...], session: int, end: int
) -> None:
    assert passport_end(visas, NOW, Seconds(session)) == end, row


@pytest.mark.row("T071")
def test_t071_a_dataset_or_grant_without_a_visa_is_unanswered() -> None:
    base = {"https://drs/": "https://drs/", "https://d/a": "https://drs/", "https://g/1": "https://drs/"}.get
    held = (visa("a", answers=frozenset({"https://g/1"})),)
    assert unanswered(("https://drs/", "https://d/a", "https://g/1"), held, base) == ()
    assert unanswered(("https://d/b", "https://g/2", "https://d/a/"), held, base) == (
        "https://d/b",
        "https://g/2",
        "https://d/a/",
    )


@pytest.mark.row("T045")
def test_a_passport_carries_500_visas_and_a_megabyte_and_no_more() -> None:
    assert over([visa(str(i)) for i in range(MAX_VISAS)]) is None
    assert over([visa(str(i)) for i in range(MAX_VISAS + 1)]) is OAuthError.PASSPORT_TOO_MANY
    assert over([visa(token="t" * (MAX_VISA_BYTES - 3))]) is None
    assert over([visa(token="t" * (MAX_VISA_BYTES - 2))]) is OAuthError.PASSPORT_TOO_LARGE


def test_the_log_names_a_visa_by_its_jti_or_by_its_digest() -> None:
    assert log_name(visa(jti="x" * 64)) == "x" * 64
    assert log_name(visa(jti="x" * 65)) == "sha256:" + hashlib.sha256(b"x" * 65).hexdigest()


# bearers and introspection


@pytest.mark.row("T078")
@pytest.mark.parametrize(
    ("header", "answer"),
    [
        ("Bearer a.b-c", ("Bearer", "a.b-c")),
        ("bearer a", ("Bearer", "a")),
        ("DPoP a", ("DPoP", "a")),
        ("dpop a", ("DPoP", "a")),
        ("Bearer " + "a" * MAX_BEARER, ("Bearer", "a" * MAX_BEARER)),
        ("Bearer " + "a" * (MAX_BEARER + 1), OAuthError.TOKEN_INVALID),
        (None, OAuthError.NO_TOKEN),
        ("", OAuthError.NO_TOKEN),
        ("Basic abc", OAuthError.NO_TOKEN),
        ("Bearerx abc", OAuthError.NO_TOKEN),
        ("Bearer", OAuthError.TOKEN_MALFORMED),
        ("DPoP", OAuthError.TOKEN_MALFORMED),
        ("Bearer ", OAuthError.TOKEN_MALFORMED),
        ("Bearer  a", OAuthError.TOKEN_MALFORMED),
        ("Bearer\ta", OAuthError.TOKEN_MALFORMED),
        ("Bearer a b", OAuthError.TOKEN_MALFORMED),
        ("Bearer a, Bearer b", OAuthError.TOKEN_MALFORMED),
        ("Bearer a, DPoP b", OAuthError.TOKEN_MALFORMED),
        ("DPoP a, Bearer b", OAuthError.TOKEN_MALFORMED),
        ("Bearer,DPoP b", OAuthError.TOKEN_MALFORMED),
        ("Bearer a\n", OAuthError.TOKEN_MALFORMED),
        ("Bearer é", OAuthError.TOKEN_MALFORMED),
    ],
)
@pytest.mark.row("T078")
def test_a_token_comes_in_one_form_and_one_scheme(header: str | None, answer: object) -> None:
    found = shown_token(header)
    assert ((found.scheme, found.token) if isinstance(found, Shown) else found) == answer


@pytest.mark.parametrize(
    ("text", "answer"), [("a", True), ("", False), ("a\n", False), ("é", False), ("a" * MAX_TOKEN, True)]
)
def test_only_what_can_be_a_token_is_looked_at(text: str, answer: bool) -> None:  # noqa: FBT001 (a table)
    assert is_readable(text) is answer
    assert not is_readable("a" * (MAX_TOKEN + 1))


class Caller:
    auth_method = "client_secret_basic"

    def __init__(self, id: str, *serves: str) -> None:
        self.id = id
        self.serves = serves


@pytest.mark.row("T072")
def test_t072_a_token_is_the_business_of_its_client_and_of_its_audience() -> None:
    token = read_access_token(access(aud=["https://drs/", "app"]), ISSUER, NOW)
    assert isinstance(token, OwnToken)
    assert concerns(Caller("app"), token, "app")
    assert concerns(Caller("repo", "https://drs/"), token, "app")
    assert not concerns(Caller("repo", "https://drs"), token, "app")
    assert not concerns(Caller("other"), token, "app")


def test_an_active_answer_has_no_visa_in_it() -> None:
    token = read_passport(passport(), ISSUER, NOW)
    assert isinstance(token, OwnToken)
    said = active(token, ISSUER, "app", auth_time=NOW, acr=None, amr=())
    assert said.keys() == {"active", "iss", "sub", "aud", "client_id", "iat", "exp", "jti", "auth_time"}
    strong = active(token, ISSUER, "app", auth_time=NOW, acr="https://refeds.org/profile/mfa", amr=("mfa",))
    assert (strong["acr"], strong["amr"]) == ("https://refeds.org/profile/mfa", ["mfa"])
    other = active_refresh(issuer=ISSUER, sub="ada", client_id="app", scope=["openid"], exp=NOW)
    assert other["active"] is True
