"""What does a home identity provider say about itself, and is every address in it one that we may use?

OpenID Connect Discovery 1.0 sections 3 and 4.3, RFC 8414, RFC 9207. Whoever can change the document could send our
secret, the codes and the tokens elsewhere: so addresses are on the provider's own host, or on hosts that its row
names, and nothing else about them is believed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_MAX_URL = 2048
_MAX_WORDS = 100
_PLAIN = re.compile(r"[!-~]+")
_PATTERN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """The members of a discovery document that are used, each checked. None: the provider does not say.

    `sends_iss`: it sends `iss` in its answers (RFC 9207), so one without it is not its own.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    sends_iss: bool = False
    token_auth_methods: tuple[str, ...] | None = None
    token_auth_algorithms: tuple[str, ...] | None = None
    id_token_algorithms: tuple[str, ...] | None = None
    acr_values: tuple[str, ...] | None = None


def discovery_address(issuer: str) -> str:
    """Where the document of `issuer` is (Discovery section 4: appended, a final slash once)."""
    return issuer.rstrip("/") + _PATTERN


def read_metadata(
    document: Any, *, issuer: str, hosts: frozenset[str], internal: bool, algorithms: frozenset[str]
) -> ProviderMetadata | str:
    """The document's meaning; or what is wrong with it, in words of ours, for operators.

    `hosts`: other hosts (`name` or `name:port`) on which its addresses may be. `internal`: they may be http.
    `algorithms`: of which it must sign ID tokens with at least one.
    """
    if not isinstance(document, dict):
        return "the discovery document is not an object"
    if document.get("issuer") != issuer:  # section 4.3: exactly, or it is somebody else's
        return _other_issuer(document.get("issuer"), issuer)
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        fault = _address_fault(document.get(name), issuer, hosts, internal=internal)
        if fault is not None and not (name == "userinfo_endpoint" and document.get(name) is None):
            return f"{name} {fault}"
    signs = _words(document.get("id_token_signing_alg_values_supported"))
    if signs is not None and algorithms.isdisjoint(signs):
        return "it signs ID tokens with none of the algorithms that we take"
    types = _words(document.get("response_types_supported"))
    if types is not None and "code" not in types:
        return "it does not offer the authorization code flow"
    return _metadata(document, signs)


def _metadata(document: Mapping[str, Any], signs: tuple[str, ...] | None) -> ProviderMetadata:
    return ProviderMetadata(
        issuer=document["issuer"],
        authorization_endpoint=document["authorization_endpoint"],
        token_endpoint=document["token_endpoint"],
        jwks_uri=document["jwks_uri"],
        userinfo_endpoint=document.get("userinfo_endpoint"),
        sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
        token_auth_methods=_words(document.get("token_endpoint_auth_methods_supported")),
        token_auth_algorithms=_words(document.get("token_endpoint_auth_signing_alg_values_supported")),
        id_token_algorithms=signs,
        acr_values=_words(document.get("acr_values_supported")),
    )


def _other_issuer(said: Any, issuer: str) -> str:
    """The commonest slip is told apart: it costs operators an afternoon."""
    if isinstance(said, str) and said.rstrip("/") == issuer.rstrip("/"):
        return "the discovery document names another issuer: a final slash differs"
    return "the discovery document names another issuer"


def _address_fault(address: Any, issuer: str, hosts: frozenset[str], *, internal: bool) -> str | None:
    """Why `address` cannot be used; None if it can (adversarial row T022)."""
    if not isinstance(address, str):
        return "is missing"
    if len(address) > _MAX_URL or not _PLAIN.fullmatch(address) or "\\" in address:
        return "is not an address"
    try:
        parts, home = urlsplit(address), urlsplit(issuer)
        port, home_port = parts.port, home.port
    except ValueError:
        return "is not an address"
    if parts.scheme != "https" and not (internal and parts.scheme == "http"):
        return "is not https"
    if not parts.hostname or "@" in parts.netloc or "#" in address:
        return "has a user name, a fragment or no host"
    if (parts.hostname, _port(parts.scheme, port)) == (home.hostname, _port(home.scheme, home_port)):
        return None
    named = parts.hostname if port is None else f"{parts.hostname}:{port}"
    return None if named in hosts else "is on a host that the provider's row does not name (endpoint_hosts)"


def _port(scheme: str, port: int | None) -> int:
    return port if port is not None else (443 if scheme == "https" else 80)


def _words(value: Any) -> tuple[str, ...] | None:
    """A list of strings, bounded; None for anything else: a member that cannot be read says nothing."""
    if not isinstance(value, list) or len(value) > _MAX_WORDS or not all(isinstance(one, str) for one in value):
        return None
    return tuple(value)
