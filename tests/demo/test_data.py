"""demo/data.py and genomes.py: real formats, read back by pysam, the same bytes for the same seed."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pysam
import pytest

from broker.demo.data import COHORT, SEED, MadeFile, main, make_files
from broker.demo.genomes import CONTIGS, PAIRS, READ, Read, make_genomes, make_reads
from broker.demo.people import PARTICIPANTS

SAMPLES = tuple(one.sample for one in PARTICIPANTS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[MadeFile, ...]]:
    root = tmp_path_factory.mktemp("demo") / "data"
    return root, make_files(root)


def test_every_participant_has_a_file_of_their_own_and_all_share_one(
    made: tuple[Path, tuple[MadeFile, ...]],
) -> None:
    root, files = made
    holders = {file.name: file.samples for file in files}
    own = {f"{sample}.bam{suffix}": (sample,) for sample in SAMPLES for suffix in ("", ".bai")}
    assert holders == own | {COHORT: SAMPLES, f"{COHORT}.tbi": SAMPLES}
    assert {path.name for path in root.iterdir()} == set(holders)


def test_what_is_said_of_a_file_is_true(made: tuple[Path, tuple[MadeFile, ...]]) -> None:
    root, files = made
    for file in files:
        content = (root / file.path).read_bytes()
        assert file.size == len(content)
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert file.md5 == hashlib.md5(content).hexdigest()


def test_the_first_file_is_big_enough_to_be_interrupted(made: tuple[Path, tuple[MadeFile, ...]]) -> None:
    sizes = [file.size for file in made[1]]
    assert 8_000_000 <= sizes[0] <= 16_000_000
    assert sum(sizes[1:]) < 2_000_000


def test_the_same_seed_makes_the_same_bytes_over_the_old_ones(made: tuple[Path, tuple[MadeFile, ...]]) -> None:
    assert make_files(made[0]) == made[1]


def test_another_seed_makes_other_genomes() -> None:
    one, same, other = make_genomes(1), make_genomes(1), make_genomes(2)
    assert one == same
    assert one.reference[0] != other.reference[0]
    assert one.sites != other.sites


@pytest.mark.parametrize("who", [0, 1])
def test_a_bam_is_sorted_indexed_and_says_what_it_is(made: tuple[Path, tuple[MadeFile, ...]], who: int) -> None:
    with pysam.AlignmentFile(str(made[0] / f"{SAMPLES[who]}.bam"), require_index=True) as bam:
        header = bam.header.to_dict()
        assert header["HD"]["SO"] == "coordinate"
        assert [group["SM"] for group in header["RG"]] == [SAMPLES[who]]
        assert f"seed {SEED}" in header["CO"][0]
        assert "nobody" in header["CO"][0]
        assert bam.mapped == 2 * PAIRS[who]
        here = list(bam.fetch("demo1", 1000, 1100))
        assert here
        assert all(read.reference_start < 1100 and (read.reference_end or 0) > 1000 for read in here)


def test_reads_are_in_order_within_their_contig_and_in_pairs() -> None:
    reads = list(make_reads(make_genomes(SEED), 1))
    places = [(read.contig, read.at) for read in reads]
    assert places == sorted(places)
    assert all(0 <= read.at <= CONTIGS[read.contig][1] - READ for read in reads)
    mates: dict[str, list[Read]] = {}
    for read in reads:
        assert len(read.bases) == len(read.qualities) == READ
        mates.setdefault(read.name, []).append(read)
    for first, second in mates.values():
        assert (first.mate, second.mate) == (second.at, first.at)
        assert first.template == -second.template


def test_reads_and_genotypes_agree(made: tuple[Path, tuple[MadeFile, ...]]) -> None:
    who = SAMPLES[0]
    with (
        pysam.VariantFile(str(made[0] / COHORT)) as vcf,
        pysam.AlignmentFile(str(made[0] / f"{who}.bam")) as bam,
    ):
        checked = 0
        for record in vcf.fetch("demo2", 0, 6000):
            seen = [
                (read.query_sequence or "")[record.start - read.reference_start]
                for read in bam.fetch(record.chrom, record.start, record.stop)
            ]
            genotype = record.samples[who]["GT"]
            alleles = {(record.ref, *(record.alts or ()))[allele] for allele in genotype if allele is not None}
            assert set(seen) == alleles
            checked += 1
        assert checked > 5


def test_the_vcf_is_indexed_and_says_what_it_is(made: tuple[Path, tuple[MadeFile, ...]]) -> None:
    with pysam.VariantFile(str(made[0] / COHORT)) as vcf:
        assert tuple(vcf.header.samples) == SAMPLES
        assert f"seed {SEED}" in str(vcf.header)
        records = list(vcf.fetch())
        assert len(records) > 390
        assert len({(record.chrom, record.pos) for record in records}) == len(records)
        assert list(vcf.fetch("demo1", 500, 1000)) == [r for r in records if r.chrom == "demo1" and 500 < r.pos <= 1000]


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]], ids=str)
def test_the_script_says_how_it_is_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_the_samples_and_pseudonyms_are_all_different() -> None:
    assert len({one.sample for one in PARTICIPANTS}) == len({one.subject for one in PARTICIPANTS}) == len(PAIRS)


def test_samtools_reads_what_was_made(made: tuple[Path, tuple[MadeFile, ...]]) -> None:
    samtools = shutil.which("samtools")
    if samtools is None:
        pytest.skip("samtools is missing: apt-get install samtools")
    bam = made[0] / made[1][0].path
    subprocess.run([samtools, "quickcheck", "-v", bam], check=True)
    counted = subprocess.run([samtools, "view", "-c", bam], check=True, capture_output=True, text=True)
    with pysam.AlignmentFile(str(bam)) as file:
        assert int(counted.stdout) == file.count(until_eof=True) > 0
