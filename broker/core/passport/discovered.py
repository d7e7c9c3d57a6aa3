"""What does the discovery document of a registered broker say, as far as we let it? (OpenID Connect Discovery 4.3)

Key source (b) of the AAI FAQ: an issuer on the list, never one that a token names. The document may lead to the
issuer's own host, or to addresses that its row lists; it cannot send us, or our callers' tokens, anywhere else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from broker.core import strict_json

DOCUMENT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """The addresses that count. `userinfo`: None if it has none, or one that we do not go to."""

    jwks_uri: str
    userinfo: str | None


def well_known(iss: str) -> str:
    """Where the document is: appended, as OpenID Connect Discovery says (section 4)."""
    return iss.rstrip("/") + "/.well-known/openid-configuration"


def read_document(raw: bytes, iss: str, listed: Collection[str], *, internal: bool) -> Discovered | str:
    """The addresses, or what is wrong, in words of ours. `listed`: addresses on other hosts that the row names.

    `internal`: http is allowed, as for everything of that issuer.
    """
    try:
        members = strict_json.loads(raw, DOCUMENT_BYTES)
    except strict_json.StrictJsonError:
        return "the discovery document is not strict JSON"
    if not isinstance(members, dict):
        return "the discovery document is not a JSON object"
    said = members.get("issuer")
    if said != iss:
        near = isinstance(said, str) and said.rstrip("/") == iss.rstrip("/")
        return "the discovery document names another issuer" + (" (a trailing slash)" if near else "")
    keys, userinfo = members.get("jwks_uri"), members.get("userinfo_endpoint")
    if not isinstance(keys, str) or not _may_lead_to(keys, iss, listed, internal=internal):
        return "jwks_uri is neither on the issuer's host nor listed"
    if userinfo is not None and not isinstance(userinfo, str):
        return "userinfo_endpoint is no address"
    may = userinfo is not None and _may_lead_to(userinfo, iss, listed, internal=internal)
    return Discovered(jwks_uri=keys, userinfo=userinfo if may else None)


def _may_lead_to(url: str, iss: str, listed: Collection[str], *, internal: bool) -> bool:
    if url in listed:
        return True
    there, home = _split(url), _split(iss)
    if there is None or home is None or there.username is not None or there.fragment or "\\" in url:
        return False
    if there.scheme != "https" and not (internal and there.scheme == "http" == home.scheme):
        return False
    return there.netloc == home.netloc


def _split(url: str) -> SplitResult | None:
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None
