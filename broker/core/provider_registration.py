"""Do the members of a home identity provider's row fit together? Asked however it came to be registered.

OpenID Connect Core 3.1.2.1 and 9, RFC 9700 section 4.4. A row that contradicts itself would fail at somebody's sign-in,
or trust more than its operator believes.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from broker.core.oidc.relying_party import ALGORITHMS
from broker.core.rows.catalogue import IdentityProvider


def provider_faults(idp: IdentityProvider) -> tuple[str, ...]:
    """What is wrong with this row, one sentence each; nothing if it can be used."""
    return (*_address(idp), *_terms(idp), *_assurance(idp))


def _address(idp: IdentityProvider) -> Iterator[str]:
    parts = urlsplit(idp.id)
    if parts.scheme != "https" and not (idp.internal and parts.scheme == "http"):
        yield "issuer: https, unless the provider is internal"
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        yield "issuer: a URL without user name, query and fragment"
    for host in sorted(idp.endpoint_hosts):
        if urlsplit(f"//{host}").netloc != host or "@" in host or host != host.lower():
            yield f"endpoint_hosts: {host} is not the name of a host in small letters, with or without a port"


def _terms(idp: IdentityProvider) -> Iterator[str]:
    by_key = idp.token_auth == "private_key_jwt"  # noqa: S105 (a way of authenticating)
    if by_key == bool(idp.client_secret):
        yield "client_secret: needed, unless token_auth is private_key_jwt, which has none"
    if "openid" not in idp.request_scopes:
        yield "request_scopes: openid is missing"
    if not idp.algorithms or not idp.algorithms <= ALGORITHMS:
        yield f"algorithms: some of {', '.join(sorted(ALGORITHMS))}"


def _assurance(idp: IdentityProvider) -> Iterator[str]:
    if any(rule.said_acr is None and not rule.amr for rule in idp.assurance):
        yield "assurance: a rule needs said_acr or amr; without them it would call every sign-in strong"
