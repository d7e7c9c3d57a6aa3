"""What a committee sees of itself: earlier answers about the same data, and its figures."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.clock import Clock
from broker.core.access.life import Stage
from broker.core.access.states import State
from broker.core.ids import DatasetId, DecisionId, RequestId, make_id
from broker.core.purpose import Kind, Modality
from broker.core.rows import Application, Request, Review, Role
from broker.core.rows.applications import Paper
from broker.core.time import Seconds
from broker.flows.applications.similar import MOST, similar
from broker.flows.committee_figures import ours
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import caller

DAY = 86_400
OTHER = replace(b.PURPOSE, kinds=frozenset({Kind.ANCESTRY}), modality=Modality.AGGREGATE)


def answered(id: str, *, at: int = START - DAY, days: int = 3, state: State = State.APPROVED, **more: Any) -> Request:
    decision = DecisionId(make_id("dec", at, id.encode().ljust(10)[:10]))
    made: dict[str, Any] = {"ground": id, "created": Seconds(at - days * DAY), "decision": decision}
    return b.request(id=RequestId(id), state=state, **(made | more))


@pytest.mark.row("PAG-COMMITTEE")
def test_the_most_alike_come_first_of_the_alike_the_newest_and_only_answers() -> None:
    rows = [
        answered("far", purpose=OTHER, at=START),
        answered("old", at=START - 9 * DAY),
        answered("new", state=State.REJECTED),
        answered("fourth", purpose=replace(b.PURPOSE, commercial=True, linkage=True, recontact=True)),
        b.request(id=RequestId("waits")),
        answered("elsewhere", dataset=DatasetId("https://bank.example/datasets/other")),
        answered("together", review="rev_1"),
    ]
    found = similar(b.request(review="rev_1"), b.snapshot(*rows, grant=None))
    assert [one.ground for one in found] == ["new", "old", "far"]
    assert len(found) == MOST
    assert [one.approved for one in found] == [False, True, True]
    assert found[0].differs == ()
    assert found[2].differs == ("kinds", "modality")
    assert found[0].at == START - DAY


def desk(*requests: Request) -> tuple[Any, ...]:
    paper = Paper(title="T", statement="S", purpose=b.PURPOSE)
    application = Application(id="app_1", person=b.ADA, papers=(paper,), reviews=("rev_1",), created=START)  # type: ignore[arg-type]
    review = Review(
        id="rev_1", application="app_1", committee=b.DAC, requests=tuple(one.id for one in requests),  # type: ignore[arg-type]
        stage=Stage.IN_REVIEW, clock=Clock(since=Seconds(START - 20 * DAY)),
    )  # fmt: skip
    return application, review, *requests


@pytest.mark.row("PAG-COMMITTEE")
def test_a_committee_reads_how_it_does_and_nobody_else() -> None:
    rows = desk(
        b.request(id=RequestId("waits"), review="rev_1"),
        answered("quick", days=2, review="rev_1"),
        answered("slow", days=40, state=State.REJECTED, review="rev_1"),
        answered("slower", days=50, review="rev_1"),
        answered("long_ago", at=START - 400 * DAY, review="rev_1"),
    )
    snapshot = b.snapshot(*rows, grant=None)
    member = Role(id="r", role="committee_member", scope=f"committee:{b.DAC}", iss=b.HOME, sub="mei")
    (found,) = ours(caller(roles=(member,)), snapshot, START)
    assert (found.waiting, found.late, found.answered, found.approved, found.median) == (1, 1, 3, 2, 40)
    assert ours(caller(), snapshot, START) == ()
