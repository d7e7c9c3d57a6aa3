"""Authlib's server classes as an oracle: whatever our token endpoint accepts for a code, Authlib accepts too.

Authlib is hardened as far as its hooks go (S256 only, one use, expiry). It knows nothing of our rows: it is
given the same facts and decides for itself.
"""

import base64
import hmac
import itertools
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload, OAuth2Request, grants
from authlib.oauth2.rfc7636 import CodeChallenge

from broker.core.oidc.opaque import stored_id
from broker.core.oidc.pkce import challenge_of
from broker.core.rows.oauth import Client, Code
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.token import token
from tests.flows.oauth.fakes_oauth import CB, CLIENTS, SECRET, VERIFIER, World, basic, hashed


class OracleClient(ClientMixin):  # type: ignore[misc]
    def __init__(self, row: Client) -> None:
        self.row, self.client_id = row, row.id

    def get_client_id(self) -> str:
        return self.row.id

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.row.secret or "", hashed(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method == self.row.auth_method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types


class OracleCode:
    """What Authlib asks of a code."""

    def __init__(self, row: Code) -> None:
        self.row = row
        self.code_challenge, self.code_challenge_method = row.challenge, "S256"

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return "openid"


class OracleGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")

    def query_authorization_code(self, code: str, client: OracleClient) -> OracleCode | None:
        w: World = self.server.w
        row = w.ledger.rows.get(("code", stored_id(code)))
        if not isinstance(row, Code) or row.device or row.spent is not None or w.clock.now() >= row.expires:
            return None
        family: Any = w.ledger.rows["family", row.family]
        return OracleCode(row) if family.client == client.client_id else None

    def authenticate_user(self, authorization_code: OracleCode) -> str:
        return authorization_code.row.family

    def delete_authorization_code(self, authorization_code: OracleCode) -> None:
        """The oracle's answer is all that counts."""


class Oracle(AuthorizationServer):  # type: ignore[misc]
    def __init__(self, w: World) -> None:
        super().__init__()
        self.w = w
        self.register_grant(OracleGrant, [CodeChallenge(required=True)])
        self.register_token_generator("default", lambda **_: {"access_token": "x", "token_type": "Bearer"})

    def query_client(self, client_id: str) -> OracleClient | None:
        row = self.w.ledger.rows.get(("client", client_id))
        return OracleClient(row) if isinstance(row, Client) and row.status == "active" else None

    def save_token(self, token: object, request: object) -> None:
        """Nothing is kept."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, *_: object) -> int:
        return status

    def accepts(self, header: str | None, raw: bytes) -> bool:
        headers = {} if header is None else {"Authorization": header}
        request = OracleRequest("POST", "https://broker.example/oauth2/token", headers=headers)
        request.payload = OraclePayload(raw)
        try:
            return bool(self.create_token_response(request=request) == 200)
        except (ValueError, UnicodeError):
            return False  # a 500 in Authlib: user input that it puts into a description


class OracleRequest(OAuth2Request):  # type: ignore[misc]
    @property
    def args(self) -> dict[str, str]:
        return {}

    @property
    def form(self) -> dict[str, str]:
        return dict(self.payload.data)


class OraclePayload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, raw: bytes) -> None:
        self._pairs = parse_qsl(raw.decode(), keep_blank_values=True)

    @property
    def data(self) -> dict[str, str]:
        return dict(reversed(self._pairs))

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [v for n, v in self._pairs if n == name] for name, _ in self._pairs}


CODES = ("good", "spent", "old", "theirs", "device", "public", "nobody's", None)
VERIFIERS = (VERIFIER, "w" * 43, "short", VERIFIER + "\n", "é" * 43, challenge_of(VERIFIER), None)
ADDRESSES = (CB, CB + "2", None)
HEADERS = (
    basic("app"),
    basic("app", "wrong"),
    basic("other"),
    basic("ghost"),
    None,
    "Basic %%%",
    "Basic " + base64.b64encode(b"app").decode(),
)
BODIES: tuple[dict[str, str], ...] = (
    {},
    {"client_id": "public"},
    {"client_id": "app"},
    {"client_id": "app", "client_secret": SECRET},
)


CASES = [
    *itertools.product(CODES, VERIFIERS, ADDRESSES, [basic("app")], [{}]),
    *itertools.product(CODES, VERIFIERS, ADDRESSES, [None], [{"client_id": "public"}]),
    *itertools.product(CODES, [VERIFIER, "w" * 43], [CB], HEADERS, BODIES),
]


async def world() -> tuple[World, dict[str, str]]:
    """A world with a code of every kind, and the codes."""
    w = World()
    codes = {"nobody's": "x" * 43}
    for name, client in (
        ("good", "app"),
        ("spent", "app"),
        ("old", "app"),
        ("theirs", "other"),
        ("device", "app"),
        ("public", "public"),
    ):
        codes[name] = await w.code(client)
    rows: dict[str, Any] = {name: w.ledger.rows.get(("code", stored_id(text))) for name, text in codes.items()}
    for name, changes in (("spent", {"spent": 1}), ("old", {"expires": w.clock.now()}), ("device", {"device": True})):
        w.put(type(rows[name])(**{**_members(rows[name]), **changes}))
    return w, codes


def _members(row: Code) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


@pytest.mark.row("B1")
async def test_whatever_we_accept_authlib_accepts_and_the_good_ones_are_accepted() -> None:
    w, codes = await world()
    oracle, before = Oracle(w), dict(w.ledger.rows)
    ours_only, accepted, theirs_only = [], 0, set()
    for code, verifier, address, header, body in CASES:
        form = {
            "grant_type": "authorization_code",
            "code": codes.get(code or ""),
            "code_verifier": verifier,
            "redirect_uri": address,
            **body,
        }
        raw = urlencode({name: value for name, value in form.items() if value is not None}).encode()
        w.ledger.rows = dict(before)
        w.ledger.entries.clear()
        theirs = oracle.accepts(header, raw)
        ours = isinstance(await token(w.d, header, raw), Tokens)
        accepted += ours
        if ours and not theirs:
            ours_only.append((code, verifier, address, header, body))
        if theirs and not ours:
            theirs_only.add((header is not None, "client_secret" in body, body.get("client_id", "")))
    assert ours_only == []
    assert accepted == 6
    assert len(CLIENTS) == 5
    # Where Authlib says yes and we say no, there were two authentications of clients, or two different clients.
    assert theirs_only == {(True, True, "app"), (True, False, "app"), (True, False, "public")}
