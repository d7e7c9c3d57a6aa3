"""A request that comes twice is done once, and says the same again (Idempotency-Key)."""

import asyncio
import io
import re
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import ReceiptId
from broker.core.plain import plain
from broker.core.purpose import purpose_json
from broker.core.rows import Done, Request, Row
from broker.core.rows.once import done_id
from broker.core.time import Seconds
from broker.ports import LedgerDownError
from broker.web.once import KEPT_SECONDS, MAX_BODY
from broker.web.routes import ROUTES, Who
from tests import builders as b
from tests.fakes import START
from tests.web.site import CLIENT, Site, site

ASKING = {"dataset": b.HEART, "purpose": purpose_json(b.PURPOSE), "statement": "For science."}
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
CHANGING = [
    route
    for route in ROUTES
    if route.path.startswith("/api/v1/")
    and route.method not in ("GET", "HEAD", "OPTIONS")
    and route.who is not Who.REPOSITORY  # its reports have ids of their own (test_usage.py)
    and route.path != "/api/v1/complaints/{case}"  # reads, by a key that stands in no address
]


async def ask(s: Site, person: str = str(b.ADA), body: Any = ASKING, **headers: str) -> Any:
    return await s.http.post("/api/v1/requests", json=body, headers={**s.headers(person), **KEY, **headers})


def asked(s: Site) -> int:
    return sum(isinstance(row, Request) for row in s.stage.ledger.rows.values())


