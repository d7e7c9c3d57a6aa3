"""A replay shows by which list of participants a grant was made: another list, or another hash, is a difference."""

from dataclasses import replace

import pytest

from broker.adapters.ontology import load_ontology
from broker.adapters.storage.history import open_history
from broker.flows import decide_request
from broker.flows.decide_request import Decided
from tests import builders as b
from tests.adapters.storage.support import Place
from tests.fakes import START
from tests.flows.replays.recorded import made, recorded
from tests.flows.worlds import MEI, caller

WAITING = b.request()


@pytest.mark.row("RUL-EXCLUSION")
async def test_a_replay_shows_that_the_list_is_the_one_of_the_grant(place: Place) -> None:
    async with recorded(place) as s:
        await s.put(WAITING, b.consent(b.PIA, 2, status="withdrawn", effective_from=START, recorded_at=START))
        done = await decide_request.approve(s.world, caller(MEI), WAITING.id, "Good.", {})
        assert isinstance(done, Decided)
        assert done.grant is not None
        with open_history(place.database, load_ontology) as history:
            (one,) = history.decisions()
            trace = one.trace
            assert trace is not None
            bound = trace.body["exclusion"]
            assert bound["hash"] == getattr(done.grant.exclusion, "hash", None)
            other = replace(trace, body={**trace.body, "exclusion": {**bound, "hash": "0" * 64}})
            same, different = made(trace, history), made(other, history)
    assert (same.result, different.result) == ("same", "different")
    assert [one.at for one in different.differences] == ["exclusion.hash"]
