"""What people do with a broker while it fails, what they were told, and how that is held against its database.

The clients' own record is the judge: what they were told or given must be there, whole, once.
"""

import asyncio
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from broker.adapters.storage.audit_tool import verify
from broker.adapters.storage.reads import all_of
from broker.core.access.states import State
from broker.core.audit.entry import decode
from broker.core.audit.note import parse_key
from broker.core.rows import Delivery, Grant, Request
from broker.demo.browser import Browser, UnexpectedError
from broker.state import log_origin
from tests.adapters.storage.support import ed25519

CHUNK = 32 * 1024
TRIES = 3
OK = 200
_NUMBERS = count(1)
GONE = (aiohttp.ClientError, ConnectionError, TimeoutError, asyncio.IncompleteReadError)
"""What a client sees of a broker that has ended."""


@dataclass(frozen=True)
class Ready:
    """A folder on which people have signed in already, and what they hold."""

    state: Path
    described: Mapping[str, Any]
    ada: str
    ada_refresh: str
    mei: str

    @property
    def issuer(self) -> str:
        return str(self.described["issuer"])

    def at(self, state: Path) -> "Ready":
        """The same on a copy of the folder."""
        return Ready(state, self.described, self.ada, self.ada_refresh, self.mei)


@dataclass
class Seen:
    """What the clients were told and given."""

    receipts: set[str] = field(default_factory=set)
    with_bytes: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    requests: dict[str, str] = field(default_factory=dict)
    grants: dict[str, str] = field(default_factory=dict)
    decisions: set[str] = field(default_factory=set)
    passports: int = 0
    tokens: int = 0
    refresh: str = ""
    whole: int = 0
    statuses: Counter[int] = field(default_factory=Counter)


