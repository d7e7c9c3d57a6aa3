"""Authorization requests: T063, T064, T070, T074, and which refusals may leave through the browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc.authorize import Proceed, RedirectError, ShowError, check, code_location
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.parameters import parse
from broker.core.oidc.pkce import challenge_of

ISSUER = "https://broker.example"
CB = "https://app.example/cb"
DRS = "https://drs.example/"
SCOPES = frozenset({"openid", "profile", "ga4gh_passport_v1"})


@dataclass(frozen=True)
class Registered:
    id: str = "app"
    auth_method: str = "client_secret_basic"
    secret: str | None = None
    redirect_uris: tuple[str, ...] = (CB,)
    grant_types: tuple[str, ...] = ("authorization_code",)
    scopes: tuple[str, ...] = ("openid", "ga4gh_passport_v1", "unsupported")
    resources: tuple[str, ...] = (DRS,)
    status: str = "active"


def audience_of(resource: str) -> str | None:
    return next((base for base in (DRS, "https://other.example/") if resource.startswith(base)), None)


GOOD: Mapping[str, str] = {
    "client_id": "app",
    "redirect_uri": CB,
    "response_type": "code",
    "scope": "openid ga4gh_passport_v1",
    "state": "st&te",
    "nonce": "n",
    "code_challenge": challenge_of("v" * 43),
    "code_challenge_method": "S256",
}


APP = Registered()


def ask(client: Registered | None = APP, /, **changes: str | None) -> Proceed | ShowError | RedirectError:
    members = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    query = parse(urlencode(members).encode())
    assert not isinstance(query, OAuthError)
    return check(query, client, ISSUER, SCOPES, audience_of)


def test_a_good_request_goes_on_with_all_that_it_said() -> None:
    more = {
        "prompt": "login consent",
        "max_age": "60",
        "login_hint": "ada",
        "resource": DRS + "d1",
        "response_mode": "query",
        "claims": '{"userinfo":{"name":null}}',
        "acr_values": "x",
        "user_id": "admin",
        "approved": "true",
    }
    answer = ask(**more)
    assert isinstance(answer, Proceed)
    request = answer.request
    assert (request.client_id, request.redirect_uri, request.scope) == ("app", CB, ("openid", "ga4gh_passport_v1"))
    assert (request.state, request.nonce, request.challenge) == ("st&te", "n", GOOD["code_challenge"])
    assert (request.prompt, request.max_age, request.login_hint) == (frozenset({"login", "consent"}), 60, "ada")
    assert (request.resources, request.claims.userinfo) == ((DRS + "d1",), frozenset({"name"}))


@pytest.mark.row("T063", "B12")
@pytest.mark.parametrize(
    ("row", "client", "changes"),
    [
        ("T063 unknown client", None, {}),
        ("no client", Registered(), {"client_id": None}),
        ("suspended client", Registered(status="suspended"), {}),
        ("T063 unregistered address", Registered(), {"redirect_uri": CB + "/x"}),
        ("T063 fragment", Registered(), {"redirect_uri": CB + "#"}),
        ("T063 no address, though only one is registered", Registered(), {"redirect_uri": None}),
        ("an unregistered address with other faults", Registered(), {"redirect_uri": "https://evil/", "scope": "x"}),
    ],
)
def test_without_a_registered_address_the_browser_is_sent_nowhere(
    row: str, client: Registered | None, changes: dict[str, str | None]
) -> None:
    assert ask(client, **changes) == ShowError(OAuthError.REDIRECT_UNKNOWN), row


REFUSED: list[tuple[str, dict[str, str | None], OAuthError]] = [
    ("request object", {"request": "e30.e30."}, OAuthError.REQUEST_OBJECT),
    ("T069 request_uri", {"request_uri": "http://169.254.169.254/"}, OAuthError.REQUEST_URI),
    ("no response_type", {"response_type": None}, OAuthError.MISSING),
    ("implicit", {"response_type": "token"}, OAuthError.RESPONSE_TYPE),
    ("hybrid", {"response_type": "code id_token"}, OAuthError.RESPONSE_TYPE),
    ("T074 fragment", {"response_mode": "fragment"}, OAuthError.RESPONSE_MODE),
    ("T074 form_post", {"response_mode": "form_post"}, OAuthError.RESPONSE_MODE),
    ("T064 no challenge", {"code_challenge": None}, OAuthError.PKCE_NEEDED),
    ("T064 plain", {"code_challenge_method": "plain"}, OAuthError.PKCE_NEEDED),
    ("T064 no method, which would mean plain", {"code_challenge_method": None}, OAuthError.PKCE_NEEDED),
    ("T064 s256", {"code_challenge_method": "s256"}, OAuthError.PKCE_NEEDED),
    ("T064 a verifier as challenge", {"code_challenge": "v" * 50}, OAuthError.PKCE_NEEDED),
    ("no scope", {"scope": None}, OAuthError.SCOPE),
    ("a scope that the client may not ask", {"scope": "openid profile"}, OAuthError.SCOPE),
    ("a scope of services", {"scope": "openid issuers:write"}, OAuthError.SCOPE),
    ("nothing that we know", {"scope": "email offline_access"}, OAuthError.SCOPE),
    ("T074 a wildcard", {"scope": "*"}, OAuthError.SCOPE),
    ("T074 what is no scope", {"scope": 'openid "profile"'}, OAuthError.SCOPE),
    ("T074 nor this", {"scope": "openid pro\\file"}, OAuthError.SCOPE),
    ("T074 in other letters", {"scope": "openid prof\u0131le"}, OAuthError.SCOPE),
    ("T074 prompt none and login", {"prompt": "none login"}, OAuthError.PROMPT),
    ("T074 unknown prompt", {"prompt": "create"}, OAuthError.PROMPT),
    ("T074 negative max_age", {"max_age": "-1"}, OAuthError.MAX_AGE),
    ("T074 max_age in other digits", {"max_age": "٦٠"}, OAuthError.MAX_AGE),
    ("T074 huge max_age", {"max_age": "9" * 10}, OAuthError.MAX_AGE),
    ("B9 a resource with a fragment", {"resource": DRS + "#x"}, OAuthError.TARGET),
    ("B9 a relative resource", {"resource": "/d1"}, OAuthError.TARGET),
    ("B9 an unknown resource", {"resource": "https://evil.example/"}, OAuthError.TARGET),
    ("B9 a resource of another client", {"resource": "https://other.example/d"}, OAuthError.TARGET),
    ("audience", {"audience": DRS}, OAuthError.TARGET),
    ("T074 claims", {"claims": "[]"}, OAuthError.CLAIMS),
]


@pytest.mark.row("T069", "T074", "T064")
@pytest.mark.parametrize(("row", "changes", "error"), REFUSED)
def test_other_refusals_go_to_the_registered_address_with_state_and_iss(
    row: str, changes: dict[str, str | None], error: OAuthError
) -> None:
    answer = ask(**changes)
    assert isinstance(answer, RedirectError), row
    assert answer.error is error, row
    target = urlsplit(answer.location)
    assert answer.location.startswith(CB + "?")
    assert parse_qs(target.query) == {
        "error": [error.error],
        "error_description": [error.description],
        "state": ["st&te"],
        "iss": [ISSUER],
    }


@pytest.mark.row("T070", "T074")
@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("openid email offline_access", ("openid",)),
        ("phone ga4gh_passport_v1 https://www.googleapis.com/auth/x openid", ("ga4gh_passport_v1", "openid")),
        ("openid OPENID openid", ("openid",)),
    ],
)
def test_a_scope_that_nobody_here_knows_is_ignored_and_not_asked_for(scope: str, left: tuple[str, ...]) -> None:
    answer = ask(scope=scope)
    assert isinstance(answer, Proceed)
    assert answer.request.scope == left


def test_a_client_that_may_not_use_the_grant_is_told_so() -> None:
    answer = ask(Registered(grant_types=("urn:ietf:params:oauth:grant-type:device_code",)))
    assert isinstance(answer, RedirectError)
    assert answer.error is OAuthError.CLIENT_GRANT


def test_login_and_consent_may_both_be_prompted_for_and_so_may_all_that_there_is_one_by_one() -> None:
    for prompt in ("none", "login", "consent", "consent login"):
        assert isinstance(ask(APP, prompt=prompt), Proceed)


def test_two_resources_must_both_be_allowed() -> None:
    raw = urlencode([*GOOD.items(), ("resource", DRS), ("resource", "https://evil.example/")])
    query = parse(raw.encode())
    assert not isinstance(query, OAuthError)
    assert isinstance(check(query, Registered(), ISSUER, SCOPES, audience_of), RedirectError)


@pytest.mark.row("T054")
def test_a_code_goes_back_with_iss_and_without_a_state_that_was_not_sent() -> None:
    assert code_location(CB, "c", None, ISSUER) == f"{CB}?code=c&iss=https%3A%2F%2Fbroker.example"


NAMES = st.sampled_from([*GOOD, "prompt", "max_age", "response_mode", "request", "resource", "claims"])


@pytest.mark.row("T074", "T063")
@given(st.dictionaries(NAMES, st.none() | st.text(max_size=20) | st.sampled_from(sorted(GOOD.values())), max_size=5))
def test_whatever_is_sent_the_browser_only_ever_goes_to_the_registered_address(
    changes: dict[str, str | None],
) -> None:
    members = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    query = parse(urlencode(members).encode())
    if isinstance(query, OAuthError):
        return
    answer = check(query, Registered(), ISSUER, SCOPES, audience_of)
    if isinstance(answer, RedirectError):
        assert answer.location.startswith(CB + "?error=")
    if isinstance(answer, Proceed):
        assert answer.request.redirect_uri == CB
        assert set(answer.request.scope) <= {"openid", "ga4gh_passport_v1"}
