"""Many datasets, one purpose: every answer is what asking about that dataset alone gives, and one entry has them all."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.model import DatasetCertificate
from broker.core.decision import evaluate, foresee_each
from broker.core.ids import DatasetId
from broker.core.outcome import Outcome, Reason
from broker.core.plain import digest
from broker.core.purpose import Kind, Purpose
from broker.core.rows import Dataset, Put, Row, Trace
from broker.flows.pre_check import MOST, PreCheck, pre_check
from broker.flows.request_access import Foreseen, foresee
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import caller, stage

CODES = (("DUO:0000042",), ("DUO:0000006", "DUO:0000018"), ("DUO:0000011",), ())
LANDS = ("DE", "US", "MG")
COMMERCIAL = replace(b.PURPOSE, commercial=True)


def id_of(n: int) -> DatasetId:
    return DatasetId(f"https://bank.example/datasets/{n}")


def dataset(n: int, codes: int, land: int, **changes: Any) -> Dataset:
    facts = {**b.DATA_FACTS, "data.origin_countries": (LANDS[land],), "data.controller_country": LANDS[land]}
    return b.dataset(id=id_of(n), title=f"Number {n}", duo=b.codes(*CODES[codes]), facts=facts, **changes)


kinds = st.tuples(st.integers(0, len(CODES) - 1), st.integers(0, len(LANDS) - 1))
purposes = st.builds(
    lambda commercial, kind, linkage: replace(
        b.PURPOSE, commercial=commercial, kinds=frozenset({kind}), linkage=linkage
    ),
    st.sampled_from([None, True, False]),
    st.sampled_from(list(Kind)),
    st.sampled_from([None, True, False]),
)


@given(st.lists(kinds, min_size=1, max_size=12), purposes, st.integers(0, 3))
def test_each_answer_is_what_asking_about_that_dataset_alone_gives(
    made: list[tuple[int, int]], purpose: Purpose, other: int
) -> None:
    """Datasets under the same rules share an answer; one that differs in a single rule does not."""
    rows: list[Row] = [dataset(n, *kind) for n, kind in enumerate(made)]
    odd = (
        {"terms_of_use": "https://bank.example/terms"},
        {"access": "open"},
        {"certificate": DatasetCertificate(permissions=b.codes("DUO:0000042"), answers={"linkage": "deny"})},
        {"evidence": ()},
    )[other]
    rows.append(dataset(len(made), *made[0], **odd))
    snapshot = b.snapshot(*rows)
    ids = [id_of(n) for n in range(len(rows) + 1)]
    asked = b.question(stage="foresee", purpose=purpose, object=None, grants=())
    found = list(foresee_each(asked, ids, snapshot))
    assert found == [evaluate(replace(asked, dataset=id), snapshot) for id in ids]


@pytest.mark.parametrize("changes", [{"stage": "use"}, {"stage": "approve"}, {"within": frozenset({b.HEART})}])
def test_what_belongs_to_one_dataset_is_not_shared(changes: dict[str, Any]) -> None:
    asked = replace(b.question(stage="foresee", purpose=b.PURPOSE), **changes)
    with pytest.raises(ValueError, match="foreseen"):
        list(foresee_each(asked, [b.HEART], b.snapshot()))


async def test_a_pre_check_of_all_that_is_listed_is_one_entry_with_one_trace() -> None:
    hidden = dataset(7, 0, 0, existence="hidden")
    s = stage(dataset(1, 1, 0), dataset(2, 2, 0), hidden)
    found = await pre_check(s.world, caller(), COMMERCIAL)
    assert isinstance(found, PreCheck)
    assert s.kinds() == ["pre_check.made"]
    assert [one.dataset for one in found.told] == [id_of(1), id_of(2), b.HEART]
    trace = s.ledger.rows["trace", found.id]
    assert isinstance(trace, Trace)
    entry = s.ledger.entries[0]
    lines = "".join(f"{one.dataset}\t{one.outcome.name}\t{','.join(one.codes)}\n" for one in found.told)
    assert entry.about["answers"] == trace.body["answers"] == hashlib.sha256(lines.encode()).hexdigest()
    assert (entry.about["datasets"], entry.about["trace"]) == (3, digest(trace))


async def test_the_answer_is_that_of_the_pre_check_of_one() -> None:
    s = stage()
    for purpose in (b.PURPOSE, COMMERCIAL):
        many = await pre_check(s.world, caller(), purpose, [b.HEART])
        one = await foresee(s.world, caller(), b.HEART, purpose)
        assert isinstance(many, PreCheck)
        assert isinstance(one, Foreseen)
        assert many.told[0].outcome is one.decision.outcome
        assert many.told[0].codes == tuple(dict.fromkeys(reason.code for reason in one.decision.reasons))


async def test_what_one_may_not_know_of_is_answered_like_what_does_not_exist() -> None:
    hidden = dataset(7, 0, 0, existence="hidden")
    s = stage(hidden)
    found = await pre_check(s.world, caller(), b.PURPOSE, [id_of(7), id_of(8), b.HEART])
    assert isinstance(found, PreCheck)
    said = [(one.outcome, one.codes) for one in found.told]
    assert said[0] == said[1] == (Outcome.DENY, ("REQ-NOT-FOUND",))
    assert said[2][0] is Outcome.PERMIT_WITH_OBLIGATIONS


async def test_the_longest_pre_check_is_answered_and_a_longer_one_is_refused() -> None:
    s = stage()
    ids = [b.HEART, *(id_of(n) for n in range(MOST - 1))]
    assert isinstance(await pre_check(s.world, caller(), b.PURPOSE, ids), PreCheck)
    more = await pre_check(s.world, caller(), b.PURPOSE, [*ids, id_of(MOST)])
    assert isinstance(more, Reason)
    assert more.code == "REQ-TOO-LARGE"


async def test_it_is_by_one_picture_and_others_have_their_turns() -> None:
    """A change in the middle neither mixes two pictures nor waits until all is said."""
    s = stage(*(dataset(n, 0, 0) for n in range(600)))
    turns = 0
    first = s.world.snapshots.current()

    class Clock:
        def now(self) -> Any:
            return START

        async def give_way(self) -> None:
            nonlocal turns
            turns += 1
            await s.world.ledger.record(
                s.world.entry("request.changed", START, None),
                Put(b.dataset(version=turns + 1, duo=b.codes("DUO:0000011"))),
            )

    found = await pre_check(replace(s.world, clock=Clock()), caller(), b.PURPOSE)
    assert isinstance(found, PreCheck)
    assert turns == 2
    assert s.world.snapshots.current() is not first
    by_id = {one.dataset: one.outcome for one in found.told}
    assert by_id[b.HEART] is Outcome.PERMIT_WITH_OBLIGATIONS
