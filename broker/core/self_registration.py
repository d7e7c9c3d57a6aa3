"""What may a program say of itself when it registers (RFC 7591 section 2)? A strict subset, member by member.

What is not read here is ignored, as section 2 wants, and so can set nothing: no resources, no audiences of its own, no
trust, no consent, no scope of a service. Nothing that it names is ever fetched (logo_uri, jwks_uri, …; T069, T070).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from broker.core.ids import ClientId
from broker.core.oidc.client_auth import METHODS, Method
from broker.core.oidc.device import GRANT_TYPE as DEVICE
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.exchange import GRANT_TYPE as EXCHANGE
from broker.core.oidc.limits import MAX_REDIRECTS
from broker.core.oidc.metadata import BASIC_SCOPES
from broker.core.oidc.own_tokens import OPENID
from broker.core.registration import faults, is_label
from broker.core.rows.oauth import Client
from broker.core.time import Seconds

_SECRET = frozenset({"client_secret_basic", "client_secret_post"})
_GRANTS = frozenset({"authorization_code", "refresh_token", DEVICE, EXCHANGE})
_MAX_WORDS = 20


def read_metadata(said: Any, id: ClientId, secret: str, now: Seconds) -> Client | OAuthError:
    """The client that `said` describes, under an id of ours. `secret`: the hash that it gets if it needs one."""
    if not isinstance(said, dict) or "jwks_uri" in said:
        return OAuthError.REGISTER_METADATA
    uris = said.get("redirect_uris", [])
    if not _is_words(uris, MAX_REDIRECTS):
        return OAuthError.REGISTER_REDIRECT
    client = _client(said, id, secret, tuple(uris), now)
    if client is None:
        return OAuthError.REGISTER_METADATA
    wrong = faults(client)
    if "authorization_code" in client.grant_types and not uris:
        return OAuthError.REGISTER_REDIRECT
    if any(fault.startswith("redirect_uris") for fault in wrong):
        return OAuthError.REGISTER_REDIRECT
    return OAuthError.REGISTER_METADATA if wrong else client


def metadata_of(client: Client) -> dict[str, Any]:
    """What was registered, as section 3.2.1 tells it back: what counts, whatever was asked for."""
    told: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": client.created,
        "client_name": client.name,
        "token_endpoint_auth_method": client.auth_method,
        "grant_types": list(client.grant_types),
        "response_types": ["code"] if "authorization_code" in client.grant_types else [],
        "redirect_uris": list(client.redirect_uris),
        "scope": " ".join(client.scopes),
        "id_token_signed_response_alg": client.id_token_alg,
        "require_pushed_authorization_requests": client.require_par,
        "dpop_bound_access_tokens": client.dpop_required,
    }
    return told | ({"jwks": {"keys": list(client.jwks)}} if client.jwks else {})


def _client(said: Mapping[str, Any], id: ClientId, secret: str, uris: tuple[str, ...], now: Seconds) -> Client | None:
    method, grants = said.get("token_endpoint_auth_method", "client_secret_basic"), said.get("grant_types")
    name, keys, scope = said.get("client_name", str(id)), _keys(said), _scope(said)
    grants = ["authorization_code"] if grants is None else grants
    if not _is_method(method) or not _is_words(grants, _MAX_WORDS):
        return None
    if not set(grants) <= _GRANTS or not is_label(name) or keys is None or scope is None:
        return None
    if said.get("response_types", ["code"]) != ["code"] and "authorization_code" in grants:
        return None
    made = Client(
        id=id,
        name=name,
        auth_method=method,
        secret=secret if method in _SECRET else None,
        redirect_uris=uris,
        grant_types=tuple(dict.fromkeys(grants)),
        scopes=scope,
        jwks=keys,
        created=now,
    )
    return _with_choices(made, said)


def _with_choices(client: Client, said: Mapping[str, Any]) -> Client | None:
    """The choices that make a client no stronger than it is."""
    algorithm = said.get("id_token_signed_response_alg", "RS256")
    par, dpop = said.get("require_pushed_authorization_requests", False), said.get("dpop_bound_access_tokens", False)
    if algorithm not in ("RS256", "ES256") or type(par) is not bool or type(dpop) is not bool:
        return None
    return replace(client, id_token_alg=algorithm, require_par=par, dpop_required=dpop)


def _keys(said: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...] | None:
    """The keys of an inline JWK Set; `faults` says whether they are any good."""
    if "jwks" not in said:
        return ()
    listed = said["jwks"].get("keys") if isinstance(said["jwks"], dict) else None
    if not isinstance(listed, list) or not listed or not all(isinstance(key, dict) for key in listed):
        return None
    return tuple(listed)


def _scope(said: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Scopes about persons alone, all of which a person is asked for; `openid` if none was named."""
    scope = said.get("scope", OPENID)
    words = tuple(dict.fromkeys(scope.split())) if isinstance(scope, str) else ()
    return words if words and set(words) <= BASIC_SCOPES else None


def _is_method(value: Any) -> TypeGuard[Method]:
    return isinstance(value, str) and value in METHODS


def _is_words(value: Any, limit: int) -> TypeGuard[list[str]]:
    return isinstance(value, list) and len(value) <= limit and all(isinstance(one, str) and one for one in value)
