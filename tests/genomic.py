"""Small files of reads and variants in every format, by htslib, and the same with blocks cut anywhere."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pysam
from pysam import bcftools

from broker.adapters.catalogue.genomic import indexed, layout_of
from broker.core.htsget import bgzf
from broker.core.htsget.crai import read_containers
from broker.core.htsget.index_files import kind_of, read_bins
from broker.core.htsget.plan import Plan, planned, wanted_ranges
from broker.core.htsget.reading import Reading
from broker.core.htsget.request import Asked
from broker.core.outcome import Reason
from broker.core.rows import DrsObject
from tests import builders as b

T = TypeVar("T")

CONTIGS = (("chr1", 60_000), ("chr2", 40_000), ("chr3", 1_000), ("chrEmpty", 5_000))
SAMPLES = ("S1", "S2", "S3")


@dataclass(frozen=True)
class Read:
    """One read; `contig` None for one without a place."""

    name: str
    contig: int | None
    at: int
    length: int = 60


def reads(count: int = 400) -> list[Read]:
    """Reads on all contigs but the last, sorted, and twenty without a place."""
    placed = [Read(f"r{n}", n % 2, n * 137 % (CONTIGS[n % 2][1] - 100), 40 + n % 80) for n in range(count)]
    placed += [Read("lone", 2, 500), Read("edge", 0, 16_383, 2), Read("long", 0, 100, 30_000)]
    return sorted(placed, key=lambda one: (one.contig, one.at)) + [Read(f"u{n}", None, 0) for n in range(20)]


def write_bam(path: Path, made: Iterable[Read], mode: str = "wb", **more: Any) -> Path:
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": name, "LN": length} for name, length in CONTIGS]}
    with pysam.AlignmentFile(str(path), mode, header=header, **more) as out:
        for one in made:
            read = pysam.AlignedSegment(out.header)
            read.query_name, length = one.name, min(one.length, 120)
            digest = hashlib.sha256(one.name.encode()).digest() * 8
            read.query_sequence = "".join("ACGT"[byte % 4] for byte in digest[:length])
            read.query_qualities = pysam.qualitystring_to_array(
                "".join(chr(40 + byte % 30) for byte in digest[:length])
            )
            if one.contig is None:
                read.flag = 4
            else:
                read.reference_id, read.reference_start, read.mapping_quality = one.contig, one.at, 60
                skipped = [(3, one.length - 120)] if one.length > 120 else []
                read.cigartuples = [(0, length - 1), *skipped, (0, 1)]
            out.write(read)
    return path


def write_variants(path: Path, mode: str, samples: tuple[str, ...] = SAMPLES, count: int = 300) -> Path:
    header = pysam.VariantHeader()
    for name, length in CONTIGS:
        header.contigs.add(name, length=length)
    header.formats.add("GT", 1, "String", "Genotype")
    header.formats.add("DP", 1, "Integer", "Depth")
    header.info.add("AC", "A", "Integer", "Allele count")
    header.info.add("AN", 1, "Integer", "Allele number")
    header.info.add("AF", "A", "Float", "Allele frequency")
    header.add_samples(samples)
    rows = sorted((n % 2, n * 211 % (CONTIGS[n % 2][1] - 400), n) for n in range(count))
    with pysam.VariantFile(str(path), mode, header=header) as out:
        for contig, at, n in rows:
            alleles = ("A", "C", "G") if n % 5 == 0 else ("A", "T")
            record = out.new_record(contig=CONTIGS[contig][0], start=at, alleles=alleles, id=f"v{n}", qual=50)
            called, counts = 0, [0] * (len(alleles) - 1)
            for who, sample in enumerate(samples):
                genotype = (None, None) if (n + who) % 11 == 0 else ((n + who) % len(alleles), n % 2)
                record.samples[sample]["GT"] = genotype
                record.samples[sample]["DP"] = n % 50
                for allele in genotype:
                    called += allele is not None
                    if allele:
                        counts[allele - 1] += 1
            record.info["AC"], record.info["AN"] = counts, called
            if called:
                record.info["AF"] = [one / called for one in counts]
            out.write(record)
    return path


def reblocked(path: Path, to: Path, size: int) -> Path:
    """The same content in blocks of `size` bytes, whatever they cut through, as some writers do."""
    with pysam.BGZFile(str(path), "rb", None) as file:
        content = file.read()
    blocks = [bgzf.packed(content[at : at + size]) for at in range(0, len(content), size)]
    to.write_bytes(b"".join([*blocks, bgzf.EOF]))
    return to


def make_all(folder: Path) -> dict[str, tuple[Path, Path]]:
    """(file, index) by a word for each: every format with every kind of index that it may have."""
    made: dict[str, tuple[Path, Path]] = {}
    bam = write_bam(folder / "plain.bam", reads())
    made["BAM/BAI"] = bam, bam_index(bam, "bai")
    cut = reblocked(bam, folder / "cut.bam", 700)
    made["BAM/BAI cut"] = cut, bam_index(cut, "bai")
    other = Path(shutil.copy(cut, folder / "other.bam"))
    made["BAM/CSI"] = other, bam_index(other, "csi")
    cram = write_bam(folder / "plain.cram", reads(), "wc", format_options=[b"no_ref=1", b"seqs_per_slice=50"])
    pysam.index(str(cram))
    made["CRAM/CRAI"] = cram, folder / "plain.cram.crai"
    vcf = write_variants(folder / "plain.vcf", "w")
    pysam.tabix_compress(str(vcf), str(folder / "whole.vcf.gz"), force=True)
    for kind in ("tbi", "csi"):
        packed = reblocked(folder / "whole.vcf.gz", folder / f"{kind}.vcf.gz", 900)
        pysam.tabix_index(str(packed), preset="vcf", csi=kind == "csi", force=True)
        made[f"VCF/{kind.upper()}"] = packed, Path(f"{packed}.{kind}")
    bcf = write_variants(folder / "plain.bcf", "wb")
    small = reblocked(bcf, folder / "small.bcf", 500)
    bcftools.index("-f", str(small))
    made["BCF/CSI"] = small, Path(f"{small}.csi")
    return made


@cache
def _small() -> Mapping[str, bytes]:
    """A BAM and a VCF with their indexes, by what their names end in."""
    with TemporaryDirectory() as folder:
        bam = write_bam(Path(folder, "a.bam"), reads(2))
        vcf = write_variants(Path(folder, "a.vcf"), "w", tuple(f"DEMO000{n}" for n in (1, 2, 3, 4)), count=2)
        pysam.tabix_compress(str(vcf), f"{vcf}.gz")
        pysam.tabix_index(f"{vcf}.gz", preset="vcf")
        made = (bam, bam_index(bam, "bai"), Path(f"{vcf}.gz"), Path(f"{vcf}.gz.tbi"))
        return {"".join(path.suffixes): path.read_bytes() for path in made}


def demo_files(folder: Path) -> None:
    """Small files in place of the demo's genomes."""
    for name in [*(f"DEMO000{n}.bam" for n in (1, 2, 3, 4)), "demo-cohort.vcf.gz"]:
        for path in (folder / name, folder / f"{name}{'.bai' if name.endswith('bam') else '.tbi'}"):
            path.write_bytes(_small()["".join(path.suffixes)])


