"""npm's oidc-provider, a certified OpenID Provider that nobody here wrote, as the home organisation of researchers."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.interop.serving import broker, free_port, node_needed, program, ran

CALLBACK = "http://127.0.0.1:8765/callback"
SECRET, HOME_SECRET = "p" * 43, "h" * 43
SIGNED = {"plain UserInfo": {}, "signed UserInfo": {"userinfo_signed_response_alg": "RS256"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=SIGNED)
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The provider and a broker that knows it; what the client outside needs to know, as a file."""
    node = node_needed()
    folder = tmp_path_factory.mktemp("home")
    ours, theirs = free_port(), free_port()
    home, issuer = f"http://127.0.0.1:{theirs}", f"http://127.0.0.1:{ours}"
    settings = {
        "issuer": home,
        "port": theirs,
        "clients": [
            {
                "client_id": "access-broker",
                "client_secret": HOME_SECRET,
                "redirect_uris": [f"{issuer}/sign-in/home/callback"],
                "grant_types": ["authorization_code"],
                "response_types": ["code"],
                **SIGNED[request.param],
            }
        ],
    }
    catalogue: dict[str, object] = {
        "identity_providers": [
            {
                "issuer": home, "slug": "home", "name": "Home", "client_id": "access-broker",
                "client_secret": HOME_SECRET, "scopes": ["rhine.example"], "request_scopes": ["openid", "profile", "eduperson"],
                "internal": True,
            }
        ],
        "clients": [
            {
                "id": "portal", "name": "Portal", "auth_method": "client_secret_basic",
                "secret_sha256": hashlib.sha256(SECRET.encode()).hexdigest(), "redirect_uris": [CALLBACK],
                "grant_types": ["authorization_code"],
                "scopes": ["openid", "profile", "eduperson_scoped_affiliation"], "resources": [issuer],
            }
        ],
    }  # fmt: skip
    (folder / "provider.json").write_text(json.dumps(settings))
    path = folder / "world.json"
    path.write_text(json.dumps({"issuer": issuer, "home": home, "callback": CALLBACK, "secret": SECRET}))
    async with (
        program(node, "provider.mjs", str(folder / "provider.json"), ready=b"listening"),
        broker(folder / "state", ours, catalogue),
    ):
        yield path


@pytest.mark.parametrize("scenario", ["sign in", "the same person twice, another person once", "no at home"])
@pytest.mark.asyncio(loop_scope="module")
async def test_oidc_provider(world: Path, scenario: str) -> None:
    status, said = await ran(node_needed(), "home.mjs", str(world), scenario)
    assert status == 0, said
