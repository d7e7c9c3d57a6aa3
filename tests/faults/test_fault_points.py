"""Every named place of failure is reached, the process ends or errs there, and nothing was promised that is not so."""

import re
from pathlib import Path

import pytest

from broker.adapters.faults import EXIT_STATUS
from broker.config import Settings, SettingsError, read_settings
from broker.ports.faults import POINTS
from tests.faults.days import Ready, Seen, days, hold_against
from tests.faults.life import lived
from tests.faults.seeds import SEEDS

ROOT = Path(__file__).resolve().parents[2]
DIED = 3
"""The status of `broker serve` when its ledger has died."""
IN_THE_LEDGER = [one for one in POINTS if one.startswith(("ledger.", "head."))]
ELSEWHERE = [one for one in POINTS if one not in (*IN_THE_LEDGER, "start.closing")]
BEFORE_ANY_BYTE = ("download.decided", "download.recorded")


def test_each_place_is_in_the_code_once() -> None:
    found = [
        name
        for path in sorted((ROOT / "broker").rglob("*.py"))
        if path.name != "faults.py"
        for name in re.findall(r'\bfault\("([^"]+)"\)', path.read_text("utf-8"))
    ]
    assert sorted(found) == sorted(POINTS)


@pytest.mark.row("F95", "T136")
@pytest.mark.parametrize(
    ("mode", "plan"),
    [("production", "ledger.beginning=exit"), ("example", "nowhere=exit"), ("example", "ledger.beginning")],
)
def test_nobody_fails_on_purpose_in_production_or_at_no_place(
    mode: str, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_FAULTS", plan)
    with pytest.raises(SettingsError, match="faults"):
        read_settings(None, issuer="http://127.0.0.1:8080", mode=mode)
    assert Settings(issuer="http://127.0.0.1:8080").faults == ()


@pytest.mark.row("F2", "F6")
@pytest.mark.parametrize("part", ["ledger", "story"])
async def test_a_process_that_ends_at_any_place_has_kept_its_word(ready: Ready, part: str) -> None:
    """One life after the other on one folder: each start is the restart after the end before."""
    seen = Seen()
    for point in IN_THE_LEDGER if part == "ledger" else ELSEWHERE:
        given = len(seen.with_bytes)
        async with lived(ready.state, f"{point}=exit") as life:
            await days(ready, seen, most=2)
            assert await life.status() == EXIT_STATUS, point
        if point in BEFORE_ANY_BYTE:
            assert len(seen.with_bytes) == given, f"bytes left before {point}"
        await hold_against(ready, seen)
    if part == "story":
        async with lived(ready.state, "download.ending=exit") as life:
            await days(ready, seen, most=1)
            assert await life.status() == EXIT_STATUS
        async with lived(ready.state, "start.closing=exit") as life:
            assert await life.status() == EXIT_STATUS
        await hold_against(ready, seen)
    async with lived(ready.state):
        await days(ready, seen, most=1)
    await hold_against(ready, seen)
    assert seen.whole >= 1


@pytest.mark.row("F6", "F9", "F10")
async def test_an_error_at_any_place_of_a_story_costs_one_answer(ready: Ready) -> None:
    """And what is asked again under the same key is done once."""
    seen = Seen()
    async with lived(ready.state, *(f"{point}=raise" for point in ELSEWHERE)) as life:
        await days(ready, seen, most=3)
        assert {line["point"] for line in life.said() if line["event"] == "fault"} == set(ELSEWHERE)
        assert not life.is_over
        assert seen.statuses[500], "errors are answered"
    await hold_against(ready, seen)
    assert len(seen.grants) >= 1
    assert seen.whole >= 1


@pytest.mark.row("F6", "F9")
async def test_an_error_at_any_place_of_the_ledger_ends_the_process(ready: Ready) -> None:
    seen = Seen()
    for point in IN_THE_LEDGER:
        async with lived(ready.state, f"{point}=raise") as life:
            await days(ready, seen, most=3)
            assert await life.status() == DIED, point
        await hold_against(ready, seen)


PLANS = {
    "late audit": ("download.ending=exit",),
    "split transaction": ("ledger.beginning=exit",),
    "ack before commit": ("ledger.beginning=0.5", "ledger.written=exit"),
    "swallow commit error": ("ledger.written=raise",),
}
"""What must happen for a planted fault to show."""


@pytest.mark.row("F3")
@pytest.mark.parametrize("seed", SEEDS)
async def test_each_planted_fault_is_found(ready: Ready, seed: str) -> None:
    seen = Seen()
    async with lived(ready.state, *PLANS[seed], seed=seed) as life:
        await days(ready, seen, most=1)
        await life.end()
    with pytest.raises(AssertionError):
        await hold_against(ready, seen)
