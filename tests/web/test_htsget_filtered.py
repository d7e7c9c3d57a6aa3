"""A VCF of several participants of whom one must be left out: what leaves, what is on record, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pysam
import pytest

from broker.core.ids import PersonId, SubjectRef
from broker.core.rows import Access
from broker.flows.withdraw_consent import withdraw
from tests import builders as b
from tests import genomic
from tests.flows.worlds import PIA, caller
from tests.web.regions import READS, VARIANTS, Regions, files, regions

MAX = SubjectRef("sub_max")
WHOSE = {"S1": b.PIA, "S2": b.PAUL, "S3": MAX}
COHORT = f"{VARIANTS}/cohort"


def cohort(which: str = "VCF/TBI", **changes: Any) -> Any:
    path, index = files()[which]
    said = {"id": "cohort", "subjects": frozenset(WHOSE.values()), "samples": WHOSE} | changes
    return genomic.registered(path, index, **said)


def consents(**scopes: Any) -> list[Any]:
    return [b.consent(MAX, **scopes)]


async def withdrawn(r: Regions) -> None:
    await withdraw(r.site.stage.world, caller(PIA), "no_further_use")


def table(path: Path) -> list[tuple[Any, ...]]:
    """Place, alleles, AC, AN and the genotypes of S2 and S3."""
    found = []
    with pysam.VariantFile(str(path)) as file:
        for one in file:
            called = [one.samples[name]["GT"] for name in ("S2", "S3")]
            counts = tuple(sum(gt.count(at) for gt in called) for at in range(1, len(one.alleles or ())))
            found.append(
                (
                    one.chrom,
                    one.pos,
                    one.alleles,
                    counts,
                    sum(len([a for a in gt if a is not None]) for gt in called),
                    called,
                )
            )
    return found


KINDS = [("VCF/TBI", "", ".vcf.gz"), ("BCF/CSI", "?format=BCF", ".bcf")]


@pytest.mark.row("T100")
@pytest.mark.parametrize(("which", "format", "suffix"), KINDS)
async def test_who_withdrew_is_gone_from_header_columns_and_counts(
    tmp_path: Path, which: str, format: str, suffix: str
) -> None:
    async with regions(tmp_path, cohort(which), *consents()) as r:
        whole = await r.ticket(COHORT + format)
        assert table(await r.joined(whole, suffix)) == table(files()[which][0])
        await withdrawn(r)
        ticket = await r.ticket(COHORT + format)
        made = await r.joined(ticket, suffix)
        with pysam.VariantFile(str(made)) as file:
            assert list(file.header.samples) == ["S2", "S3"]
            said = [(one.info.get("AC"), one.info.get("AN"), one.info.get("AF")) for one in file]
        left = table(made)
        assert [(ac, an) for ac, an, _ in said] == [(one[3], one[4]) for one in left]
        assert all(af is None or not an or [round(f * an) for f in af] == list(ac) for ac, an, af in said)
        theirs = {(one[0], one[1]): one for one in table(files()[which][0])}
        for chrom, pos, alleles, _, _, _ in left:
            assert set(alleles) <= set(theirs[chrom, pos][2])
        carried = [one for one in theirs.values() if any(one[3])]
        assert {(one[0], one[1]) for one in carried} == {(one[0], one[1]) for one in left}
        assert b"S1" not in made.read_bytes()


@pytest.mark.parametrize(("which", "format", "suffix"), KINDS)
async def test_a_region_of_it_too_and_the_header_alone(tmp_path: Path, which: str, format: str, suffix: str) -> None:
    asked = f"{COHORT}?{format.removeprefix('?')}"
    async with regions(tmp_path, cohort(which), *consents()) as r:
        every = await r.joined(await r.ticket(asked), suffix)
        await withdrawn(r)
        made = await r.joined(await r.ticket(f"{asked}&referenceName=chr1&start=1000&end=9000"), suffix)
        got = {one[1] for one in table(made) if one[0] == "chr1"}
        assert {one[1] for one in table(every) if one[0] == "chr1" and 1001 <= one[1] <= 9000 and any(one[3])} <= got
        header = await r.joined(await r.ticket(f"{asked}&class=header"), suffix)
        with pysam.VariantFile(str(header)) as file:
            assert (list(file.header.samples), list(file)) == (["S2", "S3"], [])


async def test_the_record_says_filtered_and_never_who(tmp_path: Path) -> None:
    async with regions(tmp_path, cohort(), *consents()) as r:
        await withdrawn(r)
        await r.joined(await r.ticket(COHORT), ".vcf.gz")
        entries = r.site.stage.ledger.entries[-3:]
        assert [one.kind for one in entries] == ["access.permitted", "download.authorised", "download.end"]
        assert (entries[0].about["form"], entries[1].about["form"]) == ("filtered", "filtered")
        access = next(row for row in r.site.stage.ledger.rows.values() if isinstance(row, Access))
        assert (access.ranges, len(access.left_out or "")) == ((), 64)
        assert "sub_pia" not in repr([dict(one.about) for one in entries])


@pytest.mark.row("T090", "T100")
async def test_a_filtered_ticket_opens_nothing_else_and_nothing_once_another_must_be_left_out(tmp_path: Path) -> None:
    async with regions(tmp_path, cohort(), *consents()) as r:
        before = await r.ticket(COHORT)
        await withdrawn(r)
        one = next(one for one in before["urls"] if "headers" in one)
        stale = await r.site.http.get(one["url"].removeprefix(b.US), headers=one["headers"])
        assert stale.status == 403, "a ticket for the whole file"
        one = next(one for one in (await r.ticket(COHORT))["urls"] if "headers" in one)
        for wanted in ({}, {"Range": "bytes=0-10"}, {"Range": "bytes=0-0,5-6"}):
            assert (await r.site.http.get("/data/cohort", headers=one["headers"] | wanted)).status == 416
        max_person = replace(PIA, id=PersonId("usr_max"), subject=MAX)
        r.site.stage.ledger.rows[max_person.KIND, max_person.id] = max_person
        await withdraw(r.site.stage.world, caller(max_person), "no_further_use")
        path = one["url"].removeprefix(b.US)
        answer = await r.site.http.get(path, headers=one["headers"])
        assert (answer.status, (await answer.json())["htsget"]["code"]) == (401, "AUTH-TICKET-EXPIRED")
        again = await r.joined(await r.ticket(COHORT), ".vcf.gz")
        with pysam.VariantFile(str(again)) as file:
            assert list(file.header.samples) == ["S2"]


async def test_a_ticket_for_ranges_is_none_for_the_filtered_form(tmp_path: Path) -> None:
    async with regions(tmp_path, cohort(), *consents()) as r:
        one = next(one for one in (await r.ticket(COHORT))["urls"] if "headers" in one)
        answer = await r.site.http.get("/ga4gh/htsget/v1/filtered/cohort", headers=one["headers"])
        assert (answer.status, (await answer.json())["htsget"]["error"]) == (401, "InvalidAuthentication")


CANNOT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a VCF of which nobody said whose the columns are": ("VCF/TBI", COHORT, {"samples": {}}),
    "a BCF of which nobody said it": ("BCF/CSI", f"{COHORT}?format=BCF", {"samples": {}}),
    "a BAM": ("BAM/BAI", f"{READS}/cohort", {"samples": {}}),
    "a CRAM": ("CRAM/CRAI", f"{READS}/cohort?format=CRAM", {"samples": {}}),
}


@pytest.mark.parametrize("case", CANNOT)
async def test_a_file_out_of_which_nobody_can_be_taken_is_refused_with_the_reason(tmp_path: Path, case: str) -> None:
    which, path, changes = CANNOT[case]
    async with regions(tmp_path, cohort(which, **changes), *consents()) as r:
        assert (await r.ask(path))[0] == 200
        await withdrawn(r)
        status, told = await r.ask(path)
        assert (status, told["htsget"]["error"]) == (403, "PermissionDenied")
        assert "CON-MIXED-FILE" in str(told) or "CON-LEFT-OUT" in str(told)


async def test_too_few_who_are_left_are_for_a_person_to_decide(tmp_path: Path) -> None:
    certificate = replace(b.dataset().certificate, min_group=3)
    async with regions(tmp_path, cohort(), *consents(), dataset=b.dataset(certificate=certificate)) as r:
        assert (await r.ask(COHORT))[0] == 200
        await withdrawn(r)
        assert (await r.ask(COHORT))[0] == 403


async def test_a_file_that_breaks_on_its_way_is_a_broken_transfer_and_never_a_clean_short_file(tmp_path: Path) -> None:
    async with regions(tmp_path, cohort(), *consents()) as r:
        await withdrawn(r)
        one = next(one for one in (await r.ticket(COHORT))["urls"] if "headers" in one)
        path = tmp_path / "tbi.vcf.gz"
        content = path.read_bytes()
        path.write_bytes(content[:-200] + b"x" * 100 + content[-100:])
        try:
            answer = await r.site.http.get(one["url"].removeprefix(b.US), headers=one["headers"])
            await answer.read()
            assert answer.status == 502
        except aiohttp.ClientError:
            pass
        assert r.site.stage.kinds()[-1] == "download.end"
        assert r.site.stage.ledger.entries[-1].about["end"] == "incomplete"
