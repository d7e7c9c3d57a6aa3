"""demo/narrator.py: the story is readable in a terminal and in a file, and counts what went wrong."""

from io import BytesIO, StringIO, TextIOWrapper

import pytest
from rich.console import Console

from broker.demo.narrator import MAX_LINES, MAX_WIDTH, Narrator


def written(*, width: int = 80) -> tuple[Narrator, StringIO]:
    """A narrator that writes to a file."""
    file = StringIO()
    return Narrator(Console(file=file, width=width, highlight=False)), file


def test_a_story_reads_from_top_to_bottom() -> None:
    narrator, file = written()
    narrator.step(1, "Ada signs in", "So that the broker knows her.")
    narrator.request("POST", "http://h/token?x=1", "exchange", headers={"Range": "bytes=0-"}, form={"a": "b"})
    narrator.answer(403, {"code": "AUTH-NO-GRANT"})
    narrator.reason("AUTH-NO-GRANT", "You hold no grant.")
    narrator.say("So she asks.")
    narrator.check("refused", ok=True)
    lines = [line.rstrip() for line in file.getvalue().splitlines()]
    assert lines[1].startswith("1. Ada signs in ──")
    assert lines[2:] == [
        "So that the broker knows her.",
        "",
        "→ POST http://h/token?x=1  (exchange)",
        "    Range: bytes=0-",
        "    a=b",
        "← 403 Forbidden",
        '    {"code": "AUTH-NO-GRANT"}',
        "  • AUTH-NO-GRANT  You hold no grant.",
        "So she asks.",
        "  ✓ refused",
    ]


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ([[True]], 0),
        ([[True, True], [True]], 0),
        ([[True], [False]], 1),
        ([[True, False]], 1),
        ([[True], []], 1),
        ([], 1),
    ],
    ids=str,
)
def test_the_exit_code_says_whether_every_step_turned_out_as_told(checks: list[list[bool]], code: int) -> None:
    narrator, file = written()
    for number, results in enumerate(checks, 1):
        narrator.step(number, f"step {number}", "why")
        for ok in results:
            narrator.check("as told", ok=ok)
    assert narrator.finish() == code
    assert ("Not everything" in file.getvalue()) is bool(code)


def test_what_failed_is_named_again_at_the_end() -> None:
    narrator, file = written()
    narrator.step(7, "Withdrawal", "why")
    narrator.check("cut within two seconds", ok=False)
    narrator.finish()
    assert "✗ step 7: cut within two seconds" in file.getvalue()


def test_a_check_before_the_first_step_counts_too() -> None:
    narrator, _ = written()
    narrator.check("the broker is up", ok=False)
    narrator.step(1, "one", "why")
    narrator.check("fine", ok=True)
    assert narrator.finish() == 1


def test_an_address_is_never_broken_into_lines() -> None:
    narrator, file = written(width=40)
    url = "http://127.0.0.1:8080/" + "a" * 100
    narrator.request("GET", url)
    assert url in file.getvalue()


def test_a_long_answer_is_cut_and_says_so() -> None:
    narrator, file = written()
    narrator.answer(200, "\n".join(f"line {number}" for number in range(MAX_LINES + 5)))
    narrator.answer(200, "x" * (MAX_WIDTH + 1))
    text = file.getvalue()
    assert f"line {MAX_LINES - 1}\n" in text
    assert f"line {MAX_LINES}\n" not in text
    assert "… 5 lines more" in text
    assert f"{'x' * MAX_WIDTH}…" in text


@pytest.mark.parametrize(("status", "line"), [(200, "← 200 OK"), (299, "← 299"), (503, "← 503 Service Unavailable")])
def test_a_status_has_its_phrase(status: int, line: str) -> None:
    narrator, file = written()
    narrator.answer(status)
    assert file.getvalue() == line + "\n"


def test_what_a_server_sends_is_no_markup_and_moves_no_cursor() -> None:
    narrator, file = written()
    narrator.answer(200, "[red]evil[/red] \x1b[2J")
    narrator.reason("[bold]X", "\x1b]0;title\x07")
    narrator.check("[/]", ok=True)
    assert "[red]evil[/red]" in file.getvalue()
    assert "\x1b" not in file.getvalue()


def test_tokens_are_shortened() -> None:
    narrator, file = written()
    secret = "9tDcLQ2yPpfgrb7HUPjFpUYz1DXDGq2qvTVpZWkNbHM"
    narrator.request("GET", f"http://h/?code={secret}", headers={"Authorization": f"Bearer {secret}"})
    narrator.request("POST", "http://h/", form={"client_secret": secret}, body={"passports": [secret]})
    narrator.answer(200, {"access_token": secret})
    narrator.say(f"Bearer {secret}")
    assert secret not in file.getvalue()
    assert file.getvalue().count("9tDcLQ…(43 characters)") == 6


def test_a_terminal_without_unicode_gets_letters() -> None:
    raw = BytesIO()
    with TextIOWrapper(raw, encoding="ascii") as file:
        narrator = Narrator(Console(file=file, width=80, highlight=False))
        narrator.step(1, "Zoë", "…")
        narrator.request("GET", "http://h/")
        narrator.answer(200, {"name": "Zoë"})
        narrator.check("fine", ok=True)
        assert narrator.finish() == 0
        file.flush()
        text = raw.getvalue().decode("ascii")
    assert "> GET http://h/" in text
    assert "ok fine" in text


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    for no_color in ("", "1"):
        monkeypatch.setenv("NO_COLOR", no_color)
        file = StringIO()
        narrator = Narrator(Console(file=file, force_terminal=True, color_system="standard", width=80))
        narrator.check("fine", ok=True)
        shown.append("\x1b[1;32m" in file.getvalue() or "\x1b[32m" in file.getvalue())
    assert shown == [True, False]


def test_a_download_shows_how_far_it_came_even_when_it_breaks_off() -> None:
    narrator, file = written()

    def download() -> None:
        with narrator.download("DEMO0001.bam", 10_000_000, already=1_000_000) as got:
            got(2_000_000)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        download()
    assert file.getvalue() == "    DEMO0001.bam: 3.0 MB of 10.0 MB\n"


def test_a_download_has_a_bar_on_a_terminal() -> None:
    file = StringIO()
    narrator = Narrator(Console(file=file, force_terminal=True, width=100))
    with narrator.download("DEMO0001.bam", 10_000_000) as got:
        got(10_000_000)
    assert "10.0/10.0 MB" in file.getvalue()
