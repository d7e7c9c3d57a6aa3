"""A broker in a process of its own, for measuring what bytes cost: `python -m tests.bench.byte_server FOLDER SIZE`.

It prints one line of JSON: its port, the path and the header of a download, and waits until its input ends. With
`--far` and an address, the bytes come from there; with `--form`, they lie encrypted in the folder and leave in the
clear (`plain`), or lie in the clear and leave encrypted (`sealed`), or are opened and encrypted anew (`both`). With
`--tls` and a folder, they leave by TLS, for who trusts the certificate that is there then.
"""

import asyncio
import hashlib
import json
import sys
from argparse import ArgumentParser
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog

from broker.adapters.crypt4gh.packets import SecretKey, sealed
from broker.adapters.heap import use_one_heap
from broker.core.crypt4gh.header import Contents
from broker.core.rows import Envelope, RecipientKey, Repository, Row
from broker.web.edge import Edge, networks
from broker.web.server import listening
from tests import builders as b
from tests.adapters.crypt4gh.whole import seal_all
from tests.certificates import contexts
from tests.fakes import START
from tests.web.site import ARCHIVE, opened, site
from tests.web.test_http_layer import _app

NGINX = "127.0.0.2"
"""nginx asks from there; who downloads directly does not."""
ENCRYPTED = ("plain", "both")
"""The forms of what lies there encrypted."""


def _write(path: Path, size: int) -> None:
    block = bytes(range(256)) * 4096
    with path.open("wb") as file:
        for at in range(0, size, len(block)):
            file.write(block[: size - at])


def _write_encrypted(path: Path, size: int) -> Envelope:
    """All in memory: only for a few megabytes. Its edit list keeps everything, and so its header is no other's."""
    said = Contents(keys=(b"d" * 32,), edits=(0, size))
    header = sealed(said, [ARCHIVE.public], b"w" * 32)
    file = header + seal_all(said.keys[0], bytes(size))
    path.write_bytes(file)
    digests = (hashlib.sha256(one).hexdigest() for one in (file, header))
    return Envelope(header=len(header), size=len(file), sha256=next(digests), header_sha256=next(digests))


async def _serve(folder: Path, size: int, far: str | None, form: str, tls: Path | None) -> None:
    bank = Repository(id="bank", name="The bank", root=far or str(folder), internal=far is not None)
    changes: dict[str, Any] = {"dataset": b.dataset(uninterruptible_delivery=3600, plaintext=form == "plain")}
    lies = folder / "obj-1.bam"
    envelope = _write_encrypted(lies, size) if form in ENCRYPTED else None
    one = b.drs_object(size=size, checksums={"sha-256": "0" * 64}, envelope=envelope)
    reader = RecipientKey(
        id="rck_1", person=b.ADA, public=SecretKey.of(b"r" * 32).public.hex(), name="laptop", made=START
    )
    rows: tuple[Row, ...] = (reader,) if form in ("sealed", "both") else ()
    edge = Edge(proxies=networks((NGINX,)), files="/_files")
    file = lies.read_bytes() if envelope is not None else b""
    async with site(folder, *rows, content=file, one=one, edge=edge, repository=bank, **changes) as s:
        if envelope is None:
            _write(lies, size)
        path, header = await opened(s, "crypt4gh" if rows else "https")
        del file
        async with AsyncExitStack() as stack:
            port = s.http.port
            if tls is not None:
                secured = listening(_app(s), "127.0.0.1", 0, contexts(tls)[0], 0)
                port = await stack.enter_async_context(secured)
            print(json.dumps({"port": port, "path": path, "header": header}), flush=True)  # noqa: T201
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    use_one_heap()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asked = ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("size", type=int)
    asked.add_argument("--far")
    asked.add_argument("--form", choices=("stored", "plain", "sealed", "both"), default="stored")
    asked.add_argument("--tls", type=Path)
    told = asked.parse_args()
    asyncio.run(_serve(told.folder, told.size, told.far, told.form, told.tls))
