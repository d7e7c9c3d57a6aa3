"""htsget: a ticket for one region of a whole human genome, by an index of realistic size; and reading that index."""

import json
import struct
from itertools import count

from broker.core.htsget.bgzf import EOF, VirtualRange, packed
from broker.core.htsget.bins import BinIndex
from broker.core.htsget.index_files import read_bins
from broker.core.htsget.layout import Layout
from broker.core.htsget.plan import planned, wanted_ranges
from broker.core.htsget.request import Asked, Region
from broker.core.htsget.ticket import ticket
from broker.core.outcome import Reason
from tests.bench.measure import Goal

CHROMOSOMES = (
    249,
    242,
    198,
    190,
    182,
    171,
    159,
    145,
    138,
    134,
    135,
    133,
    114,
    107,
    102,
    90,
    83,
    80,
    59,
    64,
    47,
    51,
    156,
    57,
)
"""Millions of bases of each human chromosome: three thousand million in all."""
_WINDOW = 1 << 14
_BYTES_OF_A_WINDOW = 500_000
"""About 30 reads over each base, compressed: a BAM of some ninety gigabytes."""
_TIMES = 20


def whole_genome() -> bytes:
    """A BAI with a bin for each window, one for every eight of them, and the linear index."""
    at = count(1 << 20, _BYTES_OF_A_WINDOW)
    parts = [b"BAI\1", struct.pack("<i", len(CHROMOSOMES))]
    for millions in CHROMOSOMES:
        windows = millions * 1_000_000 // _WINDOW + 1
        offsets = [next(at) << 16 | 700 for _ in range(windows + 1)]
        bins = [struct.pack("<IiQQ", 4681 + n, 1, offsets[n], offsets[n + 1]) for n in range(windows)]
        bins += [
            struct.pack("<IiQQ", 585 + n // 8, 1, offsets[n], offsets[n] + (9 << 16)) for n in range(0, windows, 8)
        ]
        parts += [
            struct.pack("<i", len(bins)),
            *bins,
            struct.pack("<i", windows),
            struct.pack(f"<{windows}Q", *offsets[:-1]),
        ]
    return b"".join(parts)


def asked_for(index: BinIndex, block: bytes) -> bytes:
    """The ticket, as it is sent. Every block of the file is `block`: what is read of it costs nothing here."""
    names = {f"chr{n + 1}": n for n in range(len(CHROMOSOMES))}
    layout = Layout(format="BAM", references=names, records=VirtualRange(1 << 36, index.placed_end + (1 << 40)))
    ranges = wanted_ranges(Asked(format="BAM", regions=(Region("chr7", 55_000_000, 55_200_000),)), layout, index)
    assert not isinstance(ranges, Reason)
    reading = planned(ranges, layout)
    try:
        span = next(reading)
        while True:
            span = reading.send(block[: span.length])
    except StopIteration as done:
        said = ticket(done.value, "BAM", "https://broker.example/data/genome", {"Authorization": "Bearer " + "x" * 400})
        return json.dumps(said).encode()


def goals() -> tuple[Goal, ...]:
    """Made when asked for: the index has 14 megabytes."""
    given = whole_genome()
    index = read_bins("BAI", given)
    bases = b"".join(bytes([n * 37 % 251, n % 7, n % 11]) for n in range(20_000))
    block = packed(bases[:60_000]) + EOF

    def tickets() -> None:
        for _ in range(_TIMES):
            asked_for(index, block)

    return (
        Goal(name="an htsget ticket for one region of a whole genome", micros=5_000, run=tickets, times=_TIMES),
        Goal(name="reading the index of a whole genome", micros=900_000, run=lambda: read_bins("BAI", given)),
    )
