"""Does a test turn red when its rule is removed? `make plant ROW=C10` removes it and looks; `make plants`, all of them.

Each plant is put into a copy of the tree, where the tests of its row run, and only they. Red is what is wanted. Green
means that a test is missing; a plant whose text no longer stands in its file, or after which nothing loads, proves
nothing and fails too, and neither does a run that does not end: it may be the machine. The copies are forked from a
process that has the libraries loaded, so that a plant takes about a second.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from tests.requirements.reading import ROOT, Plant, Test, plants, shown

PARTS = (
    "broker",
    "tests",
    "config",
    "schemas",
    "docs",
    "pyproject.toml",
    "Makefile",
    "README.md",
    "uv.lock",
    "Dockerfile",
)
HEAVY = ("pytest", "aiohttp.web", "aiohttp.test_utils",
         "cryptography.hazmat.primitives.asymmetric.rsa", "jwt", "pydantic", "sqlalchemy.dialects.sqlite", "aiosqlite",
         "jinja2", "structlog", "yaml", "prometheus_client", "multidict", "click")  # fmt: skip
SECONDS = 60
"""Of its own work after which a planted run is ended."""
PATIENCE = 5
"""Times as long it may take by the clock: others may use the machine."""
AT_ONCE = 2
RED, GREEN, BROKEN, LATE = "red", "GREEN", "BROKEN", "LATE"
_STOPPED = 2
_VERDICTS = {1: RED, 0: GREEN, -signal.SIGALRM: LATE, -signal.SIGPROF: LATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Run the tests of `rows`, in `files`, over a tree with `plant` in it: a test of each row must fail."""

    rows: tuple[str, ...]
    plant: Plant
    files: tuple[str, ...]


class Watch:
    """A pytest plugin: which rows have a test that failed? When all have, the run is over."""

    def __init__(self, rows: Iterable[str]) -> None:
        self.green = set(rows)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        if call.excinfo is not None and not call.excinfo.errisinstance(KeyboardInterrupt):
            self.green -= {row for mark in item.iter_markers("row") for row in mark.args}
            if not self.green:
                item.session.shouldstop = "every row has turned red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A copy of the repository in which one plant at a time may stand."""

    root: Path

    def write(self, file: str, text: str) -> None:
        path = self.root / file
        path.write_text(text, "utf-8")
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()  # two edits within a second may look alike to Python

    def plant(self, plant: Plant) -> None:
        self.write(plant.file, planted(plant))

    def pull(self, plant: Plant) -> None:
        self.write(plant.file, (ROOT / plant.file).read_text("utf-8"))


def planted(plant: Plant) -> str:
    """The file with the rule removed. ValueError: `find` does not stand in it exactly once, or it no longer compiles."""
    text = (ROOT / plant.file).read_text("utf-8")
    if text.count(plant.find) != 1:
        raise ValueError(f"{plant.file} has {text.count(plant.find)} times: {plant.find!r}")
    changed = text.replace(plant.find, plant.replace)
    if changed == text:
        raise ValueError(f"{plant.file}: the plant changes nothing")
    if plant.file.endswith(".py"):
        compile(changed, plant.file, "exec", dont_inherit=True)
    return changed


def copied(where: Path) -> Tree:
    """A copy of what the tests need."""
    for part in PARTS:
        source, target = ROOT / part, where / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
        else:
            shutil.copy2(source, target)
    return Tree(root=where)


def started(
    tree: Tree, rows: Iterable[str], files: Iterable[str], log: Path, seconds: int = SECONDS, patience: int = PATIENCE
) -> int:
    """A child that runs the tests of `rows` in `tree`; its process id."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        with log.open("wb") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(patience * seconds)
        os.chdir(tree.root)
        os.environ["PYTHONPATH"] = str(tree.root)
        os.environ["HYPOTHESIS_PROFILE"] = "planted"  # red is enough: nobody reads the smallest example
        sys.path[:] = [str(tree.root), *(path for path in sys.path if path not in ("", str(ROOT)))]
        for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "broker")]:
            del sys.modules[name]
        watch, rows = Watch(rows), ",".join(rows)
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=line", "--row", rows]
        code = int(import_module("pytest").main([*options, *files], plugins=[watch]))
        if code == 1 and watch.green:
            click.echo(f"still green: {', '.join(sorted(watch.green))}")
            code = 0
        code = 1 if code == _STOPPED and not watch.green else code
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def verdict(code: int) -> str:
    """What a run's exit code says of its plant (negative: the signal that ended it)."""
    return _VERDICTS.get(code, BROKEN)


