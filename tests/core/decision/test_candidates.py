"""What is offered to somebody who was refused: less of what they asked, or what somebody can bring; never a lie."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision.case import case_of
from broker.core.decision.entitlement import entitlements
from broker.core.decision.explanation.candidates import candidates
from broker.core.decision.explanation.steps import COMMUNITY_SAID_YES, Step
from broker.core.decision.weighing import weighed
from broker.core.ids import GrantId
from broker.core.outcome import Gate
from broker.core.purpose import Agreements, Kind
from broker.core.rows import Evidence, Grant
from broker.core.rows.assurance import Demand
from broker.core.rows.obligations import Obligation
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_gates_alone import case as use
from tests.core.decision.test_looked_up import looked_up
from tests.core.decision.test_sealed_objects import ENVELOPE
from tests.fakes import START

Offer = tuple[str, str, Any, str]
DIABETES, TYPE_2 = "MONDO:0005015", "MONDO:0005148"


def offered(gate: Gate = Gate.DUO, purpose: Any = b.PURPOSE, world: Any = None, **changes: Any) -> list[Offer]:
    return offers(candidates(gate, looked_up(purpose, world=world, **changes)))


def offers(found: Iterable[Step]) -> list[Offer]:
    return [(one.fact, one.how, one.value, one.by) for one in found]


def coded(*codes: Any) -> dict[str, Any]:
    return {"dataset": b.dataset(duo=b.codes("DUO:0000042", *codes))}


def you(fact: str, value: Any, how: str = "set", by: str = "you") -> Offer:
    return f"purpose.{fact}", how, value, by


AGREED = Agreements(publish=True, return_data=True)
OFFERS: list[tuple[dict[str, Any], list[Any], list[Offer]]] = [
    # the purpose, the data's codes, what is offered
    ({}, [], []),
    ({"commercial": True}, [], [you("commercial", value=False)]),
    ({"commercial": None}, [], [you("commercial", value=False)]),
    ({"clinical_care": True}, [], [you("clinical_care", value=False)]),
    ({"linkage": True}, [], [you("linkage", value=False)]),
    ({"recontact": None}, [], [you("recontact", value=False)]),
    ({"ai_use": "model_release"}, [], [you("ai_use", "none"), you("ai_use", "training")]),
    ({"ai_use": "training"}, [], [you("ai_use", "none")]),
    ({"ai_use": None}, [], [you("ai_use", "none"), you("ai_use", "training")]),
    ({"genetic_data": None}, [], [you("genetic_data", value=True)]),
    ({"genetic_data": False}, [], []),
    (
        {"kinds": frozenset({Kind.HMB, Kind.ANCESTRY})}, [],
        [you("kinds", ("ancestry",), "remove"), you("kinds", ("hmb",), "remove")],
    ),
    ({"diseases": frozenset({DIABETES})}, [], [you("kinds", ("hmb",), "remove")]),
    (
        {"diseases": frozenset({DIABETES, TYPE_2})}, [],
        [you("kinds", ("hmb",), "remove"), *(you("diseases", (one,), "remove") for one in (DIABETES, TYPE_2))],
    ),
    ({"agreements": Agreements(publish=False, return_data=True)}, [], []),
    ({"agreements": Agreements(publish=False, return_data=True)}, ["PUB"], [you("agreements.publish", value=True)]),
    ({"agreements": Agreements(publish=True)}, ["RTN"], [you("agreements.return_data", value=True)]),
    ({}, ["PUB", "RTN"], []),
    ({}, ["COL"], [you("agreements.collaborate", "recorded", by="custodian")]),
    ({"agreements": replace(AGREED, collaborate="recorded")}, ["COL"], []),
    ({}, ["IRB"], [you("evidence.ethics_approval", "verified", by="institution")]),
    ({"ethics_approval": "supplied"}, ["IRB"], [you("evidence.ethics_approval", "verified", by="institution")]),
    ({"ethics_approval": "verified"}, ["IRB"], []),
    ({"duration_months": 7}, [{"code": "TS", "months": 6}], [you("duration_months", 6)]),
    ({"duration_months": None}, [{"code": "TS", "months": 6}], [you("duration_months", 6)]),
    ({"duration_months": 6}, [{"code": "TS", "months": 6}], []),
    ({"countries": frozenset({"DE", "US"})}, [{"code": "GS", "regions": ["DE", "FR"]}], [you("countries", ("DE",))] * 2),
    ({}, [{"code": "GS", "regions": ["DE", "FR"]}], []),
    ({}, [{"code": "GS", "regions": ["DE"]}], []),
    ({"countries": frozenset({"US"})}, [], [you("countries", ("DE",))]),
    ({}, [{"code": "DS", "diseases": [DIABETES, TYPE_2]}], [you("diseases", (DIABETES, TYPE_2), "add")]),
    ({"diseases": frozenset({DIABETES})}, [{"code": "DS", "diseases": [DIABETES]}], [you("kinds", ("hmb",), "remove")]),
]  # fmt: skip


@pytest.mark.row("EXP-HONEST")
@pytest.mark.parametrize(("stated", "codes", "wanted"), OFFERS, ids=map(str, range(len(OFFERS))))
def test_a_purpose_may_ask_for_less_and_promise_more(
    stated: dict[str, Any], codes: list[Any], wanted: list[Offer]
) -> None:
    purpose = replace(b.PURPOSE, **stated)
    assert offered(Gate.DUO, purpose, coded(*codes)) == wanted
    assert offered(Gate.CONSENT, purpose, coded(*codes)) == wanted, "for the certificate and participants the same"
    assert offered(Gate.DUO, purpose, coded(*codes), stage="use") == [], "a use has the purpose that was approved"
    assert offered(Gate.CONDUCT, purpose, coded(*codes)) == []


def test_what_the_certificate_asks_for_is_promised_as_well() -> None:
    made = b.dataset()
    narrow = replace(
        made.certificate, permissions=b.codes({"code": "DS", "disease": DIABETES}), modifiers=b.codes("IRB")
    )
    world = {"dataset": replace(made, duo=b.codes("DUO:0000042"), certificate=narrow)}
    assert offered(world=world) == [
        you("evidence.ethics_approval", "verified", by="institution"), you("diseases", (DIABETES,), "add"),
    ]  # fmt: skip


def test_a_day_before_which_nothing_is_published_is_put_off_to_the_one_that_the_data_ask_for() -> None:
    code = {"code": "MOR", "date": "2027-03-01"}
    early = replace(b.PURPOSE, agreements=replace(AGREED, no_publication_before=b.SAFEGUARDS.engagements[0].on))
    assert offered(Gate.DUO, early, coded(code)) == [you("agreements.no_publication_before", "2027-03-01")]
    assert offered(Gate.DUO, b.PURPOSE, coded(code)) == []
    assert offered(Gate.DUO, early, coded({"code": "MOR"})) == []


def test_one_may_work_from_where_ones_institution_is_and_where_the_data_lie() -> None:
    home = ("recipient.individual_location", "set", "DE", "you")
    assert offered(location="FR") == [home]
    assert offered(location=None) == [home]
    facts = {name: value for name, value in b.RECIPIENT_FACTS.items() if name != "recipient.country"}
    assert offered(world={"organisation": b.organisation(facts=facts)}, location="FR") == []
    elsewhere = {"dataset": b.dataset(duo=b.codes("DUO:0000042"), facts={**b.DATA_FACTS, "data.storage_country": "FR"})}
    assert offered(world=elsewhere) == [you("countries", ("FR",))]
    nowhere = {name: value for name, value in b.DATA_FACTS.items() if name != "data.storage_country"}
    assert offered(world={"dataset": b.dataset(duo=b.codes("DUO:0000042"), facts=nowhere)}) == []
    assert offered(purpose=None) == []


DEMAND = Demand(max_age=60)


def test_who_must_sign_in_anew_may_and_nobody_else_is_asked() -> None:
    world = {"dataset": b.dataset(assurance=DEMAND)}
    assert offered(Gate.IDENTITY, world=world) == [("sign_in", "set", "again", "you")]
    assert offered(Gate.IDENTITY, world=world, person=None) == []
    assert offered(Gate.IDENTITY) == []
    assert offered(Gate.IDENTITY, world={"dataset": None}) == []


def test_terms_are_accepted_and_training_is_certified_where_the_data_ask_for_them() -> None:
    terms, course = (
        ("terms.accepted", "add", "https://t.example", "you"),
        ("training", "add", "https://c.example", "institution"),
    )
    asked = {"terms_of_use": terms[2], "training": course[2]}
    assert offered(Gate.TERMS, world={"dataset": b.dataset(**asked)}) == [terms, course]
    assert offered(Gate.TERMS, world={"dataset": b.dataset(terms_of_use=terms[2])}) == [terms]
    assert offered(Gate.TERMS, world={"dataset": b.dataset(training=course[2])}) == [course]
    assert offered(Gate.TERMS) == offered(Gate.TERMS, world={"dataset": None}) == []


def test_a_community_is_asked_for_its_yes() -> None:
    assert candidates(Gate.COMMUNITY, looked_up()) == (COMMUNITY_SAID_YES,)


def shows(level: int) -> Offer:
    return "recipient.security_level", "set", level, "institution"


def proves(level: int) -> Offer:
    return "evidence", "add", (f"security.level:{level}",), "institution"


CONTRACT: Offer = ("recourse", "add", "contract", "institution")
LEVELS: list[tuple[int | None, int | None, int | None, list[Offer]]] = [
    # asked for, stated, proven, what is offered
    (None, 0, None, []),
    (0, None, None, [shows(0)]),
    (1, 0, None, [shows(1)]),
    (1, 1, None, []),
    (2, 1, None, [shows(2), proves(2)]),
    (2, None, None, [shows(2), proves(2)]),
    (2, 3, None, [proves(2)]),
    (2, 2, None, [proves(2)]),
    (2, 2, 2, []),
    (3, 2, 2, [shows(3), proves(3)]),
    (3, 3, 2, [proves(3)]),
]


@pytest.mark.parametrize(("wanted", "stated", "proven", "offers"), LEVELS, ids=map(str, range(len(LEVELS))))
def test_a_level_is_stated_and_above_the_first_it_is_proven(
    wanted: int | None, stated: int | None, proven: int | None, offers: list[Offer]
) -> None:
    facts = {name: value for name, value in b.RECIPIENT_FACTS.items() if name != "recipient.security_level"}
    facts |= {} if stated is None else {"recipient.security_level": stated}
    proof = () if proven is None else (Evidence(id=f"security.level:{proven}", valid_to=Seconds(START + 9)),)
    world: dict[str, Any] = {
        "dataset": b.dataset(security_level=wanted),
        "organisation": b.organisation(facts=facts, evidence=proof),
    }
    assert offered(Gate.SECURITY, world=world) == offers
    loose = replace(world["organisation"], recourse=())
    assert offered(Gate.SECURITY, world=world | {"organisation": loose}) == [*offers, CONTRACT]
    assert offered(Gate.SECURITY, world=world | {"organisation": None}) == []
    assert offered(Gate.SECURITY, world=world | {"dataset": None}) == []


# Grants


def held(n: int, project: str = "p1", begins: int = -9, ends: int = 9) -> Grant:
    """The lower its number, the later it ends."""
    purpose = replace(b.PURPOSE, project=project)
    return b.grant(id=GrantId(f"g{n}"), purpose=purpose, begins=Seconds(START + begins), ends=Seconds(START + ends - n))


def entitling(*grants: Grant, asked: Any = None, named: int | None = None, **world: Any) -> list[Offer]:
    """What is offered to somebody who holds these grants and uses data under the one whose number is given."""
    snapshot = b.snapshot(*grants, grant=None, **world)
    question = b.question(**{"grants": tuple(one.id for one in grants[:1] if named is not None)} | (asked or {}))
    visas = weighed(question, snapshot)
    case = case_of(question, next(iter(entitlements(question, visas, snapshot)), None), visas, snapshot)
    assert (case.held is None) is (named is None)
    found = candidates(Gate.ENTITLEMENT, case)
    assert candidates(Gate.PURPOSE, case) == found
    if case.purpose is None:
        assert {candidates(gate, case) for gate in Gate} == {found}, "no gate can say yes before there is a purpose"
    return offers(found)


def shown(n: int) -> Offer:
    return "grant", "set", f"g{n}", "you"


def wanted(project: str) -> Offer:
    return "request", "add", project, "you"


def test_grants_that_run_and_were_not_shown_may_be_shown_and_no_more_than_three() -> None:
    assert entitling() == []
    assert entitling(held(0)) == [shown(0), wanted("p1")]
    assert entitling(held(0), held(1), named=0) == [shown(1), wanted("p1")]
    assert entitling(*map(held, range(4))) == [shown(0), shown(1), shown(2), wanted("p1")]
    assert entitling(held(0, begins=0)) == [shown(0), wanted("p1")]
    assert entitling(held(0, begins=1)) == entitling(held(0, ends=0)) == [wanted("p1")]
    assert entitling(held(0, ends=1)) == [shown(0), wanted("p1")]


def test_a_grant_is_asked_for_for_the_project_that_is_stated_or_that_had_one() -> None:
    stated = {"purpose": replace(b.PURPOSE, project="stated")}
    assert entitling(held(0, "new"), held(1, "old"), asked=stated)[-1] == wanted("stated")
    assert entitling(held(1, "old"), held(0, "new"), named=1)[-1] == wanted("old")
    assert entitling(held(0, "new"), held(1, "old"))[-1] == wanted("new")
    assert entitling(b.grant(id=GrantId("g1"), purpose=replace(b.PURPOSE, project=None)), held(8, "old")) == [
        shown(1), shown(8),
    ]  # fmt: skip


def test_only_who_uses_data_that_are_there_is_offered_a_grant() -> None:
    assert entitling(held(0), asked={"person": None}) == []
    assert entitling(held(0), dataset=None) == []
    assert offered(Gate.ENTITLEMENT) == [], "before a request a grant is what is asked for"


def test_registered_access_takes_its_terms_and_a_status_and_no_request() -> None:
    rules = "https://r.example/1"
    open_to_registered = b.dataset(access="registered", registered_version=rules)
    both = [("terms.accepted", "add", rules, "you"), ("researcher_status", "add", rules, "institution")]
    assert entitling(held(0), dataset=open_to_registered) == [shown(0), *both]
    assert entitling(held(0), dataset=replace(open_to_registered, access="controlled"))[1:] == [wanted("p1")]


# What is not on record, what is late, what came with the question


LACKING: Offer = ("safeguards", "add", ("safeguards.raci",), "custodian")
DUTIES: Offer = ("duties", "add", ("protect",), "custodian")
FEWER = tuple(one for one in b.SAFEGUARDS.duties if one.cls != "protect")


def test_what_is_not_on_record_is_put_on_record_and_so_are_duties() -> None:
    def said(**changes: Any) -> dict[str, Any]:
        return {"dataset": b.dataset(safeguards=replace(b.SAFEGUARDS, **changes))}

    assert offered(Gate.SAFEGUARDS) == []
    assert offered(Gate.SAFEGUARDS, world=said(raci=None)) == [LACKING]
    assert offered(Gate.SAFEGUARDS, world=said(duties=FEWER)) == [DUTIES]
    assert offered(Gate.SAFEGUARDS, world=said(raci=None, duties=FEWER)) == [LACKING, DUTIES]
    assert offered(Gate.SAFEGUARDS, world={"dataset": None}) == []


def late(id: str, holder: str) -> Obligation:
    return Obligation(id=id, cls="account", text="t", holder=holder, late="stop", due=Seconds(START - 9))


def test_what_is_late_is_done_by_whoever_owes_it() -> None:
    owed = (late("one", "researcher"), late("two", "recipient institution"), late("one", "researcher"))
    case = use(grant=b.grant(obligations=owed))
    assert offers(candidates(Gate.CONDUCT, case)) == [
        ("obligation", "set", "one", "you"), ("obligation", "set", "two", "institution"),
    ]  # fmt: skip
    assert candidates(Gate.CONDUCT, use()) == ()


SIGN_IN: Offer = ("sign_in", "set", "again", "you")
TASK: Offer = ("task", "set", b.HEART, "you")


@pytest.mark.parametrize(
    ("rows", "within", "wanted"),
    [
        ([b.revocation("session:ses")], None, [SIGN_IN]),
        ([b.revocation("session:other")], None, []),
        ([], frozenset(), [TASK]),
        ([], frozenset({b.HEART}), []),
        ([b.revocation("session:ses")], frozenset(), [SIGN_IN, TASK]),
    ],
    ids=range(5),
)
def test_a_new_sign_in_or_a_new_task_takes_the_place_of_one_that_does_not_count(
    rows: Any, within: Any, wanted: list[Offer]
) -> None:
    assert offers(candidates(Gate.CONDUCT, use(*rows, asked={"within": within}))) == wanted


@pytest.mark.parametrize(
    ("envelope", "sealed", "offer"), [(False, False, False), (True, False, True), (True, True, False)]
)
def test_a_file_that_leaves_encrypted_only_is_asked_for_so(*, envelope: bool, sealed: bool, offer: bool) -> None:
    case = use(asked={"sealed": sealed}, one=b.drs_object(envelope=ENVELOPE if envelope else None))
    assert offers(candidates(Gate.SECURITY, case)) == ([("sealed", "set", True, "you")] if offer else [])
