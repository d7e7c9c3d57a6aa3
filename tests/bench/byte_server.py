"""A broker in a process of its own, for measuring what bytes cost: `python -m tests.bench.byte_server FOLDER SIZE`.

It prints one line of JSON: its port, the path and the header of a download, and waits until its input ends. With a
third argument, an address, the bytes come from there.
"""

import asyncio
import json
import sys
from pathlib import Path

import structlog

from broker.core.rows import Repository
from broker.web.edge import Edge, networks
from tests import builders as b
from tests.web.site import opened, site

NGINX = "127.0.0.2"
"""nginx asks from there; who downloads directly does not."""


def _write(path: Path, size: int) -> None:
    block = bytes(range(256)) * 4096
    with path.open("wb") as file:
        for at in range(0, size, len(block)):
            file.write(block[: size - at])


async def _serve(folder: Path, size: int, far: str | None) -> None:
    bank = Repository(id="bank", name="The bank", root=far or str(folder), internal=far is not None)
    edge, data = Edge(proxies=networks((NGINX,)), files="/_files"), b.dataset(uninterruptible_delivery=3600)
    one = b.drs_object(size=size, checksums={"sha-256": "0" * 64})
    async with site(folder, one=one, edge=edge, repository=bank, dataset=data) as s:
        _write(folder / "obj-1.bam", size)
        path, header = await opened(s)
        print(json.dumps({"port": s.http.port, "path": path, "header": header}), flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None))
