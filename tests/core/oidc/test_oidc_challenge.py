"""What a refused caller is asked for: one value a scheme, the error in the scheme that was used."""

import pytest

from broker.core.oidc.challenge import Challenge, challenges, of_error
from broker.core.oidc.errors import OAuthError

META = "https://b.example/.well-known/oauth-protected-resource"
PLAIN = f'realm="ga4gh-access-broker", resource_metadata="{META}"'
ALGS = 'algs="ES256 RS256"'


@pytest.mark.row("B9")
def test_who_sent_no_token_is_told_no_error_and_both_schemes() -> None:
    asked = of_error(OAuthError.NO_TOKEN, None)
    assert challenges(asked, META) == (f"Bearer {PLAIN}", f"DPoP {PLAIN}, {ALGS}")


def test_the_error_stands_in_the_scheme_that_was_used() -> None:
    bearer, dpop = challenges(of_error(OAuthError.TOKEN_INVALID, "Bearer"), META)
    assert 'error="invalid_token"' in bearer
    assert dpop == f"DPoP {PLAIN}, {ALGS}"
    (only,) = challenges(of_error(OAuthError.TOKEN_EXPIRED, "DPoP"), META)
    assert only.startswith("DPoP ")
    assert 'error="invalid_token"' in only


def test_what_is_wanted_is_said_in_the_order_of_the_table() -> None:
    """RFC 9470 section 3, and RFC 6750 section 3 with a scope."""
    step_up = Challenge(
        scheme="Bearer", error="insufficient_user_authentication", description="Sign in again.", scope="openid",
        acr_values="https://refeds.org/profile/mfa", max_age=0,
    )  # fmt: skip
    bearer, dpop = challenges(step_up, None)
    assert bearer == (
        'Bearer realm="ga4gh-access-broker", error="insufficient_user_authentication", '
        'error_description="Sign in again.", scope="openid", acr_values="https://refeds.org/profile/mfa", max_age="0"'
    )
    assert dpop == f'DPoP realm="ga4gh-access-broker", scope="openid", {ALGS}'
