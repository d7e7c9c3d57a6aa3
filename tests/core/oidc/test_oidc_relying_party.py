"""Signing in at a home identity provider: T047, T052 to T056, T060, and nothing more than what was asked."""

import hashlib
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc import pkce
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.foreign_id_token import Vouched, check_id_token, with_userinfo
from broker.core.oidc.limits import LEEWAY, PENDING_SIGN_IN_LIFE
from broker.core.oidc.opaque import base64url
from broker.core.oidc.parameters import Parameters, parse
from broker.core.oidc.relying_party import Pending, Provider, begin, check_callback
from broker.core.outcome import Reason
from broker.core.rows.catalogue import AssuranceRule
from broker.core.time import Seconds

NOW = Seconds(10_000)
HOME = Provider(
    issuer="https://idp.example",
    client_id="broker",
    authorization_endpoint="https://idp.example/auth?x=1",
    redirect_uri="https://broker.example/sign-in/home/callback",
    sends_iss=True,
    affiliation_scopes=frozenset({"uni.example"}),
)
OTHER = replace(HOME, issuer="https://other.example", redirect_uri="https://broker.example/sign-in/other/callback")


def begun(**more: Any) -> tuple[Pending, dict[str, list[str]]]:
    pending, location = begin(
        more.pop("provider", HOME),
        state="s" * 43,
        nonce="n" * 43,
        verifier="v" * 43,
        browser_secret="cookie",
        return_to=more.pop("return_to", "/requests"),
        now=NOW,
        **more,
    )
    return pending, parse_qs(urlsplit(location).query)


PENDING, _ = begun()


@pytest.mark.row("T053")
def test_the_request_carries_state_nonce_and_pkce_and_asks_for_little() -> None:
    assert "max_age" not in begun()[1]
    pending, query = begun(login_hint="ada", max_age=60)
    assert query["state"] == ["s" * 43]
    assert query["nonce"] == ["n" * 43]
    assert query["code_challenge"] == [pkce.challenge_of("v" * 43)]
    assert (query["code_challenge_method"], query["response_type"]) == (["S256"], ["code"])
    assert (query["scope"], query["x"], query["max_age"]) == (["openid profile"], ["1"], ["60"])
    assert "prompt" not in query
    assert pending.return_to == "/requests"
    assert "cookie" not in repr(pending)
    assert "v" * 43 not in repr(pending)


def test_a_fresh_sign_in_is_asked_for_in_both_ways() -> None:
    _, query = begun(fresh=True)
    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])


def test_a_participant_is_asked_for_a_pseudonym_only() -> None:
    _, query = begun(provider=replace(HOME, participants=True))
    assert query["scope"] == ["openid"]


@pytest.mark.row("T056")
def test_t056_a_foreign_return_address_is_forgotten() -> None:
    assert begun(return_to="//evil")[0].return_to == "/"


def callback(**members: str) -> Parameters:
    query = parse(urlencode(members).encode())
    assert not isinstance(query, OAuthError)
    return query


BACK = {"state": "s" * 43, "code": "c", "iss": HOME.issuer}


def test_the_answer_to_our_request_gives_a_code() -> None:
    assert check_callback(callback(**BACK), PENDING, HOME, "cookie", NOW) == "c"
    quiet = replace(HOME, sends_iss=False)
    assert check_callback(callback(state="s" * 43, code="c"), PENDING, quiet, "cookie", NOW) == "c"


