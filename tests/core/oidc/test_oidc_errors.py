"""Refusals are a closed list of constants."""

import re

from broker.core.oidc.errors import TRANSIENT, OAuthError
from broker.core.reasons import REASONS

NAMES = {
    # RFC 6749 4.1.2.1, 5.2
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "invalid_scope", "unsupported_response_type", "access_denied", "temporarily_unavailable",
    # RFC 6750, 8628, 8693 and 8707, OpenID Connect Core 3.1.2.6, Unmet Authentication Requirements
    "invalid_token", "insufficient_scope", "authorization_pending", "slow_down", "expired_token",
    "invalid_target", "login_required", "consent_required", "request_not_supported",
    # RFC 9449
    "invalid_dpop_proof", "use_dpop_nonce",
    "request_uri_not_supported", "invalid_request_uri",
    "invalid_redirect_uri", "invalid_client_metadata", "unmet_authentication_requirements",
}  # fmt: skip
_DESCRIPTION = re.compile(r"[ !#-\[\]-~]+")
"""What RFC 6749 allows in error_description: no quote, no backslash."""


def test_every_error_has_a_registered_name_and_a_registered_reason() -> None:
    assert {error.error for error in OAuthError} == NAMES
    assert {error.code for error in OAuthError} <= REASONS.keys()


def test_every_description_can_stand_in_json_in_a_header_and_in_a_query() -> None:
    assert all(_DESCRIPTION.fullmatch(error.description) for error in OAuthError)


def test_no_two_errors_are_the_same() -> None:
    assert len({error.code for error in OAuthError}) == len(list(OAuthError)) == len(OAuthError.__members__)


def test_statuses_are_those_of_the_specifications() -> None:
    assert {error.error: error.status for error in OAuthError if error.status != 400} == {
        "invalid_client": 401,
        "invalid_token": 401,
        "insufficient_scope": 403,
        "temporarily_unavailable": 503,
        "slow_down": 429,  # a client that asks too often (RFC 6585 section 4); a device that does is told 400
        "invalid_request": 413,  # a pushed request over a limit (RFC 9126 section 2.3); every other is 400
        "invalid_target": 413,  # a Passport over a limit; every other target is 400
    }
    assert OAuthError.TARGET.status == OAuthError.TOO_LONG.status == OAuthError.DEVICE_SLOW_DOWN.status == 400


def test_only_what_is_not_an_answer_yet_leaves_no_entry() -> None:
    assert {error.error for error in TRANSIENT} == {
        "authorization_pending", "slow_down", "temporarily_unavailable", "use_dpop_nonce",
    }  # fmt: skip
