"""Papers beside an application: an approval, a letter. Its applicant attaches and removes; who sees it reads them."""

import hashlib
from base64 import b64decode, b64encode

from broker.core.access.life import Command
from broker.core.attachments import ENDINGS, LARGEST, MOST, kept_name, media_of
from broker.core.audit.entry import Value
from broker.core.ids import ApplicationId
from broker.core.outcome import Reason
from broker.core.rows import Application, Attachment, Put, changed
from broker.core.rows.applications import Attached
from broker.flows.applications.desk import desks, own_desks
from broker.flows.world import Caller, World
from broker.ports.scanner import ScanError, Scanner


async def attach(
    w: World, scanner: Scanner, caller: Caller, id: ApplicationId, name: str, content: bytes
) -> Attached | Reason:
    """Steps: 1 gather, 2 decide, 3 have it looked at, 4 record.

    StaleError: the application changed meanwhile.
    """
    # 1. Gather.
    now = w.clock.now()
    mine = own_desks(caller, id, Command.REMARK, w.snapshots.current())
    # 2. Decide.
    if isinstance(mine, Reason):
        return mine
    row, media = mine[0].application, media_of(content)
    if len(content) > LARGEST:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"a file of more than {LARGEST} bytes"),))
    if media is None:
        taken = ", ".join(one.removeprefix(".") for one in ENDINGS.values())
        return _invalid(f"file: one of {taken}, by what is in it")
    if len(row.attached) >= MOST:
        return _invalid(f"file: {MOST} at most; remove one first")
    # 3. Have it looked at: what nobody could look at is not taken.
    try:
        found = await scanner.scan(content)
    except ScanError:
        return _invalid("file: it could not be looked at now; try again later")
    if found == "harmful":
        return _invalid("file: what looks at files here found it harmful")
    # 4. Record.
    made = Attached(
        id=w.new_id("att", now), called=kept_name(name, media), media=media, size=len(content), at=now,
        sha256=hashlib.sha256(content).hexdigest(), scanned=found == "clean", turn=row.turn,
    )  # fmt: skip
    kept = Attachment(id=made.id, application=id, person=caller.person.id, content=b64encode(content).decode("ascii"))
    about: dict[str, Value] = {
        "application": id,
        "attachment": made.id,
        "size": made.size,
        "sha256": made.sha256,
    }
    after = changed(row, attached=(*row.attached, made))
    await w.ledger.record(w.entry("application.attached", now, caller.person, about), Put(after), Put(kept))
    return made


async def remove(w: World, caller: Caller, id: ApplicationId, attachment: str) -> Application | Reason:
    """It is there no more, and neither are its bytes. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    mine = own_desks(caller, id, Command.REMARK, w.snapshots.current())
    kept = await w.rows.get(Attachment, attachment)
    # 2. Decide.
    if isinstance(mine, Reason):
        return mine
    row = mine[0].application
    if kept is None or attachment not in {one.id for one in row.attached}:
        return Reason(code="REQ-NOT-FOUND")
    # 3. Record.
    after = changed(row, attached=tuple(one for one in row.attached if one.id != attachment))
    about: dict[str, Value] = {"application": id, "attachment": attachment}
    gone = changed(kept, content="")
    await w.ledger.record(w.entry("application.detached", now, caller.person, about), Put(after), Put(gone))
    return after


def attached(w: World, caller: Caller, id: ApplicationId) -> tuple[Attached, ...] | Reason:
    """What `read` gives to the caller; for nobody else the application is there."""
    seen = desks(caller, id, w.snapshots.current())
    return seen[0].application.attached if seen else Reason(code="REQ-NOT-FOUND")


async def read(w: World, caller: Caller, id: ApplicationId, attachment: str) -> tuple[Attached, bytes] | Reason:
    """For who applies, and for who sees the application before a committee; for nobody else it is not there."""
    there = attached(w, caller, id)
    found = next((one for one in there if one.id == attachment), None) if not isinstance(there, Reason) else None
    kept = await w.rows.get(Attachment, attachment) if found is not None else None
    if found is None or kept is None or not kept.content:
        return Reason(code="REQ-NOT-FOUND")
    return found, b64decode(kept.content)


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))
