"""samtools asks the demo for a region, with the token of a researcher who was given access."""

import os
import shutil
from pathlib import Path

from tests.end_to_end.demo import granted, started
from tests.genomic import records
from tests.interop.serving import needed, ran


async def test_samtools_reads_a_region_of_the_demos_genome(tmp_path: Path) -> None:
    needed("samtools", there=shutil.which("samtools") is not None, how="apt-get install samtools")
    async with started(tmp_path / "state") as demo:
        token = tmp_path / "token"
        token.write_text(await granted(demo.described))
        allowed = {"HTS_ALLOW_UNENCRYPTED_AUTHORIZATION_HEADER": "I understand the risks"}
        env = {**os.environ, **allowed, "HTS_AUTH_LOCATION": str(token)}
        url = f"{demo.described['issuer']}/ga4gh/htsget/v1/reads/heart-0001?referenceName=demo1&start=50000&end=51000"
        status, said = await ran("samtools", "view", url, env=env)
        assert status == 0, said
        wanted = records(tmp_path / "state" / "data" / "DEMO0001.bam", "demo1:50001-51000")
        assert [line for line in said.splitlines() if line in set(wanted)] == wanted != []
