"""Which tests kill a mutant? Everything is loaded and collected once; each mutant is a fork that runs what reaches it.

Which tests reach which line is found by running them all once. A mutant runs first the tests that killed others of its
function or are about little else, for their time, and stops at the first that fails. A fork that does not end, or ends badly, is killed too.
"""

import gc
import os
import pickle
import resource
import struct
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from tests.mutants.making import Mutant, mutants, names_in, using
from tests.mutants.page import ROOT, dotted
from tests.mutants.planting import Unplantable, plant, ready, watch

SECONDS = 5
"""Of computing above twice what its tests took without it, after which a fork counts as killed."""
AT_ONCE = int(os.environ.get("MUTANTS_AT_ONCE", "2"))
_QUICK, _NEW = 0.002, 0.1
"""What asking a test costs at least, in seconds; and how many kills one that has not killed yet counts as."""
SLOW = 1.0
"""Seconds of computing above which a test is not asked: a rule has to have an example of its own."""
_KILLED, _SURVIVED, _UNPLANTABLE = 1, 0, 3
_CAME = {_SURVIVED: "survived", _UNPLANTABLE: "unplantable"}


@dataclass(slots=True)
class Session:
    """A pytest plugin: the collected tests, what each of them reaches, and the run in their place."""

    sources: dict[str, str]
    told: Callable[["Verdict"], None]
    wanted: Callable[[Mutant], bool]
    patience: float
    """Seconds of computing that the tests of one mutant take together; more of them are not asked."""
    items: list[Any] = field(default_factory=list)
    seconds: dict[int, float] = field(default_factory=dict)
    reach: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    """(module, function) -> numbers of tests"""
    lines: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    """(module, line) -> numbers of tests"""
    breadth: Counter[int] = field(default_factory=Counter)
    """How many lines each test reaches: one that reaches few is about those."""
    kills: dict[tuple[str, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """(module, function) -> how many of its mutants each test has killed"""
    wrong: str = "pytest did not come to its tests"

    def pytest_runtestloop(self, session: Any) -> bool:
        """All forks are made in here, where fixtures and plugins are as a test expects them."""
        self.items = session.items
        self.wrong = _learn(self) if self.items else "no tests collected"
        if not self.wrong:
            every = (one for name, text in self.sources.items() for one in mutants(name, text))
            _all(self, [one for one in every if self.wanted(one)])
        return True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one mutant: `killed`, `survived`, `not reached` by any test, or `unplantable` here."""

    mutant: Mutant
    came: str
    left: int
    """Mutants of the same module that are still to be tried."""


def modules(package: str) -> dict[str, str]:
    """The source of every module of `broker/<package>`, by its dotted name."""
    top = ROOT / "broker" / package
    files = [top.with_suffix(".py")] if top.with_suffix(".py").is_file() else sorted(top.rglob("*.py"))
    return {dotted(one, ROOT): one.read_text("utf-8") for one in files}


def run(
    sources: dict[str, str],
    tests: list[str],
    told: Callable[[Verdict], None],
    wanted: Callable[[Mutant], bool],
    patience: float,
) -> None:
    """Tries the mutants of `sources` that are `wanted`, `patience` seconds each; `told` hears of each.

    RuntimeError: the tests are not green without any mutant.
    """
    session = Session(sources, told, wanted, patience)
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    quietly = ["-q", "-s", "--tb=native", "-p", "no:cacheprovider", "-p", "no:xdist"]
    pytest.main([*quietly, *tests], plugins=[session])
    if session.wrong:
        raise RuntimeError(session.wrong)


# ------------------------------------------------------------------ which test reaches what


def _learn(session: Session) -> str:
    """Runs every test once, in a fork, and keeps what it reached and how long it took. Says what is wrong, if anything."""
    session.seconds, session.reach, session.lines, failed = _in_a_fork(lambda: _traced(session))
    session.breadth = Counter(one for numbers in session.lines.values() for one in numbers)
    return f"red without any mutant: {failed[:3]}" if failed else ""


def _traced(
    session: Session,
) -> tuple[dict[int, float], dict[tuple[str, str], set[int]], dict[tuple[str, int], set[int]], list[str]]:
    seconds: dict[int, float] = {}
    reached: dict[tuple[str, str], set[int]] = defaultdict(set)
    lines: dict[tuple[str, int], set[int]] = defaultdict(set)
    failed: list[str] = []
    now: dict[str, set[tuple[str, int]]] = {name: set() for name in session.sources if name in sys.modules}
    for name, here in now.items():
        watch(name, session.sources[name], here.add)
    remembering = [
        one for name in list(sys.modules) if name.startswith("broker.") for one in _caches(sys.modules[name])
    ]
    for number, item in enumerate(session.items):
        for here in now.values():
            here.clear()
        for cached in remembering:
            cached.cache_clear()  # or the first test of a question would be the only one to reach its answer
        start = time.process_time()
        red = _red(session, number, number + 1 if number + 1 < len(session.items) else None)
        seconds[number] = time.process_time() - start
        if red:
            failed.append(item.nodeid)
        if seconds[number] > SLOW:
            continue
        for name, here in now.items():
            for function, line in here:
                reached[name, function].add(number)
                lines[name, line].add(number)
    return seconds, dict(reached), dict(lines), failed


def _caches(module: ModuleType) -> list[Any]:
    return [one for one in vars(module).values() if hasattr(one, "cache_clear")]


def _red(session: Session, number: int, then: int | None = None) -> bool:
    """Does the test fail? What test `then` needs too stays set up."""
    from _pytest.runner import runtestprotocol  # noqa: PLC0415 (only where a pytest session is at hand)

    item = session.items[number]
    return any(
        report.failed
        for report in runtestprotocol(item, log=False, nextitem=session.items[then] if then is not None else None)
    )


def _in_a_fork(work: Any) -> Any:
    source, sink = os.pipe()
    if not os.fork():
        with suppress(BaseException):
            os.close(source)
            with os.fdopen(sink, "wb") as out:
                pickle.dump(work(), out)
            os._exit(0)
        os._exit(1)
    os.close(sink)
    with os.fdopen(source, "rb") as back:
        said = back.read()
    os.wait()
    return pickle.loads(said)


# ------------------------------------------------------------------ one fork for each mutant


def _all(session: Session, every: list[Mutant]) -> None:
    running: dict[int, Mutant] = {}
    waiting = list(reversed(every))
    heard, said = os.pipe()
    os.set_blocking(heard, False)
    found: dict[int, int] = {}
    ready()
    gc.collect()
    gc.freeze()
    left = Counter(one.module for one in every)

    def told(mutant: Mutant, came: str) -> None:
        left[mutant.module] -= 1
        session.told(Verdict(mutant, came, left[mutant.module]))

    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            mutant = waiting.pop()
            numbers = _reaching(session, mutant)
            if not numbers:
                told(mutant, "not reached")
                continue
            child = os.fork()
            if not child:
                _child(session, mutant, numbers, said)
            running[child] = mutant
        if running:
            child, status = os.wait()
            came = _CAME.get(os.waitstatus_to_exitcode(status), "killed")
            with suppress(BlockingIOError):
                while one := os.read(heard, _SAID.size):
                    found.update([_SAID.unpack(one)])
            mutant = running.pop(child)
            if child in found:
                session.kills[mutant.module, mutant.function][found.pop(child)] += 1
            told(mutant, came)


_SAID = struct.Struct("ii")
"""Process and test: which test found the mutant of a process."""


def _reaching(session: Session, mutant: Mutant) -> list[int]:
    """The tests that reach the line; or else those that call the function, or are near where a table is known."""
    function = (mutant.module, mutant.function)
    found = set().union(*(session.lines.get((mutant.module, line), ()) for line in mutant.lines))
    kills, seconds = session.kills[function], session.seconds
    reaching = found or session.reach.get(function) or _near(session, mutant)
    left = session.patience
    asked: list[int] = []
    for number in sorted(
        reaching, key=lambda one: session.breadth[one] * (seconds[one] + _QUICK) / (kills[one] + _NEW)
    ):
        left -= seconds[number]
        if asked and left < 0:
            break
        asked.append(number)
    return asked


def _near(session: Session, mutant: Mutant) -> set[int]:
    """The tests that call what uses a table, or what only makes tables; if nobody knows them, every test."""
    made = {mutant.function.split(".")[-1]} if mutant.function else names_in(session.sources[mutant.module], mutant)
    found = {one for function in using(session.sources, made) for one in session.reach.get(function, ())}
    return found or {one for one, seconds in session.seconds.items() if seconds <= SLOW}


def _child(session: Session, mutant: Mutant, numbers: list[int], said: int) -> None:
    """Never returns: exits with what came of the mutant."""
    came = _KILLED
    limit = SECONDS + int(2 * sum(session.seconds[one] for one in numbers))
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        plant(mutant)
        came = _SURVIVED
        for one, then in zip(numbers, [*numbers[1:], None], strict=True):
            if _red(session, one, then):
                came = _KILLED
                os.write(said, _SAID.pack(os.getpid(), one))
                break
    except Unplantable:
        came = _UNPLANTABLE
    except BaseException:  # noqa: BLE001 (whatever a mutant does to its process, it is found out)
        came = _KILLED
    finally:
        os._exit(came)
