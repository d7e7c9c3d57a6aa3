"""A repository in Google Cloud Storage, by the emulator of PyPI: signed addresses of ours, slices of what lies there."""

import json
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from broker.adapters.repositories.stores import open_stores
from broker.core.rows import Repository
from tests.adapters.test_remote_repositories import _service_account
from tests.interop.serving import HERE, free_port, listening, needed, program
from tests.interop.slices import CONTENT, PATH, slices_are_right

EMULATOR = HERE / ".suites" / "bin" / "gcp-storage-emulator"


async def put(base: str, key: str) -> None:
    url = f"{base}/upload/storage/v1/b/heart/o?uploadType=media&name={quote(key, safe='')}"
    kind = {"Content-Type": "application/octet-stream"}
    async with aiohttp.ClientSession() as http, http.post(url, data=CONTENT, headers=kind) as answer:
        assert answer.status == 200, await answer.text()


@pytest.mark.row("ST-GCS")
async def test_slices_of_an_object_in_google_cloud_storage(tmp_path: Path) -> None:
    needed("gcp-storage-emulator", there=EMULATOR.exists(), how="make interop-tools")
    folder, port = tmp_path / "credentials", free_port()
    folder.mkdir()
    (folder / "bank.json").write_text(json.dumps({"service_account_key": _service_account()}))
    (folder / "bank.json").chmod(0o600)
    base = f"http://127.0.0.1:{port}"
    words = ("start", "--host=127.0.0.1", f"--port={port}", "--in-memory", "--default-bucket=heart")
    async with program(str(EMULATOR), *words), open_stores(folder) as stores:
        await listening(port)
        await put(base, f"pre/{PATH}")
        home = Repository(id="r", name="R", root="gs://heart/pre", endpoint=base, credentials="bank", internal=True)
        await slices_are_right(stores, home)
