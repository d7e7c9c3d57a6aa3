"""The log for those who check it: checkpoint, tiles and proofs are public, entries are not.

C2SP tlog-tiles under /audit; receipts as C2SP tlog-proof files. A public proof holds hashes only. The first log lies
under /audit itself, each one after it under /audit and its name: an address names one log for ever.
"""

import re
from base64 import b64encode
from dataclasses import replace

from aiohttp import web

from broker.core.audit.entry import decode, pseudonym
from broker.core.audit.note import first_log
from broker.core.audit.proof import format_proof
from broker.core.audit.tiles import parse_path
from broker.core.ids import ReceiptId
from broker.core.reasons.language import Tongue
from broker.flows.witness import cosigned
from broker.flows.world import Caller
from broker.ports.log import AuditReads
from broker.web.callers import access_token, caller
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.state import BROKER, Broker

_MAX_ENTRIES = 200
_DIGITS = re.compile(r"[0-9]{1,18}")
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}


async def logs(request: web.Request) -> web.Response:
    """GET /audit/logs: every log of this broker, the oldest first; the last one grows."""
    broker = request.app[BROKER]
    told = []
    for log in (*await broker.audit.ended(), broker.audit):
        published, name = await log.published(), log.origin.removeprefix(_root(broker))
        grows = log.origin == broker.audit.origin
        told.append({"origin": log.origin, "path": f"/audit{name}", "size": published.size, "grows": grows})
    return web.json_response({"logs": told}, headers={"Cache-Control": "no-store"})


async def receipt_checker(request: web.Request) -> web.Response:
    """GET /audit/verify_receipt.py: the program that checks a receipt and shares nothing with this one."""
    return web.Response(body=request.app[BROKER].receipt_checker, content_type="text/x-python", charset="utf-8")


async def checkpoint(request: web.Request) -> web.Response:
    """GET /audit/checkpoint: the newest published checkpoint, with the lines of witnesses, if it has any."""
    broker, log = request.app[BROKER], await _log(request)
    published = await log.published()
    found = await cosigned(broker.world.scratch, broker.witnesses, log.origin, broker.world.clock.now())
    lines = "".join(one.lines for one in found if one.note.encode() == published.note).encode()
    return web.Response(body=published.note + lines, headers={**_TEXT, "Cache-Control": "no-store"})


async def witnessed(request: web.Request) -> web.Response:
    """GET /audit/checkpoint/witnessed: the newest checkpoint that witnesses have signed, with their lines."""
    broker, log = request.app[BROKER], await _log(request)
    found = await cosigned(broker.world.scratch, broker.witnesses, log.origin, broker.world.clock.now())
    if not found:
        raise Problem("REQ-NOT-FOUND")
    lines = "".join(one.lines for one in found if one.note == found[0].note)
    return web.Response(text=found[0].note + lines, headers={**_TEXT, "Cache-Control": "no-store"})


async def tile(request: web.Request) -> web.Response:
    """GET /audit/tile/{path}: hashes of the tree. Bundles of entries are for auditors."""
    piece = parse_path(request.match_info["path"])
    if piece is None:
        raise Problem("REQ-NOT-FOUND")
    if piece.level is None and not _is_auditor(await caller(request)):
        raise Problem("AUTH-NOT-YOURS", roles="auditor")
    found = await (await _log(request)).piece(piece)
    if found is None:
        raise Problem("REQ-NOT-FOUND")
    return web.Response(body=found, content_type="application/octet-stream")


async def proof(request: web.Request) -> web.Response:
    """GET /audit/receipts/{id}: that the entry is in the log. With its bytes for whom it concerns, else without."""
    broker, receipt = request.app[BROKER], ReceiptId(request.match_info["receipt"].removesuffix(".tlog-proof"))
    found = await broker.audit.proof(receipt)
    if found is None:
        later = await broker.audit.entry(receipt) is not None
        if later:
            said = Tongue(language(request)).word("me.proof_later")
            raise web.HTTPAccepted(text=said, headers={"Retry-After": "1", "Cache-Control": "no-store"})
        raise Problem("REQ-NOT-FOUND")
    if found.extra is not None and not await _may_read(request, found.extra):
        found = replace(found, extra=None)
    return web.Response(body=format_proof(found), headers={**_TEXT, "Cache-Control": "no-store"})


async def consistency(request: web.Request) -> web.Response:
    """GET /audit/proof/consistency?old=&new=: base64 hashes, one a line (RFC 6962 section 2.1.2)."""
    old, new = _number(request, "old"), _number(request, "new")
    if old is None or new is None:
        raise Problem("REQ-INVALID", problem="old and new: two sizes of the log")
    hashes = await (await _log(request)).consistency(old, new)
    if hashes is None:
        raise Problem("REQ-NOT-FOUND")
    return web.Response(text="".join(b64encode(each).decode() + "\n" for each in hashes), headers=_TEXT)


async def entries(request: web.Request) -> web.Response:
    """GET /api/v1/audit/entries: the newest entries, for auditors; for everybody else their own.

    `next`: the `before` with which to go on, until it is null. A page may be empty and have a `next`.
    """
    broker, who = request.app[BROKER], await caller(request)
    before = _number(request, "before")
    if before is None and "before" in request.query:
        raise Problem("REQ-INVALID", problem="before: an index of the log")
    everything = _is_auditor(who)
    if everything:
        found = await broker.audit.newest(_MAX_ENTRIES, before)
        rest = found[-1].seq if found else None
    else:
        mine = pseudonym(who.person.log_key, broker.world.issuer, who.person.id)
        found, rest = await broker.audit.theirs(mine, _MAX_ENTRIES, before)
    shown = []
    for each in found:
        entry = decode(each.body).entry
        about = dict(entry.about)
        if not everything:
            about.pop("reasons", None)
        told = {"index": each.seq, "receipt": entry.id, "at": entry.at, "kind": entry.kind}
        shown.append(told | {"who": entry.who, "about": about})
    return web.json_response({"entries": shown, "next": rest})


async def _log(request: web.Request) -> AuditReads:
    """The log that the address names."""
    broker, name = request.app[BROKER], request.match_info.get("log")
    origin = _root(broker) + (f"/{name}" if name is not None else "")
    if broker.audit.origin == origin:
        return broker.audit
    for log in await broker.audit.ended():
        if log.origin == origin:
            return log
    raise Problem("REQ-NOT-FOUND")


def _root(broker: Broker) -> str:
    return first_log(broker.world.issuer)


def _number(request: web.Request, name: str) -> int | None:
    """The number in the query: plain digits, and no more than any log will have."""
    found = _DIGITS.fullmatch(request.query.get(name, ""))
    return int(found[0]) if found is not None else None


async def _may_read(request: web.Request, body: bytes) -> bool:
    """Whoever the entry is about, and auditors."""
    if access_token(request) is None:
        return False
    who = await caller(request)
    issuer = request.app[BROKER].world.issuer
    return _is_auditor(who) or decode(body).entry.who == pseudonym(who.person.log_key, issuer, who.person.id)


def _is_auditor(who: Caller) -> bool:
    return who.has_role("auditor", "service")
