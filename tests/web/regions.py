"""A site that serves files of reads and variants in every format, and a client of htsget that joins what it is told."""

import base64
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from broker.core.rows import Row
from tests import builders as b
from tests import genomic
from tests.web.site import Site, site

READS, VARIANTS = "/ga4gh/htsget/v1/reads", "/ga4gh/htsget/v1/variants"


@cache
def files() -> Mapping[str, tuple[Path, Path]]:
    """Made once for all tests of a process; nobody writes there."""
    return genomic.make_all(Path(mkdtemp(prefix="genomic-")))


@dataclass
class Regions:
    """The site, and what lies there."""

    site: Site
    folder: Path

    async def ask(self, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Status and JSON of an answer; by POST where there is a body."""
        sent = self.site.headers() if headers is None else headers
        method = "GET" if body is None else "POST"
        async with self.site.http.request(method, path, json=body, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None)

    async def ticket(self, path: str, *, body: Any = None) -> dict[str, Any]:
        status, told = await self.ask(path, body=body)
        assert status == 200, told
        found: dict[str, Any] = told["htsget"]
        return found

    async def joined(self, ticket: Mapping[str, Any], suffix: str) -> Path:
        """What a client makes of a ticket: the parts in order, each fetched with the headers that stand beside it."""
        made = b""
        for one in ticket["urls"]:
            if one["url"].startswith("data:"):
                made += base64.b64decode(one["url"].partition(";base64,")[2], validate=True)
                continue
            async with self.site.http.get(one["url"].removeprefix(b.US), headers=one["headers"]) as answer:
                assert answer.status in (200, 206), await answer.text()
                made += await answer.read()
        path = self.folder / f"joined{suffix}"
        path.write_bytes(made)
        return path


@asynccontextmanager
async def regions(folder: Path, *more: Row, **changes: Any) -> AsyncIterator[Regions]:
    """The site; every file of `files` is an object of the dataset, with its id of tests/genomic.py."""
    rows = []
    for path, index in files().values():
        for one in (path, index):
            shutil.copy(one, folder / one.name)
        rows.append(genomic.registered(folder / path.name, folder / index.name))
    async with site(folder, *rows, *more, **changes) as s:
        yield Regions(s, folder)
