"""Answers of an applicant to what was said of single questions, from inside the form in which the papers are mended."""

from collections.abc import Iterable, Mapping

from broker.core.access.life import Command
from broker.core.ids import ApplicationId
from broker.core.outcome import Reason
from broker.core.rows.applications import Remark
from broker.flows.applications.desk import Desk, own_desks
from broker.flows.applications.review import Said, remark
from broker.flows.world import Caller, World

MEMBERS = "purpose."
"""Programs may name the member of the purpose that a question fills."""


async def answer(w: World, caller: Caller, id: ApplicationId, answers: Mapping[str, str]) -> Reason | None:
    """Each of `answers`, by question, to every committee that said something of it; what stops it, if anything does.

    Said already is done: whoever sends the same form twice says it once. Steps as those of `remark`, one by one.
    """
    mine = own_desks(caller, id, Command.REMARK, w.snapshots.current())
    if isinstance(mine, Reason):
        return mine
    for question, text in answers.items():
        threads = [(one, thread) for one in mine if (thread := _thread(one, question))]
        if not threads:
            return Reason(code="REQ-INVALID", facts=(("problem", f"{question}: nothing was said of it"),))
        for one, thread in threads:
            if (thread[-1].person, thread[-1].text) == (caller.person.id, text):
                continue
            done = await remark(w, caller, one.review.id, Said(text=text, about=thread[-1].about))
            if isinstance(done, Reason):
                return done
    return None


def _thread(one: Desk, question: str) -> list[Remark]:
    """What the applicant can read of it."""
    return [each for each in _read(one) if (each.about or "").removeprefix(MEMBERS) == question]


def _read(one: Desk) -> Iterable[Remark]:
    return (each for each in one.review.remarks if each.to == "everybody")