def ended(child: int) -> tuple[int, int]:
    """Wait for `child`, or for any if it is -1: who it was, and its exit code (negative: the signal that ended it)."""
    who, status = os.waitpid(child, 0)
    return who, os.waitstatus_to_exitcode(status)


def tried(jobs: list[Job], where: Path, tell: Callable[[Job, str, float, Path], None]) -> None:
    """Run every job, two at a time, and tell what became of each."""
    free = [copied(where / f"tree-{number}") for number in range(AT_ONCE)]
    running: dict[int, tuple[Job, Tree, float, Path]] = {}
    waiting = list(enumerate(jobs))
    while waiting or running:
        while waiting and free:
            number, job = waiting.pop(0)
            tree, log = free.pop(), where / f"{number}.log"
            try:
                tree.plant(job.plant)
            except (ValueError, SyntaxError, OSError) as wrong:
                log.write_text(str(wrong), "utf-8")
                free.append(tree)
                tell(job, BROKEN, 0.0, log)
                continue
            running[started(tree, job.rows, job.files, log)] = job, tree, time.monotonic(), log
        if running:
            child, code = ended(-1)
            job, tree, since, log = running.pop(child)
            tree.pull(job.plant)
            free.append(tree)
            tell(job, verdict(code), time.monotonic() - since, log)


def wanted(chosen: list[str], tests: dict[str, list[Test]]) -> list[Job]:
    """A job for each plant of the chosen rows, or for every one."""
    found = []
    for plant in plants():
        rows = tuple(row for row in plant.rows if not chosen or row in chosen)
        files = dict.fromkeys(test.file for row in rows for test in tests.get(row, []))
        if rows:
            found.append(Job(rows=rows, plant=plant, files=tuple(files)))
    return found


def healthy(jobs: list[Job], where: Path) -> bool:
    """Are the tests green before anything is planted? Otherwise red says nothing."""
    files = dict.fromkeys(file for job in jobs for file in job.files)
    log = where / "before.log"
    rows = dict.fromkeys(row for job in jobs for row in job.rows)
    found = verdict(ended(started(copied(where / "tree-before"), rows, files, log, seconds=10 * SECONDS))[1])
    if found != GREEN:
        click.echo(log.read_text("utf-8", "replace")[-4000:])
        why = "timed out, run again" if found == LATE else "not green"
        click.echo(f"The tests of these rows, before anything is planted: {why}.")
    return found == GREEN


def main(chosen: list[str]) -> int:
    """0 if every plant turned red."""
    tests = shown()
    jobs = wanted(chosen, tests)
    bare = [row for job in jobs for row in job.rows if row not in tests]
    missing = [row for row in chosen if row not in {row for job in jobs for row in job.rows}]
    if bare or missing or not jobs:
        click.echo(f"no test: {', '.join(bare) or '-'}; no plant: {', '.join(missing) or '-'}")
        return 2
    for name in HEAVY:
        import_module(name)
    came: list[tuple[Job, str]] = []
    with tempfile.TemporaryDirectory(prefix="plants-") as place:
        where = Path(place)
        if not healthy(jobs, where):
            return 1

        def tell(job: Job, found: str, seconds: float, log: Path) -> None:
            click.echo(f"{found:6} {seconds:5.1f} s  {' '.join(job.rows)}: {job.plant.why}")
            came.append((job, found))
            if found != RED:
                click.echo("\n".join(f"       | {line}" for line in _end(log)))

        tried(jobs, where, tell)
    click.echo(summary(came))
    return 0 if all(found == RED for _, found in came) else 1


def summary(came: Iterable[tuple[Job, str]]) -> str:
    """What came of all plants, in a line."""
    named = [(found, f"{' '.join(job.rows)} ({job.plant.why})") for job, found in came]
    said = [f"{sum(found == RED for found, _ in named)} of {len(named)} plants turned red"]
    for word, verdicts in (("not", (GREEN, BROKEN)), ("timed out, run again", (LATE,))):
        those = [name for found, name in named if found in verdicts]
        said += [f"{word}: {'; '.join(those)}"] if those else []
    return "; ".join(said)


def _end(log: Path) -> list[str]:
    return log.read_text("utf-8", "replace").splitlines()[-8:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
