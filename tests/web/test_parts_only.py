"""A ticket for parts of a file: what is told beside the bytes that it opens, by every verb and for every range."""

from pathlib import Path
from typing import Any

import pytest

from broker.web.edge import Edge, networks
from tests import builders as b
from tests.web.regions import READS, Regions, files, regions

REGION = "referenceName=chr2&start=5000&end=15000"


async def part(r: Regions) -> tuple[str, dict[str, str], int]:
    """Address and headers of one range of a ticket, and how long the whole file is."""
    told = await r.ticket(f"{READS}/cut/bam?{REGION}")
    one = next(one for one in told["urls"] if "headers" in one)
    return one["url"].removeprefix(b.US), one["headers"], files()["BAM/BAI cut"][0].stat().st_size


def without(headers: dict[str, str], **others: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Range"} | others


@pytest.mark.row("DW-PARTS", "T086")
async def test_head_says_nothing_of_a_file_of_which_parts_may_be_had(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        path, headers, size = await part(r)
        for asked in (headers, without(headers), without(headers, Range="bytes=0-0")):
            answer = await r.site.http.head(path, headers=asked)
            assert answer.status == 416
            assert answer.headers.get("Content-Length") != str(size)
            assert not {"ETag", "Repr-Digest", "Content-Range", "Content-Disposition"} & set(answer.headers)
        assert (await r.site.http.get(path, headers=without(headers))).status == 416, "as GET answers"


RANGES: dict[str, Any] = {
    "beyond the end": lambda size: f"bytes={size}-",
    "far beyond it": lambda _: "bytes=999999999999-",
    "the last byte": lambda _: "bytes=-1",
    "to the end": lambda _: "bytes=0-",
    "one byte more": lambda _: None,
    "too many to be read": lambda _: "bytes=" + ",".join("0-0" for _ in range(1_000)),
}


@pytest.mark.row("DW-PARTS", "T090")
@pytest.mark.parametrize("which", RANGES)
async def test_no_range_of_it_tells_where_the_whole_ends(tmp_path: Path, which: str) -> None:
    async with regions(tmp_path) as r:
        path, headers, size = await part(r)
        first, last = (int(one) for one in headers["Range"].removeprefix("bytes=").split("-"))
        wanted = RANGES[which](size) or f"bytes={first}-{last + 1}"
        answer = await r.site.http.get(path, headers=without(headers, Range=wanted))
        assert answer.status == 416
        assert str(size) not in str(dict(answer.headers)) + await answer.text()


@pytest.mark.row("DW-PARTS", "T090")
async def test_a_byte_that_is_there_and_one_that_is_not_are_refused_in_the_same_words(tmp_path: Path) -> None:
    """Else who asks for one byte after another, also beside a part of theirs, finds the end in some forty steps."""
    async with regions(tmp_path) as r:
        path, headers, size = await part(r)
        own = headers["Range"].removeprefix("bytes=")

        async def said(wanted: str) -> tuple[int, Any]:
            answer = await r.site.http.get(path, headers=without(headers, Range=f"bytes={wanted}"))
            return answer.status, {**await answer.json(), "instance": "", "request_id": ""}

        for ask in ("{0}-{0}", "{0}-", own + ",{0}-{0}", "-{0}"):
            assert await said(ask.format(size - 1)) == await said(ask.format(size + 1)), ask


@pytest.mark.row("DW-PARTS")
async def test_the_parts_come_and_say_which_they_are_and_no_more(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        path, headers, _ = await part(r)
        first, last = (int(one) for one in headers["Range"].removeprefix("bytes=").split("-"))
        content = files()["BAM/BAI cut"][0].read_bytes()
        answer = await r.site.http.get(path, headers=headers)
        assert (answer.status, answer.headers["Content-Range"]) == (206, f"bytes {first}-{last}/*")
        assert await answer.read() == content[first : last + 1]
        two = without(headers, Range=f"bytes={first}-{first},{last}-{last}")
        body = await (await r.site.http.get(path, headers=two)).read()
        assert body.count(b"/*\r\n") == 2
        again = without(headers, Range=f"bytes={first + 1}-{last}") | {"If-Range": answer.headers["ETag"]}
        assert await (await r.site.http.get(path, headers=again)).read() == content[first + 1 : last + 1]


@pytest.mark.row("DW-PARTS", "RO-UNSTOPPABLE")
async def test_parts_are_not_handed_on_to_nginx_which_would_tell_it(tmp_path: Path) -> None:
    edge = Edge(proxies=networks(["127.0.0.1"]), files="/_files")
    async with regions(tmp_path, edge=edge, dataset=b.dataset(uninterruptible_delivery=60)) as r:
        path, headers, size = await part(r)
        answer = await r.site.http.get(path, headers=headers)
        assert (answer.status, "X-Accel-Redirect" in answer.headers) == (206, False)
        assert str(size) not in str(dict(answer.headers))
        told = await (await r.site.http.get("/ga4gh/drs/v1/objects/bam/access/https", headers=r.site.headers())).json()
        whole = dict(line.split(": ", 1) for line in told["headers"])
        answer = await r.site.http.get(told["url"].removeprefix(b.US), headers=whole)
        assert "X-Accel-Redirect" in answer.headers, "what may be had as a whole is"
