"""The ways of access that an object's metadata name: which there are, where they lead, and where the bytes lie."""

from pathlib import Path
from typing import Any

import pytest

from broker.config import Settings
from broker.core.drs.identifiers import self_uri
from broker.core.rows import Repository
from tests import builders as b
from tests import genomic
from tests.web.drs_world import BASE, valid
from tests.web.regions import Regions, files, regions
from tests.web.site import site

KINDS = {"BAM/BAI": "reads", "CRAM/CRAI": "reads", "VCF/TBI": "variants", "BCF/CSI": "variants", "BAM/BAI cut": "reads"}
PLACES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"root": "s3://bucket/heart", "region": "eu-central-1"}, {"cloud": "aws", "region": "eu-central-1"}),
    ({"root": "s3://bucket/heart"}, {"cloud": "aws"}),
    ({"root": "gs://bucket", "region": "europe-west3"}, {"cloud": "gcp", "region": "europe-west3"}),
    ({"root": "az://account/container"}, {"cloud": "azure"}),
    ({"root": "s3://bucket", "endpoint": "https://minio.example", "region": "here"}, {}),
    ({"root": "https://files.example/heart"}, {}),
    ({"root": "/srv/heart"}, {}),
]


async def methods(r: Regions, id: str) -> list[dict[str, Any]]:
    answer = await r.site.http.get(f"{BASE}/objects/{id}")
    found: list[dict[str, Any]] = valid("DrsObject", await answer.json())["access_methods"]
    return found


@pytest.mark.row("DR-HTSGET")
@pytest.mark.parametrize("which", KINDS)
async def test_a_file_with_an_index_leads_to_a_ticket_of_htsget(tmp_path: Path, which: str) -> None:
    path, format = files()[which][0], which[:3] if which[:4] != "CRAM" else "CRAM"
    id = genomic.ID[path.name]
    async with regions(tmp_path) as r:
        *others, last = await methods(r, id.replace("/", "%2F"))
        assert last == {
            "type": "htsget",
            "access_url": {"url": f"{b.US}/ga4gh/htsget/v1/{KINDS[which]}/{id.replace('/', '%2F')}"},
        }
        assert [one["type"] for one in others] == ["https"]
        url = last["access_url"]["url"].removeprefix(b.US)
        ticket = await r.ticket(f"{url}?format={format}")
        assert ticket["format"] == format
        assert (await r.ask(url, headers={}))[0] == 401, "the address itself opens nothing"


@pytest.mark.row("DR-HTSGET")
async def test_other_files_do_not_say_so_and_what_is_brought_first_says_that(tmp_path: Path) -> None:
    path, index = files()["BAM/BAI"]
    late = genomic.registered(path, index, id="late", availability="offline")
    async with regions(tmp_path, late) as r:
        assert [one["type"] for one in await methods(r, "obj-1")] == ["https"]
        assert [(one["type"], one.get("available")) for one in await methods(r, "late")] == [
            ("https", False), ("htsget", False),
        ]  # fmt: skip


@pytest.mark.row("DR-HTSGET")
@pytest.mark.parametrize(("place", "said"), PLACES, ids=[str(sorted(one[0].items())) for one in PLACES])
async def test_bytes_in_a_cloud_say_in_which_and_where(
    tmp_path: Path, place: dict[str, Any], said: dict[str, str]
) -> None:
    path, index = files()["BAM/BAI"]
    row = genomic.registered(path, index, id="far")
    home = Repository(**{"id": "bank", "name": "Bank", **place})
    async with site(tmp_path, row, home) as s:
        told = valid("DrsObject", await (await s.http.get(f"{BASE}/objects/far")).json())
        for one in told["access_methods"]:
            assert {name: one[name] for name in ("cloud", "region") if name in one} == said


@pytest.mark.row("DR1")
@pytest.mark.parametrize(
    ("issuer", "fits"),
    [
        ("https://broker.example", True), ("http://127.0.0.1:8080", True), ("https://[2001:db8::1]", False),
        ("http://[::1]:8080", False), ("https://under_score.example", False),
    ],
)  # fmt: skip
def test_an_issuer_that_no_drs_address_can_name_is_refused_at_start(issuer: str, *, fits: bool) -> None:
    if fits:
        assert self_uri(Settings(issuer=issuer).issuer, "a").startswith("drs://")
        return
    with pytest.raises(ValueError, match="drs:// addresses need a host name"):
        Settings(issuer=issuer)
