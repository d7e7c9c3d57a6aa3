"""Regions of files that lie at an origin, index and all: said in the catalogue, read and checked before they are used."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.catalogue.objects import ObjectPart, drs_object
from broker.core.rows import Access, Repository
from tests import builders as b
from tests import genomic
from tests.origin import Origin, origin
from tests.web.regions import READS, VARIANTS, Regions, files
from tests.web.site import site

FORMATS = {"BAM": "BAM/BAI cut", "CRAM": "CRAM/CRAI", "VCF": "VCF/TBI", "BCF": "BCF/CSI"}
REGION = "referenceName=chr2&start=5000&end=15000"


def declared(which: str, **changes: Any) -> dict[str, Any]:
    """As a catalogue says it."""
    path, index = files()[FORMATS[which]]
    kind = FORMATS[which].partition("/")[2].partition(" ")[0]
    said = {"path": index.name, "kind": kind, "size": index.stat().st_size, "sha256": _sha256(index)}
    return {
        "id": "far", "dataset": str(b.HEART), "name": path.name, "path": path.name, "subjects": ["sub_pia"],
        "size": path.stat().st_size, "checksums": {"sha-256": _sha256(path)}, "created": "2026-01-01T00:00:00Z",
        "format": which, "index": said, **changes,
    }  # fmt: skip


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def row(which: str, root: Path | None = None, **changes: Any) -> Any:
    return drs_object(ObjectPart(**declared(which, **changes)), {"bank": root}, {str(b.HEART): "bank"})


@asynccontextmanager
async def far(folder: Path, which: str, **changes: Any) -> AsyncIterator[tuple[Regions, Origin]]:
    """The site, whose files all lie at an origin."""
    held = {one.name: one.read_bytes() for one in files()[FORMATS[which]]}
    async with origin(**held) as store:
        home = Repository(id="bank", name="Bank", root=store.base, internal=True)
        async with site(folder, row(which, **changes), home) as s:
            yield Regions(s, folder), store


@pytest.mark.row("HT-ELSEWHERE")
@pytest.mark.parametrize("format", FORMATS)
async def test_a_region_of_a_file_at_an_origin(tmp_path: Path, format: str) -> None:
    kind = READS if format in ("BAM", "CRAM") else VARIANTS
    path = files()[FORMATS[format]][0]
    async with far(tmp_path, format) as (r, store):
        made = await r.joined(await r.ticket(f"{kind}/far?format={format}&{REGION}"), "".join(path.suffixes))
        wanted = genomic.records(path, "chr2:5001-15000")
        assert [line for line in genomic.records(made) if line in set(wanted)] == wanted != []
        before = len(store.asked)
        await r.ticket(f"{kind}/far?format={format}&{REGION}")
        asked = [one["line"] for one in store.asked[before:]]
        assert not [one for one in asked if ".crai" in one or ".bai" in one or ".tbi" in one or ".csi" in one], "once"


@pytest.mark.row("HT-ELSEWHERE")
@pytest.mark.parametrize("how", ["status 500", "redirect", "truncates", "other size", "other range", "compressed"])
async def test_an_origin_that_misbehaves_gives_no_ticket(tmp_path: Path, how: str) -> None:
    async with far(tmp_path, "BAM") as (r, store):
        store.how = how
        status, told = await r.ask(f"{READS}/far?{REGION}")
        assert (status, told["htsget"]["code"]) == (502, "SRV-SOURCE")
        assert not [one for one in r.site.stage.ledger.rows.values() if isinstance(one, Access)]


INDEX = declared("BAM")["index"]
WRONG: dict[str, dict[str, Any]] = {
    "another index": {"index": INDEX | {"sha256": "0" * 64}},
    "another length of it": {"index": INDEX | {"size": INDEX["size"] + 1}},
    "no such index": {"index": INDEX | {"path": "none.bai"}},
    "another format": {"format": "VCF", "index": INDEX | {"kind": "TBI"}},
}


@pytest.mark.row("HT-ELSEWHERE")
@pytest.mark.parametrize("case", WRONG)
async def test_what_is_not_as_it_was_said_is_not_used(tmp_path: Path, case: str) -> None:
    async with far(tmp_path, "BAM", **WRONG[case]) as (r, _):
        kind = VARIANTS if case == "another format" else READS
        status, told = await r.ask(f"{kind}/far?{REGION}")
        assert (status, told["htsget"]["code"]) == (502, "SRV-SOURCE")


@pytest.mark.row("HT-ELSEWHERE")
async def test_a_file_is_of_its_own_format_also_where_its_index_would_do_for_another(tmp_path: Path) -> None:
    """Variants of both formats have a CSI: it fits, and so tells of nothing."""
    async with far(tmp_path, "BCF", format="VCF") as (r, _):
        status, told = await r.ask(f"{VARIANTS}/far?{REGION}")
        assert (status, told["htsget"]["code"]) == (502, "SRV-SOURCE")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"index": "cut.bam.bai"}, "index: of a file on this machine"),
    ({"index": None}, "format: a file that is not here"),
    ({"format": None}, "format: a file that is not here"),
    ({"index": INDEX | {"kind": "TBI"}}, "a BAM file has one of BAI or CSI"),
    ({"index": INDEX | {"path": "../x.bai"}}, "dot components"),
    ({"samples": {"S1": "sub_pia"}}, "samples: only of a VCF or BCF"),
]


@pytest.mark.row("HT-ELSEWHERE")
@pytest.mark.parametrize(("changes", "why"), REFUSED)
def test_what_cannot_be_declared(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        row("BAM", **changes)


@pytest.mark.row("HT-ELSEWHERE")
def test_of_a_file_that_is_here_nothing_is_taken_at_its_word(tmp_path: Path) -> None:
    for one in files()[FORMATS["BAM"]]:
        (tmp_path / one.name).write_bytes(one.read_bytes())
    with pytest.raises(ValueError, match="index: of a file on this machine"):
        row("BAM", tmp_path)
    late = row("BAM", tmp_path, path="late.bam", availability="staging")
    assert (late.format, late.index.path) == ("BAM", "cut.bam.bai")
