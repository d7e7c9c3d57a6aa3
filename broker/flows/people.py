"""What an operator owes people whose data the broker holds: a copy of them, their erasure; and a hold that forbids it.

Steps of each: 1 gather, 2 decide, 3 record, 4 answer.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from broker.core.audit.entry import Entry, decode, pseudonym
from broker.core.ids import PersonId
from broker.core.origins import told_side
from broker.core.outcome import Reason
from broker.core.plain import plain
from broker.core.rows import (
    Access,
    Application,
    Approval,
    Attachment,
    Case,
    Comment,
    Delivery,
    Gathered,
    Grant,
    Hold,
    Identity,
    Incident,
    Mailbox,
    Person,
    Put,
    RecipientKey,
    Report,
    Request,
    ResultReport,
    Row,
    Session,
    Task,
    changed,
)
from broker.core.rows.erasure import ERASED
from broker.core.rows.results import as_told
from broker.core.time import Seconds, rfc3339
from broker.flows.find_people import LOOKED_FOR
from broker.flows.forget_names import forget_names
from broker.flows.sign_out import sign_out
from broker.flows.world import World
from broker.ports.log import AuditReads, KeptEntry

_THEIRS: tuple[type[Row], ...] = (
    Identity, Session, Request, Application, Grant, Report, Case, Access, Approval, RecipientKey, Task, Mailbox,
    Attachment, Comment,
)  # fmt: skip
"""Kinds whose rows are found by person."""
_REPORTED = ("id", "dataset", "text", "noticed", "reported", "breach", "stage")
"""Of an incident, what its reporter said, and how far it is: who looks into it is no business of theirs."""
_SECRETS = frozenset({"log_key", "document", "sealed", "answered_by"})
_PAGE = 500
_Page = tuple[Sequence[KeptEntry], int | None]


async def hold(w: World, person: PersonId, ground: str, until: Seconds | None) -> Hold | Reason:
    """From now on nothing about them is erased. A hold that is there is replaced. Steps: 1 gather, 3 record."""
    now, row = w.clock.now(), await w.rows.get(Person, person)
    if row is None:
        return Reason(code="REQ-NOT-FOUND")
    before = await w.rows.get(Hold, person)
    made = Hold(id=person, ground=ground, since=now, until=until)
    if before is not None:
        made = changed(before, ground=ground, since=now, until=until, lifted=None)
    await w.ledger.record(w.entry("person.held", now, row), Put(made))
    return made


async def release(w: World, person: PersonId) -> Hold | Reason:
    """The hold is over. Twice is once. Steps: 1 gather, 3 record."""
    now, before = w.clock.now(), await w.rows.get(Hold, person)
    if before is None:
        return Reason(code="REQ-NOT-FOUND")
    if before.lifted is not None:
        return before
    done = changed(before, lifted=now)
    await w.ledger.record(w.entry("person.released", now, await w.rows.get(Person, person)), Put(done))
    return done


async def erase(w: World, person: PersonId, ground: str) -> int | Reason:
    """How many rows named them and do no more. Their sessions end, their pseudonym's key is destroyed; proofs hold.

    StaleError: something about them changed meanwhile; ask again.
    """
    # 1. Gather.
    now, row, held = w.clock.now(), await w.rows.get(Person, person), await w.rows.get(Hold, person)
    # 2. Decide.
    if row is None:
        return Reason(code="REQ-NOT-FOUND")
    if held is not None and held.stands(now):
        return Reason(code="REQ-HELD", facts=(("until", rfc3339(held.until) if held.until is not None else "-"),))
    # 3. Record.
    async for session in w.rows.find(Session, "person", person):
        await sign_out(w, row, session.id, "erased")
    return await forget_names(w, row, ground, [Put(one) for one in await _nameless(w, person)])


async def export(w: World, audit: AuditReads, person: PersonId) -> dict[str, Any] | Reason:
    """All that is stored about them, and every entry of the log that is theirs; without keys of ours. And when somebody
    looked for them by name and found them: in which role, and not who.

    Steps: 1 gather, 3 record, 4 answer.
    """
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(Person, person)
    if row is None:
        return Reason(code="REQ-NOT-FOUND")
    rows = {kind.KIND: [_shown(one) async for one in w.rows.find(kind, "person", person)] for kind in _THEIRS}
    accesses = [one["id"] for one in rows[Access.KIND]]
    rows[ResultReport.KIND] = [as_told(one) async for one in w.rows.find(ResultReport, "reporter", person)]
    rows[Incident.KIND] = [
        {name: said for name, said in plain(one).items() if name in _REPORTED}
        async for one in w.rows.find(Incident, "reporter", person)
    ]
    rows[Delivery.KIND] = [
        _shown(one) for access in accesses for one in [each async for each in w.rows.find(Delivery, "access", access)]
    ]
    who = pseudonym(row.log_key, w.issuer, row.id) if row.log_key else ""
    entries = [_entry(kept) async for kept in _through(w, partial(audit.theirs, who))] if who else []
    looks = [decode(kept.body).entry async for kept in _through(w, partial(audit.of_kind, LOOKED_FOR))] if who else []
    # 3. Record.
    await w.ledger.record(w.entry("person.exported", now, row))
    # 4. Answer.
    found = [_look(one) for one in looks if who in _people(one)]
    return {"person": _shown(row), "rows": rows, "entries": entries, "looked_for": found}


async def _through(w: World, look: Callable[..., Awaitable[_Page]]) -> AsyncIterator[KeptEntry]:
    """The whole log by one way of looking, the newest entry first, and room for others between two looks."""
    page, rest = await look(_PAGE)
    while True:
        for kept in page:
            yield kept
        if rest is None:
            return
        await w.clock.give_way()
        page, rest = await look(_PAGE, rest)


def _entry(kept: KeptEntry) -> dict[str, Any]:
    one = decode(kept.body).entry
    return {"index": kept.seq, "receipt": one.id, "at": one.at, "kind": one.kind, "about": dict(one.about)}


def _look(entry: Entry) -> dict[str, Any]:
    return {"at": entry.at, "role": entry.about.get("role", "")}


def _people(entry: Entry) -> tuple[str, ...]:
    """Of whom they were told who looked for somebody."""
    people = entry.about.get("people", ())
    return people if isinstance(people, tuple) else ()


async def _nameless(w: World, person: PersonId) -> list[Row]:
    """Of what the history does not keep: the next version of each row that names them, without their names."""
    found: list[Row] = []
    identities = [one async for one in w.rows.find(Identity, "person", person)]
    found += [changed(one, sub=ERASED) for one in identities]
    async for session in w.rows.find(Session, "person", person):
        found.append(changed(session, identities=(), name="", affiliations=(), stated=(), location=None))
    async for access in w.rows.find(Access, "person", person):
        found.append(changed(access, identities=(), affiliations=(), stated=(), visas=(), location=None))
    async for key in w.rows.find(RecipientKey, "person", person):
        found.append(changed(key, name=ERASED))
    async for box in w.rows.find(Mailbox, "person", person):
        found.append(changed(box, sealed="", subject=None))
    async for report in w.rows.find(Report, "person", person):
        found.append(changed(report, affiliations=(), location=None))
    async for file in w.rows.find(Attachment, "person", person):
        found.append(changed(file, content=""))
    pairs = {(one.iss, one.sub) for one in identities}
    async for visas in w.rows.scan(Gathered):
        if (visas.iss, visas.sub) in pairs:
            found.append(changed(visas, sub=ERASED, sealed=""))
    return found


def _shown(row: Row) -> dict[str, Any]:
    said: dict[str, Any] = plain(row)
    if isinstance(row, Request) and row.origin is not None:
        said["origin"] = _heard(said["origin"])
    return {name: value for name, value in said.items() if name not in _SECRETS}


def _heard(said: dict[str, Any]) -> dict[str, Any]:
    """What the place of origin said of their request: not who, and of no community its pseudonym."""
    words = [
        {name: one[name] for name in ("objects", "text", "at")} | {"side": told_side(one["side"])}
        for one in said["words"]
    ]
    return said | {"sides": [told_side(one) for one in said["sides"]], "words": words}
