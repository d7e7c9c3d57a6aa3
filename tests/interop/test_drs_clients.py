"""Other people's DRS clients ask the broker: those of the known ones that can speak to a server on this machine."""

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests import builders as b
from tests.interop.serving import HERE, needed, ran
from tests.interop.test_htsget_clients import door
from tests.web.regions import regions
from tests.web.site import CONTENT

PYTHON = HERE / ".suites" / "bin" / "python"


@pytest.mark.row("DR-CLIENTS")
async def test_drs_cli_gets_metadata_an_address_and_by_it_the_bytes(tmp_path: Path) -> None:
    needed("drs-cli", there=any(HERE.glob(".suites/lib/*/site-packages/drs_cli")), how="make interop-tools")
    async with regions(tmp_path) as r, door(r) as base:
        port = str(urlsplit(base).port)
        command = (str(PYTHON), str(HERE / "drs_cli_client.py"), port, "obj-1")
        status, said = await ran(*command, r.site.access_token(str(b.ADA)))
        assert status == 0, said
        shown, access = json.loads(said[said.index("[{") :])
        assert (shown["id"], shown["size"]) == ("obj-1", len(CONTENT))
        assert shown["checksums"][0]["checksum"] == hashlib.sha256(CONTENT).hexdigest()
        fields = dict(line.split(": ", 1) for line in access["headers"])
        async with aiohttp.ClientSession() as http, http.get(access["url"], headers=fields) as answer:
            assert await answer.read() == CONTENT
        status, said = await ran(*command, r.site.access_token("usr_mei"))
        assert status == 0, said
        assert json.loads(said[said.index("[{") :])[1]["status_code"] == 403, "a refusal is an Error, as it knows them"


@pytest.mark.row("DR-CLIENTS")
@pytest.mark.parametrize("id", ["obj-1", "cut/bam"], ids=["plain", "as Gen3 prefixes them"])
async def test_the_client_of_gen3_gets_metadata_an_address_and_by_it_the_bytes(tmp_path: Path, id: str) -> None:
    """It writes ids into addresses as they are, with the slash that those of Gen3 have."""
    needed("drsclient", there=any(HERE.glob(".suites/lib/*/site-packages/drsclient")), how="make interop-tools")
    async with regions(tmp_path) as r, door(r) as base:
        command = (str(PYTHON), str(HERE / "gen3_drs_client.py"), base, id)
        status, said = await ran(*command, r.site.access_token(str(b.ADA)))
        assert status == 0, said
        answers = json.loads(said[said.index("[[") :])
        assert [one[0] for one in answers] == [200] * 4, said
        (_, shown), (_, access) = answers[:2]
        assert answers[2][1] == shown
        assert shown["id"] == id
        for _, given in (answers[1], answers[3]):
            fields = dict(line.split(": ", 1) for line in given["headers"])
            async with aiohttp.ClientSession() as http, http.get(given["url"], headers=fields) as answer:
                content = await answer.read()
            assert len(content) == shown["size"]
            assert hashlib.sha256(content).hexdigest() == shown["checksums"][0]["checksum"]
        assert "access_id" not in access
        status, said = await ran(*command, r.site.access_token("usr_mei"))
        assert status == 0, said
        assert [one[0] for one in json.loads(said[said.index("[[") :])] == [200, 403] * 2
