"""samtools, bcftools, pysam and PyPI's htsget client ask for regions; what they get is what samtools says of the file.

The site's own address is nobody's: a door on this machine passes requests on, and writes its own address into tickets.
"""

import os
import shutil
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests import builders as b
from tests import genomic
from tests.interop.serving import needed, ran
from tests.web.drs_world import of
from tests.web.regions import READS, VARIANTS, Regions, files, regions
from tests.web.test_htsget_filtered import cohort, consents, withdrawn

PASSED = ("Authorization", "Range", "Content-Type")
TOLD = ("Content-Range", "Accept-Ranges", "ETag")
PLAIN = {"HTS_ALLOW_UNENCRYPTED_AUTHORIZATION_HEADER": "I understand the risks"}


@asynccontextmanager
async def door(r: Regions, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """An address of this machine behind which the site is; by https at `localhost`, where there is `tls`."""

    async def passed_on(request: web.Request) -> web.StreamResponse:
        headers = {name: request.headers[name] for name in PASSED if name in request.headers}
        async with r.site.http.request(
            request.method, request.path_qs, headers=headers, data=await request.read()
        ) as answer:
            body = (
                (await answer.read()).replace(b.US.encode(), base.encode())
                if "json" in answer.content_type
                else await answer.read()
            )
            said = {name: answer.headers[name] for name in TOLD if name in answer.headers}
            return web.Response(status=answer.status, body=body, content_type=answer.content_type, headers=said)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", passed_on)
    server = TestServer(app)
    await server.start_server(ssl=tls)
    async with server:
        base = f"https://localhost:{server.port}" if tls is not None else str(server.make_url("")).rstrip("/")
        yield base


def environment(r: Regions, shown: str = "") -> dict[str, str]:
    """For htslib: where the token is (`shown`, or Ada's), and that it may go over plain http."""
    token = r.folder / "token"
    token.write_text(shown or r.site.access_token(str(b.ADA)))
    return {**os.environ, **PLAIN, "HTS_AUTH_LOCATION": str(token)}


async def lines(env: dict[str, str], *command: str) -> list[str]:
    status, said = await ran(*command, env=env)
    assert status == 0, said
    return said.splitlines()


ASKED = [
    ("BAM/BAI", f"{READS}/bam", "BAM"),
    ("BAM/BAI cut", f"{READS}/cut/bam", "BAM"),
    ("BAM/CSI", f"{READS}/csi-bam", "BAM"),
    ("CRAM/CRAI", f"{READS}/cram", "CRAM"),
    ("VCF/TBI", f"{VARIANTS}/vcf", "VCF"),
    ("VCF/CSI", f"{VARIANTS}/csi-vcf", "VCF"),
    ("BCF/CSI", f"{VARIANTS}/bcf", "BCF"),
]


@pytest.mark.parametrize(("which", "path", "format"), ASKED)
async def test_samtools_and_bcftools_read_regions_by_ticket(tmp_path: Path, which: str, path: str, format: str) -> None:
    program = "samtools" if READS in path else "bcftools"
    needed(program, there=shutil.which(program) is not None, how=f"apt-get install {program}")
    shown = [program, "view", *(["-H"] if program == "bcftools" else [])]
    async with regions(tmp_path) as r, door(r) as base:
        env, url = environment(r), f"{base}{path}?format={format}"
        assert await lines(env, *shown, url) == genomic.records(files()[which][0])
        got = await lines(env, *shown, f"{url}&referenceName=chr1&start=1000&end=9000")
        wanted = genomic.records(files()[which][0], "chr1:1001-9000")
        assert len(wanted) > 10
        assert [line for line in got if line in set(wanted)] == wanted
        status, said = await ran(*shown, url, env={**env, "HTS_AUTH_LOCATION": ""})
        assert status != 0, said


@pytest.mark.row("HT-PASSPORT")
async def test_samtools_reads_regions_by_a_passport_in_the_tokens_place(tmp_path: Path) -> None:
    needed("samtools", there=shutil.which("samtools") is not None, how="apt-get install samtools")
    async with regions(tmp_path) as r, door(r) as base:
        got = await lines(environment(r, of(r.site)), "samtools", "view", f"{base}{READS}/cut/bam?format=BAM")
        assert got == genomic.records(files()["BAM/BAI cut"][0])


HTSGET = """
import sys, htsget
url, token, out, *where = sys.argv[1:]
name, start, end, format = where
with open(out, "wb") as file:
    htsget.get(url, file, reference_name=name, start=int(start), end=int(end), data_format=format,
               bearer_token=token, max_retries=0)
"""


@pytest.mark.parametrize(("which", "path", "format"), ASKED)
async def test_the_htsget_client_downloads_regions_that_pysam_reads(
    tmp_path: Path, which: str, path: str, format: str
) -> None:
    needed("htsget", there=_installed("htsget"), how="uv sync")
    async with regions(tmp_path) as r, door(r) as base:
        out = tmp_path / f"got{''.join(files()[which][0].suffixes)}"
        arguments = [f"{base}{path}", r.site.access_token(str(b.ADA)), str(out), "chr2", "5000", "15000", format]
        status, said = await ran(sys.executable, "-c", HTSGET, *arguments)
        assert status == 0, said
        wanted = genomic.records(files()[which][0], "chr2:5001-15000")
        got = genomic.records(out)
        assert [line for line in got if line in set(wanted)] == wanted != []


PYSAM = """
import sys, pysam
with pysam.VariantFile(sys.argv[1]) as file:
    for record in file:
        sys.stdout.write(str(record))
with pysam.VariantFile(sys.argv[1]) as file:
    assert list(file.fetch("chr2")), "an index of it"
"""
FILTERED = [("VCF/TBI", "VCF", ".vcf.gz"), ("BCF/CSI", "BCF", ".bcf")]


@pytest.mark.row("HT-LEFT-OUT")
@pytest.mark.parametrize(("which", "format", "suffix"), FILTERED)
async def test_a_file_without_somebody_is_read_and_indexed_without_a_word(
    tmp_path: Path, which: str, format: str, suffix: str
) -> None:
    """Whatever these programs complain of would stand among what they print."""
    needed("bcftools", there=shutil.which("bcftools") is not None, how="apt-get install bcftools")
    async with regions(tmp_path, cohort(which), *consents()) as r, door(r) as base:
        await withdrawn(r)
        env, path = environment(r), f"{VARIANTS}/cohort?format={format}"
        made = await r.joined(await r.ticket(path), suffix)
        shown = await lines(env, "bcftools", "view", "-H", str(made))
        assert await lines(env, "bcftools", "view", "-H", f"{base}{path}") == shown
        assert len(shown) > 100
        assert await lines(env, "bcftools", "view", "-h", str(made)) != []
        assert await lines(env, "bcftools", "index", str(made)) == []
        assert await lines(env, sys.executable, "-c", PYSAM, str(made)) == shown


def _installed(module: str) -> bool:
    return find_spec(module) is not None
