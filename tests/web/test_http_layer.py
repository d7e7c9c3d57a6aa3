"""What reaches handlers, and what must not: the wire itself, as attackers write it (T075, T077 to T087, B15, B19)."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from broker.core.oidc.opaque import stored_id
from broker.core.rows import Session
from broker.core.rows.oauth import Approval, approval_id
from broker.core.time import Seconds
from broker.web.edge import Edge, Pace
from broker.web.middleware import MAX_HEADER
from broker.web.server import MAX_FIELD, listening
from tests import builders as b
from tests.fakes import START
from tests.web.site import CLIENT, CONTENT, COOKIE, PORTAL, SECRET, Site, signed_in, site
from tests.web.test_attacks import ACCESS, authorize, passport, shown, visas
from tests.web.test_exchange import BASIC, FAMILY, LAB, exchange


@asynccontextmanager
async def wire(folder: Path) -> AsyncIterator[tuple[Site, int]]:
    """A site behind the connection handler that serves in earnest, and its port."""
    pace = Pace(header=2, body=2, idle=2, lingering=0.5)
    async with site(folder, edge=Edge(pace=pace)) as s, listening(_app(s), "127.0.0.1", 0, None, 0) as port:
        yield s, port


def _app(s: Site) -> web.Application:
    server = s.http.server
    assert isinstance(server, TestServer)
    return server.app


async def say(port: int, raw: bytes) -> bytes:
    """Everything that comes back for `raw`, until the server closes the connection."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw)
        found = bytearray()
        with suppress(ConnectionResetError):
            while chunk := await reader.read(65_536):
                found += chunk
        writer.close()
    return bytes(found)


def statuses(answer: bytes) -> list[int]:
    """The status of every answer on the connection."""
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


# Headers.


