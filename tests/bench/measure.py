"""How is a cost measured, and when is a goal met? In CPU time, against a yardstick of the same moment.

A goal is stated for the machine on which the yardstick once took `reference`. Here the yardstick is measured just
before and just after each round of the subject, and the goal is scaled by what it takes here: a machine that is
twice as slow, or busy with something else, has twice the time. What is compared is the least that each took in any
round: what disturbs a round only ever adds to it, and adds more to an interpreter than to bare cryptography.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

ROUNDS = 9
MOST_ROUNDS = 54
"""For a goal that is not met before."""
MULTIPLE = 1.0
"""`reference` of a yardstick where the goal is a plain multiple of what the yardstick takes in the same run."""
_LEAST_SECONDS = 0.05
"""One round lasts at least so long: a clock tick must not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """A bare operation, done `times` times by `run`. `reference`: what one took, in µs, where the goals were set."""

    name: str
    reference: float
    run: Callable[[], object]
    times: int = 1
    spent: Callable[[], float] = time.process_time
    """Seconds that were spent by now; by default the CPU of this process, all threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What must not cost more than `micros` µs of CPU. `run` does it `times` times. `against`: its own yardstick."""

    name: str
    micros: float
    run: Callable[[], object]
    times: int = 1
    against: Yardstick | None = None
    spent: Callable[[], float] = time.process_time
    """By the clock instead: what waits for a disk, or is done by several processors at once."""
    rounds: int = ROUNDS
    most: int = MOST_ROUNDS
    typical: bool = False
    """Compare the medians, not the least: the times of a disk differ, and are part of what is measured."""
    unit: str = "µs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was measured in so many rounds. `ratio`: cost over the yardstick's, `allowed`: where the goal was set."""

    goal: Goal
    yardstick: Yardstick
    micros: float
    here: float
    ratio: float
    rounds: int

    @property
    def allowed(self) -> float:
        return self.goal.micros / self.yardstick.reference

    @property
    def met(self) -> bool:
        return self.ratio <= self.allowed


def counted(name: str, most: float, found: float, unit: str) -> Result:
    """What is no time: `found`, of which at most `most` is allowed."""
    goal = Goal(name=name, micros=most, run=lambda: None, unit=unit)
    one = Yardstick(name="", reference=MULTIPLE, run=lambda: None)
    return Result(goal=goal, yardstick=one, micros=found, here=1.0, ratio=found, rounds=1)


def measure(goal: Goal, yardstick: Yardstick, rounds: int = ROUNDS, most: int = MOST_ROUNDS) -> Result:
    """Yardstick, subject, yardstick, subject …; the least (or the median) of the one over that of the other."""
    enough = _enough(yardstick.run, yardstick.spent)
    repeat = _enough(goal.run, goal.spent)
    costs, bares, pick = list[float](), list[float](), median if goal.typical else min
    bares.append(_cost(yardstick.run, enough, yardstick.spent) / yardstick.times)
    while True:
        for _ in range(rounds):
            costs.append(_cost(goal.run, repeat, goal.spent) / goal.times)
            bares.append(_cost(yardstick.run, enough, yardstick.spent) / yardstick.times)
        cost, bare, done = pick(costs), pick(bares), len(costs)
        found = Result(goal=goal, yardstick=yardstick, micros=cost, here=bare, ratio=cost / bare, rounds=done)
        if found.met or done >= most:
            return found


def _enough(run: Callable[[], object], spent: Callable[[], float]) -> int:
    """How often to repeat `run` for a round that is long enough; runs it once at least, to warm it up."""
    count = 1
    while (took := _cost(run, count, spent) * count / 1e6) < _LEAST_SECONDS:
        count = max(count + 1, int(count * min(10.0, 1.2 * _LEAST_SECONDS / max(took, 1e-6))))
    return count


def _cost(run: Callable[[], object], count: int, spent: Callable[[], float]) -> float:
    """µs that `spent` counts for one of `count` runs."""
    gc.collect()
    began = spent()
    for _ in range(count):
        run()
    return (spent() - began) / count * 1e6
