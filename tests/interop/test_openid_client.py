"""npm's openid-client, a certified relying party that nobody here wrote, does everything that it can with the broker."""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters.jose import public_jwk
from broker.core.oidc.opaque import base64url
from tests.end_to_end.demo import Demo
from tests.interop.serving import HERE, node_needed, ran

CALLBACK, GOODBYE = "http://127.0.0.1:8765/callback", "http://127.0.0.1:8765/goodbye"
SECRETS = {"basic": "b" * 43, "asks": "a" * 43}
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
USUAL = ["authorization_code", "refresh_token", EXCHANGE, DEVICE]
KEYS = {
    "jwt": ec.derive_private_key(0x1111111, ec.SECP256R1()),
    "service": ec.derive_private_key(0x2222222, ec.SECP256R1()),
}
SCENARIOS = [
    "code flow, UserInfo, refresh",
    "introspection and revocation",
    "token exchange for a Passport",
    "pushed request, private_key_jwt",
    "DPoP, public client",
    "DPoP with a nonce of the server",
    "client credentials",
    "device flow",
    "signing out at the client's word",
    "no, the person says",
]


def _client(id: str, **members: Any) -> dict[str, Any]:
    usual = {"id": id, "redirect_uris": [CALLBACK], "grant_types": USUAL, "consent": "remembered"}
    return usual | ({"secret": SECRETS[id]} if id in SECRETS else {}) | members


CLIENTS = [
    _client("basic", post_logout_redirect_uris=[GOODBYE]),
    _client("asks", consent="ask"),
    _client("jwt", jwks=[public_jwk(KEYS["jwt"], "jwt-1", "ES256")], require_par=True),
    _client("dpop", grant_types=["authorization_code", "refresh_token"], dpop_required=True),
    _client("nonce", grant_types=["authorization_code", "refresh_token"], dpop_required=True, dpop_nonce=True),
    _client(
        "service", jwks=[public_jwk(KEYS["service"], "svc-1", "ES256")], grant_types=["client_credentials"],
        scopes=["issuers:read"], redirect_uris=[],
    ),
]  # fmt: skip


def _private(id: str) -> dict[str, str]:
    """The private JWK, for who is to sign with it."""
    kid = {"jwt": "jwt-1", "service": "svc-1"}[id]
    number = KEYS[id].private_numbers().private_value
    public = {name: value for name, value in public_jwk(KEYS[id], kid, "ES256").items() if name != "use"}
    return public | {"d": base64url(number.to_bytes(32, "big"))}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The demo, with these clients; what a program outside needs to know, as a file."""
    node_needed()
    folder = tmp_path_factory.mktemp("openid-client")
    clients, path = folder / "clients.json", folder / "world.json"
    clients.write_text(json.dumps(CLIENTS))
    demo = Demo(folder / "state", "--client", str(clients))
    await demo.start()
    try:
        told = {
            "issuer": demo.described["issuer"], "callback": CALLBACK, "goodbye": GOODBYE, "secrets": SECRETS,
            "keys": {id: _private(id) for id in KEYS},
        }  # fmt: skip
        path.write_text(json.dumps(told))
        yield path
    finally:
        await demo.stop()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.asyncio(loop_scope="module")
async def test_openid_client(world: Path, scenario: str) -> None:
    status, said = await ran(node_needed(), "client.mjs", str(world), scenario)
    assert status == 0, said


def test_every_scenario_is_run(tmp_path: Path) -> None:
    empty = tmp_path / "world.json"
    empty.write_text('{"issuer": "http://127.0.0.1:1"}')
    listed = subprocess.run([node_needed(), "client.mjs", empty], cwd=HERE, capture_output=True, check=True, text=True)
    assert json.loads(listed.stdout) == SCENARIOS
