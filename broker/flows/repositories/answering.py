"""A batch of questions: in order, and no further than the first that settles it (AuthZEN 7.1.2)."""

from collections.abc import Awaitable, Callable, Sequence

from broker.core.authz.asked import MOST, Asked, Fault, Semantic
from broker.core.authz.scope import Asker
from broker.core.outcome import Reason
from broker.flows.repositories.before import Judged
from broker.flows.repositories.deciding import Answer, Desk, Round, Unasked, judge, keep
from broker.flows.world import World

AllAtOnce = Callable[[Sequence[Awaitable[Answer]]], Awaitable[Sequence[Answer]]]
"""Waits for all of them together, so that their entries become durable in one commit."""
_TURN = 20
"""Questions that are judged before others get their turn."""


async def answer(w: World, desk: Desk, asker: Asker, asked: Asked) -> Answer:
    """Steps: 1 gather, 2 decide, 3 record, 4 tell."""
    return await keep(w, desk, await judge(w, desk, asker, asked, Round()))


async def answer_all(
    w: World,
    desk: Desk,
    asker: Asker,
    items: Sequence[Asked | Fault],
    semantic: Semantic,
    all_at_once: AllAtOnce,
) -> list[Answer | Fault] | Reason:
    """The answers, up to and with the one that settles it. What is asked twice is judged once, and recorded once."""
    # 1. Gather. 2. Decide.
    if len(items) > MOST:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"more than {MOST} evaluations"),))
    round, found = Round(), list[Judged | Unasked | Fault]()
    for item in items:
        found.append(item if isinstance(item, Fault) else await judge(w, desk, asker, item, round))
        if _settled(found[-1], semantic):
            break
        if len(found) % _TURN == 0:
            await w.clock.give_way()
    # 3. Record. 4. Tell.
    distinct = {id(one): one for one in found if not isinstance(one, Fault)}
    told = await all_at_once([keep(w, desk, one) for one in distinct.values()])
    answers = dict(zip(distinct, told, strict=True))
    return [one if isinstance(one, Fault) else answers[id(one)] for one in found]


def _settled(one: Judged | Unasked | Fault, semantic: Semantic) -> bool:
    permits = not isinstance(one, Fault) and one.permits
    return permits if semantic == "permit_on_first_permit" else semantic == "deny_on_first_deny" and not permits
