"""Does it ask for no more than was given? Scopes and targets only ever shrink (RFC 6749 section 6, RFC 8707)."""

import re
from collections.abc import Callable, Collection, Sequence

from broker.core.oidc.client_auth import RegisteredClient
from broker.core.oidc.errors import OAuthError

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!\"$-;=?-~]+")
"""RFC 8707 section 2: absolute, no fragment. Printable ASCII without `#`, `<` and `>`."""

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


def narrowed_scope(asked: Sequence[str], granted: Sequence[str]) -> tuple[str, ...] | OAuthError:
    """What is asked, if all of it was granted; everything that was granted if nothing is asked."""
    if not set(asked) <= set(granted):
        return OAuthError.SCOPE
    return tuple(asked) or tuple(granted)
