"""What a client that resumes, caches or checks asks of the byte endpoint (RFC 9110 13 and 14, RFC 9530)."""

import base64
import hashlib
import random
import re
from pathlib import Path

import pytest

from broker.core.rows import Delivery
from tests.web.site import CONTENT, Site, opened, site

TAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()}:"
SIZE = len(CONTENT)

ANSWERS = [
    ({"If-None-Match": TAG}, 304),
    ({"If-None-Match": f"W/{TAG}"}, 304),
    ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": '"other"'}, 200),
    ({"If-None-Match": TAG, "Range": "bytes=0-1"}, 304),
    ({"If-Match": TAG}, 200),
    ({"If-Match": TAG, "Range": "bytes=0-1"}, 206),
    ({"If-Match": '"other"'}, 412),
    ({"If-Match": f"W/{TAG}", "Range": "bytes=0-1"}, 412),
    ({"If-Range": TAG, "Range": "bytes=0-1"}, 206),
    ({"If-Range": f"W/{TAG}", "Range": "bytes=0-1"}, 200),
    ({"If-Range": "Sat, 21 Nov 2026 00:00:00 GMT", "Range": "bytes=0-1"}, 200),
    ({"If-Modified-Since": "Sat, 21 Nov 2026 00:00:00 GMT"}, 200),
]


@pytest.mark.parametrize(("fields", "status"), ANSWERS)
async def test_a_condition_is_answered_before_any_byte(tmp_path: Path, fields: dict[str, str], status: int) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header | fields)
        body = await answer.read()
        assert answer.status == status
        assert ("download.authorised" in s.stage.kinds()) == (status in (200, 206))
        if status == 412:
            assert b"REQ-OTHER-CONTENT" in body
            return
        assert answer.headers["ETag"] == TAG
        assert body == {200: CONTENT, 206: CONTENT[:2], 304: b""}[status]
        head = await s.http.head(path, headers=header | {k: v for k, v in fields.items() if "Range" not in k})
        assert (head.status == 304) == (status == 304)


async def test_the_digest_of_the_whole_comes_with_every_part(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        whole = await s.http.get(path, headers=header)
        part = await s.http.get(path, headers=header | {"Range": "bytes=3-9"})
        head = await s.http.head(path, headers=header | {"Range": "bytes=3-9"})
        assert [a.headers["Repr-Digest"] for a in (whole, part, head)] == [DIGEST] * 3
        assert whole.headers["Content-Digest"] == DIGEST
        assert "Content-Digest" not in part.headers, "it would speak of the part alone"
        assert (head.status, head.headers["Content-Length"]) == (200, str(SIZE)), "HEAD knows no ranges"


PARTS = re.compile(rb"Content-Range: bytes (\d+)-(\d+)/(\d+)\r\n\r\n")


@pytest.mark.row("T092")
@pytest.mark.parametrize(
    ("wanted", "spans"),
    [
        ("bytes=0-9,5-20", [(0, 20)]),
        ("bytes=0-9,10-20", [(0, 20)]),
        ("bytes=50-59, 0-9", [(50, 59), (0, 9)]),
        ("bytes=0-0,-1", [(0, 0), (SIZE - 1, SIZE - 1)]),
        (f"bytes=0-1,{SIZE + 5}-", [(0, 1)]),
        ("bytes=" + ",".join(["0-99"] * 16), [(0, 99)]),
    ],
)
async def test_each_byte_of_several_ranges_comes_once(
    tmp_path: Path, wanted: str, spans: list[tuple[int, int]]
) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header | {"Range": wanted})
        body = await answer.read()
        assert answer.status == 206
        if len(spans) == 1:
            first, last = spans[0]
            assert (answer.headers["Content-Range"], body) == (
                f"bytes {first}-{last}/{SIZE}",
                CONTENT[first : last + 1],
            )
        else:
            found = [(int(m[1]), int(m[2]), m.end()) for m in PARTS.finditer(body)]
            assert [(first, last) for first, last, _ in found] == spans
            assert all(body[at : at + last + 1 - first] == CONTENT[first : last + 1] for first, last, at in found)
        assert s.stage.ledger.entries[-1].about["sent"] == sum(last + 1 - first for first, last in spans)


@pytest.mark.row("T092")
@pytest.mark.parametrize("wanted", ["bytes=" + ",".join(["0-9"] * 17), "bytes=" + "0" * 2000 + "-1"])
async def test_more_ranges_than_anybody_needs_are_refused(tmp_path: Path, wanted: str) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        assert (await s.http.get(path, headers=header | {"Range": wanted})).status == 416


async def _joined(s: Site, cuts: list[int]) -> bytes:
    path, header = await opened(s)
    found = b""
    for end in [*cuts, SIZE]:
        if len(found) < end:
            fields = header | {"Range": f"bytes={len(found)}-{end - 1}", "If-Match": TAG}
            found += await (await s.http.get(path, headers=fields)).read()
    return found


@pytest.mark.row("T093")
async def test_a_download_taken_up_again_anywhere_is_the_whole_file(tmp_path: Path) -> None:
    chance = random.Random(5)
    async with site(tmp_path) as s:
        for _ in range(5):
            assert await _joined(s, sorted(chance.sample(range(1, SIZE), 8))) == CONTENT
        rows = [row for row in s.stage.ledger.rows.values() if isinstance(row, Delivery)]
        assert {row.state for row in rows} == {"complete"}
        assert all(row.sent == row.last + 1 - row.first for row in rows)
        assert s.stage.kinds().count("download.authorised") == s.stage.kinds().count("download.end") == len(rows)


async def test_igv_asks_from_a_page_of_its_own(tmp_path: Path) -> None:
    """The preflight of igv.js, and what it must be able to read (`cache-control` beside its ranges)."""
    async with site(tmp_path) as s:
        asked = {
            "Origin": "https://igv.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization,cache-control,range,if-range,if-match",
        }
        leave = await s.http.options("/data/obj-1", headers=asked)
        allowed = {name.strip().lower() for name in leave.headers["Access-Control-Allow-Headers"].split(",")}
        assert set(asked["Access-Control-Request-Headers"].split(",")) <= allowed
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header | {"Origin": "https://igv.example", "Range": "bytes=0-9"})
        readable = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
        assert {"Content-Range", "Content-Length", "Accept-Ranges", "ETag", "Repr-Digest"} <= readable
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
