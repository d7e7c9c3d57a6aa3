"""Regions of files that lie in a bucket, in the clear or encrypted, index and all: what leaves, and how often it is asked."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.rows import Delivery, DrsObject, Repository
from tests import genomic
from tests.adapters.crypt4gh.of_the_package import decrypted
from tests.origin import origin
from tests.s3 import KEYS, put, s3
from tests.web.regions import READS, VARIANTS, Regions, files
from tests.web.site import site
from tests.web.test_crypt4gh_delivery import ADAS, registered
from tests.web.test_htsget_elsewhere import row
from tests.web.test_htsget_sealed import REGION, STORED, fetched, vault


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with s3() as found:
        yield found


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(f"AWS_{name.upper()}", value)


def noted(row: DrsObject, folder: Path) -> DrsObject:
    """The row as `broker data describe` makes it: with the digest of each header."""
    assert row.envelope is not None
    assert row.index is not None
    assert row.index.envelope is not None
    said = []
    for path, one in ((row.path, row.envelope), (row.index.path, row.index.envelope)):
        header = (folder / path).read_bytes()[: one.header]
        said.append(replace(one, header_sha256=hashlib.sha256(header).hexdigest()))
    return replace(row, envelope=said[0], index=replace(row.index, envelope=said[1]))


@asynccontextmanager
async def bucket(folder: Path, address: str, held: dict[str, bytes], *rows: Any) -> AsyncIterator[Regions]:
    for name, content in held.items():
        await asyncio.to_thread(put, address, f"released/{name}", content)
    said = {"endpoint": address, "credentials": "ambient", "internal": True}
    home = Repository(id="bank", name="Bank", root="s3://heart/released", **said)  # type: ignore[arg-type]
    async with site(folder, *rows, home) as s:
        yield Regions(s, folder)


@pytest.mark.row("HT-ELSEWHERE")
@pytest.mark.parametrize("format", ["BAM", "CRAM", "VCF", "BCF"])
async def test_a_region_of_a_file_in_a_bucket(tmp_path: Path, address: str, format: str) -> None:
    far = row(format)
    path, index = files()[{"BAM": "BAM/BAI cut", "CRAM": "CRAM/CRAI", "VCF": "VCF/TBI", "BCF": "BCF/CSI"}[format]]
    kind = READS if format in ("BAM", "CRAM") else VARIANTS
    held = {one.name: one.read_bytes() for one in (path, index)}
    async with bucket(tmp_path, address, held, far) as r:
        made = await r.joined(await r.ticket(f"{kind}/far?format={format}&{REGION}"), "".join(path.suffixes))
        wanted = genomic.records(path, "chr2:5001-15000")
        assert [line for line in genomic.records(made) if line in set(wanted)] == wanted != []
        ends = [one for one in r.site.stage.ledger.rows.values() if isinstance(one, Delivery)]
        assert {one.state for one in ends} == {"complete"}


@pytest.mark.row("HT-SEALED", "HT-ELSEWHERE")
@pytest.mark.parametrize("format", STORED)
async def test_a_region_of_an_encrypted_file_in_a_bucket(tmp_path: Path, address: str, format: str) -> None:
    kind = READS if format in ("BAM", "CRAM") else VARIANTS
    locked = noted(vault(tmp_path, STORED[format]), tmp_path)
    assert locked.index is not None
    held = {name: (tmp_path / name).read_bytes() for name in (locked.path, locked.index.path)}
    for name in held:
        (tmp_path / name).unlink()
    async with bucket(tmp_path, address, held, locked, registered()) as r:
        body = await fetched(r, await r.ticket(f"{kind}/vault?format={format}&{REGION}"))
        made = tmp_path / f"opened{''.join(files()[STORED[format]][0].suffixes)}"
        made.write_bytes(decrypted(body, ADAS))
        wanted = genomic.records(files()[STORED[format]][0], "chr2:5001-15000")
        assert [line for line in genomic.records(made) if line in set(wanted)] == wanted != []


@pytest.mark.row("HT-ELSEWHERE", "C4GH-REMEMBERED")
async def test_what_was_read_of_index_and_headers_is_not_asked_for_again(tmp_path: Path) -> None:
    locked = noted(vault(tmp_path), tmp_path)
    assert locked.index is not None
    held = {name: (tmp_path / name).read_bytes() for name in (locked.path, locked.index.path)}
    async with origin(**held) as store:
        home = Repository(id="bank", name="Bank", root=store.base, internal=True)
        async with site(tmp_path, locked, registered(), home) as s:
            r = Regions(s, tmp_path)
            first = await fetched(r, await r.ticket(f"{READS}/vault?{REGION}"))
            before = len(store.asked)
            assert await fetched(r, await r.ticket(f"{READS}/vault?{REGION}")) == first
            asked = store.asked[before:]
            assert not [one for one in asked if locked.index.path in one["line"]], "the index"
            assert not [one for one in asked if one["range"].startswith("bytes=0-123")], "the header"
            store.files[f"/store/{locked.index.path}"] = b"x" * len(held[locked.index.path])
            status, _ = await r.ask(f"{READS}/vault?{REGION}")
            assert status == 200, "one that was read and fitted is known by its digest"


@pytest.mark.row("HT-ELSEWHERE", "HT-STAGED")
async def test_an_index_that_must_be_brought_comes_with_its_file(tmp_path: Path, address: str) -> None:
    late = row("BAM", availability="offline")
    async with bucket(tmp_path, address, {}, late) as r:
        status, told = await r.ask(f"{READS}/far?{REGION}")
        assert (status, told["htsget"]["code"]) == (503, "SRV-STAGING")
        for one in files()["BAM/BAI cut"]:
            await asyncio.to_thread(put, address, f"released/{one.name}", one.read_bytes())
        r.site.stage.live.committed((replace(late, availability="online", version=2),), 99)
        assert (await r.ask(f"{READS}/far?{REGION}"))[0] == 200
