"""The same verdicts whatever the interpreter's options, the language, the time zone and the place from which it is run."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES = {
    "jurisdiction": "jurisdiction_cases.yaml",
    "duo": "duo_cases.json",
    "consent": "consent_cases.yaml",
    "visas": "visa_tokens.json",
}
ELSEWHERE = {
    "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Pacific/Apia", "PYTHONHASHSEED": "7",
}  # fmt: skip
"""No language, the other end of the day, another order of sets; and without asserts (-O)."""


async def checked(kind: str, options: list[str], around: dict[str, str], folder: Path) -> tuple[int | None, bytes]:
    """How `broker check` ends, and what it says, from a folder in which nothing can be written."""
    command = [sys.executable, *options, "-m", "broker", "check", kind, str(ROOT / "tests" / "cases" / CASES[kind])]
    running = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"} | around,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await running.communicate()
    return running.returncode, said


@pytest.mark.row("T137")
@pytest.mark.parametrize("kind", CASES)
async def test_verdicts_are_the_same_anywhere(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "read only"
    folder.mkdir(mode=0o500)
    here, there = await asyncio.gather(checked(kind, [], {}, folder), checked(kind, ["-O"], ELSEWHERE, folder))
    assert here == there
    assert here[0] == 0, here[1].decode()
    assert list(folder.iterdir()) == []