@pytest.mark.row("T052", "T054", "T060")
@pytest.mark.parametrize(
    ("row", "query", "pending", "provider", "browser", "now", "code"),
    [
        ("T052 no state", {**BACK, "state": ""}, PENDING, HOME, "cookie", NOW, "AUTH-IDP-STATE"),
        ("T052 no pending sign-in", BACK, None, HOME, "cookie", NOW, "AUTH-IDP-STATE"),
        ("T052 another state", {**BACK, "state": "t"}, PENDING, HOME, "cookie", NOW, "AUTH-IDP-STATE"),
        ("T052 no cookie", BACK, PENDING, HOME, None, NOW, "AUTH-IDP-BROWSER"),
        ("T052 another browser", BACK, PENDING, HOME, "other", NOW, "AUTH-IDP-BROWSER"),
        ("too late", BACK, PENDING, HOME, "cookie", NOW + PENDING_SIGN_IN_LIFE, "AUTH-IDP-LATE"),
        ("before it began", BACK, PENDING, HOME, "cookie", NOW - 1, "AUTH-IDP-LATE"),
        (
            "T052 state of another provider that sends no iss",
            {**BACK, "iss": ""},
            PENDING,
            replace(OTHER, sends_iss=False),
            "cookie",
            NOW,
            "AUTH-IDP-MIX-UP",
        ),
        ("T052 state of another provider", BACK, PENDING, OTHER, "cookie", NOW, "AUTH-IDP-MIX-UP"),
        ("T054 another iss", {**BACK, "iss": OTHER.issuer}, PENDING, HOME, "cookie", NOW, "AUTH-IDP-MIX-UP"),
        ("T054 iss missing", {**BACK, "iss": ""}, PENDING, HOME, "cookie", NOW, "AUTH-IDP-MIX-UP"),
        (
            "T054 another iss where none is due",
            {**BACK, "iss": OTHER.issuer},
            PENDING,
            replace(HOME, sends_iss=False),
            "cookie",
            NOW,
            "AUTH-IDP-MIX-UP",
        ),
        (
            "T060 an error",
            {**BACK, "error": "server_error", "error_description": "<script>"},
            PENDING,
            HOME,
            "cookie",
            NOW,
            "AUTH-IDP-ERROR",
        ),
        ("neither code nor error", {**BACK, "code": ""}, PENDING, HOME, "cookie", NOW, "AUTH-IDP-ERROR"),
    ],
)
def test_an_answer_to_another_question_gives_none(
    row: str,
    query: dict[str, str],
    pending: Pending | None,
    provider: Provider,
    browser: str | None,
    now: Seconds,
    code: str,
) -> None:
    assert check_callback(callback(**query), pending, provider, browser, now) == Reason(code=code), row


# ID tokens

HEADER = {"alg": "RS256", "typ": "JWT", "kid": "k"}
CLAIMS: dict[str, Any] = {
    "iss": HOME.issuer,
    "sub": "u1",
    "aud": "broker",
    "nonce": "n" * 43,
    "iat": 9_990,
    "exp": 10_600,
    "auth_time": 9_900,
    "name": "Ada",
    "acr": "mfa",
    "amr": ["otp", 1],
    "eduperson_scoped_affiliation": ["faculty@uni.example", "member@evil.example", "faculty@uni.example"],
}


def judge(
    *, header: dict[str, Any] | None = None, pending: Pending = PENDING, provider: Provider = HOME, **changes: Any
) -> Vouched | Reason:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return check_id_token(header or HEADER, claims, provider=provider, pending=pending, access_token="at", now=NOW)


def test_a_good_id_token_says_who_signed_in_and_only_what_the_provider_may_say() -> None:
    assert judge() == Vouched(
        iss=HOME.issuer,
        sub="u1",
        auth_time=Seconds(9_900),
        acr="mfa",
        amr=("otp",),
        name="Ada",
        affiliations=("faculty@uni.example",),
    )


def test_of_a_participant_only_the_pseudonym_is_kept() -> None:
    found = judge(provider=replace(HOME, participants=True))
    assert found == Vouched(iss=HOME.issuer, sub="u1", auth_time=Seconds(9_900))


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        ("aud as a list", {"aud": ["broker"]}),
        ("more audiences and azp us", {"aud": ["broker", "x"], "azp": "broker"}),
        ("no typ", {"header": {"alg": "RS256"}}),
        ("typ in another case", {"header": {"alg": "ES256", "typ": "application/JWT"}}),
        ("exp within the leeway", {"exp": NOW - LEEWAY + 1}),
        ("iat within the leeway", {"iat": NOW + LEEWAY}),
        ("no auth_time, none asked", {"auth_time": ...}),
        ("at_hash right", {"at_hash": base64url(hashlib.sha256(b"at").digest()[:16])}),
    ],
)
def test_these_are_accepted_too(row: str, changes: dict[str, Any]) -> None:
    assert isinstance(judge(**changes), Vouched), row


