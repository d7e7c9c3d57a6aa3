"""Can regions of an encrypted file be asked for? What it is and where its index lies, read out of both.

The index is encrypted as its file is (Crypt4GH 1.0, section 5): it tells where in a genome somebody has what.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from broker.adapters.catalogue.genomic import assert_fits, layout_by
from broker.adapters.crypt4gh.bodies import Opener
from broker.adapters.crypt4gh.files import measure
from broker.adapters.crypt4gh.packets import SecretKey, unsealed
from broker.core.crypt4gh.edits import kept, size_of, within
from broker.core.crypt4gh.header import MAX_HEADER
from broker.core.crypt4gh.segments import PLAIN, SEALED, plain_size, sealed_span
from broker.core.htsget.index_files import MAX_FILE
from broker.core.htsget.layout import Format
from broker.core.ranges import Span
from broker.core.rows.catalogue import IndexFile


class Plaintext:
    """What is in a Crypt4GH file that is open: any part of it, at the cost of the part. HeaderError, ValueError."""

    def __init__(self, file: BinaryIO, keys: Sequence[SecretKey]) -> None:
        file.seek(0)
        header, said = unsealed(file.read(MAX_HEADER), keys)
        self._file, self._at, self._opener = file, header.length, Opener(said.keys)
        self._whole = plain_size(file.seek(0, 2) - header.length)
        self._pieces = kept(said.edits, self._whole)
        self.size = size_of(self._pieces)

    def read(self, wanted: Span) -> bytes:
        """These bytes. SegmentError: they were touched, moved or cut."""
        return b"".join(self._piece(one) for one in within(self._pieces, wanted))

    def _piece(self, piece: Span) -> bytes:
        span = sealed_span(piece, self._whole)
        first = span.first // SEALED
        self._file.seek(self._at + span.first)
        given = self._file.read(span.length)
        segments = (given[at : at + SEALED] for at in range(0, len(given), SEALED))
        plain = b"".join(self._opener.open(one, first + number) for number, one in enumerate(segments))
        return plain[piece.first - first * PLAIN : piece.last + 1 - first * PLAIN]


def indexed_sealed(path: Path, index: Path, where: str, keys: Sequence[SecretKey]) -> tuple[Format, IndexFile]:
    """Format of what is in the file at `path` and its index, which is encrypted at `index`, `where` in its store.

    ValueError: the index is not of this file, or one of the two is not what it must be. OSError: cannot be read.
    """
    found = measure(index, lambda: keys, lambda _: None)
    if found.size > MAX_FILE or found.size == 0:
        raise ValueError(f"index: has more than {MAX_FILE} bytes, or none")
    with index.open("rb") as file:
        given = Plaintext(file, keys).read(Span(0, found.size - 1))
    with path.open("rb") as file:
        content = Plaintext(file, keys)
        layout = layout_by(content.size, content.read)
    kind = assert_fits(layout, given)
    return layout.format, IndexFile(
        kind=kind,
        path=where,
        size=found.size,
        sha256=found.checksums["sha-256"],
        envelope=found.envelope,
        layout_sha256=layout.sha256,
    )
