"""What rests on a client, a provider or an issuer ends in the moment in which somebody suspends or removes it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from broker.core.rows import IdentityProvider, Role
from tests import builders as b
from tests.web.site import CLIENT, Site, opened, site
from tests.web.test_data_endpoint import stopped

ADMIN = Role(id="admin", role="admin", scope="service", iss=b.HOME, sub="mei")
PROVIDER = IdentityProvider(id=b.HOME, slug="home", name="Home", client_id="us", client_secret="s")
ROWS = (("clients", CLIENT.id), ("idps", b.HOME))


async def end(s: Site, noun: str, id: str, verb: str) -> None:
    path = f"/api/v1/{noun}/{quote(id, safe='')}"
    method, path = ("DELETE", path) if verb == "remove" else ("POST", f"{path}/{verb}")
    row: Any = s.stage.ledger.rows["client" if noun == "clients" else "identity_provider", id]
    headers = {**s.headers("usr_mei"), "If-Match": f'"v{row.version}"'}
    got = await s.http.request(method, URL(path, encoded=True), headers=headers)
    assert got.status == 200, await got.text()


@pytest.mark.parametrize("verb", ["suspend", "remove"])
@pytest.mark.parametrize(("noun", "id"), ROWS)
async def test_a_running_download_is_cut(tmp_path: Path, noun: str, id: str, verb: str) -> None:
    async with site(tmp_path, ADMIN, PROVIDER, content=bytes(range(256)) * 4 * 65_536) as s:

        async def how(_: Site) -> None:
            await end(s, noun, id, verb)

        sent, kinds = await stopped(s, how)
        assert kinds[-1] == "download.cut"
        assert sent < 64 * 1024 * 1024


@pytest.mark.parametrize(("noun", "id"), ROWS)
async def test_tokens_and_tickets_rest_while_it_is_suspended_and_end_when_it_is_removed(
    tmp_path: Path, noun: str, id: str
) -> None:
    """An administrator without that client and provider does it: their own token would rest, too."""
    async with site(tmp_path, ADMIN, PROVIDER) as s:
        path, ticket = await opened(s)
        live = s.stage.live
        table = {"clients": "client", "idps": "identity_provider"}[noun]
        for state, status in (("suspended", 401), ("active", 200), ("removed", 401)):
            row: Any = s.stage.ledger.rows[table, id]
            from dataclasses import replace  # noqa: PLC0415

            changed = replace(row, version=row.version + 1, status=state)
            s.stage.ledger.rows[table, id] = changed
            live.committed((changed,))
            assert (await s.http.get("/api/v1/me", headers=s.headers())).status == status
            assert ((await s.http.get(path, headers=ticket)).status == 200) is (status == 200)
