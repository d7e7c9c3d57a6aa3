"""A request that is sent twice is done once: Idempotency-Key (draft-ietf-httpapi-idempotency-key-header).

Every call of /api/v1 that changes something may carry the header. The key's row goes into the record of the first
thing that the request records, so that both are stored or neither; what recorded nothing is simply done again.
The answer is kept beside it for a day. Handlers need to know none of this: `callers.py` says who asks, the ledger
that app.py gives to the flows adds the row.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from aiohttp import hdrs, web

from broker.core.audit.entry import Entry
from broker.core.ids import ReceiptId
from broker.core.rows import Change, Done, Put
from broker.core.rows.once import done_id
from broker.core.time import EPOCH, Seconds
from broker.ports import Ledger, LedgerDownError
from broker.ports.faults import fault
from broker.web.bodies import raw
from broker.web.errors import Problem, problem_response
from broker.web.languages import SPOKEN, language
from broker.web.state import BROKER

HEADER = "Idempotency-Key"
KEPT_SECONDS = 86_400
MAX_BODY = 1024 * 1024
"""Bytes of a request that may carry the header."""
MAX_ANSWER = 32 * 1024
"""Bytes of an answer that is kept; of a larger one only the receipt."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KEY = re.compile(r"[!#-\[\]-~]{1,255}")
"""Visible ASCII without quotes and backslashes; the draft's quotes around it may be left out."""
_HEADERS = (hdrs.CONTENT_TYPE, hdrs.LOCATION, hdrs.ETAG, hdrs.LINK, "Decision-Id", "X-Audit-Receipt")
_ANSWERS = "answer"


class Answered(Exception):  # noqa: N818 (not an error: the answer was given before)
    """The request was done before; this is its answer."""

    def __init__(self, response: web.Response) -> None:
        super().__init__()
        self.response = response


@dataclass(slots=True)
class Job:
    """One request with a key. `id` once it is known who asks; `receipt` once it took effect."""

    key: str
    id: str = ""
    request: str = ""
    version: int = 1
    expires: Seconds = EPOCH
    receipt: ReceiptId | None = None
    instead: bytes | None = field(default=None, repr=False)
    """What to keep in place of an answer that shows a secret."""


_JOB: ContextVar[Job | None] = ContextVar("once_job", default=None)
RUNNING: web.AppKey[set[str]] = web.AppKey("once_running", set)


class OnceLedger:
    """A ports.Ledger: the one underneath, and the key's row beside what is recorded first under a key."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def record(self, entry: Entry, *changes: Change) -> int | None:
        """As the one underneath. StaleError also if the same key took effect at the same moment elsewhere."""
        job = _JOB.get()
        if job is None or not job.id or job.receipt is not None:
            return await self._ledger.record(entry, *changes)
        row = Done(id=job.id, version=job.version, request=job.request, receipt=entry.id, expires=job.expires)
        index = await self._ledger.record(entry, *changes, Put(row))
        job.receipt = entry.id
        return index

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[Change]]]) -> None:
        """As the one underneath. What is recorded in this way is never asked for under a key."""
        await self._ledger.record_each(records)


@web.middleware
async def once(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Around the handlers of /api/v1; inside of what writes errors."""
    key = _key(request)
    if key is None:
        return await handler(request)
    job, running = Job(key=key), request.app[RUNNING]
    token = _JOB.set(job)
    try:
        response = await handler(request)
        await _keep(request, job, response)
    except Answered as before:
        return before.response
    except Problem as problem:
        await _keep(request, job, problem_response(problem, "", language(request)))
        raise
    finally:
        _JOB.reset(token)
        running.discard(job.id)
    return response


async def begin(request: web.Request, caller: str) -> None:
    """Who asks is known: `caller` names them. Answered, or Problem, if there is nothing to be done any more."""
    job = _JOB.get()
    if job is None or job.id:
        return
    broker, running = request.app[BROKER], request.app[RUNNING]
    said = f"{request.method} {request.rel_url.raw_path_qs}\n{request.headers.get(hdrs.IF_MATCH, '')}\n".encode()
    asked, id = hashlib.sha256(said + await raw(request, MAX_BODY)).hexdigest(), done_id(caller, job.key)
    if id in running:
        raise Problem("REQ-IN-FLIGHT")
    running.add(id)
    job.id = id
    now = broker.world.clock.now()
    before = await broker.world.rows.get(Done, id)
    if before is not None and now < before.expires:
        job.receipt = before.receipt
        raise await _again(request, before, asked, now)
    job.request, job.expires = asked, Seconds(now + KEPT_SECONDS)
    job.version = before.version + 1 if before is not None else 1


def without(request: web.Request, told: bytes) -> None:
    """The answer of this request shows a secret, once: `told` is what a repetition gets instead."""
    del request
    job = _JOB.get()
    if job is not None:
        job.instead = told


async def _again(request: web.Request, before: Done, asked: str, now: Seconds) -> Exception:
    if before.request != asked:
        return Problem("REQ-KEY-REUSED")
    kept = await request.app[BROKER].world.scratch.get(_ANSWERS, before.id, now)
    if kept is None or kept.get("receipt") != before.receipt:
        return Problem("REQ-DONE-BEFORE", receipt=before.receipt)
    headers: Mapping[str, str] = kept["headers"]
    body = b64decode(kept["body"])
    return Answered(web.Response(status=kept["status"], body=body, headers={**headers, "Idempotent-Replayed": "true"}))


async def _keep(request: web.Request, job: Job, response: web.StreamResponse) -> None:
    """Keep the answer of what took effect now. If that fails a repetition is still not done twice."""
    if job.receipt is None or not job.request or not isinstance(response, web.Response):
        return
    fault("answer.keeping")
    body: Any = job.instead if job.instead is not None else response.body or b""
    if not isinstance(body, bytes) or len(body) > MAX_ANSWER:
        return
    spoken = {hdrs.CONTENT_LANGUAGE: request[SPOKEN]} if SPOKEN in request else {}
    kept = {
        "status": response.status,
        "headers": spoken | {name: response.headers[name] for name in _HEADERS if name in response.headers},
        "body": b64encode(body).decode(),
        "receipt": job.receipt,
    }
    with suppress(LedgerDownError, ValueError):
        await request.app[BROKER].world.scratch.put(_ANSWERS, job.id, kept, job.expires)


def _key(request: web.Request) -> str | None:
    """The key, if this request can have one. Problem for one that is malformed or stands there twice."""
    given = request.headers.getall(HEADER, ())
    if not given or request.method in _SAFE or not request.path.startswith("/api/v1/"):
        return None
    key = given[0].strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(given) != 1 or not _KEY.fullmatch(key):
        raise Problem("REQ-MALFORMED", problem=f"{HEADER}: one of 1 to 255 visible characters, quoted or not")
    return key
