"""An index that was registered and is none: whoever asks is told in htsget's form, and no ticket is made."""

import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.htsget.bgzf import EOF, packed
from broker.core.rows import Access
from tests import genomic
from tests.web.regions import READS, VARIANTS, Regions, files, regions

BEYOND = struct.pack("<QQ", 1 << 62, 1 << 63)
"""A chunk that lies behind every file."""
INSIDE = struct.pack("<QQ", 2001 << 16 | 9, 1 << 62)
"""A chunk that begins where no block does."""


def bai(chunk: bytes) -> bytes:
    return b"BAI\1" + struct.pack("<iiIi", 1, 1, 0, 1) + chunk + struct.pack("<i", 0)


def tbi(names: bytes, chunk: bytes) -> bytes:
    aux = struct.pack("<7i", 2, 1, 2, 0, 35, 0, len(names)) + names
    return packed(b"TBI\1" + struct.pack("<i", 1) + aux + bai(chunk)[8:]) + EOF


def csi(shift: int, depth: int, chunk: bytes) -> bytes:
    one = struct.pack("<iIQi", 1, 0, 0, 1) + chunk
    return gzip.compress(b"CSI\1" + struct.pack("<iiii", shift, depth, 0, 1) + one, mtime=0)


def crai(line: str) -> bytes:
    return gzip.compress(line.encode(), mtime=0)


HOSTILE = {
    "BAI that counts without end": ("BAM/BAI", b"BAI\1" + b"\xff\xff\xff\x7f"),
    "BAI that is cut short": ("BAM/BAI", bai(BEYOND)[:-9]),
    "BAI that leads where no block begins": ("BAM/BAI cut", bai(INSIDE)),
    "BAI of nothing": ("BAM/BAI", b""),
    "CSI with bins of no width": ("BAM/CSI", csi(0, 5, BEYOND)),
    "CSI that is deeper than numbers": ("BAM/CSI", csi(14, 2**31 - 1, BEYOND)),
    "CSI that leads where no block begins": ("BCF/CSI", csi(14, 5, INSIDE)),
    "TBI that is no gzip": ("VCF/TBI", b"TBI\1" + bytes(90)),
    "TBI with names that nobody can read": ("VCF/TBI", tbi(b"\xff\0", BEYOND)),
    "TBI that leads where no block begins": ("VCF/TBI", tbi(b"chr1\0", INSIDE)),
    "CRAI that leads beyond the file": ("CRAM/CRAI", crai("0\t1\t60000\t99999999999\t1\t1\n")),
    "CRAI with a line that is none": ("CRAM/CRAI", crai("0\t1\t60000\tx\t1\t1\n")),
    "CRAI that goes back": ("CRAM/CRAI", crai("0\t1\t60000\t-5\t1\t1\n")),
}
FORMATS = {"BAM": "", "CRAM": "&format=CRAM", "VCF": "", "BCF": "&format=BCF"}


async def asked(r: Regions, which: str) -> tuple[int, dict[str, object]]:
    format = which.partition("/")[0]
    kind = READS if format in ("BAM", "CRAM") else VARIANTS
    status, told = await r.ask(f"{kind}/hostile?referenceName=chr1&start=100&end=30000{FORMATS[format]}")
    return status, told["htsget"]


@pytest.mark.row("HT-INDEX")
@pytest.mark.parametrize("case", HOSTILE)
async def test_an_index_that_is_none_is_told_in_the_form_of_htsget(tmp_path: Path, case: str) -> None:
    which, index = HOSTILE[case]
    row = genomic.registered(*files()[which], id="hostile")
    assert row.index is not None
    (tmp_path / "hostile.index").write_bytes(index)
    digest = hashlib.sha256(index).hexdigest()
    said = replace(row.index, path="hostile.index", size=len(index), sha256=digest)
    async with regions(tmp_path, replace(row, index=said)) as r:
        status, told = await asked(r, which)
        assert (status, told["error"], told["code"]) == (502, "InternalServerError", "SRV-SOURCE")
        assert set(told) >= {"error", "message"}
        assert not [row for row in r.site.stage.ledger.rows.values() if isinstance(row, Access)]
