"""Which tests kill a mutant? Everything is loaded and collected once; each mutant is a fork that runs what reaches it.

Which tests reach which line is found by running them all once. A mutant runs the quickest of its tests first, and
stops at the first that fails. A fork that does not end, or ends badly, is killed too.
"""

import os
import pickle
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

from tests.mutants.making import Mutant, mutants
from tests.mutants.planting import Unplantable, plant

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30
"""After which a fork counts as killed."""
AT_ONCE = 2
SLOW = 0.25
"""Seconds of computing, while watched, above which a test is not asked: a rule has to have an example of its own."""
_KILLED, _SURVIVED, _UNPLANTABLE = 1, 0, 3
_CAME = {_SURVIVED: "survived", _UNPLANTABLE: "unplantable"}


@dataclass(slots=True)
class Session:
    """A pytest plugin: the collected tests, what each of them reaches, and the run in their place."""

    sources: dict[str, str]
    told: Callable[["Verdict", int, int], None]
    wanted: Callable[[Mutant], bool]
    items: list[Any] = field(default_factory=list)
    seconds: dict[int, float] = field(default_factory=dict)
    reach: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """(module, function) -> numbers of tests"""
    wrong: str = "pytest did not come to its tests"

    def pytest_runtestloop(self, session: Any) -> bool:
        """All forks are made in here, where fixtures and plugins are as a test expects them."""
        self.items = session.items
        self.wrong = _learn(self) if self.items else "no tests collected"
        if not self.wrong:
            every = [one for name, text in self.sources.items() for one in mutants(name, text)]
            _all(self, [one for one in every if self.wanted(one)])
        return True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one mutant: `killed`, `survived`, `not reached` by any test, or `unplantable` here."""

    mutant: Mutant
    came: str


def modules(package: str) -> dict[str, str]:
    """The source of every module of `broker/<package>`, by its dotted name."""
    top = ROOT / "broker" / package
    files = [top.with_suffix(".py")] if top.with_suffix(".py").is_file() else sorted(top.rglob("*.py"))
    return {".".join(one.relative_to(ROOT).with_suffix("").parts): one.read_text("utf-8") for one in files}


def run(
    sources: dict[str, str],
    tests: list[str],
    told: Callable[[Verdict, int, int], None],
    wanted: Callable[[Mutant], bool] = lambda _: True,
) -> None:
    """Tries the mutants of `sources` that are `wanted`; `told(verdict, done, all)` hears of each.

    RuntimeError: the tests are not green without any mutant.
    """
    session = Session(sources, told, wanted)
    pytest.main(["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", *tests], plugins=[session])
    if session.wrong:
        raise RuntimeError(session.wrong)


# ------------------------------------------------------------------ which test reaches what


def _learn(session: Session) -> str:
    """Runs every test once, in a fork, and keeps what it reached and how long it took. Says what is wrong, if anything."""
    seconds, reached, failed = _in_a_fork(lambda: _traced(session))
    if failed:
        return f"red without any mutant: {failed[:3]}"
    session.seconds = seconds
    for function, found in reached.items():
        session.reach[function] = sorted(found, key=lambda one: seconds[one])
    return ""


def _traced(session: Session) -> tuple[dict[int, float], dict[tuple[str, str], list[int]], list[str]]:
    files = {str(sys.modules[name].__file__): name for name in session.sources if name in sys.modules}
    seconds: dict[int, float] = {}
    reached: dict[tuple[str, str], list[int]] = defaultdict(list)
    failed: list[str] = []
    now: set[tuple[str, str]] = set()

    def called(frame: FrameType, _: str, __: Any) -> None:
        module = files.get(frame.f_code.co_filename)
        if module is not None:
            now.add((module, frame.f_code.co_qualname.split(".<locals>")[0]))

    remembering = [
        one for name in list(sys.modules) if name.startswith("broker.") for one in _caches(sys.modules[name])
    ]
    for number, item in enumerate(session.items):
        now.clear()
        for cached in remembering:
            cached.cache_clear()  # or the first test of a question would be the only one to reach its answer
        start = time.process_time()
        sys.settrace(called)
        red = _red(session, number, number + 1 if number + 1 < len(session.items) else None)
        sys.settrace(None)
        seconds[number] = time.process_time() - start
        if red:
            failed.append(item.nodeid)
        if seconds[number] > SLOW:
            del seconds[number]
            continue
        for function in now:
            reached[function].append(number)
    return seconds, dict(reached), failed


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
    done = 0
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            mutant = waiting.pop()
            numbers = _reaching(session, mutant)
            if not numbers:
                done += 1
                session.told(Verdict(mutant, "not reached"), done, len(every))
                continue
            child = os.fork()
            if not child:
                _child(session, mutant, numbers)
            running[child] = mutant
        if running:
            child, status = os.wait()
            came = _CAME.get(os.waitstatus_to_exitcode(status), "killed")
            done += 1
            session.told(Verdict(running.pop(child), came), done, len(every))


def _reaching(session: Session, mutant: Mutant) -> list[int]:
    """For a function the tests that call it; for a table, or what only makes tables, those near where it is known."""
    called = session.reach.get((mutant.module, mutant.function))
    if called:
        return called
    made = set() if mutant.function else set(mutant.code.co_names)
    knowing = {name for name in session.sources if name == mutant.module or made & vars(sys.modules[name]).keys()}
    near = {one for (module, _), found in session.reach.items() if module in knowing for one in found}
    return sorted(near, key=lambda one: session.seconds[one])


def _child(session: Session, mutant: Mutant, numbers: Iterable[int]) -> None:
    """Never returns: exits with what came of the mutant."""
    came = _KILLED
    signal.alarm(SECONDS)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        plant(mutant)
        order = list(numbers)
        pairs = zip(order, [*order[1:], None], strict=True)
        came = _KILLED if any(_red(session, one, then) for one, then in pairs) else _SURVIVED
    except Unplantable:
        came = _UNPLANTABLE
    except BaseException:  # noqa: BLE001 (whatever a mutant does to its process, it is found out)
        came = _KILLED
    finally:
        os._exit(came)
