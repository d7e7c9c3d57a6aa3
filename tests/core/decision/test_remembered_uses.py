"""What was judged before is used again only while nothing that it rests on has changed (decision/use.py)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.model import Withdrawal
from broker.core.decision import evaluate
from broker.core.decision.case import case_of
from broker.core.decision.gates import GATES
from broker.core.decision.use import USE_GATES
from broker.core.decision.weighing import weighed
from broker.core.memory import Memory
from broker.core.purpose import Modality
from broker.core.rows import Evidence, Row
from broker.core.rows.credentials import OF_CREDENTIALS
from broker.core.snapshot import Snapshot, follow
from broker.core.time import Seconds
from tests import builders as world
from tests.fakes import START

DAY = 86_400
COUNTRIES = ("DE", "FR", "US", "CN", None)


def unremembered(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, memory=Memory(0))


def withdrawn(version: int) -> Row:
    return world.consent(version=version, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"))


CHANGES: dict[str, Callable[[int], Row]] = {
    "dataset": lambda n: world.dataset(duo=world.codes("DUO:0000006", *(("DUO:0000018",) if n % 2 else ()))),
    "consent": lambda n: withdrawn(n + 1) if n % 2 else world.consent(version=n + 1),
    "organisation": lambda n: world.organisation(
        facts={**world.RECIPIENT_FACTS, "recipient.country": COUNTRIES[n % 3]},
        organisation="for_profit" if n % 2 else "non_profit",
    ),
    "object": lambda n: world.drs_object(subjects=(world.PIA, *((world.PAUL,) if n % 2 else ()))),
    "grant": lambda n: world.grant(purpose=replace(world.PURPOSE, commercial=n % 2 == 1)),
    "revoked": lambda n: world.revocation(f"person:{world.ADA}", since=Seconds(START + n)),
    "revoked grant": lambda n: world.revocation(f"grant:{world.GRANT}", since=Seconds(START + n)),
}

steps = st.tuples(
    st.sampled_from(sorted(CHANGES)),
    st.integers(0, 5),
    st.sampled_from(COUNTRIES),
    st.sampled_from(list(Modality)),
    st.integers(0, 3),
)


@given(st.lists(steps, min_size=1, max_size=8))
def test_what_is_remembered_is_what_would_be_judged_anew(
    told: list[tuple[str, int, str | None, Modality, int]],
) -> None:
    snapshot = world.snapshot()
    for name, n, place, modality, days in told:
        at = Seconds(START + days * DAY)
        question = world.question(location=place, modality=modality, at=at, known_at=at)
        for _ in range(2):
            assert evaluate(question, snapshot) == evaluate(question, unremembered(snapshot))
        snapshot = follow(snapshot, [CHANGES[name](n)])
        assert evaluate(question, snapshot) == evaluate(question, unremembered(snapshot))


def test_the_second_question_is_not_judged_again() -> None:
    snapshot = world.snapshot()
    first = evaluate(world.question(), snapshot)
    second = evaluate(world.question(session="another"), snapshot)
    assert first.facts is second.facts


def test_credentials_alone_change_nothing_that_is_remembered() -> None:
    """A revocation refuses at once; and what the data allow need not be asked anew."""
    snapshot = world.snapshot()
    evaluate(world.question(), snapshot)
    after = follow(snapshot, [world.revocation(f"person:{world.ADA}")])
    assert not evaluate(world.question(), after).permits
    assert after.data is snapshot.data


def test_other_law_is_another_answer() -> None:
    snapshot = world.snapshot()
    assert evaluate(world.question(), snapshot).permits
    lawless = replace(world.rules(), periods=tuple(replace(one, packs=()) for one in world.rules().periods))
    assert not evaluate(world.question(), replace(snapshot, rulebook=lawless)).permits


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": "foresee", "purpose": world.PURPOSE},
        {"stage": "approve", "purpose": world.PURPOSE},
        {"known_at": Seconds(START - 1)},
    ],
)
def test_what_is_foreseen_or_as_of_another_time_is_judged_anew(changes: dict[str, Any]) -> None:
    snapshot = world.snapshot()
    asked = world.question(**changes)
    assert evaluate(asked, snapshot).facts is not evaluate(asked, snapshot).facts


def test_evidence_that_begins_later_ends_what_was_said_before() -> None:
    """Past hole: a refusal of the community that begins tomorrow did not end today's answer."""
    refused = Evidence(id="community.refused", valid_from=Seconds(START + 60))
    snapshot = world.snapshot(dataset=world.dataset(evidence=(refused,)))
    before = evaluate(world.question(), snapshot)
    later = Seconds(START + 60)
    assert before.permits
    assert before.until <= later
    assert not evaluate(world.question(at=later, known_at=later), snapshot).permits


def test_the_gates_of_a_use_read_no_credentials() -> None:
    looked: set[str] = set()
    snapshot = world.snapshot()

    class Rows:
        def get(self, key: tuple[str, str], default: Any = None) -> Any:
            looked.add(key[0])
            return snapshot.rows.get(key, default)

    class Index:
        def get(self, key: tuple[str, ...], default: Any = None) -> Any:
            looked.add(key[0])
            return snapshot.index.get(key, default)

        def __contains__(self, key: object) -> bool:
            return key in snapshot.index

    watched: Any = replace(snapshot, rows=Rows(), index=Index())  # type: ignore[arg-type]
    for stage in ("foresee", "approve", "use"):
        question = world.question(stage=stage, purpose=world.PURPOSE)
        case = replace(case_of(question, None, weighed(question, snapshot), snapshot), snapshot=watched)
        for gate in USE_GATES:
            gate(case)
    assert looked
    kinds = {kind.KIND for kind in OF_CREDENTIALS} | {"grant", "person", "link", "installation", "jwks_uri", "inbox"}
    assert not looked & kinds


def test_the_gates_of_a_use_are_gates() -> None:
    assert set(USE_GATES) < set(GATES)


@pytest.mark.parametrize(
    "changes",
    [
        {"modality": Modality.AGGREGATE},
        {"location": "CN"},
        {"object": world.TWO},
        {"affiliations": ("faculty@elsewhere.example",)},
        {"at": Seconds(START + DAY), "known_at": Seconds(START + DAY)},
        {"identities": frozenset({(world.HOME, "ada")})},
    ],
)
def test_another_question_is_another_use(changes: dict[str, Any]) -> None:
    snapshot = world.snapshot()
    evaluate(world.question(), snapshot)
    other = world.question(**changes)
    assert evaluate(other, snapshot) == evaluate(other, unremembered(snapshot))


def test_codes_that_depend_on_the_day_are_asked_anew_each_day() -> None:
    """A moratorium (DUO:0000024) that ends tomorrow is no duty the day after."""
    moratorium = {"code": "DUO:0000024", "date": "2027-01-17"}
    snapshot = world.snapshot(dataset=world.dataset(duo=world.codes("DUO:0000006", moratorium)))
    for days in range(4):
        at = Seconds(START + days * DAY)
        question = world.question(at=at, known_at=at)
        assert evaluate(question, snapshot) == evaluate(question, unremembered(snapshot))


def test_a_replay_answers_nothing_that_is_asked_now() -> None:
    """What was permitted before somebody withdrew is replayed as it was, and permits nothing after."""
    later = Seconds(START + 60)
    gone = world.consent(version=2, status="withdrawn", effective_from=START, recorded_at=later)
    snapshot = follow(world.snapshot(), [gone])
    assert evaluate(world.question(), snapshot).permits
    assert not evaluate(world.question(at=later, known_at=later), snapshot).permits
    assert evaluate(world.question(), snapshot).permits
