"""A replay that does not come to the same says why: a rule of the code, a text, a row, or the trace itself."""

import sys
from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.ontology import load_ontology
from broker.adapters.storage.history import open_history
from broker.core.decision import evaluate
from broker.core.decision.gates.terms import terms
from broker.core.decision.version import RULES
from broker.core.ids import DecisionId
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.rows import Dataset, Trace, changed
from broker.flows.use_data import ask
from tests import builders as b
from tests.adapters.storage.support import Place
from tests.fakes import START
from tests.flows.replays.places import TRUSTED, new_consent, recoded, suspended, traces
from tests.flows.replays.recorded import Recorded, differ, made, other_words, recorded
from tests.flows.worlds import caller


async def one_decision(s: Recorded) -> None:
    await ask(s.world, caller(grants=()), b.ONE)


def refusing(case: Any) -> GateResult:
    del case
    return GateResult(gate=Gate.TERMS, outcome=Outcome.DENY, reasons=(Reason(code="AUTH-TERMS"),))


@pytest.mark.row("RP3")
async def test_a_rule_that_was_changed_in_the_code_shows_as_a_difference(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recorded(place) as s:
        await ask(s.world, caller(), b.ONE)
        module = sys.modules[evaluate.__module__]
        for name in ("GATES", "OF_PERSON"):
            gates = getattr(module, name)
            monkeypatch.setattr(module, name, tuple(refusing if gate is terms else gate for gate in gates))
        monkeypatch.setattr("broker.flows.replay.RULES", "2031.1")
        (found,) = s.replays()
    assert found.result == "different"
    assert found.rules == RULES
    assert "decision.outcome" in [one.at for one in found.differences]


async def test_a_sentence_that_was_changed_shows_as_a_difference(place: Place) -> None:
    async with recorded(place) as s:
        await one_decision(s)
        with other_words("AUTH-NO-GRANT"):
            (found,) = s.replays()
        assert differ(s.replays()) == []
    assert found.result == "different"
    assert all(one.at.startswith(("explanation.", "committee.")) for one in found.differences)


def told_otherwise(told: Any, name: str, value: str) -> Any:
    """`told` with the first member `name` in it as `value`."""
    if isinstance(told, list):
        return [told_otherwise(told[0], name, value), *told[1:]] if told else told
    if not isinstance(told, dict):
        return told
    if name in told:
        return {**told, name: value}
    return {key: told_otherwise(member, name, value) for key, member in told.items()}


@pytest.mark.parametrize(
    ("member", "result", "missing"),
    [("texts_version", "same", ()), ("sentence", "missing", ("texts version of then",)), ("code", "different", ())],
)
async def test_texts_of_then_that_are_gone_are_named_and_another_reason_is_a_difference(
    place: Place, member: str, result: str, missing: tuple[str, ...]
) -> None:
    async with recorded(place) as s:
        await one_decision(s)
        (trace,) = await traces(s)
        told = {**trace.body["explanation"], "texts_version": "of then"}
        told = told_otherwise(told, member, "of then")
        with open_history(place.database, load_ontology) as history:
            found = made(replace(trace, body={**trace.body, "explanation": told}), history)
    assert (found.result, found.missing) == (result, missing)


@pytest.mark.row("RP3")
@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("DELETE FROM document WHERE id LIKE 'pack:eu-gdpr-ch5@%'", "pack eu-gdpr-ch5 version "),
        ("DELETE FROM document WHERE id LIKE 'ontology:%'", "ontology:diseases@"),
        ("DELETE FROM document WHERE id LIKE 'own:%'", "own:ourselves@"),
        ("DELETE FROM document WHERE id LIKE 'rules:%'", "rules:rules@"),
        ("UPDATE document SET body = replace(body, 'e', 'f') WHERE id LIKE 'own:%'", "own:ourselves@"),
        ("UPDATE document SET body = replace(body, 'e', 'f') WHERE id LIKE 'pack:core%'", "not what was kept"),
    ],
)
async def test_a_text_that_is_gone_is_named(place: Place, statement: str, missing: str) -> None:
    async with recorded(place) as s:
        await one_decision(s)
        place.tamper(statement)
        (found,) = s.replays()
    assert (found.result, len(found.missing)) == ("missing", 1)
    assert missing in found.missing[0]
    assert not place.verify().ok


@pytest.mark.row("RP3")
@pytest.mark.parametrize("kind", ["organisation", "dataset", "consent", "drs_object", "grant"])
@pytest.mark.parametrize(
    "how",
    ["DELETE FROM history WHERE kind = '{}'", "UPDATE history SET body = replace(body, '1', '2') WHERE kind = '{}'"],
)
async def test_a_row_that_is_gone_or_was_edited_is_named(place: Place, kind: str, how: str) -> None:
    async with recorded(place) as s:
        await ask(s.world, caller(), b.ONE)
        place.tamper(how.format(kind), f'DELETE FROM "{kind}"')
        (found,) = s.replays()
        (alone,) = s.each_by_itself()
    assert found.result == alone.result == "missing"
    assert any(one.startswith(f"{kind} ") for one in found.missing)
    assert not place.verify().ok


async def test_a_trace_that_was_edited_is_not_replayed(place: Place) -> None:
    async with recorded(place) as s:
        await one_decision(s)
        place.tamper('UPDATE trace SET body = replace(body, \'"location":"DE"\', \'"location":"FR"\')')
        (found,) = s.replays()
    assert found.result == "missing"
    assert not place.verify().ok


async def test_rows_of_before_history_began_are_found_where_they_are_or_named(place: Place) -> None:
    """As after `broker migrate`: the version that holds is there, the one before it is not."""
    async with recorded(place) as s:
        await ask(s.world, caller(), b.ONE)
        row = s.live.current().get(Dataset, b.HEART)
        assert row is not None
        place.tamper("DELETE FROM history")
        assert [one.result for one in s.replays()] == ["same"]
        await s.put(changed(row, title="Another", duo=b.codes("DUO:0000007")))
        (found,) = s.replays()
    assert found.result == "missing"
    assert f"dataset {b.HEART} version 1 is not kept" in found.missing


async def test_a_trace_of_before_traces_were_kept_whole_says_what_it_lacks(place: Place) -> None:
    async with recorded(place) as s:
        old = Trace(
            id=DecisionId("dec_old"), at=START, person=b.ADA, body={"question": {"stage": "use"}, "generation": 1}
        )
        await s.put(old)
        (found,) = s.replays()
        assert (found.result, found.missing) == ("missing", ("question: at: missing",))


@pytest.mark.row("RP1")
async def test_a_picture_that_is_no_longer_held_is_made_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.adapters.storage.history.LATEST", 2)
    async with recorded(place, TRUSTED) as s:
        early = s.live.current()
        for change in (new_consent, suspended, recoded):
            await change(s)
        late = s.live.current()
        s.live._tell(early)
        await ask(s.world, caller(), b.ONE)
        s.live._tell(late)
        assert differ(s.replays()) == []
