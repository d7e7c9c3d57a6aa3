"""The pages for who keeps data and who asks for them: what they show is declared, typed and sent as it stands."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from broker.adapters.catalogue.objects import ObjectPart, drs_object
from broker.core.rows import DrsObject, Role
from tests import builders as b
from tests import genomic
from tests.docs.doc_blocks import ROOT, blocks, matches, run
from tests.interop.serving import needed, ran
from tests.interop.test_htsget_clients import door, environment
from tests.web.drs_world import BASE, MEI
from tests.web.regions import Regions, files
from tests.web.site import Site, site

HOW_TO = ROOT / "docs" / "how-to"
DRS, REGIONS = HOW_TO / "offer-data-over-drs.md", HOW_TO / "ask-for-regions.md"
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HTTP = re.compile(r"^```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ADDRESS = "https://broker.example"


def declared(page: Path, root: Path) -> list[DrsObject]:
    """The rows of the first catalogue that the page shows, with its files in `root`."""
    shown = yaml.safe_load(_YAML.findall(page.read_text("utf-8"))[0])["objects"]
    return [drs_object(ObjectPart(**one), {"bank": root.resolve()}, {str(b.HEART): "bank"}) for one in shown]


def test_where_an_address_leads_is_as_the_page_says(tmp_path: Path) -> None:
    page = blocks(DRS.read_text("utf-8"))
    assert page
    for block, printed in zip(page, run(page, tmp_path, 120), strict=True):
        assert block.prints is not None
        assert matches(block.prints, printed), printed


async def sent(s: Site, page: str) -> list[Any]:
    """What the requests of the page are answered, one after the other, and what a poll hears after each."""
    (told,) = _HTTP.findall(page)
    heard = []
    for one in told.strip().split("\n\n"):
        line, body = one.split("\n", 1)
        method, path = line.split()
        answer = await s.http.request(method, path, json=json.loads(body), headers=s.headers(MEI))
        assert answer.status == 200, await answer.text()
        poll = await s.http.get(f"{BASE}/objects/heart-0002/access/https", headers=s.headers())
        heard.append((poll.status, "Retry-After" in poll.headers))
    return heard


async def test_the_objects_that_the_page_declares_are_offered_and_brought_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "H1.bam").write_bytes(b"reads")
    staff = Role(id="r", role="custodian", scope="repository:bank", iss=b.HOME, sub="mei")
    first, run_1, second = declared(DRS, tmp_path)
    (tmp_path / "H2.bam").write_bytes(bytes(second.size))
    told = {one: b.consent(one) for row in (first, second) for one in row.subjects}
    async with site(tmp_path, first, run_1, second, staff, *told.values()) as s:
        whole = await (await s.http.get(f"{BASE}/objects/heart-run-1?expand=true")).json()
        assert [(one["name"], one["id"]) for one in whole["contents"]] == [("H1.bam", "heart-0001")]
        shown = await (await s.http.get(f"{BASE}/objects/heart-0001")).json()
        assert (shown["size"], shown["version"], shown["aliases"]) == (5, "2", ["EGAF00001234567"])
        poll = await s.http.get(f"{BASE}/objects/heart-0002/access/https", headers=s.headers())
        assert poll.status == 202
        assert await sent(s, DRS.read_text("utf-8")) == [(202, True), (200, False)]


@pytest.mark.row("HT-LAYOUT")
async def test_samtools_asks_for_the_region_of_the_page_of_the_file_that_the_page_declares(tmp_path: Path) -> None:
    needed("samtools", there=shutil.which("samtools") is not None, how="apt-get install samtools")
    path, index = files()["BAM/BAI"]
    shutil.copy(path, tmp_path / "heart-0001.bam")
    shutil.copy(index, tmp_path / "heart-0001.bam.bai")
    (row,) = declared(REGIONS, tmp_path)
    told = (b.consent(one) for one in row.subjects)
    (block,) = blocks(REGIONS.read_text("utf-8"))
    async with site(tmp_path, row, *told) as s:
        r = Regions(s, tmp_path)
        async with door(r) as base:
            typed = block.script.replace(_ADDRESS, base).strip()
            assert base in typed
            env = environment(r)
            status, said = await ran("bash", "-euc", f"cd {tmp_path}; {typed} > got.bam", env=env)
            assert status == 0, said
    wanted = genomic.records(path, "chr1:1-100000")
    got = genomic.records(tmp_path / "got.bam")
    assert [line for line in got if line in set(wanted)] == wanted != []