ASKED = replace(PENDING, max_age=60)


@pytest.mark.row("T055", "T053")
@pytest.mark.parametrize(
    ("row", "changes", "code"),
    [
        ("T055 alg none", {"header": {"alg": "none"}}, "KIND"),
        ("an alg that is no text", {"header": {"alg": ["RS256"]}}, "KIND"),
        ("T055 alg HS256", {"header": {"alg": "HS256"}}, "KIND"),
        ("T055 alg changed", {"provider": replace(HOME, algorithms=frozenset({"ES256"}))}, "KIND"),
        ("another kind of token", {"header": {"alg": "RS256", "typ": "at+jwt"}}, "KIND"),
        ("a typ that is no text", {"header": {"alg": "RS256", "typ": 1}}, "KIND"),
        ("crit", {"header": {"alg": "RS256", "crit": []}}, "KIND"),
        ("T055 another issuer", {"iss": HOME.issuer + "/"}, "ISSUER"),
        ("no issuer", {"iss": ...}, "ISSUER"),
        ("T055 wrong aud", {"aud": "other"}, "AUDIENCE"),
        ("T055 aud list with other azp", {"aud": ["broker", "x"], "azp": "x"}, "AUDIENCE"),
        ("aud list without azp", {"aud": ["broker", "x"]}, "AUDIENCE"),
        ("an azp that is no text", {"azp": ["broker"]}, "AUDIENCE"),
        ("one aud and other azp", {"azp": "x"}, "AUDIENCE"),
        ("aud list of other things", {"aud": ["broker", 1]}, "AUDIENCE"),
        ("aud list of other things, azp us", {"aud": ["broker", 1], "azp": "broker"}, "AUDIENCE"),
        ("no aud", {"aud": ...}, "AUDIENCE"),
        ("T055 no nonce", {"nonce": ...}, "NONCE"),
        ("T055 old nonce", {"nonce": "m" * 43}, "NONCE"),
        ("a nonce that is no text", {"nonce": ["n" * 43]}, "NONCE"),
        ("a nonce with a surrogate", {"nonce": "\ud800"}, "NONCE"),
        ("expired", {"exp": NOW - LEEWAY}, "TIME"),
        ("no exp", {"exp": ...}, "TIME"),
        ("exp as text", {"exp": "10600"}, "TIME"),
        ("exp in milliseconds", {"exp": 10_600_000_000_000}, "TIME"),
        ("exp as a boolean", {"exp": True}, "TIME"),
        ("no iat", {"iat": ...}, "TIME"),
        ("from the future", {"iat": NOW + LEEWAY + 1}, "TIME"),
        ("nbf as text", {"nbf": "9"}, "TIME"),
        ("not yet", {"nbf": NOW + LEEWAY + 1}, "TIME"),
        ("T055 at_hash wrong", {"at_hash": "x"}, "HASH"),
        (
            "at_hash of an algorithm whose hash is another",
            {
                "at_hash": base64url(hashlib.sha256(b"at").digest()[:16]),
                "header": {"alg": "RS384"},
                "provider": replace(HOME, algorithms=frozenset({"RS384"})),
            },
            "HASH",
        ),
        ("at_hash that is no text", {"at_hash": 1}, "HASH"),
        ("auth_time missing though asked", {"auth_time": ..., "pending": ASKED}, "AGE"),
        ("auth_time too old", {"auth_time": 9_909, "pending": ASKED}, "AGE"),
        ("auth_time in the future", {"auth_time": NOW + LEEWAY + 1}, "AGE"),
        ("auth_time as text", {"auth_time": "9900"}, "AGE"),
        ("no sub", {"sub": ...}, "SUBJECT"),
        ("an empty sub", {"sub": ""}, "SUBJECT"),
        ("a number as sub", {"sub": 7}, "SUBJECT"),
        ("a long sub", {"sub": "x" * 256}, "SUBJECT"),
        ("a sub with a line end", {"sub": "a\nb"}, "SUBJECT"),
    ],
)
def test_an_id_token_with_a_flaw_signs_nobody_in(row: str, changes: dict[str, Any], code: str) -> None:
    assert judge(**changes) == Reason(code=f"AUTH-IDP-TOKEN-{code}"), row


