"""Which client is asking, and does it prove it? Exactly one way (RFC 6749 section 2.3, RFC 9700 section 2.5).

Unknown client, suspended client, wrong way, wrong secret and wrong signature get the same words and take the
same time.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import unquote_plus

from broker.core.oidc.client_assertion import ASSERTION_TYPE
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.parameters import Parameters

Method = Literal["private_key_jwt", "client_secret_basic", "client_secret_post", "none"]
METHODS: tuple[Method, ...] = ("private_key_jwt", "client_secret_basic", "client_secret_post", "none")

_VISIBLE = re.compile(r"[ -~]{1,256}")
"""VSCHAR, as RFC 6749 appendix A.1 and A.2 allow in an id and in a secret."""
_BASIC = re.compile(r"[Bb][Aa][Ss][Ii][Cc] ([A-Za-z0-9+/]{1,2048}={0,2})")
_NOBODY = "0" * 64
"""Compared with where there is no stored hash, so that it takes the same time; nothing hashes to it."""


class RegisteredClient(Protocol):
    """What the rules read of a client's row."""

    @property
    def id(self) -> str: ...
    @property
    def auth_method(self) -> str: ...
    @property
    def secret(self) -> str | None:
        """SHA-256 of the secret, hexadecimal."""
        ...

    @property
    def redirect_uris(self) -> Sequence[str]: ...
    @property
    def grant_types(self) -> Sequence[str]: ...
    @property
    def scopes(self) -> Sequence[str]: ...
    @property
    def resources(self) -> Sequence[str]: ...
    @property
    def status(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom the caller says to be, and by which one way it proves it.

    `client_id` is empty where only the `assertion` says it.
    """

    method: Method
    client_id: str
    secret: str = field(default="", repr=False)
    assertion: str = field(default="", repr=False)


def credentials(authorization: str | None, form: Parameters) -> Credentials | OAuthError:
    """The one client authentication of this request. `authorization`: the header's value, or None."""
    if form.get("client_assertion") is not None or form.get("client_assertion_type") is not None:
        return _asserted(authorization, form)
    if authorization is not None:
        if form.get("client_secret") is not None:
            return OAuthError.CLIENT_TWICE
        basic = _basic(authorization)
        if basic is None or form.get("client_id") not in {None, basic.client_id}:
            return OAuthError.CLIENT_FAILED
        return basic
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if client_id is None or not _VISIBLE.fullmatch(client_id):
        return OAuthError.CLIENT_FAILED
    if secret is None:
        return Credentials("none", client_id)
    return Credentials("client_secret_post", client_id, secret)


def authenticate(client: RegisteredClient | None, given: Credentials, *, asserted: bool = False) -> OAuthError | None:
    """None if `client` is who it says to be, in the one way that it registered.

    `asserted`: its assertion was verified, whoever asks for that; it counts for `private_key_jwt` alone.
    """
    stored = client.secret if client is not None and client.secret is not None else _NOBODY
    offered = hashlib.sha256(given.secret.encode()).hexdigest()
    fits = hmac.compare_digest(offered.encode(), stored.encode())
    if client is None or client.status != "active" or client.id != given.client_id:
        return OAuthError.CLIENT_FAILED
    if client.auth_method != given.method:
        return OAuthError.CLIENT_FAILED
    proven = {"none": True, "private_key_jwt": asserted}.get(given.method, fits)
    return None if proven else OAuthError.CLIENT_FAILED


def _asserted(authorization: str | None, form: Parameters) -> Credentials | OAuthError:
    """The assertion, as the only way (RFC 7521 section 4.2). `client_id` may be left out: it is in there."""
    if authorization is not None or form.get("client_secret") is not None:
        return OAuthError.CLIENT_TWICE
    assertion, client_id = form.get("client_assertion"), form.get("client_id")
    if assertion is None or form.get("client_assertion_type") != ASSERTION_TYPE:
        return OAuthError.CLIENT_FAILED
    return Credentials("private_key_jwt", client_id or "", assertion=assertion)


def _basic(authorization: str) -> Credentials | None:
    """Id and secret of a Basic header, each form-decoded (RFC 6749 section 2.3.1); None if it is malformed."""
    found = _BASIC.fullmatch(authorization)
    if found is None:
        return None
    try:
        text = base64.b64decode(found[1], validate=True).decode("utf-8")
        raw_id, _, raw_secret = text.partition(":")
        client_id = unquote_plus(raw_id, errors="strict")
        secret = unquote_plus(raw_secret, errors="strict")
    except ValueError:
        return None
    if not _VISIBLE.fullmatch(client_id) or not _VISIBLE.fullmatch(secret):
        return None
    return Credentials("client_secret_basic", client_id, secret)
