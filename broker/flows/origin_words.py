"""Somebody who speaks for the place of origin comments on a request across a border, or objects to it.

Who that is, and until when, says core/origins.py. A comment decides nothing: people do, with it before their eyes.
"""

from dataclasses import dataclass, replace

from broker.core.access.origin import MOST_TEXT, Window, Word
from broker.core.access.states import State
from broker.core.audit.entry import Value
from broker.core.ids import RequestId
from broker.core.origins import speaks
from broker.core.outcome import Reason
from broker.core.rows import Dataset, Put, Request, changed
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.decide_request import is_own
from broker.flows.world import Caller, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A request on which the caller may comment. `sides`: for whom they speak in it, of those that were asked."""

    request: Request
    window: Window
    sides: frozenset[str]

    def may(self, side: str, now: Seconds, *, objects: bool) -> bool:
        """May they say this for `side` now?"""
        waits = self.request.state is State.SUBMITTED and side in self.sides
        return waits and self.window.may_say(side, objects=objects, now=now)


def voice(caller: Caller, request: Request, snapshot: Snapshot) -> Voice | None:
    """As what the caller may speak to it; None: as nothing. Nobody speaks to what they ask for themselves."""
    dataset = snapshot.get(Dataset, request.dataset)
    if dataset is None or request.origin is None or is_own(caller, request, snapshot):
        return None
    sides = speaks(caller.roles, dataset, request.origin.sides)
    return Voice(request=request, window=request.origin, sides=sides) if sides else None


async def say(w: World, caller: Caller, id: RequestId, side: str, text: str, *, objects: bool) -> Request | Reason:
    """For `side`: a comment, or an objection; the last word of a side counts. Steps: 1 gather, 2 decide, 3 record.

    Two clicks are one word. StaleError: somebody else was faster.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    row = snapshot.get(Request, id)
    found = voice(caller, row, snapshot) if row is not None else None
    # 2. Decide.
    if found is None or side not in found.sides:
        return Reason(code="REQ-NOT-FOUND")
    if not found.may(side, now, objects=objects):
        return Reason(code="REQ-ORIGIN-OVER")
    if not text.strip() or len(text) > MOST_TEXT:
        return Reason(code="REQ-INVALID", facts=(("problem", f"text: 1 to {MOST_TEXT} characters"),))
    last = found.window.last.get(side)
    if last is not None and (last.text, last.objects, side in found.window.silent()) == (text.strip(), objects, False):
        return found.request
    word = Word(person=caller.person.id, side=side, objects=objects, text=text.strip(), at=now)
    after = changed(found.request, origin=replace(found.window, words=(*found.window.words, word)))
    # 3. Record: that it was said, for whom, and of which kind; never the text.
    told: dict[str, Value] = {"request": id, "side": side, "objects": int(objects)}
    await w.ledger.record(w.entry("origin.said", now, caller.person, told), Put(after))
    return after
