"""The log for those who check it: checkpoint, tiles and proofs are public, entries are not.

C2SP tlog-tiles under /audit; receipts as C2SP tlog-proof files. A public proof holds hashes only.
"""

import re
from base64 import b64encode
from dataclasses import replace

from aiohttp import web

from broker.core.audit.entry import decode, pseudonym
from broker.core.audit.proof import format_proof
from broker.core.audit.tiles import parse_path
from broker.core.ids import ReceiptId
from broker.flows.witness import cosigned
from broker.flows.world import Caller
from broker.web.callers import access_token, caller
from broker.web.errors import Problem
from broker.web.state import BROKER

_MAX_ENTRIES = 200
_DIGITS = re.compile(r"[0-9]{1,18}")
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}


async def checkpoint(request: web.Request) -> web.Response:
    """GET /audit/checkpoint: the newest published checkpoint, with the lines of witnesses, if it has any."""
    broker = request.app[BROKER]
    published = await broker.audit.published()
    found = await cosigned(broker.world.scratch, broker.witnesses, broker.world.clock.now())
    lines = "".join(one.lines for one in found if one.note.encode() == published.note).encode()
    return web.Response(body=published.note + lines, headers={**_TEXT, "Cache-Control": "no-store"})


async def witnessed(request: web.Request) -> web.Response:
    """GET /audit/checkpoint/witnessed: the newest checkpoint that witnesses have signed, with their lines."""
    broker = request.app[BROKER]
    found = await cosigned(broker.world.scratch, broker.witnesses, broker.world.clock.now())
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
    found = await request.app[BROKER].audit.piece(piece)
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
            raise web.HTTPAccepted(headers={"Retry-After": "1", "Cache-Control": "no-store"})
        raise Problem("REQ-NOT-FOUND")
    if found.extra is not None and not await _may_read(request, found.extra):
        found = replace(found, extra=None)
    return web.Response(body=format_proof(found), headers={**_TEXT, "Cache-Control": "no-store"})


async def consistency(request: web.Request) -> web.Response:
    """GET /audit/proof/consistency?old=&new=: base64 hashes, one a line (RFC 6962 section 2.1.2)."""
    old, new = _number(request, "old"), _number(request, "new")
    if old is None or new is None:
        raise Problem("REQ-INVALID", problem="old and new: two sizes of the log")
    hashes = await request.app[BROKER].audit.consistency(old, new)
    if hashes is None:
        raise Problem("REQ-NOT-FOUND")
    return web.Response(text="".join(b64encode(each).decode() + "\n" for each in hashes), headers=_TEXT)


async def entries(request: web.Request) -> web.Response:
    """GET /api/v1/audit/entries: the newest entries, for auditors; for everybody else their own."""
    broker, who = request.app[BROKER], await caller(request)
    before = _number(request, "before")
    if before is None and "before" in request.query:
        raise Problem("REQ-INVALID", problem="before: an index of the log")
    found = await broker.audit.newest(_MAX_ENTRIES, before)
    everything = _is_auditor(who)
    mine = pseudonym(who.person.log_key, broker.world.issuer, who.person.id)
    shown = []
    for each in found:
        entry = decode(each.body).entry
        if everything or entry.who == mine:
            shown.append({
                "index": each.seq,
                "receipt": entry.id,
                "at": entry.at,
                "kind": entry.kind,
                "who": entry.who,
                "about": dict(entry.about) if everything else {k: v for k, v in entry.about.items() if k != "reasons"},
            })  # fmt: skip
    return web.json_response({"entries": shown, "next": found[-1].seq if found else None})


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
