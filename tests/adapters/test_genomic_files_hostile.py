"""What one repository says of its files changes nothing for another's, and what it sends slowly holds nobody else up."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pysam
import pytest

from broker.adapters.crypt4gh.packets import SecretKey, sealed, unsealed
from broker.adapters.repositories.folders import Folders
from broker.adapters.repositories.genomic_files import AT_ONCE, GenomicFiles
from broker.core.crypt4gh.header import MAX_PACKETS, Contents
from broker.core.htsget.bgzf import EOF, packed
from broker.core.htsget.plan import Plan
from broker.core.htsget.request import Asked, Region
from broker.core.rows import DrsObject, Repository
from broker.ports.sources import Body, SourceBrokenError
from tests import genomic
from tests.web.regions import files
from tests.web.site import envelopes
from tests.web.test_crypt4gh_header_once import Store, envelope, made

CHR2 = Asked(format="BAM", regions=(Region("chr2", 5_000, 15_000),))


def bank(folder: Path, name: str = "bank") -> tuple[Repository, DrsObject]:
    """A repository with the BAM file and its index."""
    home = folder / name
    home.mkdir()
    for one in files()["BAM/BAI"]:
        shutil.copy(one, home / one.name)
    path, index = (home / one.name for one in files()["BAM/BAI"])
    return Repository(id=name, name=name, root=str(home)), genomic.registered(path, index)


def other_way_round(path: Path) -> None:
    """A BAM file whose sequences stand in another order, in place of the one at `path`."""
    names = [{"SN": name, "LN": length} for name, length in reversed(genomic.CONTIGS)]
    with pysam.AlignmentFile(str(path), "wb", header={"HD": {"VN": "1.6"}, "SQ": names}):
        pass
    path.write_bytes(path.read_bytes()[:-28] + packed(bytes(70_000)) + EOF)


@pytest.mark.row("T118", "DW-HOSTILE")
async def test_what_another_repository_says_has_the_same_digests_is_not_taken_for_this_file(tmp_path: Path) -> None:
    ours, file = bank(tmp_path)
    theirs, copy = bank(tmp_path, "evil")
    lie = Path(theirs.root) / copy.path
    other_way_round(lie)
    assert file.index is not None
    file = replace(file, index=replace(file.index, layout_sha256=""))  # of before: with it the lie is refused
    copy = replace(copy, size=lie.stat().st_size, index=file.index)
    right = await GenomicFiles(Slow(), envelopes()).plan(ours, file, CHR2)
    shared = GenomicFiles(Slow(), envelopes())
    await shared.cuts(theirs, copy, CHR2)
    assert isinstance(right, Plan)
    assert await shared.plan(ours, file, CHR2) == right


class Slow:
    """Folders that count who reads an index at the same time, and let nobody of `stuck` go on."""

    def __init__(self, stuck: str = "") -> None:
        self._folders, self._stuck = Folders(), stuck
        self.now = self.most = 0
        self.never = asyncio.Event()

    @asynccontextmanager
    async def open(self, repository: Repository, path: str, size: int, tag: str = "") -> AsyncIterator[Body]:
        async with self._folders.open(repository, path, size, tag) as body:
            if not path.endswith(".bai"):
                yield body
                return
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await (self.never.wait() if repository.id == self._stuck else asyncio.sleep(0))
                yield body
            finally:
                self.now -= 1

    async def signed(self, repository: Repository, path: str, seconds: int) -> str:
        raise SourceBrokenError(f"{repository.id} {path} {seconds}")


def many(row: DrsObject, root: Path) -> list[DrsObject]:
    """Files of their own, each with an index."""
    found = []
    for n in range(3 * AT_ONCE):
        shutil.copy(root / row.path, root / f"{n}.bam")
        found.append(replace(row, path=f"{n}.bam"))
    return found


@pytest.mark.row("HT-BOUNDS")
async def test_few_indexes_of_a_repository_are_held_at_once_and_a_slow_one_stops_only_its_own(tmp_path: Path) -> None:
    (ours, file), (theirs, copy) = bank(tmp_path), bank(tmp_path, "evil")
    store = Slow(stuck="evil")
    regions = GenomicFiles(store, envelopes())
    waiting = [asyncio.create_task(regions.cuts(theirs, one, CHR2)) for one in many(copy, Path(theirs.root))]
    async with asyncio.timeout(30):  # else it would wait for the others for ever
        answers: list[Any] = await asyncio.gather(
            *(regions.cuts(ours, one, CHR2) for one in many(file, Path(ours.root)))
        )
    assert len(set(answers)) == 1
    assert AT_ONCE <= store.most <= 2 * AT_ONCE
    store.never.set()
    await asyncio.gather(*waiting)


@pytest.mark.row("T101")
@pytest.mark.parametrize(("packets", "beside"), [(1, False), (MAX_PACKETS, True)])
async def test_a_header_with_many_packets_keeps_nobody_waiting(
    packets: int, monkeypatch: pytest.MonkeyPatch, *, beside: bool
) -> None:
    said, threads = Contents(keys=(b"k" * 32,)), list[int]()
    others = [SecretKey.of(bytes([n % 251 + 1]) * 32).public for n in range(packets - 1)]
    header = sealed(said, [*others, SecretKey.of(b"a" * 32).public], b"s" * 32)

    def seen(*given: Any) -> Any:
        threads.append(threading.get_ident())
        return unsealed(*given)

    monkeypatch.setattr("broker.adapters.crypt4gh.envelopes.unsealed", seen)
    found, _ = made()
    assert await found.contents(envelope(header), Store(header).read) == said
    assert [one != threading.get_ident() for one in threads] == [beside]