@pytest.mark.row("F10")
async def test_the_same_request_again_is_answered_again_and_not_done_again(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        first = await ask(s)
        body = await first.read()
        again = await ask(s)
        assert (first.status, again.status, await again.read()) == (201, 201, body)
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.content_type == "application/json"
        assert asked(s) == 1
        assert s.stage.kinds().count("request.submitted") == 1


async def test_the_key_is_the_same_with_and_without_quotes(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        await ask(s)
        again = await ask(s, **{"Idempotency-Key": KEY["Idempotency-Key"].strip('"')})
        assert again.headers["Idempotent-Replayed"] == "true"


async def test_without_a_key_everything_is_done_each_time(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        for _ in range(2):
            made = await s.http.post("/api/v1/requests", json=ASKING, headers=s.headers())
            assert made.status == 201
        assert asked(s) == 2


OTHERS: list[tuple[str, str, Any]] = [
    ("another body", "/api/v1/requests", {**ASKING, "statement": "Other."}),
    ("another address", "/api/v1/decisions", ASKING),
    ("another query", "/api/v1/requests?x=1", ASKING),
]


@pytest.mark.row("F10")
@pytest.mark.parametrize(("path", "body"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
async def test_a_key_stands_for_one_request(tmp_path: Path, path: str, body: Any) -> None:
    async with site(tmp_path) as s:
        await ask(s)
        other = await s.http.post(path, json=body, headers={**s.headers(), **KEY})
        assert (other.status, (await other.json())["code"]) == (422, "REQ-KEY-REUSED")
        assert asked(s) == 1


async def test_a_key_means_nothing_beside_somebody_else(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        await ask(s)
        others = await ask(s, "usr_mei")
        assert "Idempotent-Replayed" not in others.headers
        assert asked(s) == 2


async def test_a_stranger_hears_nothing_of_a_key(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        await ask(s)
        for token in ("", "Bearer nonsense"):
            got = await s.http.post("/api/v1/requests", json=ASKING, headers={**KEY, "Authorization": token})
            assert got.status == 401


async def test_an_answer_is_kept_for_a_day_and_not_a_second_longer(tmp_path: Path) -> None:
    long = Seconds(START + 10 * KEPT_SECONDS)
    async with site(tmp_path) as s:
        token = s.headers(exp=long)
        for kind, id in (("session", "ses-usr_ada"), ("family", "fam-usr_ada")):
            row: Any = s.stage.ledger.rows[kind, id]
            s.stage.ledger.rows[kind, id] = type(row)(
                **{**{name: getattr(row, name) for name in row.__slots__}, "expires": long}
            )
        await ask(s, **token)
        s.stage.clock.advance(KEPT_SECONDS - 1)
        assert "Idempotent-Replayed" in (await ask(s, **token)).headers
        s.stage.clock.advance(1)
        assert "Idempotent-Replayed" not in (await ask(s, **token)).headers
        assert asked(s) == 2
        assert (
            s.stage.ledger.rows["done", done_id(f"{b.ADA} {CLIENT.id}", KEY["Idempotency-Key"].strip('"'))].version == 2
        )


@pytest.mark.row("F10")
async def test_of_the_same_request_twice_at_once_one_is_done(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        found = await asyncio.gather(*(ask(s) for _ in range(5)))
        assert {one.status for one in found} <= {201, 409}
        assert asked(s) == 1
        assert (await ask(s)).status == 201


@pytest.mark.row("F10")
async def test_while_a_request_is_under_way_its_repetition_hears_so(tmp_path: Path) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    async with site(tmp_path) as s:

        async def slowly(*what: Any) -> Any:
            begun.set()
            await go_on.wait()
            return await record(*what)

        record, s.stage.ledger.record = s.stage.ledger.record, slowly  # type: ignore[assignment, method-assign]
        first = asyncio.create_task(ask(s))
        await begun.wait()
        s.stage.ledger.record = record  # type: ignore[method-assign]
        again = await ask(s)
        assert (again.status, (await again.json())["code"]) == (409, "REQ-IN-FLIGHT")
        go_on.set()
        assert (await first).status == 201
        assert asked(s) == 1


async def test_of_the_same_request_at_two_processes_one_is_done(tmp_path: Path) -> None:
    """The other process's row comes between our look-up and our record."""
    other = Done(
        id=done_id(f"{b.ADA} {CLIENT.id}", "k"),
        request="0" * 64,
        receipt=ReceiptId("rcp_x"),
        expires=Seconds(START + 9),
    )
    async with site(tmp_path) as s:

        async def lately(kind: Any, id: str) -> Any:
            found = await read(kind, id)
            if kind is Done:
                s.stage.ledger.rows[other.KIND, other.id] = other
            return found

        read = s.stage.world.rows.get
        s.stage.world.rows.get = lately  # type: ignore[method-assign]
        got = await ask(s, **{"Idempotency-Key": "k"})
        assert (got.status, (await got.json())["code"]) == (409, "REQ-CONFLICT")
        assert asked(s) == 0


async def test_what_changed_nothing_is_done_again(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        assert (await ask(s, body={"dataset": b.HEART})).status == 400
        assert (await ask(s)).status == 201


async def test_a_recorded_refusal_is_told_again(tmp_path: Path) -> None:
    """The committee's yes that is not possible is on record; who asks again is told the same decision."""
    async with site(tmp_path) as s:
        first = await s.http.post(
            "/api/v1/decisions", json={k: ASKING[k] for k in ("dataset", "purpose")}, headers={**s.headers(), **KEY}
        )
        again = await s.http.post(
            "/api/v1/decisions", json={k: ASKING[k] for k in ("dataset", "purpose")}, headers={**s.headers(), **KEY}
        )
        assert (await first.json()) == (await again.json())
        assert s.stage.kinds().count("decision.made") == 1


@pytest.mark.row("F10")
async def test_when_the_answer_is_lost_the_request_is_still_not_done_twice(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        await ask(s)
        s.stage.world.scratch.values.clear()  # type: ignore[attr-defined]
        again = await ask(s)
        told = await again.json()
        assert (again.status, told["code"]) == (409, "REQ-DONE-BEFORE")
        assert s.stage.ledger.entries[-1].id in told["detail"]
        assert asked(s) == 1


async def test_when_the_record_fails_the_key_is_as_free_as_before(tmp_path: Path) -> None:
    async with site(tmp_path) as s:

        async def down(*_: Any) -> int:
            raise LedgerDownError("down")

        record, s.stage.ledger.record = s.stage.ledger.record, down  # type: ignore[assignment, method-assign]
        assert (await ask(s)).status == 503
        s.stage.ledger.record = record  # type: ignore[method-assign]
        assert (await ask(s)).status == 201
        assert asked(s) == 1


BAD_KEYS = ["", '""', "a b", "ä", "x" * 256, 'a"b', "a\\b"]


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_a_key_of_another_form_is_refused(tmp_path: Path, key: str) -> None:
    async with site(tmp_path) as s:
        got = await ask(s, **{"Idempotency-Key": key})
        assert (got.status, asked(s)) == (400, 0)


async def test_the_longest_key_and_the_largest_body(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        assert (await ask(s, **{"Idempotency-Key": "x" * 255})).status == 201
        for size, limit in ((MAX_BODY, 64 * 1024), (MAX_BODY + 1, MAX_BODY)):
            headers = {**s.headers(), **KEY, "Content-Type": "application/json"}
            got = await s.http.post("/api/v1/requests", data=io.BytesIO(b" " * size), headers=headers)
            assert got.status == 413
            assert f"more than {limit} bytes" in (await got.json())["detail"]


@pytest.mark.row("F10")
@pytest.mark.parametrize("route", CHANGING, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.row("WF-I9")
async def test_every_address_that_changes_something_heeds_the_key(tmp_path: Path, route: Any) -> None:
    """A key that stood with another request stops each of them before it does anything."""
    caller = "anybody" if route.who is Who.ANYBODY else f"{b.ADA} {CLIENT.id}"
    used = Done(
        id=done_id(caller, "k"),
        request="0" * 64,
        receipt=ReceiptId("rcp_x"),
        expires=Seconds(START + 9),
    )
    more: list[Row] = [used]
    async with site(tmp_path, *more) as s:
        path = re.sub(r"\{[^}]+\}", "x", route.path)
        scope = {"scope": "openid ga4gh_passport_v1 issuers:write clients:write idps:write"}
        got = await s.http.request(route.method, path, headers={**s.headers(**scope), "Idempotency-Key": "k"}, json={})
        assert (got.status, (await got.json())["code"]) == (422, "REQ-KEY-REUSED")
        assert s.stage.kinds() == []


def test_nothing_of_the_request_is_in_the_row() -> None:
    row = Done(id=done_id("usr_a c", "secret-key"), request="0" * 64, receipt=ReceiptId("rcp_x"), expires=Seconds(9))
    assert "secret-key" not in str(plain(row))
    assert done_id("a", "bc") != done_id("ab", "c")
