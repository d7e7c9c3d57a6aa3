"""What may a service do here in its own name? The closed list of scopes for `client_credentials` (RFC 6749 4.4).

None of them is about a person: no token without a person opens UserInfo, a Passport or anybody's data. A scope says
which door may be tried; what the service may do behind it, its roles say.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

GRANT_TYPE = "client_credentials"

SERVICE_SCOPES: Mapping[str, str] = MappingProxyType({
    "clients:read": "read the registered clients",
    "clients:write": "register, change, suspend and remove clients",
    "consents:read": "take the consent records of its own participants out",
    "consents:write": "send consent records of its own participants",
    "decisions:ask": "ask whether somebody may use its repository's data",
    "feed:read": "read what has ended of what concerns its repository's data",
    "idps:read": "read the home identity providers and how they do",
    "idps:write": "register, change, suspend and remove home identity providers",
    "issuers:read": "read the visa issuers and how they do",
    "issuers:write": "register, change, suspend and remove visa issuers",
    "objects:write": "say whether the bytes of objects are at hand",
    "usage:write": "report downloads of its repository's data",
    "visas:push": "push visas about a person",
})  # fmt: skip
"""Scope to what it opens."""


def granted(scopes: Iterable[str]) -> tuple[str, ...]:
    """Those of a client's registered `scopes` that are a service's, in order."""
    return tuple(scope for scope in scopes if scope in SERVICE_SCOPES)


def service_subject(client_id: str) -> str:
    """The `sub` under which a client holds roles (iss: ours). No person is called so: ours begin with `usr_`."""
    return f"client:{client_id}"
