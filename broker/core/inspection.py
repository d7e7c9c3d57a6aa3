"""What would be accepted of an issuer, a provider or a client, and why not? What `test` shows, in plain words.

Pure: what was fetched is an argument. A finding is `refused` where it would not work or must not be used, `warning`
where it works and somebody should look, `ok` where a check passed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from broker.core import strict_json
from broker.core.oidc.redirects import registrable
from broker.core.passport import limits
from broker.core.passport.keys import thumbprint, usable
from broker.core.passport.trust import ALGORITHMS, Jwk
from broker.core.rows import Client, IdentityProvider, VisaIssuer

Level = Literal["ok", "warning", "refused"]
Fits = Callable[[str, Jwk], bool]
"""(algorithm, key): can the key check signatures of that algorithm? adapters/jose.py has it."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: `about` names it, `text` says what is so."""

    level: Level
    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFinding:
    """One key of a set. `why` is empty for one that would be used."""

    kid: str
    kty: str
    alg: str
    size: str
    thumbprint: str
    why: str


def address_fault(url: str, *, internal: bool) -> str | None:
    """Why this address must not be registered; None if it may be. `internal`: an operator said so by name."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if parts.scheme not in ("https", "http") or not host or port == 0:
        return "not a URL of a web address"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "user name, password and fragment have no place in it"
    if internal:
        return None
    if parts.scheme != "https":
        return "https is needed; http only with `internal: true`"
    return "a private address; only with `internal: true`" if _is_private(host) else None


def _is_private(host: str) -> bool:
    """Does the name itself say so? What a name leads to is looked at again with every connection."""
    if host == "localhost" or host.endswith((".localhost", ".internal", ".local")):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def issuer_findings(row: VisaIssuer, others: Iterable[str]) -> Iterator[Finding]:
    """What the row itself shows. `others`: the ids of all registered issuers."""
    yield from _address(row.id, "issuer", internal=row.internal)
    for jku in row.trust.jku:
        yield from _address(jku, "jku", internal=row.internal)
        if urlsplit(jku).hostname != urlsplit(row.id).hostname:
            yield Finding(level="warning", about="jku", text=f"{jku} is on another host than the issuer")
    yield from _slash(row.id, others)
    if row.trust.jku and row.trust.keys:
        yield Finding(level="warning", about="jku", text="keys are pinned, so nothing is fetched from it")
    if not row.trust.jku and not row.trust.keys and not row.trust.discovery:
        yield Finding(level="refused", about="keys", text="no jku, keys or discovery: nothing it signs can be verified")
    opens = ", ".join(row.trust.values)
    if (
        not row.trust.may_link
        and not opens
        and (row.trust.types is None or any("Controlled" in t for t in row.trust.types))
    ):
        yield Finding(level="warning", about="values", text="none: its ControlledAccessGrants open nothing")
    if opens:
        yield Finding(level="ok", about="values", text=f"its grants may open: {opens}")


def provider_findings(row: IdentityProvider, others: Iterable[str], own: str) -> Iterator[Finding]:
    """What the row of a home identity provider shows."""
    yield from _address(row.id, "issuer", internal=row.internal)
    yield from _slash(row.id, others)
    yield Finding(level="ok", about="redirect_uri", text=f"register there: {own}/sign-in/{row.slug}/callback")


def client_findings(row: Client) -> Iterator[Finding]:
    """What the row of a client shows; what contradicts itself was refused before (core/registration.py)."""
    for uri in row.redirect_uris:
        fine = registrable(uri)
        yield Finding(level="ok" if fine else "refused", about="redirect_uri", text=f"{uri}: compared byte by byte")
        if urlsplit(uri).query:
            yield Finding(level="warning", about="redirect_uri", text=f"{uri}: its query is part of the comparison")
    if row.auth_method == "none":
        yield Finding(level="warning", about="auth_method", text="a public client: no token exchange, no introspection")
    if row.auth_method == "client_secret_post":
        yield Finding(level="warning", about="auth_method", text="the secret travels in bodies; prefer private_key_jwt")
    if "refresh_token" in row.grant_types and row.auth_method == "none" and not row.dpop_required:
        yield Finding(
            level="warning", about="grant_types", text="refresh tokens of a public client; prefer dpop_required"
        )
    for uri in (row.jwks_uri,) if row.jwks_uri is not None else ():
        yield from _address(uri, "jwks_uri", internal=row.internal)
    if row.consent == "remembered":
        yield Finding(level="warning", about="consent", text="nobody is asked: for demo clients only")


def _address(url: str, about: str, *, internal: bool) -> Iterator[Finding]:
    fault = address_fault(url, internal=internal)
    yield Finding(
        level="ok" if fault is None else "refused", about=about, text=f"{url}" + (f": {fault}" if fault else "")
    )
    if fault is None and internal:
        yield Finding(level="warning", about=about, text=f"{url}: internal, so private addresses and http are allowed")


def _slash(id: str, others: Iterable[str]) -> Iterator[Finding]:
    """An issuer is compared byte by byte: the same but for a final slash is another one."""
    if any(other != id and other.rstrip("/") == id.rstrip("/") for other in others):
        yield Finding(level="warning", about="issuer", text="another row has the same issuer but for a final slash")


def fetched(about: str, url: str, got: bytes | str) -> Finding:
    """What came of asking an address: its document, or why there is none."""
    if isinstance(got, str):
        return Finding(level="refused", about=about, text=f"{url}: {got}")
    return Finding(level="ok", about=about, text=f"{url}: {len(got)} bytes of JSON")


def key_set(raw: bytes, algorithms: Collection[str], fits: Fits) -> tuple[tuple[Finding, ...], tuple[KeyFinding, ...]]:
    """What a JWK Set document holds, key by key, and what would be left out of it."""
    try:
        document = strict_json.loads(raw, limits.KEY_SET_BYTES)
    except strict_json.StrictJsonError as wrong:
        return (Finding(level="refused", about="keys", text=f"not a JWK Set: {wrong}"),), ()
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return (Finding(level="refused", about="keys", text="not a JWK Set: no list called keys"),), ()
    if len(listed) > limits.KEYS:
        return (Finding(level="refused", about="keys", text=f"{len(listed)} keys; at most {limits.KEYS}"),), ()
    names = Counter(key["kid"] for key in listed if isinstance(key, dict) and isinstance(key.get("kid"), str))
    good = usable(document) or ()
    keys = tuple(_key(key, names, good, algorithms, fits) for key in listed)
    counted = sum(not key.why for key in keys)
    level: Level = "ok" if counted else "refused"
    return (Finding(level=level, about="keys", text=f"{counted} of {len(keys)} keys would be used"),), keys


def _key(key: Any, names: Counter[str], good: Sequence[Jwk], algorithms: Collection[str], fits: Fits) -> KeyFinding:
    if not isinstance(key, dict):
        return KeyFinding(kid="", kty="", alg="", size="", thumbprint="", why="not an object")
    used = any(key is one for one in good)
    said = {name: str(key.get(name, ""))[:64] for name in ("kid", "kty", "alg")}
    return KeyFinding(
        **said,
        size=_size(key),
        thumbprint=thumbprint(key) if used else "",
        why=_why(key, names, algorithms, fits, used=used),
    )


def _why(key: Jwk, names: Counter[str], algorithms: Collection[str], fits: Fits, *, used: bool) -> str:
    if not _PRIVATE.isdisjoint(key):
        return "holds a private or symmetric part: the issuer must make a new key"
    kid = key.get("kid")
    if not isinstance(kid, str):
        return "no kid: no token can name it"
    if names[kid] > 1:
        return "its kid stands there twice: nobody could say which is meant"
    if not used:
        return "not an EC or RSA key with all its members"
    if any(fits(algorithm, key) for algorithm in algorithms):
        return ""
    if any(fits(algorithm, key) for algorithm in ALGORITHMS):
        return "for an algorithm that the row does not allow"
    return "weak, on another curve, or not for signatures with ES256 or RS256"


def _size(key: Jwk) -> str:
    modulus = key.get("n")
    if key.get("kty") == "RSA" and isinstance(modulus, str):
        return f"{len(modulus) * 6 // 8 * 8} bits"
    return str(key.get("crv", ""))[:16]


def discovery(raw: bytes, iss: str, *, internal: bool) -> tuple[tuple[Finding, ...], Mapping[str, Any]]:
    """What a provider says of itself (OpenID Connect Discovery 1.0), and the document."""
    try:
        document = strict_json.loads(raw, limits.KEY_SET_BYTES)
    except strict_json.StrictJsonError as wrong:
        return (Finding(level="refused", about="discovery", text=f"not JSON as it must be: {wrong}"),), {}
    if not isinstance(document, dict):
        return (Finding(level="refused", about="discovery", text="not a JSON object"),), {}
    return tuple(_document(document, iss, internal=internal)), document


def _document(document: Mapping[str, Any], iss: str, *, internal: bool) -> Iterator[Finding]:
    said = document.get("issuer")
    if said == iss:
        yield Finding(level="ok", about="issuer", text="the document names exactly this issuer")
    elif isinstance(said, str) and said.rstrip("/") == iss.rstrip("/"):
        yield Finding(
            level="refused", about="issuer", text=f"the document says {said[:255]}: a final slash is a difference"
        )
    else:
        yield Finding(level="refused", about="issuer", text="the document names another issuer, or none")
    for name in _ENDPOINTS:
        url = document.get(name)
        fault = address_fault(url, internal=internal) if isinstance(url, str) else "missing"
        if fault is not None:
            yield Finding(level="refused", about=name, text=fault)
    yield from _offers(document)


def _offers(document: Mapping[str, Any]) -> Iterator[Finding]:
    pkce = document.get("code_challenge_methods_supported")
    fine = isinstance(pkce, list) and "S256" in pkce
    yield Finding(level="ok" if fine else "warning", about="PKCE", text="S256" if fine else "S256 is not announced")
    iss = document.get("authorization_response_iss_parameter_supported") is True
    text = "sent in the answer (RFC 9207)" if iss else "not sent in the answer; each provider has a callback of its own"
    yield Finding(level="ok" if iss else "warning", about="iss", text=text)
    listed = document.get("id_token_signing_alg_values_supported")
    algorithms = (
        sorted(ALGORITHMS & {one for one in listed if isinstance(one, str)}) if isinstance(listed, list) else []
    )
    yield Finding(
        level="ok" if algorithms else "refused",
        about="algorithms",
        text=", ".join(algorithms) or "none of its ID token algorithms is RS256 or ES256",
    )
