"""What would be accepted of an issuer, a provider or a client, and why not? What `test` shows, in words from a list.

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
from broker.core.reasons.found_words import FOUND_WORDS
from broker.core.reasons.language import filled
from broker.core.rows import Client, IdentityProvider, VisaIssuer

Level = Literal["ok", "warning", "refused"]
Fits = Callable[[str, Jwk], bool]
"""(algorithm, key): can the key check signatures of that algorithm? adapters/jose.py has it."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: `about` names it, `code` and `facts` say what is so (reasons/found_words.py).

    `subject`: the address that it is about, where there is one; empty: the row as a whole.
    """

    level: Level
    about: str
    code: str
    subject: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """In English, for programs and commands."""
        said = filled(FOUND_WORDS[f"found.{self.code}"], dict(self.facts))
        return f"{self.subject}: {said}" if self.subject else said


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFinding:
    """One key of a set. `why`: the code of what speaks against it (`found.key.…`); empty for one that would be used."""

    kid: str
    kty: str
    alg: str
    size: str
    thumbprint: str
    why: str


def address_fault(url: str, *, internal: bool) -> str | None:
    """Why this address must not be registered; None if it may be. `internal`: an operator said so by name."""
    code = _fault(url, internal=internal)
    return FOUND_WORDS[f"found.{code}"] if code is not None else None


def _fault(url: str, *, internal: bool) -> str | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "url.no_url"
    if parts.scheme not in ("https", "http") or not host or port == 0:
        return "url.no_web"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "url.parts"
    if internal:
        return None
    if parts.scheme != "https":
        return "url.https"
    return "url.private" if _is_private(host) else None


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
            yield Finding(level="warning", about="jku", code="other_host", subject=jku)
    yield from _slash(row.id, others)
    if row.trust.jku and row.trust.keys:
        yield Finding(level="warning", about="jku", code="pinned")
    if not row.trust.jku and not row.trust.keys and not row.trust.discovery:
        yield Finding(level="refused", about="keys", code="no_keys")
    opens = ", ".join(row.trust.values)
    if (
        not row.trust.may_link
        and not opens
        and (row.trust.types is None or any("Controlled" in t for t in row.trust.types))
    ):
        yield Finding(level="warning", about="values", code="opens_nothing")
    if opens:
        yield Finding(level="ok", about="values", code="opens", facts=(("values", opens),))


def provider_findings(row: IdentityProvider, others: Iterable[str], own: str) -> Iterator[Finding]:
    """What the row of a home identity provider shows."""
    yield from _address(row.id, "issuer", internal=row.internal)
    yield from _slash(row.id, others)
    address = f"{own}/sign-in/{row.slug}/callback"
    yield Finding(level="ok", about="redirect_uri", code="register", facts=(("address", address),))


def client_findings(row: Client) -> Iterator[Finding]:
    """What the row of a client shows; what contradicts itself was refused before (core/registration.py)."""
    for uri in row.redirect_uris:
        fine = registrable(uri)
        code = "redirect" if fine else "redirect_bad"
        yield Finding(level="ok" if fine else "refused", about="redirect_uri", code=code, subject=uri)
        if urlsplit(uri).query:
            yield Finding(level="warning", about="redirect_uri", code="query", subject=uri)
    if row.auth_method == "none":
        yield Finding(level="warning", about="auth_method", code="public_client")
    if row.auth_method == "client_secret_post":
        yield Finding(level="warning", about="auth_method", code="secret_in_body")
    if "refresh_token" in row.grant_types and row.auth_method == "none" and not row.dpop_required:
        yield Finding(level="warning", about="grant_types", code="refresh_public")
    for uri in (row.jwks_uri,) if row.jwks_uri is not None else ():
        yield from _address(uri, "jwks_uri", internal=row.internal)
    if row.consent == "remembered":
        yield Finding(level="warning", about="consent", code="nobody_asked")


def _address(url: str, about: str, *, internal: bool) -> Iterator[Finding]:
    fault = _fault(url, internal=internal)
    level: Level = "ok" if fault is None else "refused"
    yield Finding(level=level, about=about, code=fault or "address", subject=url)
    if fault is None and internal:
        yield Finding(level="warning", about=about, code="internal", subject=url)


def _slash(id: str, others: Iterable[str]) -> Iterator[Finding]:
    """An issuer is compared byte by byte: the same but for a final slash is another one."""
    if any(other != id and other.rstrip("/") == id.rstrip("/") for other in others):
        yield Finding(level="warning", about="issuer", code="slash")


def fetched(about: str, url: str, got: bytes | str) -> Finding:
    """What came of asking an address: its document, or why there is none."""
    if isinstance(got, str):
        return Finding(level="refused", about=about, code="unread", subject=url, facts=(("why", got),))
    return Finding(level="ok", about=about, code="read", subject=url, facts=(("n", str(len(got))),))


def key_set(raw: bytes, algorithms: Collection[str], fits: Fits) -> tuple[tuple[Finding, ...], tuple[KeyFinding, ...]]:
    """What a JWK Set document holds, key by key, and what would be left out of it."""
    try:
        document = strict_json.loads(raw, limits.KEY_SET_BYTES)
    except strict_json.StrictJsonError as wrong:
        return (_no_set(str(wrong)),), ()
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return (_no_set("no list called keys"),), ()
    if len(listed) > limits.KEYS:
        many = (("n", str(len(listed))), ("most", str(limits.KEYS)))
        return (Finding(level="refused", about="keys", code="too_many", facts=many),), ()
    names = Counter(key["kid"] for key in listed if isinstance(key, dict) and isinstance(key.get("kid"), str))
    good = usable(document) or ()
    keys = tuple(_key(key, names, good, algorithms, fits) for key in listed)
    counted = sum(not key.why for key in keys)
    level: Level = "ok" if counted else "refused"
    counts = (("used", str(counted)), ("n", str(len(keys))))
    return (Finding(level=level, about="keys", code="keys", facts=counts),), keys


def _no_set(why: str) -> Finding:
    return Finding(level="refused", about="keys", code="no_set", facts=(("why", why),))


def _key(key: Any, names: Counter[str], good: Sequence[Jwk], algorithms: Collection[str], fits: Fits) -> KeyFinding:
    if not isinstance(key, dict):
        return KeyFinding(kid="", kty="", alg="", size="", thumbprint="", why="no_object")
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
        return "private"
    kid = key.get("kid")
    if not isinstance(kid, str):
        return "no_kid"
    if names[kid] > 1:
        return "twice"
    if not used:
        return "members"
    if any(fits(algorithm, key) for algorithm in algorithms):
        return ""
    if any(fits(algorithm, key) for algorithm in ALGORITHMS):
        return "row"
    return "weak"


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
        return (_no_document(str(wrong)),), {}
    if not isinstance(document, dict):
        return (_no_document("not a JSON object"),), {}
    return tuple(_document(document, iss, internal=internal)), document


def _no_document(why: str) -> Finding:
    return Finding(level="refused", about="discovery", code="no_document", facts=(("why", why),))


def _document(document: Mapping[str, Any], iss: str, *, internal: bool) -> Iterator[Finding]:
    said = document.get("issuer")
    if said == iss:
        yield Finding(level="ok", about="issuer", code="names_itself")
    elif isinstance(said, str) and said.rstrip("/") == iss.rstrip("/"):
        yield Finding(level="refused", about="issuer", code="names_slash", facts=(("said", said[:255]),))
    else:
        yield Finding(level="refused", about="issuer", code="names_other")
    for name in _ENDPOINTS:
        url = document.get(name)
        fault = _fault(url, internal=internal) if isinstance(url, str) else "url.missing"
        if fault is not None:
            yield Finding(level="refused", about=name, code=fault)
    yield from _offers(document)


def _offers(document: Mapping[str, Any]) -> Iterator[Finding]:
    pkce = document.get("code_challenge_methods_supported")
    fine = isinstance(pkce, list) and "S256" in pkce
    yield Finding(level="ok" if fine else "warning", about="PKCE", code="pkce" if fine else "no_pkce")
    iss = document.get("authorization_response_iss_parameter_supported") is True
    yield Finding(level="ok" if iss else "warning", about="iss", code="iss" if iss else "no_iss")
    listed = document.get("id_token_signing_alg_values_supported")
    algorithms = (
        sorted(ALGORITHMS & {one for one in listed if isinstance(one, str)}) if isinstance(listed, list) else []
    )
    yield Finding(
        level="ok" if algorithms else "refused",
        about="algorithms",
        code="algorithms" if algorithms else "no_algorithms",
        facts=(("names", ", ".join(algorithms)),),
    )
