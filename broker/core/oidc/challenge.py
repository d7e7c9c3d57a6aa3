"""What is a refused caller of a protected door asked to bring? The values of `WWW-Authenticate`.

RFC 6750 section 3 (Bearer), RFC 9449 section 7.1 (DPoP), RFC 9470 section 3 (step-up), RFC 9728 section 5.1. One
value for each scheme, each a header field of its own, so that a reader who knows one scheme finds it.
"""

from dataclasses import dataclass
from typing import Literal

from broker.core.oidc.errors import OAuthError

Scheme = Literal["Bearer", "DPoP"]
PROOF_ALGORITHMS = ("ES256", "RS256")
"""What a DPoP proof may be signed with; said in every challenge and in the metadata."""
REALM = "ga4gh-access-broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What was wrong, and what would do. Every word is ours, never the caller's; None is not said.

    `scheme`: in which the token came (None: there was none); the error is told in that scheme. `acr_values` and
    `max_age` ask for another sign-in (`error`: insufficient_user_authentication).
    """

    scheme: Scheme | None = None
    error: str | None = None
    description: str | None = None
    scope: str | None = None
    acr_values: str | None = None
    max_age: int | None = None


def of_error(error: OAuthError, scheme: Scheme | None, scope: str | None = None) -> Challenge:
    """The challenge for a refusal. Who sent no token is told no error (RFC 6750 section 3.1)."""
    if error is OAuthError.NO_TOKEN:
        return Challenge(scope=scope)
    return Challenge(scheme=scheme or "Bearer", error=error.error, description=error.description, scope=scope)


def challenges(asked: Challenge, resource_metadata: str | None) -> tuple[str, ...]:
    """The header's values. Who came with DPoP is not sent back to Bearer; everybody else is told of both."""
    schemes: tuple[Scheme, ...] = ("DPoP",) if asked.scheme == "DPoP" else ("Bearer", "DPoP")
    return tuple(_challenge(scheme, asked, resource_metadata) for scheme in schemes)


def _challenge(scheme: Scheme, asked: Challenge, resource_metadata: str | None) -> str:
    told = asked if scheme == (asked.scheme or scheme) else Challenge(scope=asked.scope)
    members = {
        "realm": REALM,
        "resource_metadata": resource_metadata,
        "error": told.error,
        "error_description": told.description,
        "scope": told.scope,
        "acr_values": told.acr_values,
        "max_age": None if told.max_age is None else str(told.max_age),
        "algs": " ".join(PROOF_ALGORITHMS) if scheme == "DPoP" else None,
    }
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in members.items() if value is not None)
