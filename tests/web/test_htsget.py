"""htsget over a real socket: tickets whose parts make a valid file, refusals in htsget's own form, and the record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.core.htsget.bgzf import EOF
from broker.core.rows import Access
from broker.flows.revoke import revoke
from tests import builders as b
from tests import genomic
from tests.flows.test_use_and_deliver import ADMIN
from tests.flows.worlds import MEI, caller
from tests.web.regions import READS, VARIANTS, files, regions

SERVED = [
    ("BAM/BAI", f"{READS}/bam", ".bam"),
    ("BAM/BAI cut", f"{READS}/cut/bam", ".bam"),
    ("BAM/BAI cut", f"{READS}/cut%2Fbam", ".bam"),
    ("BAM/CSI", f"{READS}/csi-bam", ".bam"),
    ("CRAM/CRAI", f"{READS}/cram", ".cram"),
    ("VCF/TBI", f"{VARIANTS}/vcf", ".vcf.gz"),
    ("VCF/CSI", f"{VARIANTS}/csi-vcf", ".vcf.gz"),
    ("BCF/CSI", f"{VARIANTS}/bcf", ".bcf"),
]
FORMAT = {".bam": "BAM", ".cram": "CRAM", ".vcf.gz": "VCF", ".bcf": "BCF"}


def asked(path: str, suffix: str, more: str = "") -> str:
    return f"{path}?format={FORMAT[suffix]}{more}"


@pytest.mark.parametrize(("which", "path", "suffix"), SERVED)
async def test_the_parts_of_a_ticket_make_a_file_with_every_record_of_the_region(
    tmp_path: Path, which: str, path: str, suffix: str
) -> None:
    async with regions(tmp_path) as r:
        ticket = await r.ticket(asked(path, suffix, "&referenceName=chr1&start=1000&end=9000"))
        assert ticket["format"] == FORMAT[suffix]
        got = genomic.records(await r.joined(ticket, suffix))
        wanted = genomic.records(files()[which][0], "chr1:1001-9000")
        assert len(wanted) > 10
        assert [line for line in got if line in set(wanted)] == wanted


@pytest.mark.parametrize(("which", "path", "suffix"), SERVED)
async def test_without_a_region_all_records_come(tmp_path: Path, which: str, path: str, suffix: str) -> None:
    async with regions(tmp_path) as r:
        whole = await r.joined(await r.ticket(asked(path, suffix)), suffix)
        assert genomic.records(whole) == genomic.records(files()[which][0])


async def test_one_decision_and_one_entry_for_a_ticket_and_each_download_on_record(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        ticket = await r.ticket(f"{READS}/cut/bam?referenceName=chr2&start=0&end=30000")
        assert r.site.stage.kinds() == ["access.permitted"]
        told = r.site.stage.ledger.entries[0].about
        spans = [
            one["headers"]["Range"].removeprefix("bytes=").split("-") for one in ticket["urls"] if "headers" in one
        ]
        assert told["object"] == "cut/bam"
        assert (told["ranges"], told["bytes"]) == (1, sum(int(last) - int(first) + 1 for first, last in spans))
        access = next(row for row in r.site.stage.ledger.rows.values() if isinstance(row, Access))
        assert access.ranges == tuple((int(first), int(last)) for first, last in spans)
        await r.joined(ticket, ".bam")
        assert r.site.stage.kinds() == ["access.permitted", "download.authorised", "download.end"]


@pytest.mark.row("T090")
async def test_a_ticket_opens_its_ranges_in_any_division_and_nothing_else(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        ticket = await r.ticket(f"{READS}/cut/bam?referenceName=chr2&start=0&end=30000")
        one = next(one for one in ticket["urls"] if "headers" in one)
        path, authorization = "/data/cut%2Fbam", {"Authorization": one["headers"]["Authorization"]}
        first, last = map(int, one["headers"]["Range"].removeprefix("bytes=").split("-"))
        whole = (tmp_path / "cut.bam").read_bytes()
        for begin, end in [(first, last), (first, first), (last, last), (first + 7, last - 7), (first, last)]:
            answer = await r.site.http.get(path, headers=authorization | {"Range": f"bytes={begin}-{end}"})
            assert (answer.status, await answer.read()) == (206, whole[begin : end + 1])
        outside = [
            f"{first - 1}-{last}", f"{first}-{last + 1}", "0-0", f"{last + 1}-", "-1", f"{first}-{first},0-0",
        ]  # fmt: skip
        for wanted in [*(f"bytes={one}" for one in outside), None]:
            answer = await r.site.http.get(path, headers=authorization | ({"Range": wanted} if wanted else {}))
            assert answer.status == 416, wanted
            assert (await answer.json())["code"] == "REQ-RANGE"
        for other in ("/data/bam", "/data/obj-1"):
            assert (await r.site.http.get(other, headers=one["headers"])).status == 401


async def test_header_and_end_come_inside_the_ticket_and_every_part_has_its_class(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        for path, suffix in [(one[1], one[2]) for one in SERVED]:
            header = (await r.ticket(asked(path, suffix, "&class=header")))["urls"]
            assert [one["class"] for one in header] == ["header", "body"]
            assert all(one["url"].startswith("data:;base64,") for one in header)
            whole = (await r.ticket(asked(path, suffix)))["urls"]
            assert whole[0] == header[0]
            assert whole[-1]["url"].startswith("data:")
            assert {one["class"] for one in whole} == {"header", "body"}
        empty = await r.joined(await r.ticket(f"{READS}/bam?class=header"), ".bam")
        assert empty.read_bytes().endswith(EOF)
        assert genomic.records(empty) == []


@pytest.mark.parametrize("query", ["referenceName=chrEmpty", "referenceName=chr1&start=59990&end=59991"])
async def test_an_empty_answer_is_a_valid_file(tmp_path: Path, query: str) -> None:
    async with regions(tmp_path) as r:
        for path, suffix in [(one[1], one[2]) for one in SERVED]:
            await r.joined(await r.ticket(asked(path, suffix, f"&{query}")), suffix)
            genomic.records(tmp_path / f"joined{suffix}")


async def test_reads_without_a_place_are_found_under_a_star(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        for which, path, suffix in SERVED[:5]:
            got = genomic.records(await r.joined(await r.ticket(asked(path, suffix, "&referenceName=*")), suffix))
            assert [line for line in got if line.startswith("u")] == genomic.records(files()[which][0], "*") != []


REGIONS = [
    {"referenceName": "chr1", "start": 1000, "end": 3000},
    {"referenceName": "chr2", "start": 20_000, "end": 22_000},
    {"referenceName": "chr1", "start": 2000, "end": 5000},
    {"referenceName": "chr3"},
]


async def test_many_regions_by_post_come_in_file_order_each_record_once(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        for which, path, suffix in SERVED:
            ticket = await r.ticket(path, body={"format": FORMAT[suffix].lower(), "regions": REGIONS})
            got = genomic.records(await r.joined(ticket, suffix))
            every = genomic.records(files()[which][0])
            wanted = genomic.records(files()[which][0], "chr1:1001-5000", "chr2:20001-22000", "chr3")
            assert [line for line in every if line in set(got)] == got
            assert set(wanted) <= set(got)


REFUSED: list[tuple[str, Any, int, str, str]] = [
    ("reads/bam?format=VCF", None, 400, "UnsupportedFormat", "REQ-FORMAT"),
    ("reads/bam?format=CRAM", None, 400, "UnsupportedFormat", "REQ-FORMAT"),
    ("reads/cram", None, 400, "UnsupportedFormat", "REQ-FORMAT"),
    ("variants/bcf", None, 400, "UnsupportedFormat", "REQ-FORMAT"),
    ("reads/bam?class=body", None, 400, "InvalidInput", "REQ-INVALID"),
    ("reads/bam?class=header&referenceName=chr1", None, 400, "InvalidInput", "REQ-INVALID"),
    ("reads/bam?start=1", None, 400, "InvalidInput", "REQ-INVALID"),
    ("reads/bam?referenceName=*&start=1", None, 400, "InvalidInput", "REQ-INVALID"),
    ("reads/bam?referenceName=chr1&start=5&end=4", None, 400, "InvalidRange", "REQ-REGION"),
    ("reads/bam?referenceName=chr9", None, 404, "NotFound", "REQ-REFERENCE"),
    ("variants/vcf?referenceName=chr9", None, 404, "NotFound", "REQ-REFERENCE"),
    ("reads/vcf", None, 404, "NotFound", "REQ-NOT-FOUND"),
    ("variants/bam", None, 404, "NotFound", "REQ-NOT-FOUND"),
    ("reads/obj-1", None, 404, "NotFound", "REQ-NOT-FOUND"),
    ("reads/no/such/thing", None, 404, "NotFound", "REQ-NOT-FOUND"),
    ("nowhere", None, 404, "NotFound", "REQ-NOT-FOUND"),
    ("reads/bam?format=BAM", {}, 400, "InvalidInput", "REQ-INVALID"),
    ("reads/bam", {"regions": []}, 400, "InvalidInput", "REQ-INVALID"),
    ("reads/bam", {"regions": [{"start": 1}]}, 400, "InvalidInput", "REQ-INVALID"),
    ("reads/bam", {"regions": [{"referenceName": "chr1", "start": 5, "end": 5}]}, 400, "InvalidRange", "REQ-REGION"),
    ("reads/bam", {"class": "header", "regions": REGIONS}, 400, "InvalidInput", "REQ-INVALID"),
    ("reads/bam", {"regions": [{"referenceName": "chr1"}] * 2001}, 413, "PayloadTooLarge", "REQ-TOO-LARGE"),
    ("reads/bam", {"tags": ["x" * 300_000]}, 413, "PayloadTooLarge", "REQ-TOO-LARGE"),
    ("reads/bam", [1], 400, "InvalidInput", "REQ-INVALID"),
]


@pytest.mark.row("T100")
@pytest.mark.parametrize(("path", "body", "status", "error", "code"), REFUSED)
async def test_what_is_wrong_is_said_in_the_form_of_htsget(
    tmp_path: Path, path: str, body: Any, status: int, error: str, code: str
) -> None:
    async with regions(tmp_path) as r:
        found, told = await r.ask(f"/ga4gh/htsget/v1/{path}", body=body)
        assert (found, list(told)) == (status, ["htsget"])
        assert (told["htsget"]["error"], told["htsget"]["code"]) == (error, code)
        assert told["htsget"]["message"]
        assert not [row for row in r.site.stage.ledger.rows.values() if isinstance(row, Access)]


async def test_who_shows_nothing_is_asked_for_a_token_and_who_has_no_grant_is_refused_with_the_reason(
    tmp_path: Path,
) -> None:
    async with regions(tmp_path) as r:
        answer = await r.site.http.get(f"{READS}/bam")
        assert (answer.status, (await answer.json())["htsget"]["error"]) == (401, "InvalidAuthentication")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "/.well-known/oauth-protected-resource/ga4gh/htsget/v1" in answer.headers["WWW-Authenticate"]
        answer = await r.site.http.get(f"{READS}/bam", headers=r.site.headers(str(MEI.id)))
        told = (await answer.json())["htsget"]
        assert (answer.status, told["error"], told["decision"]) == (
            403,
            "PermissionDenied",
            answer.headers["Decision-Id"],
        )
        assert r.site.stage.kinds() == ["access.refused"]


@pytest.mark.row("T088")
async def test_a_hidden_file_looks_as_if_there_were_none(tmp_path: Path) -> None:
    async with regions(tmp_path, dataset=b.dataset(existence="hidden")) as r:
        seen = []
        for name in ("bam", "none", "vcf"):  # one that is hidden, one that is not there, one that is hidden elsewhere
            answer = await r.site.http.get(f"{READS}/{name}?start=1", headers=r.site.headers(str(MEI.id)))
            told = (await answer.json())["htsget"]
            told.pop("request_id")
            headers = {key: value for key, value in answer.headers.items() if key not in ("Date", "X-Request-ID")}
            seen.append((answer.status, told, headers))
        assert seen[0] == seen[1] == seen[2]
        assert (seen[0][0], seen[0][1]["error"]) == (404, "NotFound")
        told = [set(entry.about) for entry in r.site.stage.ledger.entries]
        assert told[0] == told[1] == told[2]
        assert (await r.ask(f"{READS}/bam"))[0] == 200, "who has a grant sees it"


async def test_other_methods_are_refused_in_the_same_form(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        answer = await r.site.http.delete(f"{READS}/bam", headers=r.site.headers())
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")
        assert (await answer.json())["htsget"]["error"] == "InvalidInput"


@pytest.mark.parametrize("kind", ["reads", "variants"])
async def test_service_info_is_no_id(tmp_path: Path, kind: str) -> None:
    async with regions(tmp_path) as r:
        status, told = await r.ask(f"/ga4gh/htsget/v1/{kind}/service-info", headers={})
        assert (status, told["type"]) == (200, {"group": "org.ga4gh", "artifact": "htsget", "version": "1.3.0"})
        assert told["htsget"]["datatype"] == kind
        assert told["htsget"]["formats"] == (["BAM", "CRAM"] if kind == "reads" else ["VCF", "BCF"])


async def test_the_media_type_says_the_version_whatever_version_is_accepted(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        for accept in (
            "*/*",
            "application/json",
            "application/vnd.ga4gh.htsget.v1.0.0+json",
            "application/vnd.ga4gh.htsget.v1.3.0+json",
        ):
            answer = await r.site.http.get(f"{READS}/bam", headers=r.site.headers() | {"Accept": accept})
            assert answer.headers["Content-Type"] == "application/vnd.ga4gh.htsget.v1.3.0+json; charset=utf-8"
        refused = await r.site.http.get(f"{READS}/bam?start=1", headers=r.site.headers())
        assert refused.headers["Content-Type"].startswith("application/json")


BROKEN: dict[str, tuple[str, Callable[[bytes], bytes] | None]] = {
    "an index with another content": ("cut.bam.bai", lambda given: given[:-1] + b"x"),
    "an index that was cut short": ("cut.bam.bai", lambda given: given[:-9]),
    "no index": ("cut.bam.bai", None),
    "a file that was cut short": ("cut.bam", lambda given: given[:-100]),
    "no file": ("cut.bam", None),
    "a file whose header was written over": ("cut.bam", lambda given: b"x" * 300 + given[300:]),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_what_is_not_as_registered_is_not_used(tmp_path: Path, case: str) -> None:
    name, change = BROKEN[case]
    async with regions(tmp_path) as r:
        path = tmp_path / name
        given = path.read_bytes()
        path.unlink()
        if change is not None:
            path.write_bytes(change(given))
        status, told = await r.ask(f"{READS}/cut/bam?referenceName=chr1&start=0&end=5000")
        assert (status, told["htsget"]["error"], told["htsget"]["code"]) == (502, "InternalServerError", "SRV-SOURCE")
        assert r.site.stage.kinds() == []


async def test_a_ticket_stops_opening_when_the_right_ends(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        ticket = await r.ticket(f"{READS}/cut/bam?referenceName=chr2")
        one = next(one for one in ticket["urls"] if "headers" in one)
        await revoke(r.site.stage.world, caller(MEI, roles=(ADMIN,)), "grant", str(b.GRANT), "Misuse.")
        assert (await r.site.http.get("/data/cut%2Fbam", headers=one["headers"])).status == 403
        assert (await r.ask(f"{READS}/cut/bam"))[0] == 403


async def test_pages_of_other_origins_may_ask_and_are_named_in_the_answer(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        asked = {
            "Origin": "https://igv.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, x-own",
        }
        leave = await r.site.http.options(f"{READS}/bam", headers=asked)
        assert (leave.status, leave.headers["Access-Control-Allow-Origin"]) == (204, "https://igv.example")
        assert leave.headers["Access-Control-Allow-Headers"] == "authorization, x-own"
        assert leave.headers["Access-Control-Max-Age"] == "2592000"
        assert "POST" in leave.headers["Access-Control-Allow-Methods"]
        for path, headers in ((f"{READS}/bam", r.site.headers()), (f"{READS}/bam", {}), (f"{READS}/service-info", {})):
            answer = await r.site.http.get(path, headers={**headers, "Origin": "https://igv.example"})
            assert answer.headers["Access-Control-Allow-Origin"] == "https://igv.example"
            assert "Origin" in answer.headers["Vary"]
            assert "Access-Control-Allow-Credentials" not in answer.headers
