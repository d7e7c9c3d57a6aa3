"""htslib reads a file by ranges, with a data ticket as its token and the index beside it: samtools, bcftools and pysam."""

import shutil
import sys
from pathlib import Path

import pytest

from broker.core.rows import Delivery
from tests import genomic
from tests.interop.serving import needed
from tests.interop.test_htsget_clients import door, environment, lines
from tests.web.regions import Regions, files, regions

WHERE = "chr2:5001-15000"
PYSAM = """
import sys, pysam
kind, url, index = sys.argv[1:]
open_file = pysam.AlignmentFile if kind == "reads" else pysam.VariantFile
with open_file(url, index_filename=index) as file:
    for record in file.fetch("chr2", 5_000, 15_000):
        sys.stdout.write(str(record) if kind == "variants" else record.to_string() + "\\n")
"""
ASKED = [
    ("BAM/BAI", "bam", "samtools"),
    ("BAM/CSI", "csi-bam", "samtools"),
    ("VCF/TBI", "vcf", "bcftools"),
    ("BCF/CSI", "bcf", "bcftools"),
]


def shown_by_htslib(r: Regions, token: str) -> dict[str, str]:
    """An environment in which htslib shows this token."""
    env = environment(r)
    Path(env["HTS_AUTH_LOCATION"]).write_text(token)
    return env


async def given(r: Regions, base: str, id: str) -> tuple[str, dict[str, str]]:
    """The address of an object's bytes, and an environment in which htslib shows their ticket."""
    answer = await r.site.http.get(f"/ga4gh/drs/v1/objects/{id}/access/https", headers=r.site.headers())
    assert answer.status == 200, await answer.text()
    (shown,) = (await answer.json())["headers"]
    return f"{base}/data/{id}", shown_by_htslib(r, shown.removeprefix("Authorization: Bearer "))


@pytest.mark.row("HT-RANGES")
@pytest.mark.parametrize(("which", "id", "program"), ASKED, ids=[which for which, *_ in ASKED])
async def test_htslib_reads_a_region_by_ranges_with_the_index_at_hand(
    tmp_path: Path, which: str, id: str, program: str
) -> None:
    needed(program, there=shutil.which(program) is not None, how=f"apt-get install {program}")
    path, index = files()[which]
    wanted = genomic.records(path, WHERE)
    assert wanted
    async with regions(tmp_path) as r, door(r) as base:
        url, env = await given(r, base, id)
        if program == "samtools":
            typed = ["samtools", "view", "-X", url, str(index), WHERE]
        else:
            typed = ["bcftools", "view", "-H", "-r", WHERE, f"{url}##idx##{index}"]
        assert await lines(env, *typed) == wanted
        kind = "reads" if program == "samtools" else "variants"
        assert await lines(env, sys.executable, "-c", PYSAM, kind, url, str(index)) == wanted
        parts = [one for one in r.site.stage.ledger.rows.values() if isinstance(one, Delivery)]
        assert any(one.first for one in parts), "it asks for what begins in the middle"
