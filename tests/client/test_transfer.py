"""Downloads from servers that break off, lie, refuse or change their mind: a whole right file, or none."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from broker.client import transfer
from broker.client.account import Account, Accounts
from broker.client.answers import RefusedError, TalkError, refusal
from broker.client.api import Api, session
from broker.client.objects import Missed, Wanted, under_names_of_their_own
from broker.client.proofs import ComputerKey
from broker.client.transfer import BrokenError, fetch
from tests.fakes import START, CountingEntropy, FakeClock

PIECE = 1000
CONTENT = bytes(n % 251 for n in range(3 * PIECE + 17))
SHA256 = hashlib.sha256(CONTENT).hexdigest()

Handler = Callable[[web.Request, int, int], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PIECE", PIECE)


@dataclass
class Origin:
    """A server of one object. `answers`: what each request for bytes gets, in turn; the last one for ever."""

    answers: list[Handler]
    asked: list[tuple[int, int]] = field(default_factory=list)
    tickets: int = 0

    async def access(self, request: web.Request) -> web.Response:
        self.tickets += 1
        url = f"http://127.0.0.1:{request.url.port}/data/obj"
        return web.json_response({"url": url, "headers": [f"Authorization: Bearer ticket-{self.tickets}"]})

    async def data(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"].startswith("Bearer ticket-")
        if request.method == "HEAD":
            return await self.answers[0](request, 0, -1)
        first, last = (int(part) for part in request.headers["Range"].removeprefix("bytes=").split("-"))
        self.asked.append((first, last))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request, first, last)


def ranged(first: int, last: int, size: int = len(CONTENT)) -> dict[str, str]:
    return {"Content-Range": f"bytes {first}-{last}/{size}"}


async def honest(request: web.Request, first: int, last: int) -> web.StreamResponse:
    del request
    return web.Response(status=206, body=CONTENT[first : last + 1], headers=ranged(first, last))


async def breaks_off(request: web.Request, first: int, last: int) -> web.StreamResponse:
    """Says how much there is, sends a part of it, and is gone."""
    response = web.StreamResponse(status=206, headers=ranged(first, last))
    response.content_length = last - first + 1
    await response.prepare(request)
    await response.write(CONTENT[first : first + max((last - first) // 2, 1)])
    assert request.transport is not None
    request.transport.close()
    return response


async def other_bytes(request: web.Request, first: int, last: int) -> web.StreamResponse:
    del request
    return web.Response(status=206, body=bytes(last - first + 1), headers=ranged(first, last))


async def other_range(request: web.Request, first: int, last: int) -> web.StreamResponse:
    del request
    return web.Response(status=206, body=CONTENT[: last - first + 1], headers=ranged(0, last - first))


async def other_size(request: web.Request, first: int, last: int) -> web.StreamResponse:
    del request
    return web.Response(status=206, body=CONTENT[first : last + 1], headers=ranged(first, last, len(CONTENT) + 1))


async def whole_file(request: web.Request, first: int, last: int) -> web.StreamResponse:
    del request, first, last
    return web.Response(body=CONTENT)


async def redirects(request: web.Request, first: int, last: int) -> web.StreamResponse:
    del request, first, last
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"})


async def too_much(request: web.Request, first: int, last: int) -> web.StreamResponse:
    """Says the range that was asked for and goes on and on."""
    response = web.StreamResponse(status=206, headers=ranged(first, last))
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(CONTENT[first : last + 1] + b"more" * 100)
    return response


def says(status: int, **body: Any) -> Handler:
    async def answer(request: web.Request, first: int, last: int) -> web.StreamResponse:
        del request, first, last
        return web.json_response(body, status=status)

    return answer


@dataclass
class Client:
    api: Api
    origin: Origin
    folder: Path
    told: int = 0
    pauses: list[float] = field(default_factory=list)

    def add(self, count: int) -> None:
        self.told += count

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def get(self, parallel: int = 1, **changes: Any) -> Path:
        checksums = {"sha-256": SHA256}
        wanted: dict[str, Any] = {
            "id": "obj",
            "name": "a.bam",
            "size": len(CONTENT),
            "checksums": checksums,
            "access": "/access",
        }
        return await fetch(
            self.api, Wanted(**wanted | changes), self.folder, parallel=parallel, told=self.add, pause=self.pause
        )

    @property
    def left(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@asynccontextmanager
async def client(folder: Path, *answers: Handler, routes: Sequence[web.RouteDef] = ()) -> AsyncIterator[Client]:
    origin, app = Origin(list(answers)), web.Application()
    app.router.add_routes(routes)
    app.router.add_get("/access", origin.access)
    app.router.add_get("/data/obj", origin.data)
    key = ComputerKey.made(FakeClock(), CountingEntropy())
    files = folder / "files"
    files.mkdir(exist_ok=True)
    async with TestServer(app) as server, session() as http:
        account = Account(
            issuer=f"http://127.0.0.1:{server.port}", client_id="c", key="", access_token="a", refresh_token="r",
            expires=START + 600,
        )  # fmt: skip
        yield Client(Api(http, Accounts(folder / "accounts"), account, key), origin, files)


@pytest.mark.parametrize("parallel", [1, 3, 16])
async def test_the_pieces_make_the_whole_file_and_nothing_else_is_left(tmp_path: Path, parallel: int) -> None:
    async with client(tmp_path, honest) as c:
        path = await c.get(parallel)
        assert path.read_bytes() == CONTENT
        assert c.left == {"a.bam"}
        assert c.told == len(CONTENT)
        assert sorted(c.origin.asked) == [(0, 999), (1000, 1999), (2000, 2999), (3000, 3016)]
        assert path.stat().st_mode & 0o077 == 0, "others of this computer were not granted anything"


async def test_what_is_there_already_is_looked_at_and_not_fetched_again(tmp_path: Path) -> None:
    async with client(tmp_path, honest) as c:
        await c.get()
        before = len(c.origin.asked)
        await c.get()
        assert len(c.origin.asked) == before
        (c.folder / "a.bam").write_bytes(bytes(len(CONTENT)))
        assert (await c.get()).read_bytes() == CONTENT


@pytest.mark.row("GET-NAMES")
async def test_a_file_of_ones_own_is_never_written_over(tmp_path: Path) -> None:
    async with client(tmp_path, honest) as c:
        (c.folder / "a.bam").write_bytes(b"my own work")
        with pytest.raises(BrokenError, match=r"is there already and is something else"):
            await c.get()
        assert (c.folder / "a.bam").read_bytes() == b"my own work"
        assert (c.left, c.origin.asked) == ({"a.bam"}, [])
        (c.folder / "b").mkdir()
        with pytest.raises(BrokenError):
            await c.get(name="b")


def file(id: str, name: str, folder: str = "") -> Wanted:
    return Wanted(id=id, name=name, size=1, checksums={}, access=f"/{id}", folder=folder)


@pytest.mark.row("GET-NAMES")
def test_no_two_files_come_under_one_name() -> None:
    same = [file("a", "x.bam"), file("b", "x.bam"), file("c/1", "X.BAM"), file("a", "x.bam"), file("d", "x.bam", "in/")]
    found = under_names_of_their_own(same)
    assert [one.name for one in found if isinstance(one, Wanted)] == ["x.bam", "b-x.bam", "c_2F1-X.BAM", "x.bam"]
    tricky = [file("a", "b-x"), file("c", "x"), file("b", "x"), file("e" * 250, "x" * 10), file("f", "x" * 10)]
    ended = under_names_of_their_own([*tricky, file("g" * 250, "x" * 10)])
    assert [type(one) for one in ended] == [Wanted, Wanted, Missed, Wanted, Wanted, Missed]


async def test_a_connection_that_breaks_is_gone_on_with_where_it_broke(tmp_path: Path) -> None:
    async with client(tmp_path, breaks_off, breaks_off, breaks_off, honest) as c:
        assert (await c.get()).read_bytes() == CONTENT
        starts = [first for first, _ in c.origin.asked[:4]]
        assert starts == sorted(set(starts)), "no byte was asked for twice"
        assert c.pauses == [], "something came each time"
        assert c.told == len(CONTENT)


async def test_what_came_is_kept_and_the_next_command_asks_for_the_rest_only(tmp_path: Path) -> None:
    async with client(tmp_path, honest, honest, says(503)) as c:
        with pytest.raises(BrokenError, match="run the same command again"):
            await c.get()
        assert c.left == {"a.bam.part", "a.bam.part.json"}
        assert len(c.pauses) == transfer.TRIES - 1
        assert c.pauses == sorted(c.pauses)
    async with client(tmp_path, honest) as again:
        assert (await again.get()).read_bytes() == CONTENT
        assert again.origin.asked == [(2000, 2999), (3000, 3016)]
        assert again.told == len(CONTENT)
        assert again.left == {"a.bam"}


@pytest.mark.parametrize(
    "changed", [{"id": "other"}, {"checksums": {"sha-256": SHA256, "md5": hashlib.md5(CONTENT).hexdigest()}}]
)
async def test_pieces_of_something_else_are_not_gone_on_with(tmp_path: Path, changed: dict[str, Any]) -> None:
    async with client(tmp_path, honest, says(503)) as c:
        with pytest.raises(BrokenError):
            await c.get()
    async with client(tmp_path, honest) as again:
        await again.get(**changed)
        assert again.origin.asked[0] == (0, 999)


@pytest.mark.parametrize("notes", ["", "[]", "{}", '{"of": 1, "have": 2}', '{"of": null, "have": {"x": 1}}', "\udcff"])
async def test_damaged_notes_mean_a_new_beginning(tmp_path: Path, notes: str) -> None:
    async with client(tmp_path, honest) as c:
        (c.folder / "a.bam.part").write_bytes(bytes(len(CONTENT)))
        (c.folder / "a.bam.part.json").write_bytes(notes.encode("utf-8", "surrogateescape"))
        assert (await c.get()).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (other_range, "another range"),
        (other_size, "another range"),
        (whole_file, "status 200"),
        (redirects, "refused|status 302"),
    ],
)
async def test_a_server_that_answers_something_else_is_not_believed(tmp_path: Path, lie: Handler, told: str) -> None:
    async with client(tmp_path, lie) as c:
        with pytest.raises((BrokenError, RefusedError), match=told):
            await c.get()
        assert "a.bam" not in c.left


async def test_bytes_that_do_not_fit_the_digest_never_get_the_name(tmp_path: Path) -> None:
    async with client(tmp_path, honest, other_bytes) as c:
        with pytest.raises(BrokenError, match="the digest does not fit"):
            await c.get()
        assert c.left == set()


async def test_what_is_sent_beyond_the_range_is_dropped(tmp_path: Path) -> None:
    async with client(tmp_path, too_much) as c:
        assert (await c.get()).read_bytes() == CONTENT


async def test_a_ticket_that_became_too_old_is_renewed_once(tmp_path: Path) -> None:
    old = says(401, code="AUTH-TICKET-EXPIRED", detail="The ticket has ended.")
    async with client(tmp_path, honest, old, honest, old, honest) as c:
        assert (await c.get()).read_bytes() == CONTENT
        assert c.origin.tickets == 3
    async with client(tmp_path / "files", old) as c:
        with pytest.raises(RefusedError) as no:
            await c.get()
        assert c.origin.tickets == 2
        assert list(refusal(no.value)) == ["The ticket has ended.", "(AUTH-TICKET-EXPIRED)"]


async def test_a_refusal_ends_all_pieces_and_is_told_as_the_broker_told_it(tmp_path: Path) -> None:
    said = {
        "code": "CON-LEFT-OUT", "detail": "Some data are left out.", "decision": "dec_1",
        "reasons": [{"sentence": "Some data are left out for reasons of consent.\x1b[2J"}],
        "you_can": [{"do": "Ask for checked totals."}], "change_that_would_help": ["Another project."],
        "appeal": "merits",
    }  # fmt: skip
    async with client(tmp_path, honest, says(403, **said)) as c:
        with pytest.raises(RefusedError) as no:
            await c.get(parallel=3)
        assert list(refusal(no.value)) == [
            "Some data are left out for reasons of consent. [2J",
            "You can: Ask for checked totals.",
            "What would help: Another project.",
            "You may ask the contact of the data for another look at this decision.",
            "(CON-LEFT-OUT, decision dec_1)",
        ]
        assert "a.bam" not in c.left


async def test_of_what_was_refused_at_once_nothing_is_left(tmp_path: Path) -> None:
    async with client(tmp_path, says(403, code="CON-LEFT-OUT")) as c:
        with pytest.raises(RefusedError):
            await c.get(parallel=3)
        assert c.left == set()


async def test_a_file_without_a_digest_that_we_know_is_not_fetched(tmp_path: Path) -> None:
    async with client(tmp_path, honest) as c:
        with pytest.raises(TalkError, match="no digest"):
            await c.get(checksums={"crc32c": "00000000"})
        assert c.origin.asked == []


async def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    async with client(tmp_path, honest) as c:
        path = await c.get(size=0, checksums={"sha-256": hashlib.sha256(b"").hexdigest()})
        assert path.read_bytes() == b""
        assert c.origin.asked == []


async def test_a_part_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    async with client(tmp_path, honest) as c:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_bytes(b"mine")
        (c.folder / "a.bam.part").symlink_to(elsewhere)
        with pytest.raises(OSError, match="symbolic"):
            await c.get()
        assert elsewhere.read_bytes() == b"mine"


def test_the_notes_say_what_the_pieces_are_of(tmp_path: Path) -> None:
    file = Wanted(id="obj", name="a", size=5, checksums={"md5": "0" * 32}, access="/access")
    part = transfer._Part(tmp_path / "a.part", file, {0: 3})
    part.note()
    assert json.loads(part.notes.read_text())["of"] == part.known()
