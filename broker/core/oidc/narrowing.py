"""Does it ask for no more than was given? Scopes and targets only ever shrink (RFC 6749 section 6, RFC 8707)."""

import re
from collections.abc import Callable, Collection, Sequence

from broker.core.oidc.client_auth import RegisteredClient
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.service_scopes import SERVICE_SCOPES

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!\"$-;=?-~]+")
"""RFC 8707 section 2: absolute, no fragment. Printable ASCII without `#`, `<` and `>`."""

_SCOPE = re.compile(r"[!#-\[\]-~]+")
"""RFC 6749 appendix A.4: visible ASCII without quotation mark and backslash."""

_GRANTS = "/api/v1/grants/"

AudienceOf = Callable[[str], str | None]
"""The audience (a service's base URL) to which a resource URI belongs; None for one that nobody here serves."""


def targets_allowed(resources: Sequence[str], client: RegisteredClient, audience_of: AudienceOf) -> bool:
    """Is each of `resources` an absolute URI without fragment, of an audience that `client` may ask for?"""
    return all(
        _ABSOLUTE_URI.fullmatch(resource) and audience_of(resource) in client.resources for resource in resources
    )


def grant_url(issuer: str, grant: str) -> str:
    """By which address a `resource` names a grant of ours (ruling 3)."""
    return f"{issuer}{_GRANTS}{grant}"


def named_grant(issuer: str, resource: str) -> str | None:
    """The id of the grant that `resource` names, whether there is such a grant or not; None: it names none."""
    return resource.removeprefix(issuer + _GRANTS) if resource.startswith(issuer + _GRANTS) else None


def within_targets(resources: Sequence[str], granted: Collection[str], audience_of: AudienceOf) -> bool:
    """Was each of `resources` granted, by its own name or with the whole audience to which it belongs?"""
    return all(resource in granted or audience_of(resource) in granted for resource in resources)


def understood(
    asked: Sequence[str], supported: Collection[str], allowed: Collection[str]
) -> tuple[str, ...] | OAuthError:
    """What of `asked` a person can be asked for: the scopes that we know, in the order asked.

    One that means nothing here is ignored (OpenID Connect Core 3.1.2.1): clients for everybody ask for `email` or
    `offline_access` without knowing whom they ask, and the token response says what was given. SCOPE if nothing is
    left, if one is no scope at all, or if one that we know is not for this client: that is a mistake somewhere.
    """
    if not all(_SCOPE.fullmatch(word) for word in asked):
        return OAuthError.SCOPE
    known = tuple(word for word in asked if word in supported or word in SERVICE_SCOPES)
    return known if known and all(word in supported and word in allowed for word in known) else OAuthError.SCOPE


def still(granted: Sequence[str], registered: Collection[str]) -> tuple[str, ...]:
    """What was granted and is still registered: a client that lost a scope has it no longer, whatever it was given."""
    return tuple(word for word in granted if word in registered)


def narrowed_scope(asked: Sequence[str], granted: Sequence[str]) -> tuple[str, ...] | OAuthError:
    """What is asked, if all of it was granted; everything that was granted if nothing is asked."""
    if not set(asked) <= set(granted):
        return OAuthError.SCOPE
    return tuple(asked) or tuple(granted)
