"""Connected computers over a socket: what the page says, what their owner sees, and how one is removed."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters import jose
from broker.core.ids import ClientId
from broker.core.registration import installation, read_installation
from broker.core.rows import Client
from tests import builders as b
from tests.fakes import START
from tests.web.site import CLIENT, COOKIE, signed_in, site
from tests.web.test_interop_findings import browser_session

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
KEY = jose.public_jwk(ec.derive_private_key(99, ec.SECP256R1()), "", "ES256")
COMPUTER = json.dumps({"name": "<b>laptop</b>", "jwk": {n: KEY[n] for n in ("kty", "crv", "x", "y")}})
CLI = Client(
    id=ClientId("cli"), name="broker login", auth_method="none", grant_types=("refresh_token", DEVICE_GRANT),
    scopes=("openid", "ga4gh_passport_v1"), installs=True,
)  # fmt: skip
DEVICES = "/api/v1/me/devices"
ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"


def laptop() -> Client:
    of = read_installation(COMPUTER)
    assert of is not None
    return installation(CLI, of, ClientId("cli_1"), b.ADA, START)


async def test_the_page_says_that_the_computer_becomes_a_client(tmp_path: Path) -> None:
    async with site(tmp_path, CLI, browser_session(), *signed_in("usr_mei")) as s:
        asked = {"client_id": "cli", "scope": "openid", "installation": COMPUTER}
        told = await (await s.http.post("/oauth2/device_authorization", data=asked)).json()
        page = await s.http.get(f"/device?{urlencode({'user_code': told['user_code']})}", headers=COOKIE)
        text = await page.text()
        assert "becomes a client in your name" in " ".join(text.split())
        assert "&lt;b&gt;laptop&lt;/b&gt;" in text
        assert "<b>laptop" not in text


async def test_owners_see_their_computers_and_nobody_elses(tmp_path: Path) -> None:
    async with site(tmp_path, CLI, laptop()) as s:
        told = await (await s.http.get(DEVICES, headers=s.headers())).json()
        assert [(one["client_id"], one["program"]) for one in told["devices"]] == [("cli_1", "cli")]
        assert (await (await s.http.get(DEVICES, headers=s.headers("usr_mei"))).json()) == {"devices": []}
        assert (await s.http.delete(f"{DEVICES}/cli_1", headers=s.headers("usr_mei"))).status == 404
        assert (await s.http.delete(f"{DEVICES}/{CLIENT.id}", headers=s.headers())).status == 404
        assert (await s.http.get(DEVICES)).status == 401


async def test_removing_a_computer_ends_its_tokens_and_tickets_and_no_others(tmp_path: Path) -> None:
    session, family = signed_in("usr_ada", ("faculty@rhine.example",))
    theirs = replace(family, id="fam-laptop", client=ClientId("cli_1"))  # type: ignore[type-var]
    async with site(tmp_path, CLI, laptop(), session, theirs) as s:
        by_laptop = s.headers(client_id="cli_1", sid="fam-laptop", jti="t2", aud=[b.US, "cli_1"])
        told = await (await s.http.get(ACCESS, headers=by_laptop)).json()
        path, ticket = told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
        assert (await s.http.get(path, headers=ticket)).status == 200
        for _ in range(2):
            assert (await s.http.delete(f"{DEVICES}/cli_1", headers=s.headers())).status == 204
        assert (await s.http.get(path, headers=ticket)).status in (401, 403)
        again = await s.http.get("/api/v1/me", headers=by_laptop)
        assert (again.status, (await again.json())["code"]) == (401, "AUTH-REVOKED")
        assert (await s.http.get("/api/v1/me", headers=s.headers())).status == 200
        assert s.stage.kinds().count("client.removed") == 1
