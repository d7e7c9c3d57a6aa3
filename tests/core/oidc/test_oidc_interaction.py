"""When is the person asked, and when may nobody be asked? (OpenID Connect Core 3.1.2)"""

from dataclasses import replace

import pytest

from broker.core.oidc.authorize import AuthorizationRequest
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.interaction import Ask, Give, Remembered, SignedIn, next_step
from broker.core.oidc.requested_claims import RequestedClaims
from broker.core.time import Seconds

NOW, STARTED = Seconds(10_000), Seconds(9_990)
ADA = SignedIn(person="ada", auth_time=Seconds(9_000), acr="mfa")
FRESH = replace(ADA, auth_time=Seconds(9_995), began=Seconds(9_995))
BACK = replace(ADA, began=STARTED)
"""Back from a home provider that had let her in before."""
ALL = Remembered(scope=frozenset({"openid"}), claims=frozenset({"name"}))


def request(
    *prompt: str, max_age: int | None = None, claims: RequestedClaims | None = None, scope: str = "openid"
) -> AuthorizationRequest:
    return AuthorizationRequest(
        client_id="app",
        redirect_uri="https://app.example/cb",
        scope=tuple(scope.split()),
        challenge="",
        state=None,
        nonce=None,
        prompt=frozenset(prompt),
        max_age=max_age,
        login_hint=None,
        id_token_hint=None,
        resources=(),
        claims=claims or RequestedClaims(),
    )


NAME = RequestedClaims(userinfo=frozenset({"name"}))
BOB = RequestedClaims(subject="bob")
THEN = replace(ADA, auth_time=STARTED)
AS_STRONG = RequestedClaims(acr=frozenset({"mfa", "hardware"}))
STRONG = RequestedClaims(acr=frozenset({"hardware"}))


@pytest.mark.row("B1", "B13", "B14")
@pytest.mark.parametrize(
    ("row", "asked", "who", "kept", "hinted", "step"),
    [
        ("nobody is signed in", request(), None, ALL, None, Ask.SIGN_IN),
        ("silently, nobody is signed in", request("none"), None, ALL, None, OAuthError.LOGIN_REQUIRED),
        ("signed in and remembered", request(), ADA, ALL, None, Give.CODE),
        ("silently, signed in and remembered", request("none"), ADA, ALL, None, Give.CODE),
        ("never asked before", request(), ADA, None, None, Ask.CONSENT),
        ("silently, never asked before", request("none"), ADA, None, None, OAuthError.CONSENT_REQUIRED),
        ("more scope than remembered", request(scope="openid profile"), ADA, ALL, None, Ask.CONSENT),
        ("a claim as remembered", request(claims=NAME), ADA, ALL, None, Give.CODE),
        (
            "a claim more than remembered",
            request(claims=NAME),
            ADA,
            replace(ALL, claims=frozenset()),
            None,
            Ask.CONSENT,
        ),
        ("prompt consent", request("consent"), ADA, ALL, None, Ask.CONSENT),
        ("prompt login, nobody there", request("login"), None, ALL, None, Ask.FRESH_SIGN_IN),
        ("max_age, nobody there", request(max_age=9), None, ALL, None, Ask.FRESH_SIGN_IN),
        ("prompt login, signed in before", request("login"), ADA, ALL, None, Ask.FRESH_SIGN_IN),
        ("prompt login, signed in for it", request("login"), FRESH, ALL, None, Give.CODE),
        ("prompt login, signed in that very second", request("login"), THEN, ALL, None, Give.CODE),
        ("a hint for somebody else, tried that very second", request(), THEN, ALL, "bob", OAuthError.LOGIN_REQUIRED),
        ("a sign-in as strong as wanted", request(claims=AS_STRONG), ADA, ALL, None, Give.CODE),
        ("max_age met", request(max_age=1000), ADA, ALL, None, Give.CODE),
        ("max_age not met", request(max_age=999), ADA, ALL, None, Ask.FRESH_SIGN_IN),
        ("max_age 0, signed in for it", request(max_age=0), FRESH, ALL, None, Give.CODE),
        ("silently, max_age not met", request("none", max_age=999), ADA, ALL, None, OAuthError.LOGIN_REQUIRED),
        ("a hint for her", request(), ADA, ALL, "ada", Give.CODE),
        ("a hint for somebody else", request(), ADA, ALL, "bob", Ask.FRESH_SIGN_IN),
        ("a hint that names nobody", request("none"), ADA, ALL, "", OAuthError.LOGIN_REQUIRED),
        ("a hint for somebody else, tried", request(), FRESH, ALL, "bob", OAuthError.LOGIN_REQUIRED),
        ("a claim for somebody else", request("none", claims=BOB), ADA, ALL, None, OAuthError.LOGIN_REQUIRED),
        ("a stronger sign-in wanted", request(claims=STRONG), ADA, ALL, None, Ask.STRONGER_SIGN_IN),
        ("a stronger sign-in tried", request(claims=STRONG), BACK, ALL, None, OAuthError.ACR_UNMET),
        ("another kind liked", replace(request(), acr_values=("hardware",)), ADA, ALL, None, Ask.STRONGER_SIGN_IN),
        ("another kind liked, tried", replace(request(), acr_values=("hardware",)), BACK, ALL, None, Give.CODE),
        ("this kind liked", replace(request(), acr_values=("hardware", "mfa")), ADA, ALL, None, Give.CODE),
        ("silently, another kind liked", replace(request("none"), acr_values=("x",)), ADA, ALL, None, Give.CODE),
        ("a stronger sign-in not had", request(claims=STRONG), FRESH, ALL, None, OAuthError.ACR_UNMET),
        ("silently, too weak", request("none", claims=STRONG), ADA, ALL, None, OAuthError.ACR_UNMET),
    ],
)
def test_the_next_step(
    row: str,
    asked: AuthorizationRequest,
    who: SignedIn | None,
    kept: Remembered | None,
    hinted: str | None,
    step: Ask | Give | OAuthError,
) -> None:
    assert next_step(asked, who, kept, started=STARTED, hinted=hinted, now=NOW) is step, row
