"""A repository in Azure Blob Storage, by Microsoft's emulator (azurite): signed addresses of ours, slices of a blob."""

import base64
import hashlib
import hmac
import json
import shutil
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from broker.adapters.repositories.stores import open_stores
from broker.core.rows import Repository
from tests.interop.serving import HERE, free_port, listening, needed, program
from tests.interop.slices import CONTENT, PATH, slices_are_right

AZURITE = HERE / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's, known to everybody."""


def _shared() -> str:
    """A signature with which tests may write (shared access signature of the account, version 2018-11-09)."""
    said = {
        "sp": "rwlac",
        "ss": "b",
        "srt": "sco",
        "se": "2100-01-01T00:00:00Z",
        "spr": "https,http",
        "sv": "2018-11-09",
    }
    lines = [ACCOUNT, said["sp"], said["ss"], said["srt"], "", said["se"], "", said["spr"], said["sv"], ""]
    made = hmac.digest(base64.b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256)
    return urlencode(said | {"sig": base64.b64encode(made).decode()})


async def put(base: str, key: str) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.put(f"{base}/heart?restype=container&{_shared()}") as made:
            assert made.status == 201, await made.text()
        path, kind = f"{base}/heart/{key}?{_shared()}", {"x-ms-blob-type": "BlockBlob"}
        async with http.put(path, data=CONTENT, headers=kind) as answer:
            assert answer.status == 201, await answer.text()


@pytest.mark.row("ST-AZURE")
async def test_slices_of_a_blob_in_azure(tmp_path: Path) -> None:
    node = shutil.which("node")
    needed("azurite", there=node is not None and AZURITE.exists(), how="make interop-tools")
    folder, port = tmp_path / "credentials", free_port()
    folder.mkdir()
    (folder / "bank.json").write_text(json.dumps({"account_key": KEY}))
    (folder / "bank.json").chmod(0o600)
    base = f"http://127.0.0.1:{port}/{ACCOUNT}"
    words = ("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--blobPort", str(port))
    async with program(node or "", str(AZURITE), *words), open_stores(folder) as stores:
        await listening(port)
        await put(base, f"pre/{PATH}")
        root = f"az://{ACCOUNT}/heart/pre"
        home = Repository(id="r", name="R", root=root, endpoint=base, credentials="bank", internal=True)
        await slices_are_right(stores, home)