@pytest.mark.row("T077", "F37")
@pytest.mark.parametrize("size", [MAX_HEADER + 1, 9_000, 60_000, MAX_FIELD + 10, 300_000])
async def test_a_header_that_is_too_long_is_refused_without_a_byte_of_it(tmp_path: Path, size: int) -> None:
    token = "SEKRIT" * (size // 6 + 1)
    async with wire(tmp_path) as (_, port):
        with capture_logs() as logs:
            answer = await say(
                port,
                b"GET /api/v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer "
                + token.encode()
                + b"\r\n\r\n",
            )
    assert statuses(answer) in ([431], [400])
    assert b"SEK" not in answer
    assert "SEK" not in repr(logs)


@pytest.mark.row("T077")
async def test_a_header_of_just_that_size_is_read(tmp_path: Path) -> None:
    async with wire(tmp_path) as (_, port):
        for size, status in ((MAX_HEADER, 200), (MAX_HEADER + 1, 431)):
            sent = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Note: " + b"x" * size + b"\r\n\r\n"
            assert statuses(await say(port, sent)) == [status]


@pytest.mark.row("T078")
@pytest.mark.parametrize(
    "fields",
    [
        "Authorization: Bearer {0}\r\nAuthorization: Bearer {0}",
        "Authorization: Bearer x\r\nAuthorization: Bearer {0}",
        "Authorization: Bearer {0}, Bearer x",
        "Authorization: Bearer\t{0}",
        "Authorization: Bearer  {0}",
        "Authorization: Bearer{0}",
        "Authorization: Basic {0}",
        "Authorization: Token {0}",
        "Authorization: {0}",
        "Proxy-Authorization: Bearer {0}",
        "X-Authorization: Bearer {0}",
        "Cookie: Authorization=Bearer {0}",
        "Host: b\r\nAuthorization: Bearer {0}",
    ],
)
async def test_a_token_counts_once_and_in_its_own_header_only(tmp_path: Path, fields: str) -> None:
    async with wire(tmp_path) as (s, port):
        head = "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        good = await say(port, f"{head}authorization: bearer {s.access_token(b.ADA)}\r\n\r\n".encode())
        assert statuses(good) == [200], "scheme and field name are read in any letters (RFC 9110 section 11.1)"
        bad = await say(port, (head + fields.format(s.access_token(b.ADA)) + "\r\n\r\n").encode())
        assert statuses(bad) in ([400], [401])


# Where a message ends.

SECOND = b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
POST = b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
SMUGGLING = {
    "a length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length in other digits": POST + "Content-Length: \u0665\r\n\r\nhello".encode(),
    "a length with a blank inside": POST + b"Content-Length: 1 1\r\n\r\nhello world",
    "a length in hexadecimal": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "an unknown coding": POST + b"Transfer-Encoding: cow\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding with a control character": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a chunk size with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n",
    "a chunk size with a prefix": POST + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "a chunk longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    "a folded header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n",
    "a blank before the colon": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n",
    "a name with a bracket": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX(A: b\r\n\r\n",
    "NUL in a value": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\x00c\r\n\r\n",
    "a bare CR in a value": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\rc: d\r\n\r\n",
    "another version": b"GET /healthz HTTP/3.7\r\nHost: a\r\n\r\n",
    "a version with two digits": b"GET /healthz HTTP/1.10\r\nHost: a\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.row("T079", "F38")
@pytest.mark.parametrize("how", SMUGGLING)
async def test_what_could_end_in_two_places_is_refused_and_the_connection_closed(tmp_path: Path, how: str) -> None:
    """Whatever follows on the connection is never taken for a request."""
    async with wire(tmp_path) as (_, port):
        answer = await say(port, SMUGGLING[how] + SECOND)
    assert all(status in (400, 413, 431) for status in statuses(answer)), answer
    assert len(statuses(answer)) <= 1
    assert b"broker_requests" not in answer, "the second request was answered"


@pytest.mark.row("T079")
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
async def test_lines_end_in_one_way(tmp_path: Path, end: bytes) -> None:
    sent = b"GET /healthz HTTP/1.1" + end + b"Host: a" + end + b"Connection: close" + end + end
    async with wire(tmp_path) as (_, port):
        found = statuses(await say(port, sent))
    assert found == ([200] if end == b"\r\n" else [400])


@pytest.mark.row("T079", "F38")
async def test_chunk_extensions_say_nothing_and_hide_nothing(tmp_path: Path) -> None:
    """RFC 9112 section 7.1.1: what they say is ignored; where the chunk ends does not depend on it."""
    fine = b"1;name=value;" + b"x" * 10_000 + b"\r\na\r\n0\r\n\r\n"
    broken = b"1;a\nb\r\na\r\n0\r\n\r\n"
    async with wire(tmp_path) as (_, port):
        assert statuses(await say(port, POST + b"Transfer-Encoding: chunked\r\n\r\n" + fine + SECOND)) == [401, 200]
        assert statuses(await say(port, POST + b"Transfer-Encoding: chunked\r\n\r\n" + broken + SECOND)) == [400]


@pytest.mark.row("T079")
async def test_requests_in_a_row_are_answered_in_their_order(tmp_path: Path) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    none = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
    last = one.replace(b"Host", b"Connection: close\r\nHost")
    async with wire(tmp_path) as (_, port):
        assert statuses(await say(port, one + none + last)) == [200, 404, 200]


# Bodies.


@pytest.mark.row("T080", "F37")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-gzip", "gzip, gzip", "GZIP"])
@pytest.mark.parametrize("path", [ACCESS, "/ga4gh/drs/v1/objects/obj-1", "/api/v1/decisions"])
async def test_a_compressed_body_is_refused_unread(tmp_path: Path, coding: str, path: str) -> None:
    """A bomb: 10 MB of nothing, a few KB on the wire."""
    bomb = gzip.compress(b" " * 10_000_000)
    async with wire(tmp_path) as (s, port):
        head = (
            f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\n"
            f"Authorization: {s.headers()['Authorization']}\r\nContent-Length: {len(bomb)}\r\n\r\n"
        )
        assert statuses(await say(port, head.encode() + bomb)) == [415]


@pytest.mark.row("T080", "F37")
@pytest.mark.parametrize("path", [ACCESS, "/api/v1/decisions", "/device"])
async def test_a_multipart_body_is_refused_unread(tmp_path: Path, path: str) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
    async with site(tmp_path) as s:
        headers = {"Content-Type": "multipart/form-data; boundary=x"} | s.headers()
        refused = 400 if path == ACCESS else 415  # DRS knows no 415 for what is not JSON
        assert (await s.http.post(path, data=part * 1_000, headers=headers)).status == refused


@pytest.mark.row("T083", "F37")
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 5_000 + b"]" * 5_000, b'{"passports": [], "passports": []}', b'{"passports": [' + b"9" * 5_000 + b"]}",
        b'{"passports": NaN}', b'{"passports": Infinity}', b'\xef\xbb\xbf{"passports": []}', b'{"passports": [1e400]}',
        b'{"passports": ["\xff"]}', b'{"passports": "x"}', b'{"passports": [null]}', b'{"passports": {}}', b"null", b"",
        b"[]", b'{"passports": [], "more": 1}', b'{"passports": []} {}', "{\"passports\": ['x']}".encode("utf-16"),
    ],
)  # fmt: skip
async def test_json_that_two_readers_could_read_differently_is_a_problem(tmp_path: Path, body: bytes) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.post(ACCESS, data=body, headers={"Content-Type": "application/json"})
        assert answer.status == 400, await answer.text()
        told = await answer.json()
        assert (told["status_code"], told["code"]) == (400, told["code"])
        assert told["code"] in ("REQ-MALFORMED", "REQ-INVALID")


# Paths, methods, queries.

PATHS = (
    "/data/..%2f..%2fetc%2fpasswd", "/data/%2e%2e/%2e%2e/etc/passwd", "/data/../obj-1", "/data/obj-1%00", "/data//obj-1",
    "/data/obj-1;x", "/data/obj-1/", "/data/%c0%ae%c0%ae/obj-1", "/data/OBJ-1", "/data/obj%2D1%20", "/data/obj-1%0d%0aX: y",
    "/ga4gh/drs/v1/objects/..%2fobj-1", "/ga4gh/drs/v1/objects/obj-1%2faccess", "/ga4gh/drs/v1/objects/%6fbj-1%00",
    "/static/..%2f..%2fconfig.py", "/static/../templates/base.html", "/audit/tile/..%2f..%2fx", "/data/%252e%252e",
    "/ga4gh/drs/v1/objects/https%3A%2F%2Fevil.example%2Fx",
)  # fmt: skip


@pytest.mark.row("T082")
@pytest.mark.parametrize("path", PATHS)
async def test_a_path_is_decoded_once_and_never_walked(tmp_path: Path, path: str) -> None:
    """The ticket is good, for `obj-1`; what the path names is another object, or none."""
    (tmp_path / "secret").write_bytes(b"root:x:0")
    async with wire(tmp_path) as (s, port):
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        ticket = told["headers"][0]
        answer = await say(port, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{ticket}\r\n\r\n".encode())
    assert all(status in (400, 401, 404, 405) for status in statuses(answer)), answer
    assert CONTENT[:64] not in answer
    assert b"root:" not in answer


@pytest.mark.row("T082")
async def test_another_spelling_of_the_same_path_is_the_same_object(tmp_path: Path) -> None:
    """One decoding is what RFC 3986 asks for: `%6f` is `o`."""
    async with wire(tmp_path) as (_, port):
        sent = b"GET /ga4gh/drs/v1/objects/%6fbj-1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        assert statuses(await say(port, sent)) == [200]


@pytest.mark.row("T086")
@pytest.mark.parametrize("method", ["HEAD", "TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "OPTIONS"])
@pytest.mark.parametrize("path", [ACCESS, "/api/v1/me", "/data/obj-1", "/oauth2/userinfo"])
async def test_no_other_method_opens_what_get_does_not(tmp_path: Path, method: str, path: str) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.request(method, path)
        assert answer.status in (401, 404, 405), (method, path)


@pytest.mark.row("T086")
@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_no_header_changes_the_method(tmp_path: Path, header: str) -> None:
    async with site(tmp_path) as s:
        before = len(s.stage.ledger.entries)
        answer = await s.http.get("/api/v1/me", headers=s.headers() | {header: "DELETE"})
        assert answer.status == 200
        answer = await s.http.post("/api/v1/me/session?_method=DELETE", headers=s.headers() | {header: "DELETE"})
        assert answer.status == 405
        assert len(s.stage.ledger.entries) == before


@pytest.mark.row("T087")
@pytest.mark.parametrize("name", ["access_token", "token", "ticket", "visa", "passport", "authorization"])
@pytest.mark.parametrize("path", ["/api/v1/me", ACCESS, "/oauth2/userinfo", "/data/obj-1"])
async def test_a_token_in_a_query_opens_nothing_and_is_in_no_log(tmp_path: Path, name: str, path: str) -> None:
    async with site(tmp_path) as s:
        told = await (await s.http.get(ACCESS, headers=s.headers())).json()
        token = told["headers"][0].rpartition(" ")[2] if path.startswith("/data") else s.access_token(b.ADA)
        with capture_logs() as logs:
            answer = await s.http.get(path, params={name: token})
        assert answer.status in (400, 401)
        assert token not in repr(logs)
        assert token not in await answer.text()


@pytest.mark.row("T084")
async def test_what_a_header_claims_of_host_and_scheme_changes_nothing(tmp_path: Path) -> None:
    claims = {
        "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example;proto=http",
        "X-Original-URL": "/metrics", "X-Rewrite-URL": "/metrics", "Host": "evil.example",
    }  # fmt: skip
    async with site(tmp_path) as s:
        for path in ("/.well-known/openid-configuration", ACCESS, "/ga4gh/drs/v1/objects/obj-1"):
            answer = await s.http.get(path, headers=s.headers() | claims)
            assert answer.status == 200
            assert "evil" not in await answer.text()


# Two answers to one question, and what leaves no trace.


@pytest.mark.row("T043")
@pytest.mark.parametrize("person", [str(b.ADA), "usr_mei"])
async def test_passports_beside_an_access_token_are_refused(tmp_path: Path, person: str) -> None:
    """Whoever each is about: nobody has to guess which of them counts."""
    async with site(tmp_path) as s:
        one = passport(s, visas(s))
        assert (await shown(s, one))[0] == 200
        answer = await s.http.post(ACCESS, json={"passports": [one]}, headers=s.headers(person))
        assert (answer.status, (await answer.json())["code"]) == (400, "REQ-INVALID")


@pytest.mark.row("C5", "F77")
async def test_a_passport_that_was_shown_is_in_no_log_entry_row_or_answer(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        inside = visas(s)
        one, stranger = passport(s, inside), passport(s, inside, iss="https://stranger.example")
        with capture_logs() as logs:
            answers = [
                await (await s.http.post(ACCESS, json={"passports": [each]})).text()
                for each in (one, stranger, one[:-4])
            ]
        stored = repr(s.stage.ledger.entries) + repr(s.stage.ledger.rows) + repr(logs) + "".join(answers)
        for token in (one, stranger, *inside):
            assert all(part not in stored for part in token.split(".")[1:])


# The page of consent, and what was remembered.


def browser() -> Session:
    made = signed_in(str(b.ADA))[0]
    assert isinstance(made, Session)
    return replace(made, id=stored_id(SECRET))


@pytest.mark.row("T075")
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "<b>bold</b>"]
)
async def test_what_a_client_says_of_itself_is_text_on_a_page_that_nobody_can_frame(tmp_path: Path, name: str) -> None:
    async with site(tmp_path, replace(PORTAL, name=name), browser()) as s:
        answer = await s.http.get(authorize(), headers=COOKIE)
        page = await answer.text()
        assert answer.status == 200
        assert name not in page or name == "{{ 7*7 }}"
        assert "<script" not in page
        assert "49" not in page.partition("</h1>")[0]
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.row("B15")
async def test_taking_back_what_was_remembered_ends_no_token(tmp_path: Path) -> None:
    kept = Approval(
        id=approval_id(b.ADA, CLIENT.id), person=b.ADA, client=CLIENT.id, scope=frozenset({"openid"}),
        claims=frozenset(), released=None, since=Seconds(START),
    )  # fmt: skip
    async with site(tmp_path, kept) as s:
        assert (await s.http.delete(f"/api/v1/me/remembered/{CLIENT.id}", headers=s.headers())).status == 204
        assert (await s.http.get("/api/v1/me", headers=s.headers())).status == 200


@pytest.mark.row("B19")
async def test_no_answer_with_a_token_or_a_secret_may_be_stored(tmp_path: Path) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with site(tmp_path, LAB, FAMILY) as s:
        told: list[Any] = [
            await exchange(s),
            await s.http.post("/oauth2/token", data="grant_type=nonsense", headers=form | BASIC),
            await s.http.post("/oauth2/token", data="", headers=form),
            await s.http.get("/oauth2/userinfo", headers=s.headers()),
            await s.http.post("/oauth2/introspect", data="token=x", headers=form | BASIC),
            await s.http.post("/oauth2/revoke", data="token=x", headers=form | BASIC),
            await s.http.post("/oauth2/device_authorization", data="client_id=web&scope=openid", headers=form),
        ]
        assert [answer.status for answer in told[:2]] == [200, 400]
        for answer in told:
            assert answer.headers["Cache-Control"] == "no-cache, no-store", answer.url
            assert answer.headers["Pragma"] == "no-cache", answer.url
        ticket = await s.http.get(ACCESS, headers=s.headers())
        assert "no-store" in ticket.headers["Cache-Control"]
