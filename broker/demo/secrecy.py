"""What of a request or an answer may be printed? Tokens, codes and secrets are shortened; control codes go.

The demo prints real HTTP, and a terminal's scrollback is a log like any other.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

SECRET_MEMBERS: Final = frozenset({
    "access_token", "actor_token", "client_assertion", "client_secret", "code_verifier", "csrf",
    "device_code", "ga4gh_passport_v1", "id_token", "logout_token", "passports", "password",
    "refresh_token", "secret", "subject_token", "ticket", "token", "user_code",
})  # fmt: skip
"""Members of JSON whose strings are shortened. `code` and `state` mean other things there."""

SECRET_PARAMETERS: Final = SECRET_MEMBERS | {"code", "form", "id_token_hint", "nonce", "state", "x-amz-signature"}
"""Parameters of URLs and forms whose values are shortened."""

SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "dpop", "proxy-authorization", "set-cookie"})

_SHOWN: Final = 6
_LONG_ENOUGH: Final = 24
"""Only of a value of this length are the first characters shown: of less they would give too much away."""

_JWT = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_CREDENTIAL = re.compile(r"\b(Bearer|Basic|DPoP)(\s+)([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)


def shortened(secret: str) -> str:
    """Enough to tell two secrets apart, too little to use one."""
    shown = secret[:_SHOWN] if len(secret) >= _LONG_ENOUGH else ""
    return f"{shown}…({len(secret)} characters)"


def printable(text: str) -> str:
    """Without control characters, which could move the cursor or rename the window; line breaks and tabs stay."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


def safe_text(text: str) -> str:
    """Text that may hold tokens, with them shortened: whatever looks like a JWT or follows `Bearer`."""
    named = _CREDENTIAL.sub(lambda found: f"{found[1]}{found[2]}{shortened(found[3])}", printable(text))
    return _JWT.sub(_dotted, named)


def _dotted(found: re.Match[str]) -> str:
    """JWTs begin with an encoded `{"`; host names and file names with dots in them do not."""
    return shortened(found[0]) if found[0].startswith("eyJ") else found[0]


def safe_url(url: str) -> str:
    """A URL with the values of secret parameters shortened, those in its fragment too."""
    parts = urlsplit(printable(url))
    return safe_text(urlunsplit(parts._replace(query=_safe_query(parts.query), fragment=_safe_query(parts.fragment))))


def _safe_query(query: str) -> str:
    if "=" not in query:
        return query
    return "&".join(_safe_pair(name, value) for name, value in parse_qsl(query, keep_blank_values=True))


def _safe_pair(name: str, value: str) -> str:
    """As it was, or shortened and not encoded again."""
    shown = safe_parameter(name, value)
    return f"{quote(name)}={quote(value, safe='/:') if shown == value else shown}"


def safe_parameter(name: str, value: str) -> str:
    """The value of a parameter of a form."""
    return shortened(value) if name.lower() in SECRET_PARAMETERS else safe_text(value)


def safe_header(name: str, value: str) -> str:
    """A header's value: credentials keep their scheme, cookies their name."""
    if name.lower() in ("cookie", "set-cookie"):
        cookie, _, secret = value.partition("=")
        return f"{printable(cookie)}={shortened(secret)}"
    if name.lower() in SECRET_HEADERS and not _CREDENTIAL.match(value):
        return shortened(value)
    return safe_text(value)


def safe_json(value: Any) -> Any:
    """A JSON value with the secrets in it shortened, at any depth."""
    if isinstance(value, Mapping):
        return {printable(str(name)): _safe_member(str(name), member) for name, member in value.items()}
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, Sequence):
        return [safe_json(item) for item in value]
    return value


def _safe_member(name: str, member: Any) -> Any:
    if name.lower() not in SECRET_MEMBERS:
        return safe_json(member)
    if isinstance(member, str):
        return shortened(member)
    if isinstance(member, Sequence):
        return [shortened(item) if isinstance(item, str) else safe_json(item) for item in member]
    return safe_json(member)
