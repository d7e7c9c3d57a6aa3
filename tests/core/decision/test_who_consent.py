"""What WHO asks of consent and of ways of access, through the one question (requirements/who.yaml)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from broker.core.consent.model import Grantor, Scope, Withdrawal
from broker.core.decision import evaluate, explain
from broker.core.outcome import Outcome
from broker.core.purpose import Modality, Sensitive
from broker.core.rows import Evidence
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

GRU = b.codes("DUO:0000042")


def scoped(answers: dict[str, str] | None = None, **members: Any) -> Any:
    return b.consent(scope=Scope(permissions=GRU, answers=answers or {}, **members))


def purposed(**members: Any) -> Any:
    return b.grant(purpose=replace(b.PURPOSE, **members))


OPEN = b.dataset(duo=b.codes("DUO:0000042"))
COMPANY = b.organisation(organisation="for_profit")
FOR_ONE = {"for_profit_org": "permit", "commercial_use": "deny"}
FOR_THE_OTHER = {"for_profit_org": "deny", "commercial_use": "permit"}
TRAINS = {"ai_training": "permit", "ai_model_release": "deny"}

ANSWERS = [
    # world, does the file go out?
    pytest.param({"organisation": COMPANY, "pia": scoped(FOR_ONE)}, True, id="a company, no commerce", marks=pytest.mark.row("WHO-3.1-3a")),
    pytest.param({"organisation": COMPANY, "pia": scoped(FOR_THE_OTHER)}, False, id="a company", marks=pytest.mark.row("WHO-3.1-3a")),
    pytest.param({"grant": purposed(commercial=True), "pia": scoped(FOR_ONE)}, False, id="commerce at a university", marks=pytest.mark.row("WHO-3.1-3a")),
    pytest.param({"grant": purposed(commercial=True), "pia": scoped(FOR_THE_OTHER)}, True, id="commerce permitted", marks=pytest.mark.row("WHO-3.1-3a")),
    pytest.param({"organisation": COMPANY}, False, id="nobody was asked about companies", marks=pytest.mark.row("WHO-3.1-3a")),
    pytest.param({"grant": purposed(ai_use="training"), "pia": scoped(TRAINS)}, True, id="training permitted", marks=pytest.mark.row("WHO-3.1-3b")),
    pytest.param({"grant": purposed(ai_use="model_release"), "pia": scoped(TRAINS)}, False, id="not the model", marks=pytest.mark.row("WHO-3.1-3b")),
    pytest.param({"grant": purposed(ai_use="training")}, False, id="nobody was asked about training", marks=pytest.mark.row("WHO-3.1-3b")),
    pytest.param({"pia": scoped(hosting=frozenset({"DE"}))}, True, id="hosted where it may be", marks=pytest.mark.row("WHO-3.1-3c")),
    pytest.param({"pia": scoped(hosting=frozenset({"FR"}))}, False, id="hosted elsewhere", marks=pytest.mark.row("WHO-3.1-3c")),
    pytest.param({"pia": scoped(recipient_countries=frozenset({"FR"}))}, False, id="received elsewhere", marks=pytest.mark.row("WHO-3.1-3c")),
    pytest.param({"pia": scoped(modalities=frozenset({Modality.AGGREGATE}))}, False, id="another way of access", marks=pytest.mark.row("WHO-3.1-3c")),
    pytest.param({"pia": b.consent(maturity_review_on=date(2020, 1, 1), grantor=Grantor(kind="parent"))}, False, id="grown up, not asked again", marks=pytest.mark.row("WHO-3.1-9")),
    pytest.param({"pia": b.consent(grantor=Grantor(kind="representative", valid_to=date(2020, 1, 1)))}, False, id="representation ended", marks=pytest.mark.row("WHO-3.1-11")),
]  # fmt: skip


@pytest.mark.parametrize(("world", "goes_out"), ANSWERS)
def test_a_persons_answers_are_kept_to_one_by_one(world: dict[str, Any], goes_out: bool) -> None:  # noqa: FBT001
    assert evaluate(b.question(), b.snapshot(**{"dataset": OPEN} | world)).permits is goes_out


@pytest.mark.row("WHO-3.1-3c")
def test_data_that_moved_are_judged_where_they_are() -> None:
    asked = b.question(modality=Modality.CODE_TO_DATA)
    limited = scoped(hosting=frozenset({"DE"}))
    moved = b.dataset(facts={**b.DATA_FACTS, "data.storage_country": "US"})
    assert evaluate(asked, b.snapshot(pia=limited)).permits
    assert not evaluate(asked, b.snapshot(pia=limited, dataset=moved)).permits


@pytest.mark.row("WHO-3.1-4")
@pytest.mark.parametrize("model", ["specific", "broad", "tiered", "dynamic"])
def test_consents_of_all_models_lie_in_one_dataset_and_each_is_kept_to(model: Any) -> None:
    """The whole dataset is asked for: Paul said no to training, by whatever model, and only he stays out."""
    no = b.consent(b.PAUL, model=model, scope=Scope(permissions=GRU, answers={"ai_training": "deny"}))
    world = {"pia": scoped({"ai_training": "permit"}), "paul": no, "grant": purposed(ai_use="training")}
    decision = evaluate(b.question(object=None), b.snapshot(dataset=OPEN, **world))
    assert (decision.permits, decision.excluded) == (True, frozenset({b.PAUL}))


@pytest.mark.row("WHO-3.1-0b")
@pytest.mark.row("WHO-P-7")
@pytest.mark.row("WHO-3.6-3")
def test_neither_a_person_nor_the_law_overrules_a_community_nor_it_them() -> None:
    governed = b.dataset(facts={**b.DATA_FACTS, "data.community_governed": True})
    refused = replace(governed, evidence=(Evidence(id="community.refused"), Evidence(id="community.approved")))
    approved = replace(governed, evidence=(Evidence(id="community.approved"),))
    withdrawn = b.consent(b.PIA, 2, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"))
    assert evaluate(b.question(), b.snapshot(dataset=refused)).outcome is Outcome.DENY
    assert evaluate(b.question(), b.snapshot(dataset=approved)).permits
    assert not evaluate(b.question(), b.snapshot(dataset=approved, x=withdrawn)).permits
    assert not evaluate(b.question(location=None), b.snapshot(dataset=approved)).permits


@pytest.mark.row("WHO-3.6-1")
@pytest.mark.row("WHO-P-6")
def test_where_copies_are_refused_the_first_milder_way_that_passes_is_offered_and_can_be_granted() -> None:
    weak = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.security_level": 1})
    snapshot = b.snapshot(organisation=weak)
    decision = evaluate(b.question(), snapshot)
    assert decision.outcome is Outcome.ALTERNATIVE
    offered = explain(b.question(), decision, snapshot).alternatives
    assert offered
    assert all(evaluate(b.question(modality=way), snapshot).permits for way in offered)
    approved = b.question(stage="approve", modality=Modality.AGGREGATE, purpose=b.PURPOSE, grants=(), object=None)
    assert evaluate(approved, snapshot).permits


@pytest.mark.row("WHO-3.3-1")
def test_a_group_that_became_too_small_waits_for_a_person() -> None:
    small = b.dataset(certificate=replace(b.dataset().certificate, min_group=2))
    gone = b.consent(b.PIA, 2, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"))
    decision = evaluate(b.question(object=None), b.snapshot(dataset=small, x=gone))
    assert decision.outcome is Outcome.REFER
    assert [reason.code for reason in decision.reasons if reason.code == "CON-TOO-FEW"]


@pytest.mark.row("WHO-P-9")
@pytest.mark.parametrize(("left", "open_"), [(1, True), (0, False)])
def test_a_grant_opens_nothing_from_its_last_second_on(left: int, open_: bool) -> None:  # noqa: FBT001
    ending = b.grant(ends=Seconds(START + left))
    assert evaluate(b.question(), b.snapshot(grant=ending)).permits is open_


@pytest.mark.row("WHO-3.2-4")
@pytest.mark.row("WHO-3.1-11")
@pytest.mark.parametrize("topic", Sensitive)
def test_a_sensitive_topic_always_goes_to_a_person(topic: Sensitive) -> None:
    decision = evaluate(b.question(), b.snapshot(grant=purposed(sensitive=frozenset({topic}))))
    assert decision.outcome is Outcome.REFER
