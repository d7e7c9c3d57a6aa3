"""What waits is told outside: letters to persons, each once however many processes there are; webhooks in order.

Here the act comes before its record: what is recorded is that it was taken. A crash between the two tells it again,
under the same id. Whoever sends has the claim of that channel for a while; it is given up by time, too.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from broker.core.audit.entry import Value
from broker.core.happened import hook_box
from broker.core.letters import body_of, letter
from broker.core.notices import CAN_BE_OFF, CANNOT_WAIT, TOPICS
from broker.core.oidc.opaque import stored_id
from broker.core.reasons.language import Language, Tongue, best
from broker.core.rows import Mailbox, Notice, Put, changed
from broker.core.time import EPOCH, Seconds
from broker.flows.notices.whom import Addressees
from broker.flows.world import World
from broker.ports import StaleError, Vault
from broker.ports.letters import Hooks, Mailer

CLAIM_SECONDS = 120
DELAYS = (30, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000)
"""Seconds before the second attempt, the third, and so on; after the last one it is given up."""
_DAY, _HOUR = 86_400, 6 * 3600
"""A daily letter tells of a day that is over, at six in the morning, UTC."""
_AT_ONCE = 100
"""Notices that one record says to be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What letters need besides the world."""

    mailer: Mailer
    vault: Vault
    languages: Mapping[str, Language]


async def tell_hook(w: World, hooks: Hooks, name: str) -> None:
    """What one webhook has not heard, in order; until one is not taken. Steps: 1 gather, 2 decide, 4 tell, 3 record."""
    # 1. Gather.
    rows = [row for row in await _waiting(w) if row.to == hook_box(name)]
    if not rows or rows[0].due > w.clock.now():
        return
    async with _claimed(w, hook_box(name)) as until:
        for id in [one.id for one in rows] if until is not None else ():
            # 2. Decide.
            row, now = await w.rows.get(Notice, id), w.clock.now()
            if row is None or row.state != "waiting":
                continue
            if row.due > now or now >= (until or EPOCH):
                return
            # 4. Tell, 3. and record.
            taken = await hooks.post(name, row.id, now, body_of(row))
            after = changed(row, state="sent") if taken else _again(row, w.clock.now())
            if not await _noted(w, after, taken, {"hook": name}) or after.state == "waiting":
                return


async def send_letters(w: World, post: Post) -> bool:
    """Every letter that is due. No: the mail server cannot be reached now. Steps as above."""
    # 1. Gather.
    rows = [row for row in await _waiting(w) if not row.to.startswith(hook_box(""))]
    if not rows:
        return True
    async with _claimed(w, "letters") as until:
        if until is None:
            return True
        whom = Addressees(w)
        boxes = {row.id: await _wanting(whom, row) for row in rows}
        nobody = [row for row in rows if not boxes[row.id]]
        await _keep(w, nobody)
        # 2. Decide.
        for id, box in [(row.id, box) for row in rows for box in boxes[row.id]]:
            now = w.clock.now()
            if now >= until:
                break
            told = await _due(w, rows, boxes, id, box, now)
            if told and not await _send(w, post, box, told, boxes):
                return False
    return True


async def _send(w: World, post: Post, box: Mailbox, told: list[Notice], boxes: Mapping[str, list[Mailbox]]) -> bool:
    """One letter. 4 tell, 3 record."""
    to = post.vault.open(box.sealed, box.id)
    tongue = Tongue(best([box.language], post.languages))
    id = stored_id(" ".join((box.id, *(one.id for one in told))))[:32]
    # 4. Tell.
    taken = await post.mailer.send(letter(id, to, told, str(w.issuer), tongue)) if to is not None else "refused"
    if taken == "unreachable":
        return False
    # 3. Record.
    for row in told:
        done = (*row.done, box.id)
        over = all(one.id in done for one in boxes[row.id])
        sent = changed(row, done=done, state="sent" if over else "waiting")
        after = sent if taken == "taken" else _again(row, w.clock.now())
        await _noted(w, after, taken == "taken", {"letter": id})
    return True


async def _due(
    w: World, rows: list[Notice], boxes: Mapping[str, list[Mailbox]], id: str, box: Mailbox, now: Seconds
) -> list[Notice]:
    """What one letter tells now: one thing, or all of a day that is over."""
    row = await w.rows.get(Notice, id)
    if row is None or not _open(row, box, now):
        return []
    if _held_back(row, box):
        if now < (row.at // _DAY + 1) * _DAY + _HOUR:
            return []
        same = [one for one in rows if one.at // _DAY == row.at // _DAY and _held_back(one, box)]
    else:  # whoever hears of it in two roles gets one letter
        same = [one for one in rows if (one.what, one.about, one.at) == (row.what, row.about, row.at)]
    found = [await w.rows.get(Notice, one.id) for one in same if box in boxes[one.id]]
    return [one for one in found if one is not None and _open(one, box, now)]


def _open(row: Notice, box: Mailbox, now: Seconds) -> bool:
    return row.state == "waiting" and box.id not in row.done and row.due <= now


def _held_back(row: Notice, box: Mailbox) -> bool:
    return box.daily and TOPICS[row.what] not in CANNOT_WAIT


async def _wanting(whom: Addressees, row: Notice) -> list[Mailbox]:
    """Whose letters this is: those with an address, who did not say that they want none of it."""
    topic = TOPICS[row.what]
    off = {topic} & set(CAN_BE_OFF)
    return [box for box in await whom.of(row) if box.sealed and not off & set(box.off)]


def _again(row: Notice, now: Seconds) -> Notice:
    """After an attempt that was refused."""
    if row.tries >= len(DELAYS):
        return changed(row, state="dead")
    return changed(row, tries=row.tries + 1, due=Seconds(now + DELAYS[row.tries]))


async def _noted(w: World, after: Notice, taken: bool, more: Mapping[str, Value]) -> bool:  # noqa: FBT001 (what came of it)
    """Was it recorded? No: another process was faster."""
    kind = "notice.sent" if taken else "notice.dead" if after.state == "dead" else "notice.refused"
    try:
        await w.ledger.record(w.entry(kind, w.clock.now(), None, {"notice": after.id, **more}), Put(after))
    except StaleError:
        return False
    return True


async def _keep(w: World, rows: list[Notice]) -> None:
    """Nobody wants a letter about these."""
    for first in range(0, len(rows), _AT_ONCE):
        page = rows[first : first + _AT_ONCE]
        entry = w.entry("notice.kept", w.clock.now(), None, {"notices": len(page)})
        try:
            await w.ledger.record(entry, *(Put(changed(row, state="kept")) for row in page))
        except StaleError:
            return


async def _waiting(w: World) -> list[Notice]:
    """In the order in which things happened."""
    return sorted([row async for row in w.rows.find(Notice, "state", "waiting")], key=_order)


def _order(row: Notice) -> tuple[Seconds, str]:
    return row.at, row.id


@asynccontextmanager
async def _claimed(w: World, channel: str) -> AsyncIterator[Seconds | None]:
    """Until when the channel is ours; None: somebody else has it."""
    now = w.clock.now()
    until = Seconds(now + CLAIM_SECONDS)
    if not await w.scratch.add("notice.claim", channel, {}, until, now):
        yield None
        return
    try:
        yield Seconds(now + CLAIM_SECONDS // 2)  # an attempt that begins before ends before the claim does
    finally:
        await w.scratch.take("notice.claim", channel, now)
