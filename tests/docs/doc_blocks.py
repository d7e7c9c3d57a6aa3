"""Commands that a page tells its reader to type: taken out of the page, run as they stand, and compared.

A ```sh block is run; a ```text block right after it is what it prints, with `…` for anything on one line.
All blocks of a page are one script in one bash, so that what one sets the next can use.
"""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "=== end of block"


@dataclass(frozen=True, slots=True)
class Block:
    """One ```sh block and what it says that it prints; None: whatever it prints."""

    script: str
    prints: str | None


def blocks(page: str) -> list[Block]:
    """The ```sh blocks of a page, in order."""
    found: list[Block] = []
    end = 0
    for fence in _FENCE.finditer(page):
        follows = found and not page[end : fence.start()].strip()
        if fence[1] == "sh":
            found.append(Block(fence[2], None))
        elif fence[1] == "text" and follows and found[-1].prints is None:
            found[-1] = Block(found[-1].script, fence[2])
        end = fence.end()
    return found


def run(page: list[Block], folder: Path, seconds: float) -> list[str]:
    """What each block printed. AssertionError when one ends with another status than 0, or takes too long.

    Whatever the script left running is ended with it: they are a process group of their own.
    """
    script = "".join(f"{block.script}echo '{_MARK}'\n" for block in page)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = subprocess.Popen(
        ["bash", "-euc", script],
        cwd=folder,
        env=own_environment() | {"PATH": path, "TMPDIR": str(folder), "MAKEFLAGS": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = shell.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        printed, _ = shell.communicate()
        raise AssertionError(f"not done after {seconds:g} s; so far:\n{printed}") from None
    finally:
        _end(shell.pid)
    done = printed.split(f"{_MARK}\n")
    assert shell.returncode == 0, f"status {shell.returncode} in block {len(done)}:\n{done[-1]}"
    return done[:-1]


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def own_environment() -> dict[str, str]:
    """The environment without settings of a broker, and with bytecode kept: a program that is started often needs it."""
    left_out = ("BROKER_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def matches(told: str, printed: str) -> bool:
    """Is `printed` what the page says, line by line, with anything where the page has `…`?"""
    lines = ".*".join(re.escape(part) for part in told.strip().split("…"))
    return re.fullmatch(lines, printed.strip()) is not None
