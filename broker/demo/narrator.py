"""How is the demo's story told? Each step, request, answer and reason, for a person in front of a terminal.

Colours, boxes and a moving progress bar where the output is a terminal that has them (NO_COLOR is obeyed);
the same words, one below the other, where it is a file. Everything printed goes through `secrecy`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from rich.console import Console
from rich.filesize import decimal
from rich.highlighter import JSONHighlighter
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from broker.demo.secrecy import printable, safe_header, safe_json, safe_parameter, safe_text, safe_url

MAX_LINES: Final = 30
MAX_WIDTH: Final = 160
"""Lines of a body that are printed, and characters of each."""
FLAT: Final = 100
"""Longest JSON value, in characters, that stays on one line."""

_SIGNS: Final = {"request": "→", "answer": "←", "reason": "•", "ok": "✓", "failed": "✗", "more": "…"}
_PLAIN_SIGNS: Final = {"request": ">", "answer": "<", "reason": "*", "ok": "ok", "failed": "FAILED", "more": "..."}
_GOOD, _BAD, _QUIET = "bold green", "bold red", "dim"


@dataclass(slots=True)
class _Step:
    number: int
    title: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def as_told(self) -> bool:
        """A step that checked nothing has shown nothing."""
        return bool(self.passed) and not self.failed


def pretty(value: Any, indent: str = "") -> str:
    """JSON as people like to read it: what fits on a line stays on a line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) <= FLAT or not isinstance(value, dict | list) or not value:
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + pretty(one, inner) for one in value) + f"\n{indent}]"
    lines = (f"{inner}{json.dumps(name)}: {pretty(one, inner)}" for name, one in value.items())
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


class Narrator:
    """Tells the story to `console`, and counts what did not turn out as told."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._plain = not self._console.encoding.lower().startswith("utf")
        self._sign = _PLAIN_SIGNS if self._plain else _SIGNS
        self._steps: list[_Step] = []

    def step(self, number: int, title: str, why: str) -> None:
        """The heading of a step, and why it matters in a sentence or two."""
        self._steps.append(_Step(number, title))
        self._console.print()
        self._console.print(Rule(Text(f"{number}. {self._text(title)}", style="bold"), align="left", style="blue"))
        self._console.print(Text(self._text(why), style="italic"))

    def request(
        self,
        method: str,
        url: str,
        note: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> None:
        """One HTTP request. `note`: what it is for; `headers`: those worth seeing; a `form` or a JSON `body`."""
        self._console.print()
        verb = f"{self._sign['request']} {self._text(method)} "
        line = Text.assemble((verb, "bold cyan"), self._text(safe_url(url)))
        if note:
            line.append(f"  ({self._text(note)})", style=_QUIET)
        self._line(line)
        for name, value in (headers or {}).items():
            self._line(Text(self._text(f"    {name}: {safe_header(name, value)}"), style=_QUIET))
        for name, value in (form or {}).items():
            self._line(Text(self._text(f"    {name}={safe_parameter(name, value)}"), style=_QUIET))
        self._body(body)

    def answer(self, status: int, body: Any = None) -> None:
        """What came back. `body`: text, or a JSON value; at most `MAX_LINES` lines of it are shown."""
        good = status < HTTPStatus.BAD_REQUEST
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        line = f"{self._sign['answer']} {status} {phrase}".rstrip()
        self._line(Text(line, style="green" if good else "yellow"))
        self._body(body)

    def _body(self, body: Any) -> None:
        if body is None or body == "":
            return
        is_text = isinstance(body, str)
        text = safe_text(body) if is_text else pretty(safe_json(body))
        lines = self._text(text).splitlines()
        for line in lines[:MAX_LINES]:
            cut = line if len(line) <= MAX_WIDTH else line[:MAX_WIDTH] + self._sign["more"]
            shown = Text(f"    {cut}")
            if not is_text:
                JSONHighlighter().highlight(shown)
            self._line(shown)
        if len(lines) > MAX_LINES:
            self._line(Text(f"    {self._sign['more']} {len(lines) - MAX_LINES} lines more", style=_QUIET))

    def reason(self, code: str, sentence: str) -> None:
        """A ground of a decision: the code, and the sentence that a person reads."""
        self._line(
            Text.assemble(f"  {self._sign['reason']} ", (self._text(code), "bold magenta"), f"  {self._text(sentence)}")
        )

    def say(self, sentence: str) -> None:
        """A sentence between requests."""
        self._console.print(Text(self._text(safe_text(sentence))))

    def check(self, label: str, ok: bool) -> None:  # noqa: FBT001 (it is read as a sentence: check that …)
        """One thing that the story promised. Those that failed come again at the end."""
        step = self._steps[-1] if self._steps else self._prologue()
        if ok:
            step.passed += 1
        else:
            step.failed.append(label)
        sign, style = (self._sign["ok"], _GOOD) if ok else (self._sign["failed"], _BAD)
        self._line(Text.assemble(("  " + sign, style), f" {self._text(label)}"))

    def _prologue(self) -> _Step:
        self._steps.append(_Step(0, "Before the story"))
        return self._steps[-1]

    @contextmanager
    def download(self, label: str, total: int, already: int = 0) -> Iterator[Callable[[int], None]]:
        """A bar for a download of `total` bytes, `already` of them here; call what comes out with each length."""
        done = already

        def plain(length: int) -> None:
            nonlocal done
            done += length

        if not self._console.is_terminal:
            try:
                yield plain
            finally:
                self._line(Text(f"    {self._text(label)}: {decimal(done)} of {decimal(total)}"))
            return
        columns = TextColumn("    {task.description}", markup=False), BarColumn(), DownloadColumn()
        with Progress(*columns, TransferSpeedColumn(), console=self._console) as progress:
            task = progress.add_task(self._text(label), total=total, completed=already)
            yield lambda length: progress.advance(task, length)

    def finish(self) -> int:
        """The summary: 0 if every step turned out as told, else 1. A story without checks has not."""
        table = Table(title="The story", title_justify="left", title_style="bold", safe_box=self._plain)
        for name in ("Step", "", "Checks", ""):
            table.add_column(name)
        for step in self._steps:
            told = step.as_told
            count = f"{step.passed} of {step.passed + len(step.failed)}"
            verdict = Text(self._sign["ok" if told else "failed"], style=_GOOD if told else _BAD)
            table.add_row(str(step.number), Text(self._text(step.title)), count, verdict)
        self._console.print()
        self._console.print(table)
        for step in self._steps:
            for label in step.failed:
                self._line(Text(f"{self._sign['failed']} step {step.number}: {self._text(label)}", style=_BAD))
        as_told = bool(self._steps) and all(step.as_told for step in self._steps)
        self._line(
            Text("Everything turned out as told.", style=_GOOD)
            if as_told
            else Text("Not everything turned out as told.", style=_BAD)
        )
        return 0 if as_told else 1

    def _line(self, text: Text) -> None:
        """One line that is never broken, so that an address can be copied."""
        self._console.print(text, soft_wrap=True)

    def _text(self, text: str) -> str:
        """Printable, and in letters that the terminal has."""
        clean = printable(text)
        return clean.encode("ascii", "replace").decode() if self._plain else clean
