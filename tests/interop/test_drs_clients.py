"""Other people's DRS clients ask the broker: those of the known ones that can speak to a server on this machine.

Two of them can have no bytes of a server whose addresses come with headers, and that is shown too: they say so, or are
refused, and write nothing that looks like the file.
"""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests import builders as b
from tests.certificates import contexts
from tests.fakes import START
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


async def _https(tmp_path: Path, client: str, *words: str) -> tuple[dict[str, Any], str]:
    """What a client says that speaks https alone, with the packages of its own folder."""
    needed(client, there=(HERE / ".suites" / client).is_dir(), how="make interop-tools")
    env = {
        **os.environ, "PYTHONPATH": str(HERE / ".suites" / client), "HOME": str(tmp_path),
        "REQUESTS_CA_BUNDLE": str(tmp_path / "cert.pem"),
    }  # fmt: skip
    status, said = await ran(sys.executable, str(HERE / f"{client}_client.py"), *words, env=env)
    assert status == 0, said
    return json.loads(said[said.index('{"') :].splitlines()[0]), said


@pytest.mark.row("DR-CLIENTS")
async def test_the_sdk_of_gen3_gets_an_address_forgets_its_header_and_is_refused(tmp_path: Path) -> None:
    server, _ = contexts(tmp_path)
    async with regions(tmp_path) as r, door(r, server) as base:
        host, files = base.removeprefix("https://"), tmp_path / "files"
        token = r.site.access_token(str(b.ADA))
        said, told = await _https(tmp_path, "gen3", host, "obj-1", token, str(files))
        assert said["known"] == {"name": "obj-1.bam", "size": len(CONTENT), "ways": ["https"]}
        assert (said["status"], said["address"]) == (200, f"{base}/data/obj-1")
        assert said["download"] == "error", "DRS 1.5.0, AccessURL: its headers are to be sent"
        assert "(401)" in told
        assert not list(files.glob("*"))
        said, _ = await _https(tmp_path, "gen3", host, "obj-1", r.site.access_token("usr_mei"), str(files))
        assert (said["status"], said["address"]) == (403, None)


@pytest.mark.row("DR-CLIENTS")
async def test_the_client_of_dnastack_reads_metadata_and_takes_no_address_with_headers(tmp_path: Path) -> None:
    server, _ = contexts(tmp_path)
    async with regions(tmp_path, one=b.drs_object(updated=START)) as r, door(r, server) as base:
        host = base.removeprefix("https://")
        said, _ = await _https(tmp_path, "dnastack", host, "obj-1", r.site.access_token(str(b.ADA)))
        assert (said["object"]["name"], said["object"]["size"]) == ("obj-1.bam", 10)
        assert said["object"]["access_methods"] == [{"access_id": "https", "access_url": None, "type": "https"}]
        assert "headers\n  Input should be a valid dictionary" in said["address"], "DRS 1.5.0: an array of strings"
        said, _ = await _https(tmp_path, "dnastack", host, "obj-1", r.site.access_token("usr_mei"))
        assert "HTTP 403" in said["address"]
        assert "You hold no grant for this dataset." in said["address"]
        said, _ = await _https(tmp_path, "dnastack", host, "bam", r.site.access_token(str(b.ADA)))
        assert "updated_time\n  Field required" in said["object"], "DRS 1.5.0: optional"
