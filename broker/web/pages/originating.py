"""How the place of origin was heard on a request, for templates: the clock of both sides, what was said, and a form
for who speaks for it. What may be said is asked of flows/origin_words.py.
"""

from typing import Any

from multidict import MultiDict

from broker.core.access.origin import MOST_TEXT, Window
from broker.core.ids import RequestId
from broker.core.outcome import Reason
from broker.core.rows import Request
from broker.core.time import Seconds
from broker.flows.origin_words import Voice, say
from broker.flows.world import Caller, World


def origin_shown(
    window: Window | None, now: Seconds, mine: Voice | None = None, typed: MultiDict[str] | None = None
) -> dict[str, Any] | None:
    """`mine`: as what the visitor speaks to it, if at all. `typed`: what could not be sent is typed once."""
    if window is None:
        return None
    sides = sorted(mine.sides) if mine is not None else []
    ours = mine is not None and typed is not None and typed.get("request") == mine.request.id
    return {
        "standing": window.standing(now).value,
        "last_day": window.last_day.isoformat(),
        "silent": [_side(one) for one in sorted(window.silent())] if now >= window.until else [],
        "words": [
            {"side": _side(one.side), "objects": one.objects, "text": one.text, "at": one.at} for one in window.words
        ],
        "answer": window.answer,
        "forms": [
            {"name": one, "side": _side(one), "object": mine.may(one, now, objects=True)}
            for one in sides
            if mine is not None and mine.may(one, now, objects=False)
        ],
        "request": mine.request.id if mine is not None else "",
        "typed": typed.get("text", "") if typed is not None and ours else "",
        "most": MOST_TEXT,
    }  # fmt: skip


async def spoken(w: World, who: Caller, form: MultiDict[str]) -> Request | Reason:
    """What a form of it says."""
    id, objects = RequestId(form.get("request", "")), form.get("kind") == "objection"
    return await say(w, who, id, form.get("side", ""), form.get("text", ""), objects=objects)


def _side(name: str) -> tuple[str, str]:
    """Of which kind a side is, and of a country its code; a community's pseudonym is shown to nobody."""
    kind, _, value = name.partition(":")
    return kind, value if kind == "origin" else ""
