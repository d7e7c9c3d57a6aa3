"""How is a request refused? The closed list: error name, constant words, reason code, HTTP status.

RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 7591 section 3.2.2, RFC 8628 section 3.5, RFC 8693
section 2.2.2, RFC 8707 section 2, RFC 9126 section 2.3, RFC 9449 sections 5 and 7, OpenID Connect Core sections
3.1.2.6 and 6.1. A refusal is a value. Its words are constants, so that nothing that a stranger sent can come back
in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

_OTHER_STATUS: Mapping[str, int] = MappingProxyType({
    "invalid_client": 401,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "temporarily_unavailable": 503,
    "REQ-TOO-OFTEN": 429,
    "AUTH-PASSPORT-TOO-MANY": 413,
    "AUTH-PASSPORT-TOO-LARGE": 413,
    "AUTH-PUSHED-TOO-LONG": 413,
})  # fmt: skip
"""Statuses that are not 400, by error name or by code (ruling 17: a limit answers 413 and is named)."""


class OAuthError(Enum):
    """One way of being refused. `code` is its row in the registry of reasons, for log and pages."""

    def __init__(self, error: str, description: str, code: str) -> None:
        self.error = error
        self.description = description
        self.code = code

    @property
    def status(self) -> int:
        """The HTTP status where the answer is not a redirect."""
        return _OTHER_STATUS.get(self.code) or _OTHER_STATUS.get(self.error, 400)

    def body(self) -> dict[str, str]:
        """The members of the JSON answer, or of the redirect's query."""
        return {"error": self.error, "error_description": self.description}

    # the request itself
    MALFORMED = "invalid_request", "The request is not well-formed.", "AUTH-REQUEST-MALFORMED"
    REPEATED = "invalid_request", "A parameter is given more than once.", "AUTH-REQUEST-REPEATED"
    TOO_LONG = "invalid_request", "The request or a part of it is too long.", "AUTH-REQUEST-TOO-LONG"
    MISSING = "invalid_request", "A required parameter is missing.", "AUTH-REQUEST-INCOMPLETE"
    BUSY = "temporarily_unavailable", "Try again in a moment.", "AUTH-BUSY"

    # the client
    CLIENT_FAILED = "invalid_client", "Client authentication failed.", "AUTH-CLIENT-FAILED"
    CLIENT_TWICE = "invalid_request", "Use one way of client authentication.", "AUTH-CLIENT-TWICE"
    CLIENT_PUBLIC = "invalid_client", "This needs a client that can keep a secret.", "AUTH-CLIENT-PUBLIC"
    TOO_OFTEN = "slow_down", "This client asks too often. Wait a few seconds.", "REQ-TOO-OFTEN"
    CLIENT_GRANT = "unauthorized_client", "This client may not use this grant type.", "AUTH-CLIENT-GRANT"
    GRANT_TYPE = "unsupported_grant_type", "This grant type is not supported.", "AUTH-GRANT-TYPE"

    # the authorization request
    REDIRECT_UNKNOWN = "invalid_request", "Unknown client or redirect_uri.", "AUTH-REDIRECT"
    RESPONSE_TYPE = "unsupported_response_type", "Only response_type code is supported.", "AUTH-RESPONSE-TYPE"
    RESPONSE_MODE = "invalid_request", "Only response_mode query is supported.", "AUTH-RESPONSE-MODE"
    REQUEST_OBJECT = "request_not_supported", "Request objects are not supported.", "AUTH-REQUEST-OBJECT"
    REQUEST_URI = "request_uri_not_supported", "request_uri is not supported.", "AUTH-REQUEST-URI"
    PUSHED_UNKNOWN = "invalid_request_uri", "The request_uri is not valid.", "AUTH-PUSHED-UNKNOWN"
    PUSHED_NESTED = "invalid_request", "A pushed request has no request_uri.", "AUTH-PUSHED-NESTED"
    PUSHED_NEEDED = "invalid_request", "Push the request first.", "AUTH-PUSHED-NEEDED"
    PUSHED_TOO_LONG = "invalid_request", "The pushed request is too long.", "AUTH-PUSHED-TOO-LONG"
    PKCE_NEEDED = "invalid_request", "A code_challenge with method S256 is needed.", "AUTH-PKCE-NEEDED"
    PROMPT = "invalid_request", "The prompt is not supported.", "AUTH-PROMPT"
    MAX_AGE = "invalid_request", "max_age is not a number of seconds.", "AUTH-MAX-AGE"
    CLAIMS = "invalid_request", "The claims parameter is not understood.", "AUTH-CLAIMS"
    SCOPE = "invalid_scope", "The scope is missing, unknown or not allowed.", "AUTH-SCOPE-REFUSED"
    TARGET = "invalid_target", "The resource or audience is unknown or not allowed.", "AUTH-TARGET"
    GRANT_FOREIGN = "invalid_target", "The resource names a grant that cannot be used here.", "PUR-MISMATCH"
    LOGIN_REQUIRED = "login_required", "Nobody suitable is signed in.", "AUTH-LOGIN-REQUIRED"
    CONSENT_REQUIRED = "consent_required", "The person has to be asked.", "AUTH-CONSENT-REQUIRED"
    ACR_UNMET = (
        "unmet_authentication_requirements",
        "The sign-in was not of the kind asked for.",
        "AUTH-ACR-UNMET",
    )
    SAID_NO = "access_denied", "The person did not agree.", "AUTH-SAID-NO"
    SIGN_IN_CANCELLED = "access_denied", "The person did not sign in.", "AUTH-IDP-CANCELLED"
    SIGN_IN_NOBODY = "login_required", "Nobody is signed in at the home provider.", "AUTH-IDP-NOBODY"
    SIGN_IN_TOO_WEAK = (
        "unmet_authentication_requirements",
        "The home provider could not sign the person in so strongly.",
        "AUTH-IDP-TOO-WEAK",
    )

    # signing out
    LOGOUT_CLIENT = "invalid_request", "Unknown client, or not the one of the id_token_hint.", "AUTH-LOGOUT-CLIENT"
    LOGOUT_REDIRECT = (
        "invalid_request",
        "The post_logout_redirect_uri is not registered for this client.",
        "AUTH-LOGOUT-REDIRECT",
    )
    LOGOUT_TOKEN = "invalid_request", "The logout_token is not acceptable.", "AUTH-LOGOUT-TOKEN"

    # registration
    REGISTER_REDIRECT = "invalid_redirect_uri", "A redirect_uri cannot be registered.", "AUTH-REGISTER-REDIRECT"
    REGISTER_METADATA = "invalid_client_metadata", "The metadata cannot be registered.", "AUTH-REGISTER-METADATA"

    # codes and refresh tokens
    CODE_UNKNOWN = "invalid_grant", "The code is not valid.", "AUTH-CODE-UNKNOWN"
    CODE_EXPIRED = "invalid_grant", "The code has expired.", "AUTH-CODE-EXPIRED"
    CODE_REPLAYED = "invalid_grant", "The code was used before.", "AUTH-CODE-REPLAYED"
    CODE_REDIRECT = "invalid_grant", "The redirect_uri is not the one of the request.", "AUTH-CODE-REDIRECT"
    PKCE_FAILED = "invalid_grant", "The code_verifier does not fit.", "AUTH-PKCE-FAILED"
    REFRESH_UNKNOWN = "invalid_grant", "The refresh token is not valid.", "AUTH-REFRESH-UNKNOWN"
    REFRESH_EXPIRED = "invalid_grant", "The refresh token has expired.", "AUTH-REFRESH-EXPIRED"
    REFRESH_REPLAYED = "invalid_grant", "The refresh token was used before.", "AUTH-REFRESH-REPLAYED"
    AUTHORIZATION_ENDED = "invalid_grant", "The authorization has ended.", "AUTH-AUTHORIZATION-ENDED"

    # token exchange
    EXCHANGE_WANTED = (
        "invalid_request",
        "Only urn:ga4gh:params:oauth:token-type:passport, or an access token for a task, can be requested.",
        "AUTH-EXCHANGE-WANTED",
    )
    SUBJECT_TYPE = (
        "invalid_request",
        "subject_token_type is not urn:ietf:params:oauth:token-type:access_token.",
        "AUTH-SUBJECT-TYPE",
    )
    SUBJECT_TOKEN = "invalid_request", "The subject_token is not acceptable.", "AUTH-SUBJECT-TOKEN"
    PASSPORT_TOO_MANY = (
        "invalid_target",
        "There are more than 500 visas, the most that one Passport carries. Name the resource that is needed.",
        "AUTH-PASSPORT-TOO-MANY",
    )
    PASSPORT_TOO_LARGE = (
        "invalid_target",
        "The visas make a Passport of more than 1 MiB. Name the resource that is needed.",
        "AUTH-PASSPORT-TOO-LARGE",
    )
    TASK_SCOPE = "invalid_scope", "The subject_token lacks the scope task.", "AUTH-TASK-SCOPE"
    TASK_DATA = (
        "invalid_target",
        "A task is for datasets or grants: name each as resource, and hold a grant for it.",
        "AUTH-TASK-DATA",
    )
    TASK_LIFE = "invalid_request", "requested_expiry is a number of seconds, at least 60.", "AUTH-TASK-LIFE"
    TASKS_TOO_MANY = "invalid_request", "A person has at most 100 tasks at a time.", "AUTH-TASKS-TOO-MANY"
    ACTOR = "invalid_request", "Actor tokens are not supported.", "AUTH-ACTOR"

    # devices
    DEVICE_PENDING = "authorization_pending", "The person has not answered yet.", "AUTH-DEVICE-PENDING"
    DEVICE_SLOW_DOWN = "slow_down", "Wait five seconds longer between two requests.", "AUTH-DEVICE-SLOW-DOWN"
    DEVICE_DENIED = "access_denied", "The person said no.", "AUTH-DEVICE-DENIED"
    DEVICE_EXPIRED = "expired_token", "The device code has expired.", "AUTH-DEVICE-EXPIRED"
    DEVICE_UNKNOWN = "invalid_grant", "The device code is not valid.", "AUTH-DEVICE-UNKNOWN"
    INSTALLATION = "invalid_request", "The installation is not understood or not allowed.", "AUTH-INSTALLATION"
    DEVICE_REPLAYED = "invalid_grant", "The device code was used before.", "AUTH-DEVICE-REPLAYED"

    # proofs of possession
    DPOP_PROOF = (
        "invalid_dpop_proof",
        "The DPoP proof is not valid for this request. Check htm, htu, ath, the signature, and the clock.",
        "AUTH-DPOP-PROOF",
    )
    DPOP_REPLAYED = "invalid_dpop_proof", "The DPoP proof was used before.", "AUTH-DPOP-REPLAYED"
    DPOP_NEEDED = "invalid_dpop_proof", "A DPoP proof is needed.", "AUTH-DPOP-NEEDED"
    DPOP_NONCE = "use_dpop_nonce", "Use the nonce of the DPoP-Nonce header.", "AUTH-DPOP-NONCE"
    DPOP_KEY = "invalid_grant", "This is bound to another key.", "AUTH-DPOP-KEY"
    DPOP_JKT = "invalid_request", "dpop_jkt is not the thumbprint of a key.", "AUTH-DPOP-JKT"

    # bearers of access tokens
    NO_TOKEN = "invalid_token", "An access token is needed.", "AUTH-NO-CREDENTIALS"
    TOKEN_INVALID = "invalid_token", "The access token is not valid.", "AUTH-TOKEN-INVALID"
    TOKEN_MALFORMED = "invalid_request", "Send one access token in the Authorization header.", "AUTH-TOKEN-MALFORMED"
    TOKEN_BOUND = "invalid_token", "The access token is bound to a key. Prove it with DPoP.", "AUTH-TOKEN-BOUND"
    TOKEN_EXPIRED = "invalid_token", "The access token has expired.", "AUTH-TOKEN-EXPIRED"
    TOKEN_REVOKED = "invalid_token", "The access token was revoked.", "AUTH-REVOKED"
    TOKEN_SCOPE = "insufficient_scope", "The access token lacks a scope.", "AUTH-SCOPE"


@dataclass(frozen=True, slots=True)
class Penalty:
    """A refusal that must also end the whole family: a code or refresh token was stolen, or used twice."""

    error: OAuthError


TRANSIENT = frozenset({
    OAuthError.DEVICE_PENDING, OAuthError.DEVICE_SLOW_DOWN, OAuthError.BUSY, OAuthError.DPOP_NONCE,
    OAuthError.TOO_OFTEN,
})  # fmt: skip
"""Not a no, only a not yet: no entry in the log."""
