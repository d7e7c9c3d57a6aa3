"""What stands at the beginning of a file is the registered one, and what was planned of it is not planned again."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.repositories.folders import Folders
from broker.adapters.repositories.genomic_files import GenomicFiles
from broker.core.htsget.bgzf import EOF, VirtualRange
from broker.core.htsget.layout import Layout
from broker.core.htsget.plan import Plan
from broker.core.rows import DrsObject, Repository
from broker.ports.sources import Body, SourceBrokenError
from tests import genomic
from tests.adapters.test_genomic_files_hostile import CHR2, Slow, bank
from tests.web.regions import files
from tests.web.site import envelopes


def beginning_otherwise(path: Path) -> bytes:
    """As long as the BAM file at `path`, with its sequences in another order; the records are none."""
    size, other = path.stat().st_size, path.with_name("other.bam")
    names = [{"SN": name, "LN": length} for name, length in reversed(genomic.CONTIGS)]
    with pysam.AlignmentFile(str(other), "wb", header={"HD": {"VN": "1.6"}, "SQ": names}):
        pass
    head = other.read_bytes()[: -len(EOF)]
    return head + bytes(size - len(head) - len(EOF)) + EOF


class Swapped:
    """Folders in which the file at `path` has another content until it is told otherwise."""

    def __init__(self, path: str, lie: str) -> None:
        self._folders, self._names = Folders(), {path: lie}
        self.opened = 0

    def be_honest(self) -> None:
        self._names.clear()

    @asynccontextmanager
    async def open(self, repository: Repository, path: str, size: int, tag: str = "") -> AsyncIterator[Body]:
        self.opened += 1
        async with self._folders.open(repository, self._names.get(path, path), size, tag) as body:
            yield body

    async def signed(self, repository: Repository, path: str, seconds: int) -> str:
        raise SourceBrokenError(f"{repository.id} {path} {seconds}")


def swapped(home: Repository, file: DrsObject) -> Swapped:
    root = Path(home.root)
    (root / "lie").write_bytes(beginning_otherwise(root / file.path))
    return Swapped(file.path, "lie")


@pytest.mark.row("HT-LAYOUT")
async def test_another_beginning_than_the_registered_one_is_not_used_and_not_remembered(tmp_path: Path) -> None:
    home, file = bank(tmp_path)
    store = swapped(home, file)
    regions = GenomicFiles(store, envelopes())
    with pytest.raises(SourceBrokenError, match="begins otherwise"):
        await regions.plan(home, file, CHR2)
    store.be_honest()
    found = await regions.plan(home, file, CHR2)
    assert isinstance(found, Plan)
    assert found == await GenomicFiles(Slow(), envelopes()).plan(home, file, CHR2)


@pytest.mark.row("HT-LAYOUT")
async def test_of_a_file_that_was_registered_without_it_the_first_beginning_is_believed(tmp_path: Path) -> None:
    """And who registers it with the digest hears of the other one at once: it is remembered for nobody else."""
    home, file = bank(tmp_path)
    assert file.index is not None
    store = swapped(home, file)
    regions = GenomicFiles(store, envelopes())
    before = replace(file, index=replace(file.index, layout_sha256=""))
    await regions.cuts(home, before, CHR2)
    with pytest.raises(SourceBrokenError, match="begins otherwise"):
        await regions.cuts(home, file, CHR2)


@pytest.mark.row("HT-LAYOUT")
@pytest.mark.parametrize("which", sorted(files()))
def test_every_kind_of_file_is_registered_with_it(which: str) -> None:
    path, index = files()[which]
    found = genomic.registered(path, index).index
    assert found is not None
    assert len(found.layout_sha256) == 64


layouts: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "format": st.sampled_from(["BAM", "CRAM", "VCF", "BCF"]),
        "references": st.dictionaries(st.text(max_size=3), st.integers(-1, 9), max_size=3),
        "records": st.builds(VirtualRange, st.integers(0, 2**62), st.integers(0, 2**62)),
        "samples": st.lists(st.text(max_size=3), max_size=3).map(tuple),
        "eof": st.binary(max_size=3),
    }
)


@pytest.mark.row("HT-LAYOUT")
@given(layouts, layouts)
def test_two_layouts_have_one_digest_only_if_they_are_the_same(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    assert Layout(**one).sha256 == Layout(**one).sha256
    assert (Layout(**one).sha256 == Layout(**other).sha256) == (one == other)
    for name, value in other.items():
        mixed = {**one, name: value}
        assert (Layout(**mixed).sha256 == Layout(**one).sha256) == (value == one[name]), name


@pytest.mark.row("HT-LAYOUT")
async def test_pieces_that_were_found_once_are_found_again_without_a_look_at_the_file(tmp_path: Path) -> None:
    home, file = bank(tmp_path)
    store = swapped(home, file)
    store.be_honest()
    regions = GenomicFiles(store, envelopes())
    cuts = await regions.cuts(home, file, CHR2)
    assert isinstance(cuts, tuple)
    first = await regions.pieces(home, file, cuts)
    before = store.opened
    assert await regions.pieces(home, file, cuts) == first
    assert store.opened == before
    whole = (VirtualRange(first=cuts[0].first, end=cuts[-1].end + 1),)
    others = [
        (file, whole),
        (replace(file, checksums={"sha-256": "1" * 64}), cuts),
        (replace(file, source_tag="b"), cuts),
    ]
    for row, asked in others:
        await regions.pieces(home, row, asked)
        assert store.opened > before, "another question, or another file"
        before = store.opened
