"""What `explain` puts together: the ladder, the milder ways that pass, what is missing, and who is told what."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import Scope
from broker.core.decision import Explanation, evaluate, explain
from broker.core.decision.case import Case
from broker.core.decision.explain import left_out_of
from broker.core.decision.filtering import passes, without
from broker.core.decision.findings import inputs_digest
from broker.core.decision.gates.jurisdiction import EXAMPLE
from broker.core.duo.vocabulary import NPU
from broker.core.ids import SubjectRef
from broker.core.outcome import Gate, Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.reasons import REASONS
from tests import builders as b
from tests.core.decision.test_evaluate import IN_THE_US, US_STATE, withdrawn
from tests.core.decision.test_looked_up import looked_up
from tests.fakes import START

ABROAD = {"organisation": US_STATE, "grant": IN_THE_US}
TERMS = {"dataset": b.dataset(terms_of_use="https://bank.example/terms")}
STREAM_ONLY = {
    "pia": b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), modalities=frozenset({Modality.STREAM})))
}
COLUMNS = {"A": b.PIA, "B": b.PAUL}
VCF = {"two": b.drs_object(b.TWO, COLUMNS.values(), samples=COLUMNS, format="VCF"), "x": withdrawn(0)}


def told(world: Any = None, **asked: Any) -> tuple[Any, Explanation]:
    question, snapshot = b.question(**asked), b.snapshot(**(world or {}))
    decision = evaluate(question, snapshot)
    return decision, explain(question, decision, snapshot)


WORLDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a yes": ({}, {}),
    "abroad": (ABROAD, {"location": "US"}),
    "abroad, by streaming": (ABROAD, {"location": "US", "modality": Modality.STREAM}),
    "streaming alone": (STREAM_ONLY, {}),
    "terms": (TERMS, {}),
    "nothing opens it": ({"grant": None}, {}),
}


@pytest.mark.parametrize("name", WORLDS)
def test_the_whole_of_an_explanation_follows_from_the_decision(name: str) -> None:
    world, asked = WORLDS[name]
    decision, found = told(world, **asked)
    question, snapshot = b.question(**asked), b.snapshot(**world)
    milder = LADDER[LADDER.index(question.modality) + 1 :]
    opens = tuple(way for way in milder if evaluate(replace(question, modality=way), snapshot).permits)
    assert found.alternatives == (() if decision.permits else opens)
    law = [one.missing for one in decision.gates if one.gate is Gate.JURISDICTION and decision.purpose is None]
    assert found.missing == (
        () if decision.permits else tuple(one for one in decision.missing if one not in sum(law, ()))
    )
    assert len(set(found.reasons)) == len(found.reasons)
    assert found.obligations == decision.obligations
    assert found.appeal == REASONS[found.reasons[0].code].appeal
    assert (found.example, found.record["example_policy"]) == (True, True)
    assert len(found.sentences) == min(3, len(found.reasons))
    for told_to in (found.record, found.committee):
        assert (told_to["at"], told_to["known_at"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:00:00Z")
        assert told_to["asked"]["modality"] == str(question.modality)
        assert list(told_to["why_not"]) == [str(way) for way in LADDER]
        assert told_to["missing"] == list(found.missing)
        assert len(told_to["why"]) <= 3
    assert found.record["outcome"] == found.outcome.name
    assert found.committee["outcome"] == decision.outcome.name
    assert [one["gate"] for one in found.committee["gates"]] == [str(one.gate) for one in decision.gates]
    assert [one["name"] for one in found.committee["facts"]] == sorted(decision.facts)
    assert {"gates", "facts"}.isdisjoint(found.record)


def test_packs_that_somebody_reviewed_are_no_examples() -> None:
    decision = evaluate(b.question(), b.snapshot())
    real = replace(decision, read=tuple(one for one in decision.read if one != EXAMPLE))
    found = explain(b.question(), real, b.snapshot())
    assert (found.example, found.record["example_policy"]) == (False, False)


def test_an_answer_without_a_reason_can_be_challenged_on_its_facts() -> None:
    decision = replace(evaluate(b.question(), b.snapshot()), gates=())
    assert explain(b.question(), decision, b.snapshot()).appeal == "facts"


def test_a_file_is_offered_without_those_who_must_be_left_out() -> None:
    """And then its own refusal is one that a milder way lifts, whatever the milder ways say."""
    _, found = told(VCF, object=b.TWO)
    first = found.record["you_can"][0]
    assert (first["modality"], first.get("filtered"), found.ladder[Modality.DOWNLOAD]) == (
        "download", True, Outcome.ALTERNATIVE,
    )  # fmt: skip
    _, streamed = told(VCF, object=b.TWO, modality=Modality.STREAM)
    assert not [one for one in streamed.record["you_can"] if one.get("filtered")]
    whole = {name: row for name, row in VCF.items() if name == "two"}
    _, found = told(whole, object=b.TWO)
    assert found.record["you_can"] == []


LEFT_OUT: list[tuple[dict[str, Any], dict[str, Any], dict[SubjectRef, str]]] = [
    ({}, {}, {}),
    ({"x": withdrawn(0)}, {}, {b.PIA: "CON-WITHDRAWN"}),
    ({"x": withdrawn(0)}, {"object": None}, {b.PIA: "CON-WITHDRAWN"}),
    ({"x": withdrawn(0), "grant": None}, {}, {}),  # nobody knows for what
    ({"x": withdrawn(0), **ABROAD}, {"location": "US"}, {b.PIA: "CON-WITHDRAWN"}),
    (ABROAD, {"location": "US"}, {}),
    ({"x": withdrawn(0)}, {"stage": "foresee", "purpose": b.PURPOSE, "grants": (), "object": None}, {}),
    ({"pia": b.consent(status="suspended")}, {}, {b.PIA: "CON-SUSPENDED"}),
    (
        {"dataset": b.dataset(certificate=replace(b.dataset().certificate, valid_to=START))},
        {},
        {b.PIA: "CON-NO-CERTIFICATE"},
    ),
    ({"one": b.drs_object(subjects=())}, {}, {}),
]


@pytest.mark.parametrize(("world", "asked", "wanted"), LEFT_OUT, ids=map(str, range(len(LEFT_OUT))))
def test_who_is_left_out_has_a_code_of_their_own(
    world: dict[str, Any], asked: dict[str, Any], wanted: dict[SubjectRef, str]
) -> None:
    question, snapshot = b.question(**asked), b.snapshot(**world)
    assert left_out_of(question, evaluate(question, snapshot), snapshot) == wanted


# The file without them


FILTERED: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"sealed": True}, True),
    ({"object": None}, False),
    ({"object": b.ONE}, False),
    ({"filtered": True}, False),
    ({"modality": Modality.STREAM}, False),
]


@pytest.mark.parametrize(("asked", "offered"), FILTERED, ids=map(str, range(len(FILTERED))))
def test_a_file_with_columns_may_be_asked_for_without_some_once_and_in_the_clear(
    asked: dict[str, Any], *, offered: bool
) -> None:
    question = b.question(**{"object": b.TWO} | asked)
    found = without(question, b.snapshot(**VCF))
    assert found == (replace(question, filtered=True, sealed=False) if offered else None)
    if found is not None:
        assert passes(evaluate(found, b.snapshot(**VCF)))
        everybody = b.snapshot(two=VCF["two"])
        assert not passes(evaluate(found, everybody)), "nobody is taken out of it"


# What an answer to an open question is about


def digest_of(gate: Gate = Gate.DUO, case: Case | None = None, **about: Any) -> str:
    return inputs_digest(looked_up() if case is None else case, gate, **about)


PURPOSES: list[tuple[dict[str, Any], bool]] = [
    ({"project": "p2"}, True), ({"commercial": True}, True), ({"duration_months": 6}, True), ({"user": "x|y"}, False),
]  # fmt: skip


@pytest.mark.parametrize("gate", [Gate.DUO, Gate.CONSENT, Gate.JURISDICTION])
@pytest.mark.parametrize(("members", "another"), PURPOSES, ids=map(str, range(len(PURPOSES))))
def test_an_answer_is_about_the_purpose_whoever_of_the_project_it_is(
    gate: Gate, members: dict[str, Any], *, another: bool
) -> None:
    case = looked_up()
    other = replace(case, purpose=replace(b.PURPOSE, **members))
    same = replace(case, purpose=b.PURPOSE)
    assert (digest_of(gate, other) != digest_of(gate, same)) is another


def test_an_answer_is_about_a_gate_the_codes_and_whatever_else_was_read() -> None:
    case = looked_up()
    digests = [
        digest_of(),
        digest_of(Gate.CONSENT),
        digest_of(Gate.CONSENT, consent_class="T12"),
        digest_of(Gate.CONSENT, form="ab"),
        digest_of(Gate.CONSENT, consent_class="ab", form="T12"),
        digest_of(Gate.CONSENT, keys=frozenset({"linkage"})),
        digest_of(case=replace(case, dataset=b.dataset(duo=b.codes(NPU)))),
        digest_of(case=replace(case, dataset=None)),
        digest_of(case=replace(case, purpose=None)),
        digest_of(Gate.JURISDICTION),
        digest_of(Gate.JURISDICTION, read=(("pack", "2"),)),
        digest_of(Gate.JURISDICTION, case=replace(case, readings=({"x": True},))),
        digest_of(Gate.JURISDICTION, case=replace(case, dataset=b.dataset(duo=b.codes(NPU)))),
        digest_of(Gate.JURISDICTION, case=replace(case, purpose=None)),
    ]
    assert len(set(digests)) == len(digests)


def test_an_answer_about_codes_holds_for_every_way_and_one_about_the_law_for_its_own() -> None:
    copy, room = looked_up(), looked_up(modality=Modality.TRE_REMOTE)
    for gate in (Gate.DUO, Gate.CONSENT):
        assert digest_of(gate, copy) == digest_of(gate, room)
    assert digest_of(Gate.JURISDICTION, copy) != digest_of(Gate.JURISDICTION, room)
    assert digest_of(case=copy, read=(("pack", "2"),)) == digest_of(case=copy), "codes are read by no pack"