def bam_index(path: Path, kind: str) -> Path:
    index = Path(f"{path}.{kind}")
    pysam.index(*(["-c"] if kind == "csi" else ["-b"]), str(path), str(index))
    return index


ID = {
    "plain.bam": "bam", "cut.bam": "cut/bam", "other.bam": "csi-bam", "plain.cram": "cram", "tbi.vcf.gz": "vcf",
    "csi.vcf.gz": "csi-vcf", "small.bcf": "bcf",
}  # fmt: skip
"""The object id of each file."""


def registered(path: Path, index: Path, **changes: Any) -> DrsObject:
    """The row of a file, as the catalogue makes it."""
    format, found = indexed(path.parent, path, index.name)
    content = path.read_bytes()
    said: Mapping[str, Any] = {
        "id": ID[path.name], "name": path.name, "path": path.name, "size": len(content), "format": format, "index": found,
        "checksums": {"sha-256": hashlib.sha256(content).hexdigest()},
    }  # fmt: skip
    return b.drs_object(**{**said, **changes})


def records(path: Path | str, *regions: str, env: Mapping[str, str] | None = None) -> list[str]:
    """The lines of a file's records, by samtools or bcftools."""
    is_variants = any(word in str(path) for word in ("vcf", "bcf", "variants"))
    program = ["bcftools", "view", "-H"] if is_variants else ["samtools", "view"]
    answer = subprocess.run([*program, str(path), *regions], capture_output=True, check=True, text=True, env=env)
    return answer.stdout.splitlines()


def fed(path: Path, reading: Reading[T]) -> T:
    """What `reading` finds in the file."""
    content = path.read_bytes()
    try:
        span = next(reading)
        while True:
            assert 0 <= span.first <= span.last < len(content)
            span = reading.send(content[span.first : span.last + 1])
    except StopIteration as done:
        found: T = done.value
        return found


def answer_to(asked: Asked, path: Path, index: Path) -> tuple[Plan, bytes]:
    """The plan for a request, and what a client makes of it."""
    content, given = path.read_bytes(), index.read_bytes()
    layout, kind = layout_of(path), kind_of(given)
    assert kind is not None
    known = read_containers(given) if kind == "CRAI" else read_bins(kind, given)
    ranges = wanted_ranges(asked, layout, known)
    assert not isinstance(ranges, Reason), ranges
    plan = fed(path, planned(ranges, layout))
    pieces = (*plan.header, *plan.body)
    return plan, b"".join(p if isinstance(p, bytes) else content[p.first : p.last + 1] for p in pieces)
