"""A transfer cannot be split: what the same institution had in twelve months counts, and nothing else does."""

from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.policy_files import load_packs
from broker.core.decision import evaluate, explain, foresee_each
from broker.core.ids import DatasetId, GrantId, PersonId
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.outcome import Outcome
from broker.core.purpose import Modality
from broker.core.rows import Grant, Row
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, add_months
from tests import builders as b
from tests.fakes import START

MORE = DatasetId("https://bank.example/datasets/more")
THIRD = DatasetId("https://bank.example/datasets/third")
US_FACTS = {
    **b.DATA_FACTS, "data.controller_country": "US", "data.origin_countries": ("US",), "data.storage_country": "US",
    "request.consideration": "license", "request.transaction_type": "vendor", "request.us_gov_funded": False,
}  # fmt: skip
CHINA = {
    **b.RECIPIENT_FACTS, "recipient.country": "CN", "recipient.control_countries": ("CN",),
    "recipient.individual_residence": "CN",
}  # fmt: skip
COLLEAGUE = PersonId("usr_colleague")


def us_rules() -> Rulebook:
    packs = [one for one in load_packs(b.CONFIG / "policies") if one.id in ("core-baseline", "us-doj-28cfr202")]
    made = rulebook(packs, "example")
    assert isinstance(made, Rulebook)
    return made


def dataset(id: DatasetId, people: int, **facts: Any) -> Row:
    return b.dataset(id=id, facts=US_FACTS | {"data.us_person_count_12m": people} | facts)


def had(id: DatasetId = MORE, **changes: Any) -> Grant:
    """A colleague of the same institution has had a grant for another dataset."""
    made = b.grant(
        id=GrantId(f"grt_of_{id.rpartition('/')[2]}"), dataset=id, person=COLLEAGUE,
        affiliations=("staff@rhine.example",), begins=Seconds(START - 30 * 86_400), ends=Seconds(START + 86_400),
    )  # fmt: skip
    return replace(made, **changes)


def world(people: int, *more: Row) -> Snapshot:
    made = b.snapshot(*more, dataset=dataset(b.HEART, people), organisation=b.organisation(facts=CHINA), grant=None)
    return replace(made, rulebook=us_rules())


def asked(snapshot: Snapshot, **changes: Any) -> tuple[Outcome, set[str]]:
    purpose = replace(b.PURPOSE, countries=frozenset({"CN"}))
    question = b.question(stage="approve", purpose=purpose, object=None, location="CN", **changes)
    decision = evaluate(question, snapshot)
    return decision.outcome, {reason.code for reason in decision.reasons if reason.code.startswith("JUR-US")}


BELOW, DENIED = "JUR-US-202-BELOW-BULK", "JUR-US-202-303"


@pytest.mark.row("OUT-SPLIT")
def test_alone_both_halves_are_below_the_threshold_and_together_they_are_not() -> None:
    assert asked(world(60))[0].permits
    assert asked(world(60, dataset(MORE, 60), had())) == (Outcome.ALTERNATIVE, {DENIED})


@pytest.mark.row("OUT-SPLIT")
@pytest.mark.parametrize(("people", "permitted"), [(40, True), (41, False)])
def test_the_threshold_is_that_of_the_sum(people: int, permitted: bool) -> None:  # noqa: FBT001 (a table)
    """More than 100 is bulk; 100 is not."""
    assert asked(world(people, dataset(MORE, 60), had()))[0].permits is permitted


@pytest.mark.row("OUT-SPLIT")
def test_many_small_ones_are_one() -> None:
    small = [dataset(DatasetId(f"https://bank.example/datasets/{n}"), 10) for n in range(8)]
    grants = [had(DatasetId(row.id)) for row in small]
    assert asked(world(20, *small, *grants))[0].permits
    assert not asked(world(21, *small, *grants))[0].permits


NOT_COUNTED: dict[str, tuple[Row, ...]] = {
    "of another institution": (had(affiliations=("staff@elbe.example",)),),
    "over for a year": (had(begins=Seconds(START - 3 * b.YEAR), ends=add_months(START, -12)),),
    "revoked for a year": (had(), b.revocation("grant:grt_of_more", add_months(START, -12))),
    "of another category": (had(), dataset(MORE, 60, **{"data.category": "phenotype"})),
    "not begun": (had(begins=Seconds(START + 1)),),
    "of the very dataset that is asked for": (had(b.HEART),),
    "of a dataset that is there no more": (had(THIRD),),
}


@pytest.mark.row("OUT-SPLIT")
@pytest.mark.parametrize("why", NOT_COUNTED)
def test_what_does_not_count(why: str) -> None:
    assert asked(world(60, dataset(MORE, 60), *NOT_COUNTED[why]))[0].permits


@pytest.mark.row("OUT-SPLIT")
@pytest.mark.parametrize(
    "row",
    [
        had(begins=Seconds(START - 3 * b.YEAR), ends=Seconds(add_months(START, -12) + 1)),
        had(begins=START),
        had(person=b.ADA),
    ],
    ids=["ended less than a year ago", "begins now", "the applicant's own"],
)
def test_what_counts_to_the_second(row: Grant) -> None:
    assert not asked(world(60, dataset(MORE, 60), row))[0].permits


@pytest.mark.row("OUT-SPLIT")
def test_the_same_dataset_twice_is_counted_once() -> None:
    twice = (had(), replace(had(), id=GrantId("grt_again"), person=b.ADA))
    assert asked(world(40, dataset(MORE, 60), *twice))[0].permits


@pytest.mark.row("OUT-SPLIT")
def test_a_grant_that_runs_is_not_cut_by_what_was_given_after_it() -> None:
    purpose = replace(b.PURPOSE, countries=frozenset({"CN"}))
    made = world(60, dataset(MORE, 60), had(), b.grant(purpose=purpose, affiliations=("faculty@rhine.example",)))
    assert evaluate(b.question(location="CN"), made).permits


@pytest.mark.row("OUT-SPLIT")
def test_checked_totals_stay_open_and_the_explanation_says_where_the_number_comes_from() -> None:
    made = world(60, dataset(MORE, 60), had())
    question = b.question(
        stage="approve", purpose=replace(b.PURPOSE, countries=frozenset({"CN"})), object=None, location="CN"
    )
    told = explain(question, evaluate(question, made), made)
    assert told.alternatives == (Modality.AGGREGATE,)
    facts = {one["name"]: one for one in told.committee["facts"]}
    assert (facts["data.us_person_count_12m"]["value"], facts["data.us_person_count_12m"]["origin"]) == (120, "record")


@pytest.mark.row("OUT-SPLIT")
def test_a_pre_check_of_many_counts_too() -> None:
    """The dataset that was had, and its twin under the same rules, are told apart."""
    made = world(60, dataset(MORE, 60), dataset(THIRD, 60), had())
    purpose = replace(b.PURPOSE, countries=frozenset({"CN"}))
    question = b.question(stage="foresee", purpose=purpose, object=None, location="CN")
    each = [one.outcome.permits for one in foresee_each(question, [b.HEART, MORE, THIRD], made)]
    alone = [evaluate(replace(question, dataset=id), made).outcome.permits for id in (b.HEART, MORE, THIRD)]
    assert each == alone == [False, True, False]
