"""Who may be signed out by which message, and where a browser goes then: T056, T059, and both logout specifications."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import LEEWAY, LOGOUT_TOKEN_AGE
from broker.core.oidc.logout import (
    EVENT,
    Hint,
    HomeLogout,
    Leaving,
    check_logout_token,
    client_sid,
    hint_of,
    home_sid,
    logout_token,
    must_ask,
    named_client,
    read,
)
from broker.core.oidc.parameters import Parameters, parse
from broker.core.outcome import Reason
from broker.core.time import Seconds

ISSUER, APP, BYE = "https://broker.example", "app", "https://app.example/bye"
NOW = Seconds(1_000_000)
HINT = Hint(sub="ada", client_id=APP, sid=client_sid("ses", APP))


@dataclass
class Client:
    id: str = APP
    status: str = "active"
    post_logout_redirect_uris: tuple[str, ...] = (BYE,)


def form(query: str) -> Parameters:
    found = parse(query.encode())
    assert isinstance(found, Parameters)
    return found


ASKED: list[tuple[str, str, Hint | None, Client | None, Leaving | OAuthError]] = [
    ("nothing at all", "", None, None, Leaving(hint=None, location=None)),
    ("a hint alone", "", HINT, Client(), Leaving(hint=HINT, location=None)),
    ("where to", f"post_logout_redirect_uri={BYE}", HINT, Client(), Leaving(hint=HINT, location=BYE)),
    ("state", f"post_logout_redirect_uri={BYE}&state=x%26y", HINT, Client(), Leaving(hint=HINT, location=BYE + "?state=x%26y")),
    ("state alone", "state=x", HINT, Client(), Leaving(hint=HINT, location=None)),
    ("by client_id", f"client_id=app&post_logout_redirect_uri={BYE}", None, Client(), Leaving(hint=None, location=BYE)),
    ("nobody's address", f"post_logout_redirect_uri={BYE}", None, None, Leaving(hint=None, location=None)),
    ("unknown client", "client_id=x", None, None, OAuthError.LOGOUT_CLIENT),
    ("T056 a path more", f"post_logout_redirect_uri={BYE}/x", HINT, Client(), OAuthError.LOGOUT_REDIRECT),
    ("T056 a query more", f"post_logout_redirect_uri={BYE}%3Fx", HINT, Client(), OAuthError.LOGOUT_REDIRECT),
    ("T056 another case", f"post_logout_redirect_uri={BYE.upper()}", HINT, Client(), OAuthError.LOGOUT_REDIRECT),
    ("T056 none registered", f"post_logout_redirect_uri={BYE}", HINT, Client(post_logout_redirect_uris=()), OAuthError.LOGOUT_REDIRECT),
    ("a suspended client", f"post_logout_redirect_uri={BYE}", HINT, Client(status="suspended"), OAuthError.LOGOUT_REDIRECT),
]  # fmt: skip


@pytest.mark.row("T056")
@pytest.mark.parametrize(("row", "query", "hint", "client", "expected"), ASKED)
def test_a_browser_goes_only_where_the_client_registered(
    row: str, query: str, hint: Hint | None, client: Client | None, expected: Leaving | OAuthError
) -> None:
    assert read(form(query), hint, client) == expected, row


def test_a_hint_and_a_client_id_are_of_one_client() -> None:
    assert named_client(form("client_id=app"), HINT) == APP
    assert named_client(form(""), HINT) == APP
    assert named_client(form("client_id=app"), None) == APP
    assert named_client(form(""), None) is None
    assert named_client(form("client_id=other"), HINT) is OAuthError.LOGOUT_CLIENT


@pytest.mark.row("T059")
@pytest.mark.parametrize(
    ("row", "hint", "expected"),
    [
        ("no hint", None, True),
        ("another person", Hint(sub="bob", client_id=APP, sid=HINT.sid), True),
        ("another session", Hint(sub="ada", client_id=APP, sid=client_sid("old", APP)), True),
        ("another client's sid", Hint(sub="ada", client_id="other", sid=HINT.sid), True),
        ("no sid", Hint(sub="ada", client_id=APP, sid=None), True),
        ("this very session", HINT, False),
    ],
)
def test_nobody_is_signed_out_unasked_but_by_their_own_session(row: str, hint: Hint | None, expected: Any) -> None:
    assert must_ask(Leaving(hint=hint, location=None), "ada", "ses") is expected, row


@pytest.mark.parametrize(
    "claims", [None, {}, {"iss": ISSUER + "/", "sub": "a", "aud": APP}, {"iss": ISSUER, "sub": 1, "aud": APP},
               {"iss": ISSUER, "sub": "a", "aud": [APP]}]
)  # fmt: skip
def test_what_is_no_id_token_of_ours_hints_at_nobody(claims: Any) -> None:
    assert hint_of(claims, ISSUER) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_a_sid_belongs_to_one_session_and_one_client(a: str, b: str, c: str, d: str) -> None:
    same = (client_sid(a, b), client_sid(c, d))
    if "\0" not in a + b + c + d:
        assert (same[0] == same[1]) is ((a, b) == (c, d))


def told(**changes: Any) -> dict[str, Any]:
    made = {
        "iss": "https://home.example", "sub": "ada", "aud": APP, "iat": NOW, "exp": NOW + 60, "jti": "j", "sid": "s",
        "events": {EVENT: {}},
    } | changes  # fmt: skip
    return {name: value for name, value in made.items() if value != "-"}


def check(header: dict[str, Any] | None = None, **changes: Any) -> HomeLogout | Reason:
    given = {"alg": "RS256", "typ": "logout+jwt"} | (header or {})
    return check_logout_token(given, told(**changes), issuer="https://home.example", client_id=APP, now=NOW)


@pytest.mark.parametrize(
    ("row", "header", "changes"),
    [
        ("as it should be", {}, {}),
        ("audience as a list", {}, {"aud": [APP]}),
        ("sid alone", {}, {"sub": "-"}),
        ("sub alone", {}, {"sid": "-"}),
        ("an old typ", {"typ": "JWT"}, {}),
        ("no typ", {"typ": None}, {}),
        ("no exp", {}, {"exp": "-"}),
        ("as old as may be", {}, {"iat": NOW - LOGOUT_TOKEN_AGE - LEEWAY + 1, "exp": NOW + 9}),
        ("from a clock ahead", {}, {"iat": NOW + LEEWAY}),
        ("as late as may be", {}, {"exp": NOW - LEEWAY + 1}),
    ],
)
def test_a_provider_s_logout_token_is_taken(row: str, header: dict[str, Any], changes: dict[str, Any]) -> None:
    assert isinstance(check(header, **changes), HomeLogout), row


@pytest.mark.row("T055")
@pytest.mark.parametrize(
    ("row", "header", "changes"),
    [
        ("alg none", {"alg": "none"}, {}),
        ("alg HS256", {"alg": "HS256"}, {}),
        ("an access token", {"typ": "at+jwt"}, {}),
        ("crit", {"crit": []}, {}),
        ("another issuer", {}, {"iss": "https://home.example/"}),
        ("for somebody else", {}, {"aud": "other"}),
        ("for somebody else too", {}, {"aud": [APP, "other"]}),
        ("an ID token", {}, {"events": "-", "nonce": "n"}),
        ("a nonce", {}, {"nonce": "n"}),
        ("a nonce that is null", {}, {"nonce": None}),
        ("another event", {}, {"events": {"https://x": {}}}),
        ("an event that is no object", {}, {"events": {EVENT: True}}),
        ("events in a list", {}, {"events": [EVENT]}),
        ("nobody", {}, {"sub": "-", "sid": "-"}),
        ("sub as a number", {}, {"sub": 1}),
        ("an empty sid", {}, {"sid": ""}),
        ("no jti", {}, {"jti": "-"}),
        ("a long jti", {}, {"jti": "j" * 256}),
        ("no iat", {}, {"iat": "-"}),
        ("iat as text", {}, {"iat": str(NOW)}),
        ("from the future", {}, {"iat": NOW + LEEWAY + 1}),
        ("too old", {}, {"iat": NOW - LOGOUT_TOKEN_AGE - LEEWAY, "exp": NOW + 9}),
        ("expired", {}, {"exp": NOW - LEEWAY}),
        ("exp as text", {}, {"exp": "x"}),
    ],
)
def test_nothing_else_ends_a_session(row: str, header: dict[str, Any], changes: dict[str, Any]) -> None:
    found = check(header, **changes)
    assert isinstance(found, Reason), row
    assert found.code == "AUTH-LOGOUT-TOKEN", row


def test_a_message_is_remembered_for_as_long_as_it_could_be_shown_again() -> None:
    first = check(exp=NOW + 10**9)
    assert isinstance(first, HomeLogout)
    assert first.replay_until == NOW + LOGOUT_TOKEN_AGE + LEEWAY
    later = check_logout_token(
        {"alg": "RS256"}, told(exp=NOW + 10**9), issuer="https://home.example", client_id=APP, now=first.replay_until
    )
    assert isinstance(later, Reason)


def test_our_own_logout_token_is_one_that_we_would_take() -> None:
    said = logout_token(issuer="https://home.example", client_id=APP, sub="ada", sid="s", jti="j", now=NOW)
    assert "nonce" not in said
    header = {"alg": "ES256", "typ": "logout+jwt"}
    assert isinstance(
        check_logout_token(header, said, issuer="https://home.example", client_id=APP, now=NOW), HomeLogout
    )


def test_a_provider_s_session_is_named_by_both_halves() -> None:
    assert home_sid("https://a", "b") != home_sid("https://", "ab")
