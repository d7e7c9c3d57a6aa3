"""The commands of the page for repositories, run as they stand but for the port."""

from pathlib import Path

from tests.docs.doc_blocks import ROOT, blocks, matches, run
from tests.interop.serving import free_port

PAGE = ROOT / "docs" / "how-to" / "serve-your-own-bytes.md"


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    port = str(free_port())
    text = (
        PAGE.read_text("utf-8")
        .replace("8080", port)
        .replace("broker init", f"export BROKER_PORT={port}; broker init", 1)
    )
    page = blocks(text)
    assert page
    for block, printed in zip(page, run(page, tmp_path, 120), strict=True):
        assert block.prints is None or matches(block.prints, printed), printed