@pytest.mark.parametrize(
    ("claim", "value", "kept"),
    [
        ("name", "x" * 200, {"name": "x" * 200}),
        ("name", "x" * 201, {"name": ""}),
        ("name", "a\u202eb", {"name": ""}),
        ("name", ["Ada"], {"name": ""}),
        ("acr", "x" * 255, {"acr": "x" * 255}),
        ("acr", "x" * 256, {"acr": None}),
        ("acr", 2, {"acr": None}),
        ("amr", "otp", {"amr": ()}),
        ("amr", [f"m{n}" for n in range(11)], {"amr": tuple(f"m{n}" for n in range(10))}),
        ("amr", ["m", "m", "a b", 'a"b', "a\\b", 7], {"amr": ("m",)}),
        ("acr", 'a"b', {"acr": None}),
        ("acr", "a b", {"acr": None}),
        ("eduperson_scoped_affiliation", "x" * 243 + "@uni.example", {"affiliations": ("x" * 243 + "@uni.example",)}),
        ("eduperson_scoped_affiliation", "x" * 244 + "@uni.example", {"affiliations": ()}),
        ("eduperson_scoped_affiliation", "a\nb@uni.example", {"affiliations": ()}),
        ("eduperson_scoped_affiliation", "uni.example", {"affiliations": ()}),
        ("eduperson_scoped_affiliation", {"a": 1}, {"affiliations": ()}),
    ],
)
def test_what_is_kept_of_a_claim_is_bounded_and_printable(claim: str, value: Any, kept: dict[str, Any]) -> None:
    found = judge(**{claim: value})
    assert isinstance(found, Vouched)
    assert {name: getattr(found, name) for name in kept} == kept


@pytest.mark.row("T055")
def test_t055_an_at_hash_without_an_access_token_binds_nothing() -> None:
    claims = {**CLAIMS, "at_hash": "x"}
    found = check_id_token(HEADER, claims, provider=HOME, pending=PENDING, access_token=None, now=NOW)
    assert found == Reason(code="AUTH-IDP-TOKEN-HASH")


def test_a_fresh_sign_in_happened_after_it_was_asked_for() -> None:
    fresh = replace(PENDING, max_age=0)
    slow = judge(auth_time=NOW - LEEWAY, pending=fresh)
    assert isinstance(slow, Vouched)
    assert slow.auth_time == PENDING.started
    assert judge(auth_time=NOW - LEEWAY - 1, pending=fresh) == Reason(code="AUTH-IDP-TOKEN-AGE")


def test_auth_time_is_never_in_our_future() -> None:
    ahead = judge(auth_time=NOW + LEEWAY)
    assert isinstance(ahead, Vouched)
    assert ahead.auth_time == NOW


@pytest.mark.row("T047")
def test_t047_userinfo_of_somebody_else_refuses_the_sign_in() -> None:
    me = judge()
    assert isinstance(me, Vouched)
    refused = Reason(code="AUTH-IDP-USERINFO")
    assert with_userinfo(me, {"sub": "u2"}, HOME) == refused
    assert with_userinfo(me, {}, HOME) == refused
    assert with_userinfo(me, {"sub": "u1", "iss": OTHER.issuer}, HOME) == refused


