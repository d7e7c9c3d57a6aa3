"""The questions of GA4GH's htsget compliance suite, asked by contract: each format, with and without a reference.

The suite itself cannot be installed here. Its cases are a matrix (ids, formats, references) for reads and for variants,
the form of the answer, the records of the joined file, ids that do not exist, and service-info.
"""

import base64
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from broker.core.drs.identifiers import encode
from tests import builders as b
from tests import genomic
from tests.web.regions import READS, VARIANTS, files, regions

IDS = {
    "BAM": ("BAM/BAI", f"{READS}/bam", ".bam"),
    "CRAM": ("CRAM/CRAI", f"{READS}/cram", ".cram"),
    "VCF": ("VCF/TBI", f"{VARIANTS}/vcf", ".vcf.gz"),
    "BCF": ("BCF/CSI", f"{VARIANTS}/bcf", ".bcf"),
}
DEFAULTS = ("BAM", "VCF")
MATRIX = [*product(IDS, ("named",), (None, "chr1", "chr2", "chr3")), *product(DEFAULTS, ("left out",), (None, "chr2"))]


@pytest.mark.parametrize(("format", "said", "reference"), MATRIX)
async def test_each_format_with_and_without_a_reference(
    tmp_path: Path, format: str, said: str, reference: str | None
) -> None:
    which, path, suffix = IDS[format]
    asked = {"format": format if said == "named" else None, "referenceName": reference}
    query = "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
    async with regions(tmp_path) as r:
        answer = await r.site.http.get(f"{path}?{query}", headers=r.site.headers())
        body = await answer.json(content_type=None)
        assert answer.status == 200
        assert_formed(body, format)
        got = genomic.records(await r.joined(body["htsget"], suffix))
        wanted = genomic.records(files()[which][0], *([reference] if reference else []))
        assert [line for line in got if line in set(wanted)] == wanted
        assert reference is not None or got == wanted


def assert_formed(body: Any, format: str) -> None:
    """The specification's form of a ticket: these members and no others."""
    assert set(body) == {"htsget"}
    ticket = body["htsget"]
    assert set(ticket) <= {"format", "urls", "md5"}
    assert ticket["format"] == format
    assert ticket["urls"]
    assert {"class" in one for one in ticket["urls"]} == {True}, "all or none"
    for one in ticket["urls"]:
        assert set(one) <= {"url", "headers", "class"}
        assert one["class"] in ("header", "body")
        if one["url"].startswith("data:"):
            assert "headers" not in one
            assert base64.b64decode(one["url"].removeprefix("data:;base64,"), validate=True)
        else:
            assert one["url"].startswith(f"{b.US}/data/")
            assert all(isinstance(value, str) for value in one["headers"].values())
            assert re.fullmatch(r"bytes=[0-9]+-[0-9]+", one["headers"]["Range"])


@pytest.mark.parametrize("path", [READS, VARIANTS])
@pytest.mark.parametrize("name", ["nobody", "no/body", encode("no/body"), "service-info/x"])
async def test_an_id_that_does_not_exist_is_not_found(tmp_path: Path, path: str, name: str) -> None:
    async with regions(tmp_path) as r:
        status, told = await r.ask(f"{path}/{name}")
        assert (status, told["htsget"]["error"]) == (404, "NotFound")


@pytest.mark.parametrize("kind", ["reads", "variants"])
async def test_service_info_has_the_members_that_the_suite_wants(tmp_path: Path, kind: str) -> None:
    async with regions(tmp_path) as r:
        _, told = await r.ask(f"/ga4gh/htsget/v1/{kind}/service-info", headers={})
        assert {"id", "name", "type", "organization", "version", "htsget"} <= set(told)
        assert set(told["type"]) == {"group", "artifact", "version"}
        assert set(told["organization"]) == {"name", "url"}
        assert set(told["htsget"]) == {"datatype", "formats", "fieldsParameterEffective", "tagsParametersEffective"}
