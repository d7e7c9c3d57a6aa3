"""Home identity providers over HTTP: discovery, the code for tokens, UserInfo (OpenID Connect, client side).

The provider's answers are hostile until checked: each has limits of size and time, is read strictly, and
comes from an address that its discovery document names on a host that its row allows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import structlog
from authlib.oidc.discovery import OpenIDProviderMetadata

from broker.adapters.fetched import Ages, Fetched
from broker.adapters.jwks import JwksClient, KeySource
from broker.adapters.outgoing import FetchError
from broker.adapters.provider_credentials import Credentials
from broker.core import strict_json
from broker.core.oidc.provider_metadata import ProviderMetadata, discovery_address, read_metadata
from broker.core.outcome import Reason
from broker.core.passport.compact import parse
from broker.core.passport.keys import named
from broker.core.passport.verify import CheckSignature
from broker.core.provider_health import ProviderHealth
from broker.core.rows import IdentityProvider
from broker.ports import UpstreamError

LIMIT = 256 * 1024
"""Bytes of any answer."""
AGES = Ages(fresh=600, cool_down=15, hard=86_400)
"""A discovery document: ten minutes without asking; a failure is not asked again for 15 seconds; the last good one
counts for a day while its address fails."""
MOST = 2_000
"""Providers whose documents are kept; of more, the oldest goes."""
_JSON = ("application/json",)
_USERINFO = ("application/json", "application/jwt")
_TOKEN_BYTES = 64 * 1024

log = structlog.get_logger(__name__)

_Terms = tuple[str, bool, frozenset[str], frozenset[str]]


class Fetcher(Protocol):
    """`adapters/outgoing.Outgoing`, as far as needed here."""

    async def fetch(
        self,
        url: str,
        *,
        limit: int,
        types: tuple[str, ...],
        internal: bool = False,
        form: Mapping[str, str] | None = None,
        authorization: str | None = None,
    ) -> bytes: ...


class HttpIdentityProviders:
    """Asks providers, and remembers what they said about themselves."""

    def __init__(
        self,
        fetcher: Fetcher,
        keys: JwksClient,
        check: CheckSignature,
        credentials: Credentials,
        monotonic: Callable[[], float],
    ) -> None:
        """`keys`: a client of this object's own; it registers there what discovery documents name."""
        self._fetcher = fetcher
        self._keys = keys
        self._sources: dict[str, KeySource] = {}
        self._check = check
        self._credentials = credentials
        self._monotonic = monotonic
        self._known: dict[str, tuple[_Terms, Fetched[ProviderMetadata]]] = {}

    async def metadata(self, idp: IdentityProvider) -> ProviderMetadata:
        """The discovery document, by the terms of the row. UpstreamError."""
        document = self._document(idp)
        found = await document.get()
        if found is None:
            raise _broken(idp, document.error or "the discovery document cannot be had")
        self._register(idp, found)
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
        shown = await self._credentials.of(idp, document)
        if isinstance(shown, str):
            raise _broken(idp, shown)
        raw = await self._fetch(idp, document.token_endpoint, form=form | shown.form, authorization=shown.header)
        return _object(idp, raw)

    async def verified(self, idp: IdentityProvider, id_token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Header and claims of a token whose signature is the provider's. UpstreamError."""
        parsed = parse(id_token, _TOKEN_BYTES, "VISA")
        if isinstance(parsed, Reason):
            raise _broken(idp, "the token is not a signed JWT")
        header, algorithm = parsed.header, parsed.header.get("alg")
        uri = (await self.metadata(idp)).jwks_uri
        keys: Sequence[Mapping[str, Any]] = await self._keys.keys(idp.id, uri, str(header.get("kid"))) or ()
        key = named(keys, str(header.get("kid")))
        if key is None or not isinstance(algorithm, str) or algorithm not in idp.algorithms:
            raise _broken(idp, "the token names a key that its provider does not publish, or another algorithm")
        if not self._check(algorithm, key, parsed.signing_input, parsed.signature):
            raise _broken(idp, "the token's signature is wrong")
        return header, parsed.payload

    async def userinfo(
        self, idp: IdentityProvider, access_token: str
    ) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
        """The UserInfo answer; nothing if the provider has no such endpoint. UpstreamError."""
        endpoint = (await self.metadata(idp)).userinfo_endpoint
        if endpoint is None:
            return None, {}
        raw = await self._fetch(idp, endpoint, types=_USERINFO, authorization=f"Bearer {access_token}")
        if raw.lstrip()[:1] == b"{":
            return None, _object(idp, raw)
        try:
            token = raw.decode("ascii")
        except UnicodeDecodeError:
            raise _broken(idp, "UserInfo is neither JSON nor a JWT") from None
        return await self.verified(idp, token)

    async def refresh(self, idp: IdentityProvider) -> ProviderHealth:
        """Document and keys, asked now."""
        found = await self._document(idp).refresh()
        if found is not None:
            self._register(idp, found)
            await self._keys.refresh(idp.id, found.jwks_uri)
        return self._health(idp)

    def health(self, idps: Iterable[IdentityProvider]) -> tuple[ProviderHealth, ...]:
        """Each of `idps`, asked or not."""
        return tuple(self._health(idp) for idp in idps)

    async def close(self) -> None:
        """End what is under way."""
        for _, document in self._known.values():
            document.cancel()
        await self._keys.close()

    def _document(self, idp: IdentityProvider) -> Fetched[ProviderMetadata]:
        """What is remembered of it; anew if its row has other terms now."""
        terms: _Terms = (idp.id, idp.internal, idp.endpoint_hosts, idp.algorithms)
        before, document = self._known.get(idp.id, (None, None))
        if document is not None and before == terms:
            return document
        if document is not None:
            document.cancel()
        made = Fetched(lambda: self._discover(idp), self._monotonic, AGES)
        self._known[idp.id] = (terms, made)
        while len(self._known) > MOST:
            oldest = next(iter(self._known))
            self._known.pop(oldest)[1].cancel()
            self._sources.pop(oldest, None)
        return made

    async def _discover(self, idp: IdentityProvider) -> ProviderMetadata:
        """FetchError for whatever is no good document."""
        address = discovery_address(idp.id)
        raw = await self._fetcher.fetch(address, limit=LIMIT, types=_JSON, internal=idp.internal)
        try:
            document = strict_json.loads(raw, LIMIT)
        except strict_json.StrictJsonError as wrong:
            raise FetchError(str(wrong)) from None
        found = read_metadata(
            document, issuer=idp.id, hosts=idp.endpoint_hosts, internal=idp.internal, algorithms=idp.algorithms
        )
        if isinstance(found, str):
            raise FetchError(found)
        try:
            OpenIDProviderMetadata(dict(document)).validate()
        except (ValueError, TypeError, AttributeError):
            # http endpoints are refused by Authlib; an internal (demo) provider may have them
            if not idp.internal:
                raise FetchError("the discovery document is not valid") from None
        return found

    def _register(self, idp: IdentityProvider, found: ProviderMetadata) -> None:
        source = KeySource(iss=idp.id, jku=found.jwks_uri, internal=idp.internal)
        if self._sources.get(idp.id) != source:
            self._sources[idp.id] = source
            self._keys.register(self._sources.values())

    def _health(self, idp: IdentityProvider) -> ProviderHealth:
        document = self._document(idp)
        keys = next((told for iss, told in self._keys.health() if iss == idp.id), None)
        return ProviderHealth(
            issuer=idp.id, slug=idp.slug, state=document.state, age=document.age, error=document.error, keys=keys
        )

    async def _fetch(self, idp: IdentityProvider, url: str, types: tuple[str, ...] = _JSON, **how: Any) -> bytes:
        try:
            return await self._fetcher.fetch(url, limit=LIMIT, types=types, internal=idp.internal, **how)
        except FetchError as failure:
            raise _broken(idp, str(failure)) from None


def _broken(idp: IdentityProvider, why: str) -> UpstreamError:
    """What to raise. The person is told that their organisation's service failed, the operator here in what."""
    log.warning("idp.failed", idp=idp.slug, why=why)
    return UpstreamError(why)


def _object(idp: IdentityProvider, raw: bytes) -> Mapping[str, Any]:
    try:
        found = strict_json.loads(raw, LIMIT)
    except strict_json.StrictJsonError as wrong:
        raise _broken(idp, str(wrong)) from None
    if not isinstance(found, dict):
        raise _broken(idp, "not a JSON object")
    return found
