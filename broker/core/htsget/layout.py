"""What stands at the beginning of a BAM, VCF, BCF or CRAM file, where do its records begin, and where do they end?

A `Layout` is what must be known of a file to cut it: its reference sequences, its header, and between which virtual
offsets the records lie. (SAM specification sections 4.2 and 1.3, VCF 4.3 sections 1.4 and 6.2; CRAM: cram.py)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Final, Literal

from broker.core.htsget import bgzf
from broker.core.htsget.bgzf import VirtualRange
from broker.core.htsget.reading import MalformedError, Reading
from broker.core.plain import digest
from broker.core.ranges import Span

Format = Literal["BAM", "CRAM", "VCF", "BCF"]

MAX_HEADER: Final = 32 << 20
"""Longest header that is read, inflated: a thousand times that of a human genome."""

_INT = Struct("<i")
_CONTIG = re.compile(rb"##contig=<(?:[^>\r\n]*,)?ID=([^,>\r\n]+)")
_IDX = re.compile(rb"[,<]IDX=([0-9]{1,9})")
_SAMPLES_AFTER = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is known of a file. Offsets are virtual; in CRAM, which has no blocks, the byte's place times 65536."""

    format: Format
    references: Mapping[str, int]
    """Each reference sequence that the header names, and its number."""
    records: VirtualRange
    """Where the records are: the header is before them, the marker of the end behind."""
    samples: tuple[str, ...] = ()
    """VCF and BCF: the names of the genotype columns, in order."""
    eof: bytes = bgzf.EOF
    """How a file of this format ends."""

    @property
    def header(self) -> VirtualRange:
        return VirtualRange(0, self.records.first)

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        return 200 * len(self.references) + 100 * len(self.samples) + 500

    @property
    def sha256(self) -> str:
        """SHA-256, hexadecimal, of all that is known of the file. Offsets as text: they are too long for JSON."""
        places = [str(self.records.first), str(self.records.end)]
        return digest([self.format, self.references, places, self.samples, self.eof.hex()])


class _Inflated:
    """The content of a BGZF file from its beginning on, as much as was asked for."""

    def __init__(self, end: int) -> None:
        self.data = bytearray()
        self._end = end
        self._at = 0
        self._blocks: list[tuple[int, int]] = []
        """(Where the content of a block begins, where the block begins in the file.)"""

    def more(self) -> Reading[None]:
        """One block more. MalformedError at the end, or where it would be too much."""
        if len(self.data) > MAX_HEADER:
            raise MalformedError("a header that is too large")
        if self._at >= self._end:
            raise MalformedError("a file that ends inside its header")
        found = yield from bgzf.block_at(self._at, self._end)
        self._blocks.append((len(self.data), self._at))
        self.data += found.data
        self._at += found.length

    def until(self, size: int) -> Reading[None]:
        """At least `size` bytes of content."""
        if size > MAX_HEADER:
            raise MalformedError("a header that is too large")
        while len(self.data) < size:
            yield from self.more()

    def integer(self, at: int) -> Reading[int]:
        yield from self.until(at + _INT.size)
        (value,) = _INT.unpack_from(self.data, at)
        if value < 0:
            raise MalformedError("a header with a negative length")
        return int(value)

    def offset(self, at: int) -> int:
        """The virtual offset of byte `at` of the content, which was read, or is the next."""
        if at == len(self.data):
            return self._at << 16
        content, begin = next(found for found in reversed(self._blocks) if found[0] <= at)
        return begin << 16 | at - content


def blocks_end(size: int) -> Reading[int]:
    """Where the blocks of a BGZF file of `size` bytes end: before the empty one, if it is there."""
    if size < len(bgzf.EOF):
        raise MalformedError("a file that is no BGZF")
    last = yield Span(size - len(bgzf.EOF), size - 1)
    return size - len(bgzf.EOF) if last == bgzf.EOF else size


def bgzf_layout(size: int) -> Reading[Layout]:
    """The layout of a BAM, BCF or bgzipped VCF file of `size` bytes. MalformedError."""
    end = yield from blocks_end(size)
    file = _Inflated(end)
    yield from file.until(4)
    if file.data.startswith(b"BAM\1"):
        return (yield from _bam(file, end))
    if file.data.startswith(b"BCF\2"):
        return (yield from _bcf(file, end))
    if file.data.startswith(b"##"):
        return (yield from _vcf(file, end))
    raise MalformedError("neither BAM nor BCF nor VCF")


def _bam(file: _Inflated, end: int) -> Reading[Layout]:
    at = 8 + (yield from file.integer(4))
    number = yield from file.integer(at)
    at += _INT.size
    references: dict[str, int] = {}
    for index in range(number):
        length = yield from file.integer(at)
        yield from file.until(at + 2 * _INT.size + length)
        references[_text(file.data[at + _INT.size : at + _INT.size + length - 1])] = index
        at += 2 * _INT.size + length
    return Layout(format="BAM", references=references, records=VirtualRange(file.offset(at), end << 16))


def _bcf(file: _Inflated, end: int) -> Reading[Layout]:
    length = yield from file.integer(5)
    yield from file.until(9 + length)
    header = bytes(file.data[9 : 9 + length]).rstrip(b"\0")
    references: dict[str, int] = {}
    for index, line in enumerate(line for line in header.split(b"\n") if line.startswith(b"##contig=<")):
        named, numbered = _CONTIG.match(line), _IDX.search(line)
        if named is not None:
            references[_text(named[1])] = int(numbered[1]) if numbered is not None else index
    records = VirtualRange(file.offset(9 + length), end << 16)
    return Layout(format="BCF", references=references, records=records, samples=_samples(header))


def _vcf(file: _Inflated, end: int) -> Reading[Layout]:
    at = 0
    while True:
        while (behind := file.data.find(b"\n", at)) < 0:
            yield from file.more()
        last, at = at, behind + 1
        if file.data[last : last + 2] != b"##":
            break
    header = bytes(file.data[:at])
    if not header[last:].startswith(b"#CHROM\t"):
        raise MalformedError("a VCF file without its line of columns")
    references = {_text(name): -1 for name in _CONTIG.findall(header)}
    records = VirtualRange(file.offset(at), end << 16)
    return Layout(format="VCF", references=references, records=records, samples=_samples(header))


def _samples(header: bytes) -> tuple[str, ...]:
    """The columns behind FORMAT, by the last line of a VCF header."""
    columns = header.rstrip(b"\r\n").rpartition(b"\n")[2].split(b"\t")
    return tuple(_text(name) for name in columns[_SAMPLES_AFTER:])


def _text(name: bytes | bytearray) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise MalformedError("a header with a name that cannot be read") from None