class Client:
    """Ada and Mei at work. Every change carries a key, and is tried again under it when the answer is an error."""

    def __init__(self, ready: Ready, browser: Browser, seen: Seen) -> None:
        self.ready, self.http, self.seen, self.browser = ready, browser.http, seen, browser

    async def call(self, token: str, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        async with self.http.request(method, f"{self.ready.issuer}{path}", json=body, headers=headers) as answer:
            self.seen.statuses[answer.status] += 1
            return answer.status, await answer.json(content_type=None)

    async def change(self, token: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        """As often as it takes, under one key."""
        for _ in range(TRIES):
            status, told = await self.call(token, "POST", path, body, key)
            if status < 500:
                break
        return status, told

    async def day(self, first: int = 0) -> None:
        """Once everything: a decision, a request with its grant, tokens and a Passport, a download. `first`: of these."""
        number = str(next(_NUMBERS))
        steps = (partial(self.decide, number), partial(self.ask, number), self.tokens, self.download)
        for turn in range(len(steps)):
            await steps[(first + turn) % len(steps)]()

    async def decide(self, number: str) -> None:
        body = {"dataset": self.ready.described["datasets"][1]["id"], "purpose": self.ready.described["purpose"]}
        status, told = await self.change(self.ready.ada, "/api/v1/decisions", body, f"decide-{number}")
        if status == OK:
            self.seen.decisions.add(told["decision"])

    async def ask(self, number: str) -> None:
        wanted = self.ready.described["datasets"][1]["id"]
        body = {"dataset": wanted, "purpose": self.ready.described["purpose"], "statement": f"Number {number}."}
        self.seen.asked.add(body["statement"])
        status, told = await self.change(self.ready.ada, "/api/v1/requests", body, f"ask-{number}")
        if told.get("code") in (
            "REQ-DONE-BEFORE",
            "SRV-NO-RECORD",
        ):  # or the ledger has died, and the broker is about to
            return
        assert status == 201, told
        self.seen.requests[told["id"]] = body["statement"]
        yes, path = {"decision": "approve", "ground": "Yes."}, f"/api/v1/requests/{told['id']}/decision"
        status, granted = await self.change(self.ready.mei, path, yes, f"grant-{number}")
        if status == OK:
            self.seen.grants[granted["grant"]] = told["id"]

    async def tokens(self) -> None:
        for _ in range(TRIES):
            with suppress(UnexpectedError, aiohttp.ContentTypeError):
                told = await self.browser.token(
                    grant_type="refresh_token", refresh_token=self.seen.refresh or self.ready.ada_refresh
                )
                self.seen.refresh = told["refresh_token"]
                self.seen.tokens += 1
                break
        for _ in range(TRIES):
            with suppress(UnexpectedError, aiohttp.ContentTypeError):
                await self.browser.passport(self.ready.ada)
                self.seen.passports += 1
                break

    async def download(self) -> None:
        object = self.ready.described["datasets"][1]["objects"][0]["id"]
        path = f"/ga4gh/drs/v1/objects/{object}/access/https"
        for _ in range(TRIES):
            status, told = await self.call(self.ready.ada, "GET", path)
            if status == OK and await self.fetch(told):
                return

    async def fetch(self, told: Any) -> bool:
        headers = dict(line.split(": ", 1) for line in told["headers"])
        async with self.http.get(told["url"], headers=headers) as answer:
            self.seen.statuses[answer.status] += 1
            if answer.status != OK:
                return False
            receipt = answer.headers["X-Audit-Receipt"]
            self.seen.receipts.add(receipt)
            async for _ in answer.content.iter_chunked(CHUNK):
                self.seen.with_bytes.add(receipt)
            self.seen.whole += 1
            return True


async def days(ready: Ready, seen: Seen, most: int = 10**6, first: int = 0) -> None:
    """One day after the other, until the broker is gone. `first`: with which step each begins."""
    with suppress(*GONE):
        async with Browser(ready.described) as browser:
            for _ in range(most):
                await Client(ready, browser, seen).day(first)


async def hold_against(ready: Ready, seen: Seen) -> None:
    """AssertionError for what was told or given and is not there, is there by half, or is there twice."""
    database = ready.state / "broker.sqlite"
    with closing(sqlite3.connect(database)) as db:
        found = db.execute("SELECT kind, body FROM record")
        recorded = {str(json.loads(body)["id"]): (kind, bytes(body)) for kind, body in found}
    entries = [(kind, decode(body).entry.about) for kind, body in recorded.values()]
    assert seen.with_bytes <= recorded.keys(), "bytes left without an entry"
    assert seen.receipts <= recorded.keys(), "an acknowledged download is not on record"
    assert {recorded[one][0] for one in seen.receipts} <= {"download.authorised"}
    requests = {one.id: one for one in await all_of(database, Request)}
    grants = {one.id: one for one in await all_of(database, Grant)}
    assert seen.requests.keys() <= requests.keys(), "an acknowledged request was lost"
    assert seen.grants.keys() <= grants.keys(), "an acknowledged grant was lost"
    approved = {one.grant for one in requests.values() if one.state is State.APPROVED}
    assert approved == grants.keys(), "a grant is there by half"
    said = {about["grant"] for kind, about in entries if kind == "request.approved"}
    assert said == grants.keys(), "a grant and its entry are not one"
    assert seen.decisions <= {about["decision"] for kind, about in entries if kind == "decision.made"}
    assert seen.tokens <= sum(kind == "token.issued" for kind, _ in entries), "a token left unrecorded"
    assert seen.passports <= sum(kind == "passport.issued" for kind, _ in entries), "a Passport left unrecorded"
    twice = Counter(one.statement for one in requests.values() if re.fullmatch(r"Number \d+\.", one.statement))
    assert not [statement for statement, times in twice.items() if times > 1], "a request was done twice under its key"
    opened = {about["delivery"] for kind, about in entries if kind == "download.authorised"}
    assert opened == {one.id for one in await all_of(database, Delivery)}, "a delivery and its entry are not one"
    report = verify(
        database, [parse_key(ready.described["log_key"])], log_origin(ready.issuer), ed25519, ready.state / "audit-lock.sqlite"
    )  # fmt: skip
    assert report.ok, report.findings
