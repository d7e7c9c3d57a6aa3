# ruff: noqa: INP001 (beside the pages that it helps to write, not a package)
"""Makes the blocks of the page that goes through one explanation line by line, from that very explanation.

A block `json NAME` shows the member NAME of it, a path such as `why.0.norm`. The words between are written by hand.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from broker.core.decision.explanation import views
from broker.core.plain import plain
from broker.core.reasons.language import ENGLISH
from tests.docs.doc_blocks import ROOT
from tests.docs.test_worked_explanations import said

PAGE = ROOT / "docs" / "explanation" / "reading-an-explanation.md"
CASE = "J09"
_BLOCK = re.compile(r"^```json (?P<path>\S+)\n.*?^```$", re.MULTILINE | re.DOTALL)


def explanation() -> Any:
    """What the researcher of the case is told, as `GET /api/v1/decisions/{id}` gives it."""
    body: Any = plain(said(CASE)[1].body)
    return views.researcher("dec_1", body, ENGLISH)


def reading_page() -> str:
    """The page with its blocks as the explanation is now. KeyError for a block of a member that there is not."""
    record = explanation()

    def block(found: re.Match[str]) -> str:
        told = json.dumps(_at(record, found["path"]), indent=1, ensure_ascii=False)
        return f"```json {found['path']}\n{told}\n```"

    return _BLOCK.sub(block, PAGE.read_text("utf-8"))


def unread() -> list[str]:
    """Members that no block of the page shows."""
    shown = [found["path"] for found in _BLOCK.finditer(PAGE.read_text("utf-8"))]
    return [leaf for leaf in _leaves(explanation(), "") if not any(f"{leaf}.".startswith(f"{one}.") for one in shown)]


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _leaves(value: Any, at: str) -> Iterator[str]:
    parts = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    found = [leaf for name, one in parts for leaf in _leaves(one, f"{at}.{name}" if at else str(name))]
    yield from found or [at]
