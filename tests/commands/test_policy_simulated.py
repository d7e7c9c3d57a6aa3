"""What a simulation of policy packs tells a reader: each reason once, the worst first, never too much."""

from typing import Any

import pytest

from broker.commands.policy_simulated import differences
from broker.core.decision.other_law import Difference, Said
from broker.core.outcome import Norm, Outcome, Reason

ABOUT: dict[str, Any] = {
    "at": "2026-06-01T00:00:00Z",
    "mode": "example",
    "before": {"eu": {"version": "1", "digest": "a"}, "us": {"version": "7", "digest": "u"}},
    "after": {"eu": {"version": "2", "digest": "b"}, "us": {"version": "7", "digest": "u"}, "in": {"version": "1"}},
}
YES = Said(outcome=Outcome.PERMIT, reasons=(), obligations=(), missing=())


def answer(outcome: Outcome, rule: str, country: str = "GB", missing: tuple[str, ...] = ()) -> Said:
    facts = (("evidence", ", ".join(missing)), ("recipient.country", country))
    reason = Reason(code="JUR-EU-ADEQUATE", norm=Norm(source="eu", version="2", rule=rule), facts=facts)
    return Said(outcome=outcome, reasons=(reason,), obligations=(), missing=missing)


def one(number: int, after: Said, before: Said = YES, **changes: str) -> Difference:
    about = {"dataset": "heart", "country": "GB", "person": f"usr_{number}", "institution": "uni"} | changes
    return Difference(kind="grant", id=f"grt_{number:02}", before=before, after=after, **about)


def told(found: list[Difference], capsys: pytest.CaptureFixture[str], *, every: bool = False) -> list[str]:
    differences(found, ABOUT, as_json=False, every=every)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_what_has_one_reason_stands_together_the_worst_and_the_most_first(capsys: pytest.CaptureFixture[str]) -> None:
    waits = [one(number, answer(Outcome.PENDING, "paper", missing=("scc.signed",))) for number in (1, 2)]
    found = [one(5, YES, answer(Outcome.DENY, "no")), one(4, answer(Outcome.DENY, "no", "KR")), *waits, one(6, YES)]
    assert told(found, capsys) == [
        "As of 2026-06-01T00:00:00Z, mode example: 5 grants.",
        "Pack eu: 1 -> 2",
        "Pack in: none -> 1",
        "",
        "LOSES 2, of 2 persons: a yes is one no more, or a no gets harder",
        "  PERMIT -> PENDING (missing: scc.signed)",
        "  JUR-EU-ADEQUATE (eu paper)",
        "  what   id      person  institution  country  dataset  because of",
        "  grant  grt_01  usr_1   uni          GB       heart    recipient.country GB",
        "  grant  grt_02  usr_2   uni          GB       heart    recipient.country GB",
        "",
        "LOSES 1, of 1 person: a yes is one no more, or a no gets harder",
        "  PERMIT -> DENY",
        "  JUR-EU-ADEQUATE (eu no)",
        "  what   id      person  institution  country  dataset  because of",
        "  grant  grt_04  usr_4   uni          GB       heart    recipient.country KR",
        "",
        "GAINS 1, of 1 person: a no gets milder, or becomes a yes",
        "  DENY -> PERMIT",
        "  JUR-EU-ADEQUATE (eu no)",
        "  what   id      person  institution  country  dataset  because of",
        "  grant  grt_05  usr_5   uni          GB       heart    recipient.country GB",
        "",
        "1 of 1 dataset concerned",
        "dataset  loses  gains  changes  same",
        "heart    3      1      0        1",
        "all      3      1      0        1",
    ]


def test_of_a_long_list_the_first_are_shown_unless_all_are_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    found = [one(number, answer(Outcome.DENY, "no")) for number in range(25)]
    short, whole = told(found, capsys), told(found, capsys, every=True)
    assert sum("grt_" in line for line in short) == 20
    assert "  … and 5 more: --all shows them, --json everything of each" in short
    assert sum("grt_" in line for line in whole) == 25
    assert not any("…" in line for line in whole)
    assert not any("…" in line for line in told(found[:20], capsys))


def test_datasets_of_which_nothing_differs_are_counted_only(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told([one(1, YES, dataset="lung"), one(2, answer(Outcome.DENY, "no"))], capsys)
    assert "1 of 2 datasets concerned" in lines
    assert not any(line.startswith("lung") for line in lines)


def test_who_and_where_is_said_to_be_unknown_and_never_left_blank(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told([one(1, answer(Outcome.DENY, "no"), institution="", country="")], capsys)
    assert "  grant  grt_01  usr_1   unknown      unknown  heart    recipient.country GB" in lines


def test_nobody_and_nothing_new_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    differences([], ABOUT | {"after": ABOUT["before"]}, as_json=False, every=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("mode example: no live grant and no open request.")
    assert lines[1] == "The packs are those in force."
