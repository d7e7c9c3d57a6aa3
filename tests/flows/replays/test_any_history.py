"""Whatever changes in whatever order, every decision of before is made again."""

import asyncio
import shutil
import tempfile
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from broker.core.consent.model import Scope
from broker.core.purpose import Kind
from broker.core.rows import Dataset, DrsObject, Grant, Organisation, Revocation, changed
from broker.core.time import Seconds
from broker.flows import request_access
from broker.flows.pre_check import pre_check
from broker.flows.use_data import ask
from tests import builders as b
from tests.adapters.storage.support import Place
from tests.flows.replays.places import TRUSTED, other_packs, rotated, suspended, with_visa
from tests.flows.replays.recorded import Recorded, differ, recorded
from tests.flows.worlds import caller

OUTCOMES = Counter[str]()
"""Of all decisions that were made again: of refusals alone it would say little."""
CODES = (("DUO:0000042",), ("DUO:0000006", "DUO:0000046"), ("DUO:0000007",), ())


class Histories(RuleBasedStateMachine):
    """Changes and questions in any order; at the end all is replayed, in one way and each by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.context: AbstractAsyncContextManager[Recorded] | None = None
        self.version = 1

    def run(self, what: Any) -> Any:
        return self.loop.run_until_complete(what)

    @initialize()
    def begin(self) -> None:
        self.place = Place(self.folder).create()
        self.context = recorded(self.place, TRUSTED)
        self.s = self.run(self.context.__aenter__())

    @rule(seconds=st.sampled_from([1, 3600, 40_000_000]))
    def wait(self, seconds: int) -> None:
        self.place.clock.advance(seconds)

    @rule(codes=st.sampled_from(CODES), back=st.sampled_from([0, 1000, 100_000]), held=st.booleans())
    def consent(self, codes: tuple[str, ...], back: int, *, held: bool) -> None:
        self.version += 1
        now = self.place.clock.now()
        row = b.consent(
            b.PIA, self.version, scope=Scope(permissions=b.codes(*codes)), recorded_at=now,
            effective_from=Seconds(now - back), status="suspended" if held else "active",
        )  # fmt: skip
        self.run(self.s.put(row))

    @rule(codes=st.sampled_from(CODES[:3]), access=st.sampled_from(["controlled", "registered", "open"]))
    def recode(self, codes: tuple[str, ...], access: str) -> None:
        self.run(self.s.put(changed(self.row(Dataset, b.HEART), duo=b.codes(*codes), access=access)))

    @rule(country=st.sampled_from(["DE", "US", "KR", None]))
    def move(self, country: str | None) -> None:
        facts = {name: fact for name, fact in b.RECIPIENT_FACTS.items() if country or name != "recipient.country"}
        facts |= {"recipient.country": country} if country else {}
        self.run(self.s.put(changed(self.row(Organisation, "rhine"), facts=facts)))

    @rule(both=st.booleans())
    def move_data(self, *, both: bool) -> None:
        people = frozenset({b.PIA, b.PAUL} if both else {b.PIA})
        self.run(self.s.put(changed(self.row(DrsObject, b.ONE), subjects=people)))

    @rule(days=st.integers(1, 400))
    def prolong(self, days: int) -> None:
        self.run(self.s.put(changed(self.row(Grant, b.GRANT), ends=Seconds(self.place.clock.now() + days * 86_400))))

    @rule(what=st.sampled_from([f"grant:{b.GRANT}", f"person:{b.ADA}", "session:ses", "key:" + "0" * 64]))
    def revoke(self, what: str) -> None:
        if self.s.live.current().get(Revocation, what) is None:
            self.run(self.s.put(Revocation(id=what, since=self.place.clock.now(), ground="Test.")))

    @rule()
    def distrust(self) -> None:
        self.run(suspended(self.s))

    @rule()
    def rotate(self) -> None:
        self.run(rotated(self.s))

    @rule(harder=st.booleans())
    def legislate(self, *, harder: bool) -> None:
        self.run(self.s.stand_on(rules=other_packs() if harder else b.rules()))

    @rule(object=st.sampled_from([b.ONE, b.TWO]), granted=st.booleans(), elsewhere=st.booleans())
    def use(self, object: Any, *, granted: bool, elsewhere: bool) -> None:
        who = (with_visa if elsewhere else caller)(grants=(b.GRANT,) if granted else ())
        self.run(ask(self.s.world, who, object))

    @rule(kind=st.sampled_from(list(Kind)[:5]), commercial=st.sampled_from([None, True, False]))
    def foresee(self, kind: Kind, *, commercial: bool | None) -> None:
        purpose = replace(b.PURPOSE, kinds=frozenset({kind}), commercial=commercial)
        self.run(request_access.foresee(self.s.world, caller(), b.HEART, purpose))
        self.run(pre_check(self.s.world, caller(), purpose))

    def row(self, kind: Any, id: Any) -> Any:
        return self.s.live.current().get(kind, id)

    def teardown(self) -> None:
        try:
            if self.context is not None:
                found, alone = self.s.replays(), self.s.each_by_itself()
                OUTCOMES.update(one.outcome for one in found)
                assert differ(found) == []
                assert alone == found
                self.run(self.context.__aexit__(None, None, None))
                assert self.place.verify().ok
        finally:
            self.loop.close()
            shutil.rmtree(self.folder)


def test_whatever_changes_every_decision_is_made_again() -> None:
    OUTCOMES.clear()
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    permitted = sum(many for outcome, many in OUTCOMES.items() if outcome.startswith("PERMIT"))
    assert 0.1 * OUTCOMES.total() <= permitted <= 0.9 * OUTCOMES.total(), OUTCOMES
