"""What data does the demo give away? Genomes of nobody, in real formats, the same bytes for the same seed.

A BAM and its .bai for each participant, so that one can withdraw and the others stay, and one bgzipped VCF
and its .tbi with all of them. Reads and genotypes agree. Every header says the seed and that it is synthetic.

`python -m broker.demo.data DIR` makes them. Needs pysam: the optional dependency `demo`.
"""

import hashlib
import sys
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from broker.demo.genomes import CONTIGS, READ, Genomes, make_genomes, make_reads
from broker.demo.people import PARTICIPANTS

SEED: Final = 20260209
"""Another seed gives other genomes."""

COHORT: Final = "demo-cohort.vcf.gz"
BINARY, GZIP = "application/octet-stream", "application/gzip"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """One file. `path` is below the folder it was made in; digests are lower-case hexadecimal.

    `samples`: whose data it holds, as its header names them; an index holds those of the file it is for.
    """

    name: str
    path: str
    size: int
    sha256: str
    md5: str
    mime_type: str
    samples: tuple[str, ...]


def make_files(root: Path, seed: int = SEED) -> tuple[MadeFile, ...]:
    """Make all files in `root` (a folder, made if missing) and say what they are; the same every time.

    Each appears whole or not at all: somebody may be reading the one from last time. About two seconds.
    """
    root.mkdir(parents=True, exist_ok=True)
    made, files = make_genomes(seed), list[MadeFile]()
    with tempfile.TemporaryDirectory(dir=root, prefix=".making-") as temporary:
        folder = Path(temporary)
        for who, participant in enumerate(PARTICIPANTS):
            bam = _write_bam(folder / f"{participant.sample}.bam", made, who)
            files += [_described(path, BINARY, (participant.sample,)) for path in bam]
        vcf, tbi = _write_vcf(folder / COHORT, made)
        everybody = tuple(participant.sample for participant in PARTICIPANTS)
        files += [_described(vcf, GZIP, everybody), _described(tbi, BINARY, everybody)]
        for file in files:
            (folder / file.name).replace(root / file.path)
    return tuple(files)


def _write_bam(path: Path, made: Genomes, who: int) -> tuple[Path, Path]:
    """The BAM and its index."""
    pysam, sample = _pysam(), PARTICIPANTS[who].sample
    header = pysam.AlignmentHeader.from_dict(_sam_header(made, sample))
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for made_read in make_reads(made, who):
            read = pysam.AlignedSegment(header)
            read.query_name, read.flag, read.mapping_quality = made_read.name, made_read.flag, 60
            read.reference_id, read.reference_start = made_read.contig, made_read.at
            read.next_reference_id, read.next_reference_start = made_read.contig, made_read.mate
            read.template_length, read.cigartuples = made_read.template, [(0, READ)]
            read.query_sequence = made_read.bases
            read.query_qualities = array("B", made_read.qualities)
            read.set_tag("RG", sample, "Z")
            bam.write(read)
    pysam.index(str(path))
    return path, path.with_name(f"{path.name}.bai")


def _sam_header(made: Genomes, sample: str) -> dict[str, Any]:
    """SAM specification section 1.3; M5 is what CRAM and refget know a sequence by."""
    return {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [
            {"SN": name, "LN": length, "M5": _md5(bases.encode())}
            for (name, length), bases in zip(CONTIGS, made.reference, strict=True)
        ],
        "RG": [{"ID": sample, "SM": sample, "LB": "synthetic", "PL": "ILLUMINA"}],
        "CO": [f"Synthetic: nobody's genome. Made by broker.demo.data with seed {made.seed}."],
    }


def _write_vcf(path: Path, made: Genomes) -> tuple[Path, Path]:
    """The VCF and its index."""
    pysam = _pysam()
    with pysam.VariantFile(str(path), "wz", header=_vcf_header(pysam, made)) as vcf:
        for number, site in enumerate(made.sites):
            record = vcf.new_record(
                contig=CONTIGS[site.contig][0],
                start=site.at,
                alleles=(site.ref, site.alt),
                id=f"demo{number:04d}",
                qual=60,
                filter="PASS",
            )
            for who, alleles in zip(PARTICIPANTS, site.alleles, strict=True):
                record.samples[who.sample]["GT"] = alleles
                record.samples[who.sample].phased = True
            vcf.write(record)
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path, path.with_name(f"{path.name}.tbi")


def _vcf_header(pysam: Any, made: Genomes) -> Any:
    header = pysam.VariantHeader()
    header.add_meta("source", f"broker.demo.data, synthetic: nobody's genome, seed {made.seed}")
    for name, length in CONTIGS:
        header.contigs.add(name, length=length)
    header.formats.add("GT", 1, "String", "Genotype")
    header.add_samples([who.sample for who in PARTICIPANTS])
    return header


def _pysam() -> Any:
    try:
        import pysam  # noqa: PLC0415 (an optional dependency: only the demo needs it)
    except ImportError:
        raise SystemExit("The demo's data need pysam: pip install 'ga4gh-access-broker[demo]'") from None
    return pysam


def _described(path: Path, mime_type: str, samples: tuple[str, ...]) -> MadeFile:
    content = path.read_bytes()
    return MadeFile(
        name=path.name,
        path=path.name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        md5=_md5(content),
        mime_type=mime_type,
        samples=samples,
    )


def _md5(content: bytes) -> str:
    """A checksum for old clients, and a sequence's name in SAM; never a defence."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def main(arguments: list[str]) -> int:
    """`python -m broker.demo.data DIR`: make the files and list them."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m broker.demo.data DIR", file=sys.stderr)
        return 2
    for file in make_files(Path(arguments[0])):
        print(f"{file.sha256}  {file.size:>10,}  {file.name}  ({', '.join(file.samples)})")
    print(f"Synthetic, seed {SEED}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
