"""Can regions of a declared file be asked for? What it is and where its index lies, read from both as they are."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from broker.core.htsget.bins import BinIndex
from broker.core.htsget.crai import read_containers
from broker.core.htsget.cram import cram_layout
from broker.core.htsget.index_files import MAX_FILE, IndexKind, kind_of, read_bins
from broker.core.htsget.layout import Format, Layout, bgzf_layout
from broker.core.htsget.plan import Index
from broker.core.htsget.reading import MalformedError, Reading
from broker.core.ranges import Span
from broker.core.rows.catalogue import IndexFile

T = TypeVar("T")

_MAGIC = 4

KINDS: dict[Format, tuple[IndexKind, ...]] = {
    "BAM": ("BAI", "CSI"),
    "CRAM": ("CRAI",),
    "VCF": ("TBI", "CSI"),
    "BCF": ("CSI",),
}
"""The kinds of index that a file of each format may have."""


def indexed(root: Path, path: Path, index: str) -> tuple[Format, IndexFile]:
    """Format of the file at `path` and its index, which lies at `index` below `root`.

    ValueError: the index is not of this file, or one of the two is not what it must be. OSError: cannot be read.
    """
    place = (root / index).resolve()
    if not place.is_relative_to(root):
        raise ValueError("index: leaves the repository")
    size = place.stat().st_size
    if size > MAX_FILE:
        raise ValueError(f"index: has more than {MAX_FILE} bytes")
    given = place.read_bytes()
    try:
        layout = layout_of(path)
    except MalformedError as wrong:
        raise ValueError(f"index: {wrong}") from None
    kind = assert_fits(layout, given)
    sha256 = hashlib.sha256(given).hexdigest()
    return layout.format, IndexFile(kind=kind, path=index, size=size, sha256=sha256, layout_sha256=layout.sha256)


def assert_fits(layout: Layout, given: bytes) -> IndexKind:
    """The kind of the index `given`. ValueError: it is none, or not of a file with this layout."""
    kind = kind_of(given)
    if kind is None:
        raise ValueError("index: neither BAI nor CSI nor TBI nor CRAI")
    try:
        parsed: Index = read_containers(given) if kind == "CRAI" else read_bins(kind, given)
    except MalformedError as wrong:
        raise ValueError(f"index: {wrong}") from None
    if kind not in KINDS[layout.format]:
        raise ValueError(f"index: a {layout.format} file has one of {' or '.join(KINDS[layout.format])}")
    if not _fits(layout, parsed):
        raise ValueError("index: speaks of places that the file does not have")
    return kind


def assert_samples(
    format: Format | None, path: Path | None, samples: Mapping[str, str], subjects: Collection[str]
) -> None:
    """ValueError where columns and participants are not one another's: somebody would stay who must be left out."""
    if format not in ("VCF", "BCF") or path is None:
        raise ValueError("samples: only of a VCF or BCF that has an index can participants be taken out")
    if set(samples) != set(layout_of(path).samples) or set(samples.values()) != set(subjects):
        raise ValueError("samples: every column of the file is one participant's, and every participant has one")


def layout_of(path: Path) -> Layout:
    """What stands at the beginning of a file of reads or variants. MalformedError, OSError."""
    with path.open("rb") as file:

        def read(span: Span) -> bytes:
            file.seek(span.first)
            return file.read(span.length)

        return layout_by(path.stat().st_size, read)


def layout_by(size: int, read: Callable[[Span], bytes]) -> Layout:
    """The same of a content of `size` bytes, by `read` any part of it. MalformedError, and what `read` raises."""
    is_cram = size > _MAGIC and read(Span(0, _MAGIC - 1)) == b"CRAM"
    return _fed(read, cram_layout(size) if is_cram else bgzf_layout(size))


def _fits(layout: Layout, index: Index) -> bool:
    """Is every place that the index names inside the file, and does it know as many sequences?"""
    if isinstance(index, BinIndex):
        same = layout.format != "BAM" or len(index.references) == len(layout.references)
        return same and index.placed_end <= layout.records.end
    return all(layout.records.first <= at << 16 < layout.records.end for at in index.containers)


def _fed(read: Callable[[Span], bytes], reading: Reading[T]) -> T:
    try:
        span = next(reading)
        while True:
            span = reading.send(read(span))
    except StopIteration as done:
        result: T = done.value
        return result
