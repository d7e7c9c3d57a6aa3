"""What a process does again and again is told: when it last was, how it went, when it is due."""

from collections.abc import Callable
from typing import Any

import pytest

from broker.core.jobs import Job, Jobs
from broker.core.time import Seconds
from broker.notified import SLOW_SECONDS, go_on
from broker.ports import LedgerDownError
from broker.state import go_on_dropping
from tests.fakes import START, FakeClock
from tests.flows.test_drop import KEEPING
from tests.flows.worlds import stage


class Over(Exception):  # noqa: N818 (the night is over)
    """Enough was seen."""


def night(clock: FakeClock, jobs: Jobs, seen: list[Job], turns: int) -> Callable[[float], Any]:
    """Sleeps no second, and writes down what is told then."""

    async def sleep(seconds: float) -> None:
        seen.extend(jobs.told())
        if len(seen) >= turns:
            raise Over
        clock.advance(int(seconds))

    return sleep


LOOKS: dict[str, tuple[Any, tuple[str, int | None, int, float]]] = {
    "something": (3, ("done", 3, 0, 9)),
    "nothing": (0, ("done", 0, 0, 9)),
    "it says later": (False, ("done", None, 0, SLOW_SECONDS)),
    "not written": (LedgerDownError("no"), ("unrecorded", None, 1, SLOW_SECONDS)),
    "broken": (ValueError("no"), ("failed", None, 1, SLOW_SECONDS)),
}


@pytest.mark.row("PAG-JOBS")
@pytest.mark.parametrize(("found", "told"), LOOKS.values(), ids=LOOKS.keys())
async def test_each_turn_is_told(found: Any, told: tuple[str, int | None, int, float]) -> None:
    clock, jobs, seen = FakeClock(time=START), Jobs(), list[Job]()

    async def look() -> object:
        (now,) = jobs.told()
        assert (now.outcome, now.began) == ("runs", clock.now())
        if isinstance(found, Exception):
            raise found
        return found

    turns = jobs.turns("remind", 9, clock.now)
    assert jobs.told() == (Job(name="remind", every=9, due=START),)
    with pytest.raises(Over):
        await go_on(look, 9, night(clock, jobs, seen, 2), turns)
    outcome, count, failures, wait = told
    first, second = seen
    assert (first.outcome, first.found, first.failures) == (outcome, count, failures)
    assert (first.ended, first.due) == (START, Seconds(START + int(wait)))
    assert (second.failures, second.ended) == (2 * failures, Seconds(START + int(wait))), "in a row"


@pytest.mark.row("PAG-JOBS")
async def test_dropping_is_due_first_after_its_time() -> None:
    s, jobs, seen = stage(), Jobs(), list[Job]()
    with pytest.raises(Over):
        await go_on_dropping(s.world, KEEPING, night(s.clock, jobs, seen, 2), jobs)
    first, second = seen
    assert (first.outcome, first.due is not None and first.due > START) == ("waits", True)
    assert (second.outcome, second.ended) == ("done", s.clock.now())
