"""Where somebody wants letters. They show that the address is theirs before anything is sent there but a code."""

import re
from dataclasses import dataclass, replace

from broker.core.letters import proof
from broker.core.notices import CAN_BE_OFF
from broker.core.oidc.opaque import stored_id
from broker.core.outcome import Reason
from broker.core.reasons.language import Tongue, best
from broker.core.rows import Mailbox, Put, changed
from broker.core.time import Seconds
from broker.flows.notices.send import Post
from broker.flows.world import Caller, World

CODE_SECONDS = 1800
MOST_TRIES = 5
"""Wrong codes before another one is needed."""
MOST_CODES = 3
"""Codes that one person has sent within an hour: no more letters go to a stranger than that."""
_HOUR, _DIGITS = 3600, 8
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
"""As browsers take it (HTML, `input type=email`), with a dot in the domain; nothing that a header could break on."""
_CODE, _ASKED = "mail.code", "mail.asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which letters somebody wants. `off`: topics of CAN_BE_OFF; others are not heeded."""

    language: str
    daily: bool = False
    off: tuple[str, ...] = ()


async def ask(w: World, post: Post, caller: Caller, address: str, wish: Wish) -> Reason | None:
    """Send a code to `address`. Steps: 1 gather, 2 decide, 3 keep, 4 tell."""
    async with w.alone.at("codes", caller.person.id):
        # 1. Gather.
        now, me = w.clock.now(), caller.person.id
        asked = await w.scratch.get(_ASKED, me, now)
        sent = [at for at in (asked["at"] if asked is not None else ()) if at > now - _HOUR]
        # 2. Decide.
        if not _ADDRESS.fullmatch(address) or len(address) > 254:  # noqa: PLR2004 (RFC 5321, section 4.5.3.1.3)
            return Reason(code="REQ-INVALID", facts=(("problem", "address: one e-mail address, without a name"),))
        if len(sent) >= MOST_CODES:
            return Reason(code="REQ-TOO-OFTEN", facts=(("seconds", str(sent[0] + _HOUR - now)),))
        # 3. Keep: no entry, it gives nobody anything.
        code = f"{int.from_bytes(w.entropy.random(16)) % 10**_DIGITS:0{_DIGITS}d}"
        waiting = {
            "code": stored_id(code), "sealed": post.vault.shut(address, me), "tries": 0,
            "language": wish.language, "daily": wish.daily, "off": _off(wish), "ends": now + CODE_SECONDS,
        }  # fmt: skip
        await w.scratch.put(_ASKED, me, {"at": [*sent, now]}, Seconds(now + _HOUR))
        await w.scratch.put(_CODE, me, waiting, Seconds(now + CODE_SECONDS))
        # 4. Tell.
        tongue, id = Tongue(best([wish.language], post.languages)), stored_id(f"{me} {now} {code}")[:32]
        taken = await post.mailer.send(proof(id, address, code, str(w.issuer), tongue))
        return (
            None
            if taken == "taken"
            else Reason(code="REQ-INVALID", facts=(("problem", "address: the letter was not taken"),))
        )


async def confirm(w: World, caller: Caller, code: str) -> Mailbox | Reason:
    """They have the code: letters go there from now on. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now, me = w.clock.now(), caller.person.id
    waiting = await w.scratch.take(_CODE, me, now)
    before = await w.rows.get(Mailbox, me)
    # 2. Decide. A code is taken before it is looked at: of two guesses at once, one counts.
    if waiting is None:
        return _wrong()
    if waiting["code"] != stored_id(code.strip()):
        if waiting["tries"] + 1 < MOST_TRIES:
            again = {**waiting, "tries": waiting["tries"] + 1}
            await w.scratch.put(_CODE, me, again, Seconds(waiting["ends"]))
        return _wrong()
    fresh = Mailbox(
        id=me, person=me, subject=caller.person.subject, sealed=str(waiting["sealed"]), since=now,
        language=str(waiting["language"]), daily=bool(waiting["daily"]), off=tuple(waiting["off"]),
    )  # fmt: skip
    after = fresh if before is None else replace(fresh, version=before.version + 1)
    # 3. Record.
    await w.ledger.record(w.entry("mailbox.confirmed", now, caller.person), Put(after))
    return after


async def choose(w: World, caller: Caller, wish: Wish) -> Mailbox | Reason:
    """Which letters they want. Steps: 1 gather, 2 decide, 3 record."""
    now, before = w.clock.now(), await w.rows.get(Mailbox, caller.person.id)
    if before is None or not before.sealed:
        return Reason(code="REQ-NOT-FOUND")
    after = changed(before, language=wish.language, daily=wish.daily, off=tuple(_off(wish)))
    await w.ledger.record(w.entry("mailbox.changed", now, caller.person), Put(after))
    return after


async def remove(w: World, caller: Caller) -> None:
    """The address is gone, and no letter comes; what happens is read here. Twice is once.

    Steps: 1 gather, 2 decide, 3 record.
    """
    now, before = w.clock.now(), await w.rows.get(Mailbox, caller.person.id)
    if before is not None and before.sealed:
        await w.ledger.record(w.entry("mailbox.removed", now, caller.person), Put(changed(before, sealed="")))


def _off(wish: Wish) -> list[str]:
    return [topic for topic in CAN_BE_OFF if topic in wish.off]


def _wrong() -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", "code: not the one that was sent, or no longer"),))