def test_userinfo_adds_name_and_affiliations_but_not_how_somebody_signed_in() -> None:
    me = judge(name=..., eduperson_scoped_affiliation=...)
    assert isinstance(me, Vouched)
    more = {
        "sub": "u1",
        "name": "Ada L",
        "acr": "stronger",
        "amr": ["hwk"],
        "voperson_external_affiliation": "staff@uni.example",
    }
    found = with_userinfo(me, more, HOME)
    assert isinstance(found, Vouched)
    assert (found.name, found.affiliations) == ("Ada L", ("staff@uni.example",))
    assert (found.acr, found.amr, found.auth_time) == ("mfa", ("otp",), me.auth_time)
    kept = with_userinfo(found, {"sub": "u1"}, HOME)
    assert isinstance(kept, Vouched)
    assert (kept.name, kept.affiliations) == ("Ada L", ("staff@uni.example",))


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.text(max_size=4))


@pytest.mark.row("T018")
@given(st.dictionaries(st.sampled_from([*sorted(CLAIMS), "azp", "nbf", "at_hash"]), JUNK, min_size=1, max_size=4))
def test_no_claim_of_a_wrong_type_breaks_the_check(changes: dict[str, Any]) -> None:
    assert isinstance(judge(**changes), Vouched | Reason)


@pytest.mark.row("T018")
@given(st.dictionaries(st.sampled_from(["alg", "typ", "crit"]), JUNK))
def test_no_header_of_a_wrong_type_breaks_the_check(header: dict[str, Any]) -> None:
    assert isinstance(judge(header=header or None), Vouched | Reason)


MFA = "https://refeds.org/profile/mfa"
RULES = (
    AssuranceRule(acr=MFA, amr=("mfa",)),
    AssuranceRule(acr=MFA, said_acr="gold"),
    AssuranceRule(acr="https://refeds.org/profile/sfa", said_acr="pw", amr=("pwd", "otp")),
)


@pytest.mark.parametrize(
    ("acr", "amr", "kept"),
    [
        (None, ["pwd", "mfa"], MFA),
        ("weak", ["mfa"], MFA),
        ("gold", [], MFA),
        ("GOLD", [], "GOLD"),
        ("pw", ["pwd"], "pw"),
        ("pw", ["otp", "pwd", "x"], "https://refeds.org/profile/sfa"),
        (None, ["MFA", "otp"], None),
        ("weak", [], "weak"),
        (MFA, [], MFA),
    ],
)
def test_what_a_providers_words_about_a_sign_in_mean_is_in_its_row(acr: Any, amr: list[str], kept: str | None) -> None:
    said = {"acr": acr, "amr": amr}
    told = judge(provider=replace(HOME, assurance=RULES), **said)
    assert isinstance(told, Vouched)
    assert (told.acr, set(told.amr)) == (kept, set(amr))
    plainly = judge(**said)
    assert isinstance(plainly, Vouched)
    assert plainly.acr == acr, "nothing is assumed"


def test_a_rule_without_a_condition_fits_nothing() -> None:
    found = judge(provider=replace(HOME, assurance=(AssuranceRule(acr=MFA),)), acr="weak", amr=["mfa"])
    assert isinstance(found, Vouched)
    assert found.acr == "weak"


def test_userinfo_does_not_make_a_sign_in_stronger() -> None:
    provider = replace(HOME, assurance=RULES)
    weak = judge(provider=provider, acr="weak", amr=[])
    assert isinstance(weak, Vouched)
    more = with_userinfo(weak, {"sub": weak.sub, "acr": "gold", "amr": ["mfa"]}, provider)
    assert isinstance(more, Vouched)
    assert (more.acr, more.amr) == ("weak", ())


def test_a_provider_is_asked_in_its_own_words() -> None:
    _, query = begun(provider=replace(HOME, assurance=RULES, acr_values=("pw",)), acr_values=(MFA, "other"))
    assert query["acr_values"] == ["gold other pw"]
    _, query = begun(provider=replace(HOME, participants=True, acr_values=("pw",)), acr_values=(MFA,))
    assert "acr_values" not in query
