"""Home identity providers over HTTP: discovery, the code for tokens, UserInfo (OpenID Connect, client side).

The provider's answers are hostile until checked: each has limits of size and time, is read strictly, and
comes from an address that its discovery document names on the provider's own scheme.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog
from authlib.oidc.discovery import OpenIDProviderMetadata

from broker.adapters.jwks import JwksClient, KeySource
from broker.adapters.outgoing import FetchError, Outgoing
from broker.core import strict_json
from broker.core.outcome import Reason
from broker.core.passport.compact import parse
from broker.core.passport.keys import named
from broker.core.passport.verify import CheckSignature
from broker.core.rows import IdentityProvider
from broker.core.time import Seconds
from broker.ports import Clock, UpstreamError

_LIMIT = 256 * 1024
_JSON = ("application/json",)
_DISCOVERY_SECONDS = 600
_TOKEN_BYTES = 64 * 1024

log = structlog.get_logger(__name__)


class HttpIdentityProviders:
    """Asks providers. Discovery documents are kept for ten minutes; a failed look-up is not."""

    def __init__(self, outgoing: Outgoing, keys: JwksClient, check: CheckSignature, clock: Clock) -> None:
        """`keys`: a client of this object's own; it registers there what discovery documents name."""
        self._outgoing = outgoing
        self._keys = keys
        self._sources: dict[str, KeySource] = {}
        self._check = check
        self._clock = clock
        self._known: dict[str, tuple[Seconds, Mapping[str, Any]]] = {}

    async def metadata(self, idp: IdentityProvider) -> Mapping[str, Any]:
        """The discovery document, whose `issuer` is byte for byte the registered one. UpstreamError."""
        now = self._clock.now()
        read, document = self._known.get(idp.id, (Seconds(0), {}))
        if document and now < read + _DISCOVERY_SECONDS:
            return document
        raw = await self._fetch(idp, idp.id.rstrip("/") + "/.well-known/openid-configuration")
        found = _object(idp, raw)
        if found.get("issuer") != idp.id:
            raise _broken(idp, "the discovery document names another issuer")
        try:
            OpenIDProviderMetadata(dict(found)).validate()
        except ValueError as wrong:
            # http endpoints are refused by Authlib; an internal (demo) provider may have them
            if not idp.internal:
                raise _broken(idp, "the discovery document is not valid") from wrong
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(name), str):
                raise _broken(idp, f"the discovery document has no {name}")
        self._sources[idp.id] = KeySource(iss=idp.id, jku=found["jwks_uri"], internal=idp.internal)
        self._keys.register(self._sources.values())
        self._known[idp.id] = (now, found)
        return found

    async def redeem(self, idp: IdentityProvider, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """The token response for a code (OpenID Connect Core 3.1.3). UpstreamError."""
        document = await self.metadata(idp)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        basic, posted = _credentials(idp, document.get("token_endpoint_auth_methods_supported"))
        raw = await self._fetch(idp, document["token_endpoint"], form=form | posted, authorization=basic)
        return _object(idp, raw)

    async def verified(self, idp: IdentityProvider, id_token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Header and claims of an ID token whose signature is the provider's. UpstreamError."""
        parsed = parse(id_token, _TOKEN_BYTES, "VISA")
        if isinstance(parsed, Reason):
            raise _broken(idp, "the ID token is not a JWS")
        header, algorithm = parsed.header, parsed.header.get("alg")
        uri = (await self.metadata(idp))["jwks_uri"]
        keys: Sequence[Mapping[str, Any]] = await self._keys.keys(idp.id, uri, str(header.get("kid"))) or ()
        key = named(keys, str(header.get("kid")))
        if key is None or not isinstance(algorithm, str):
            raise _broken(idp, "the ID token names a key that its provider does not publish")
        if not self._check(algorithm, key, parsed.signing_input, parsed.signature):
            raise _broken(idp, "the ID token's signature is wrong")
        return header, parsed.payload

    async def userinfo(self, idp: IdentityProvider, access_token: str) -> Mapping[str, Any]:
        """The UserInfo answer; nothing if the provider has no such endpoint. UpstreamError."""
        endpoint = (await self.metadata(idp)).get("userinfo_endpoint")
        if not isinstance(endpoint, str):
            return {}
        return _object(idp, await self._fetch(idp, endpoint, authorization=f"Bearer {access_token}"))

    async def _fetch(self, idp: IdentityProvider, url: str, **how: Any) -> bytes:
        try:
            return await self._outgoing.fetch(url, limit=_LIMIT, types=_JSON, internal=idp.internal, **how)
        except FetchError as failure:
            raise _broken(idp, str(failure)) from None


def _credentials(idp: IdentityProvider, methods: object) -> tuple[str | None, dict[str, str]]:
    """Our secret as a Basic header, or in the form for a provider that takes it only there (RFC 8414 section 2)."""
    if isinstance(methods, list) and "client_secret_basic" not in methods and "client_secret_post" in methods:
        return None, {"client_id": idp.client_id, "client_secret": idp.client_secret}
    credentials = f"{quote(idp.client_id, safe='')}:{quote(idp.client_secret, safe='')}".encode()
    return "Basic " + base64.b64encode(credentials).decode(), {}


def _broken(idp: IdentityProvider, why: str) -> UpstreamError:
    """What to raise. The person is told that their organisation's service failed, the operator here in what."""
    log.warning("idp.failed", idp=idp.slug, why=why)
    return UpstreamError(why)


def _object(idp: IdentityProvider, raw: bytes) -> Mapping[str, Any]:
    try:
        found = strict_json.loads(raw, _LIMIT)
    except strict_json.StrictJsonError as wrong:
        raise _broken(idp, str(wrong)) from None
    if not isinstance(found, dict):
        raise _broken(idp, "not a JSON object")
    return found
