"""Is this a request that a strict OpenID Provider answers? (OpenID Connect Core 3.1.2, RFC 7636, RFC 9207)

Pure: parameters in, a request or a refusal out. A refusal may be sent to the client only after its redirect
URI was found among those registered, character by character.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from broker.demo.people import IssuerName

MAX_VALUE: Final = 2048
"""Longest value of one parameter, in characters."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_DIGITS = re.compile(r"[0-9]{1,9}")
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_UNSUPPORTED: Final = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdpClient:
    """A client of one of the demo's issuers: a broker that sends people here."""

    issuer: IssuerName
    id: str
    secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorize:
    """An authorization request in order. `silent`: `prompt=none`, no page may be shown."""

    client: IdpClient
    redirect_uri: str
    scope: frozenset[str]
    state: str
    nonce: str
    challenge: str
    silent: bool
    login_hint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No. `redirect_uri` None: nobody is known to whom this could be said but the person in front of us."""

    error: str
    why: str
    redirect_uri: str | None = None
    state: str | None = None


def read_authorize(given: Mapping[str, Sequence[str]], clients: Sequence[IdpClient]) -> Authorize | Refused:
    """The request that these parameters make, for one of this issuer's clients."""
    client = next((one for one in clients if given.get("client_id") == [one.id]), None)
    if client is None:
        return Refused(error="invalid_client", why="There is no such client here.")
    uris = given.get("redirect_uri", ())
    if len(uris) != 1 or uris[0] not in client.redirect_uris:
        return Refused(error="invalid_request", why="This client has not registered that redirect URI.")
    states = given.get("state", ())
    state = states[0] if len(states) == 1 and len(states[0]) <= MAX_VALUE else None
    fault = _fault(given)
    if fault is not None:
        return Refused(error=fault[0], why=fault[1], redirect_uri=uris[0], state=state)
    value = {name: values[0] for name, values in given.items()}
    return Authorize(
        client=client,
        redirect_uri=uris[0],
        scope=frozenset(value["scope"].split(" ")),
        state=value["state"],
        nonce=value["nonce"],
        challenge=value["code_challenge"],
        silent=value.get("prompt") == "none",
        login_hint=value.get("login_hint"),
    )


def _fault(given: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """The first thing that is wrong, as OAuth error and sentence, or None."""
    if any(len(values) != 1 or len(values[0]) > MAX_VALUE for values in given.values()):
        return "invalid_request", "A parameter is there twice, or too long."
    value = {name: values[0] for name, values in given.items()}
    for name, error in _UNSUPPORTED.items():
        if name in value:
            return error, f"{name} is not supported."
    if value.get("response_type") != "code":
        return "unsupported_response_type", "Only response_type=code is supported."
    if value.get("response_mode", "query") != "query":
        return "invalid_request", "Only response_mode=query is supported."
    if "openid" not in value.get("scope", "").split(" "):
        return "invalid_scope", "The scope openid is needed."
    if not value.get("state") or not value.get("nonce"):
        return "invalid_request", "state and nonce are needed."
    challenged = _CHALLENGE.fullmatch(value.get("code_challenge", ""))
    if challenged is None or value.get("code_challenge_method") != "S256":
        return "invalid_request", "PKCE with S256 is needed."
    return _fault_of_asking(value)


def _fault_of_asking(value: Mapping[str, str]) -> tuple[str, str] | None:
    """The same, for what says how the person is to be asked."""
    prompts = value.get("prompt", "login").split(" ")
    if not _PROMPTS.issuperset(prompts) or ("none" in prompts and prompts != ["none"]):
        return "invalid_request", "prompt is none, or some of login, consent, select_account."
    if "max_age" in value and _DIGITS.fullmatch(value["max_age"]) is None:
        return "invalid_request", "max_age is a number of seconds."
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """A token request in order (RFC 6749 section 4.1.3), its client not yet authenticated."""

    code: str
    redirect_uri: str
    verifier: str


def read_redeem(given: Mapping[str, Sequence[str]]) -> Redeem | Refused:
    """The token request that this form makes."""
    if any(len(values) != 1 or len(values[0]) > MAX_VALUE for values in given.values()):
        return Refused(error="invalid_request", why="A parameter is there twice, or too long.")
    value = {name: values[0] for name, values in given.items()}
    if value.get("grant_type") != "authorization_code":
        return Refused(error="unsupported_grant_type", why="Only authorization_code is supported.")
    if not value.get("code") or not value.get("redirect_uri"):
        return Refused(error="invalid_request", why="code and redirect_uri are needed.")
    if _VERIFIER.fullmatch(value.get("code_verifier", "")) is None:
        return Refused(error="invalid_request", why="code_verifier is needed, 43 to 128 characters.")
    return Redeem(code=value["code"], redirect_uri=value["redirect_uri"], verifier=value["code_verifier"])
