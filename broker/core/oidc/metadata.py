"""What do we say about ourselves? (OpenID Connect Discovery 1.0, RFC 8414, RFC 9728)

Only what really works is listed; what has a dangerous default is always stated.
"""

from collections.abc import Collection
from typing import Any

from broker.core.oidc import exchange, service_scopes
from broker.core.oidc.challenge import PROOF_ALGORITHMS
from broker.core.oidc.client_assertion import ALGORITHMS as ASSERTION_ALGORITHMS
from broker.core.oidc.client_auth import METHODS
from broker.core.oidc.device import GRANT_TYPE as DEVICE_GRANT_TYPE
from broker.core.oidc.own_tokens import OPENID, PASSPORT_SCOPE, TASK_SCOPE
from broker.core.oidc.requested_claims import PERSONAL

SIGNING_ALGORITHMS = ("RS256", "ES256")
GRANT_TYPES = ("authorization_code", "refresh_token", service_scopes.GRANT_TYPE, exchange.GRANT_TYPE, DEVICE_GRANT_TYPE)
BASIC_SCOPES = frozenset({OPENID, "profile", "eduperson_scoped_affiliation", PASSPORT_SCOPE, TASK_SCOPE})
"""The scopes that mean something to this package; a service may add its own."""

_CONFIDENTIAL = [method for method in METHODS if method != "none"]
_CLAIMS = sorted({"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"} | PERSONAL)


def provider(
    issuer: str,
    scopes: Collection[str] = BASIC_SCOPES,
    acr_values: Collection[str] = (),
    *,
    require_par: bool = False,
    registration: bool = False,
) -> dict[str, Any]:
    """The document for both well-known addresses. `issuer`: https (or loopback), no query, no fragment.

    `require_par`: only pushed authorization requests count. `registration`: clients may register themselves.

    ValueError for an issuer that cannot be one: nobody could compare it (Discovery section 3).
    """
    if not issuer.startswith(("https://", "http://127.0.0.1", "http://[::1]")) or set(issuer) & set("?# "):
        raise ValueError("an issuer is an https URL without query and fragment")
    base = issuer.rstrip("/")
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "token_endpoint": f"{base}/oauth2/token",
        "userinfo_endpoint": f"{base}/oauth2/userinfo",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "end_session_endpoint": f"{base}/oauth2/end_session",
        "introspection_endpoint": f"{base}/oauth2/introspect",
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "device_authorization_endpoint": f"{base}/oauth2/device_authorization",
        "pushed_authorization_request_endpoint": f"{base}/oauth2/par",
        "require_pushed_authorization_requests": require_par,
        "scopes_supported": sorted({*scopes, *service_scopes.SERVICE_SCOPES}),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint_auth_methods_supported": _CONFIDENTIAL,
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "prompt_values_supported": ["none", "login", "consent"],
        "claim_types_supported": ["normal"],
        "claims_supported": sorted({*_CLAIMS, PASSPORT_SCOPE}),
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
    if registration:
        document["registration_endpoint"] = f"{base}/oauth2/register"
    if acr_values:
        document["acr_values_supported"] = sorted(acr_values)
    return document


def protected_resource(resource: str, issuer: str, scopes: Collection[str], name: str) -> dict[str, Any]:
    """The RFC 9728 document of one service of ours. `resource`: its base URL, the `aud` of its tokens."""
    return {
        "resource": resource,
        "resource_name": name,
        "authorization_servers": [issuer],
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "scopes_supported": sorted(scopes),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "dpop_bound_access_tokens_required": False,
    }
