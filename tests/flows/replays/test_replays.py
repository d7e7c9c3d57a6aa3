"""Decisions of before are made again from the record alone: the same answers, whatever has changed since."""

from dataclasses import replace

import pytest

from broker.adapters.names import SivNames
from broker.core.consent.model import Scope
from broker.core.decision import Question, evaluate
from broker.core.decision.names import renamed
from broker.core.time import Seconds
from broker.core.typed import typed
from broker.flows.use_data import Refused, Ticket, ask
from tests import builders as b
from tests.adapters.storage.support import Place
from tests.fakes import START
from tests.flows.replays.places import CHANGES, TRUSTED, everything, traces, withdrawn
from tests.flows.replays.recorded import differ, recorded
from tests.flows.worlds import ADA, caller


@pytest.mark.row("RP1")
async def test_after_a_story_of_changes_every_earlier_decision_is_made_again(place: Place) -> None:
    async with recorded(place, TRUSTED) as s:
        count = await everything(s)
        assert count >= 14
        for change in CHANGES:
            place.clock.advance(3600)
            await change(s)
            await everything(s)
        found = s.replays()
        assert differ(found) == []
        assert len(found) == len(await traces(s)) > 100
        outcomes = {one.outcome for one in found}
        assert {"PERMIT_WITH_OBLIGATIONS", "REFER", "DENY", "1 datasets", "2 datasets"} <= outcomes
        assert [one.outcome for one in s.each_by_itself()] == [one.outcome for one in found]
        assert differ(s.each_by_itself()) == []
    async with recorded(place) as again:
        assert differ(again.replays()) == [], "after a restart, too"
        await everything(again)
        assert differ(again.replays()) == []
    assert place.verify().ok


@pytest.mark.row("WHO-3.8-4b")
async def test_the_same_answer_although_todays_would_be_another(place: Place) -> None:
    """Consent changes: the same question has another answer now, the one of before is made again as it was."""
    async with recorded(place) as s:
        assert isinstance(await ask(s.world, caller(), b.ONE), Ticket)
        await withdrawn(s)
        assert isinstance(await ask(s.world, caller(), b.ONE), Refused)
        assert [(one.result, one.outcome) for one in s.replays()] == [
            ("same", "PERMIT_WITH_OBLIGATIONS"),
            ("same", "DENY"),
        ]


# Bitemporal (consent cases C21 to C24): what held then, by what was known then.


async def test_c21_and_c22_a_version_that_comes_into_effect_later_is_replayed_on_both_sides(place: Place) -> None:
    async with recorded(place, pia=b.consent(b.PIA, scope=Scope(permissions=b.codes("DUO:0000006")))) as s:
        diabetes = Scope(permissions=b.codes({"code": "DUO:0000007", "diseases": ["MONDO:0005015"]}))
        await s.put(b.consent(b.PIA, 2, scope=diabetes, effective_from=Seconds(START + 1000), recorded_at=START))
        assert isinstance(await ask(s.world, caller(), b.ONE), Ticket)
        place.clock.advance(1000)
        assert isinstance(await ask(s.world, caller(), b.ONE), Refused)
        assert differ(s.replays()) == []


@pytest.mark.row("RP7")
async def test_c23_and_c24_a_back_dated_correction_does_not_change_what_was_decided_before(place: Place) -> None:
    async with recorded(place, pia=b.consent(b.PIA)) as s:
        place.clock.advance(1000)
        assert isinstance(await ask(s.world, caller(), b.ONE), Ticket)
        place.clock.advance(1000)
        poa = Scope(permissions=b.codes("DUO:0000011"))
        now = place.clock.now()
        await s.put(b.consent(b.PIA, 2, scope=poa, effective_from=Seconds(START + 500), recorded_at=now))
        assert isinstance(await ask(s.world, caller(), b.ONE), Refused)
        assert [one.result for one in s.replays()] == ["same", "same"]
        asked = typed(Question, (await traces(s))[0].body["question"])
        question = renamed(asked, b.US, lambda name: SivNames().show(ADA.log_key, name) or name)
        assert evaluate(question, s.live.current()).permits, "by what was known then"
        assert not evaluate(replace(question, known_at=now), s.live.current()).permits, "by what is known today"
