"""However many calls come side by side, what one person may pile up has its limit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from broker.core.access.cases import CaseKind
from broker.core.ids import RequestId
from broker.core.outcome import Reason
from broker.flows.applications.drafts import MOST_DRAFTS, save
from broker.flows.assertions import MOST_OF_ONE, accept_terms
from broker.flows.cases import MOST_OPEN as MOST_CASES
from broker.flows.cases import challenge, complain
from broker.flows.incidents import MOST_OPEN as MOST_INCIDENTS
from broker.flows.incidents import report as report_incident
from broker.flows.notices.mailbox import MOST_CODES, Wish, ask
from broker.flows.results import MOST as MOST_FINDINGS
from broker.flows.results import report as report_finding
from broker.flows.world import World
from broker.ports import Ledger, Rows, Scratch
from tests import builders as b
from tests.fakes import START
from tests.flows.test_cases import refused
from tests.flows.test_findings_about_people import FOUND
from tests.flows.test_findings_about_people import world as with_findings
from tests.flows.test_grant_life import ada
from tests.flows.test_notices import post
from tests.flows.worlds import Stage, caller, stage

OVER = 5
"""How many more than the limit come at once."""


class _Turning:
    """What is behind a port, but that everybody else has a turn before it answers, as with a disk or a server."""

    def __init__(self, behind: Any) -> None:
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def turned(*args: Any, **more: Any) -> Any:
            await asyncio.sleep(0)
            return await found(*args, **more)

        return turned


def turning(w: World) -> World:
    ledger: Ledger = _Turning(w.ledger)
    scratch: Scratch = _Turning(w.scratch)
    rows: Rows = _Turning(w.rows)
    return replace(w, ledger=ledger, scratch=scratch, rows=rows)


@dataclass(frozen=True)
class Piled:
    """`call`: the n-th of those that come at once. `most`: how many of them are taken."""

    most: int
    call: Callable[[World, int], Awaitable[object]]
    stage: Callable[[], Stage] = stage


def _draft(w: World, n: int) -> Awaitable[object]:
    return save(w, caller(), None, {"n": n})


def _complaint(w: World, n: int) -> Awaitable[object]:
    return complain(w, caller(), b.HEART, f"{n}")


def _incident(w: World, n: int) -> Awaitable[object]:
    return report_incident(w, ada, b.HEART, f"{n}", START)


def _finding(w: World, n: int) -> Awaitable[object]:
    return report_finding(w, ada, b.GRANT, replace(FOUND, text=f"{n}"))


def _terms(w: World, n: int) -> Awaitable[object]:
    return accept_terms(w, caller(), f"https://terms.example/{n}", "0" * 64)


async def _code(w: World, n: int) -> object:
    return await ask(w, post(stage()), caller(), f"a{n}@mail.example", Wish(language="en", daily=False)) or "sent"


PILES: Mapping[str, Piled] = {
    "drafts": Piled(MOST_DRAFTS, _draft),
    "complaints": Piled(MOST_CASES, _complaint),
    "incidents": Piled(MOST_INCIDENTS, _incident),
    "findings": Piled(MOST_FINDINGS, _finding, with_findings),
    "accepted terms": Piled(MOST_OF_ONE, _terms),
    "codes sent by mail": Piled(MOST_CODES, _code),
}


@pytest.mark.parametrize("what", PILES)
async def test_calls_side_by_side_pass_no_limit(what: str) -> None:
    pile = PILES[what]
    s = pile.stage()
    w = turning(s.world)
    done = await asyncio.gather(*(pile.call(w, n) for n in range(pile.most + OVER)))
    assert sum(isinstance(one, Reason) for one in done) == OVER
    assert isinstance(await pile.call(w, len(done)), Reason), "nor does one that comes later"


async def test_a_no_is_challenged_once_by_calls_side_by_side() -> None:
    s, _, id = await refused()
    w = turning(s.world)
    done = await asyncio.gather(*(_challenged(w, id, f"{n}") for n in range(OVER)))
    assert sum(isinstance(one, Reason) for one in done) == OVER - 1


def _challenged(w: World, id: RequestId, text: str) -> Awaitable[object]:
    return challenge(w, caller(), id, CaseKind.RECONSIDERATION, text)
