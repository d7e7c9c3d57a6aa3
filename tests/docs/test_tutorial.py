"""The tutorial's commands, run as they stand there; only its two ports are exchanged for free ones."""

import socket
from contextlib import ExitStack, closing
from pathlib import Path

from tests.docs.doc_blocks import ROOT, blocks, matches, run

SECONDS = 120.0


def test_a_first_broker_serves_its_first_download(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial" / "first-broker.md").read_text("utf-8")
    for written, free in zip(("8080", "8090"), _free_ports(), strict=True):
        assert written in text
        text = text.replace(written, free)
    page = blocks(text)
    printed = run(page, tmp_path, SECONDS)
    for block, given in zip(page, printed, strict=True):
        assert block.prints is None or matches(block.prints, given), f"{block.script}\nprinted:\n{given}"


def _free_ports() -> tuple[str, str]:
    with ExitStack() as stack:
        first, second = (stack.enter_context(closing(socket.socket())) for _ in range(2))
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return str(first.getsockname()[1]), str(second.getsockname()[1])
