"""The commands of the page on coding a dataset, run as they stand."""

from pathlib import Path

from tests.docs.doc_blocks import ROOT, blocks, matches, run

PAGE = ROOT / "docs" / "how-to" / "code-a-data-set.md"


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    page = blocks(PAGE.read_text("utf-8"))
    assert page
    for block, printed in zip(page, run(page, tmp_path, 120), strict=True):
        assert block.prints is None or matches(block.prints, printed), printed
