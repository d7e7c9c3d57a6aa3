"""Our time never goes back, and an hour is an hour, whatever somebody does to the machine's clock (T124)."""

import asyncio
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from broker.adapters.clock import SystemClock
from broker.core.time import Seconds


@dataclass
class Machine:
    """The machine's two clocks."""

    wall: float = 1_800_000_000.5
    steady: float = 10.0

    def run(self, seconds: float, step: float = 0) -> None:
        self.steady += seconds
        self.wall += seconds + step


@pytest.mark.row("T124", "F31")
def test_the_clock_follows_the_machine_forwards_and_never_back() -> None:
    machine = Machine()
    clock = SystemClock(lambda: machine.wall, lambda: machine.steady)
    assert clock.now() == 1_800_000_000
    machine.run(10)
    assert clock.now() == 1_800_000_010
    machine.run(0, step=-3600)
    assert clock.now() == 1_800_000_010
    machine.run(60)
    assert clock.now() == 1_800_000_070, "what lasts for a minute lasts for a minute"
    machine.run(1, step=86_400)
    assert clock.now() == 1_800_000_071 + 86_400 - 3600


@pytest.mark.row("T124", "F31")
def test_time_goes_on_from_what_the_log_has_seen_over_a_restart() -> None:
    """T124: a clock set back between two runs brings nothing that had ended back to life."""
    machine = Machine()
    clock = SystemClock(lambda: machine.wall, lambda: machine.steady)
    clock.not_before(Seconds(1_800_003_600))
    machine.run(60)
    assert clock.now() == 1_800_003_660
    clock.not_before(Seconds(1_800_000_000))
    assert clock.now() == 1_800_003_660
    machine.run(1, step=7200)
    assert clock.now() == 1_800_007_261


@pytest.mark.row("T124")
def test_a_clock_that_was_set_back_is_told_once() -> None:
    machine = Machine()
    clock = SystemClock(lambda: machine.wall, lambda: machine.steady)
    with capture_logs() as lines:
        machine.run(1, step=-1)
        clock.now()
        assert lines == []
        machine.run(1, step=-3600)
        clock.now()
        clock.now()
    assert [(line["event"], line["seconds"]) for line in lines] == [("clock.went_back", 3601)]


async def test_long_work_lets_others_have_their_turn() -> None:
    heard: list[str] = []

    async def other() -> None:
        heard.append("other")

    waiting = asyncio.create_task(other())
    await SystemClock().give_way()
    assert heard == ["other"]
    await waiting
