"""The story by hand: the README's commands, run as they stand there against a demo that they start."""

from pathlib import Path

from tests.docs.doc_blocks import ROOT, blocks, matches, run

SECONDS = 120.0
"""When to give up: far more than it takes, because other tests run beside it."""


def test_the_story_by_hand_goes_as_the_readme_tells_it(tmp_path: Path) -> None:
    page = blocks((ROOT / "README.md").read_text("utf-8"))
    printed = run(page, tmp_path, SECONDS)
    assert len([block for block in page if block.prints is not None]) >= 10
    for block, given in zip(page, printed, strict=True):
        assert block.prints is None or matches(block.prints, given), f"{block.script}\nprinted:\n{given}"


def test_what_a_page_tells_is_compared_line_by_line() -> None:
    assert matches("a … c\nd\n", "a b c\nd\n")
    assert not matches("a\n", "a\nb\n")
    assert not matches("a … c\n", "a\nc\n")


def test_only_a_text_block_right_after_a_command_is_its_output() -> None:
    page = "```sh\none\n```\n\n```text\n1\n```\n\n```sh\ntwo\n```\n\nBut\n\n```text\n2\n```\n"
    assert [block.prints for block in blocks(page)] == ["1\n", None]
