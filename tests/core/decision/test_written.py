"""An explanation as plain JSON, and the parts that it is made of: facts with their sources, appeals, near misses."""

from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.policy_files import load_packs
from broker.core.decision import evaluate
from broker.core.decision.explanation import written
from broker.core.decision.explanation.challenge import AUTHORITIES, Challenge, challenge
from broker.core.decision.explanation.facts import Fact, background, holds_up, not_matched, read_by
from broker.core.decision.explanation.helping import Change
from broker.core.decision.explanation.people import banded, for_committee, public_codes, public_telling, told
from broker.core.decision.explanation.steps import Step
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.outcome import Gate, GateResult, Norm, Outcome, Reason
from broker.core.purpose import LADDER, Modality
from broker.core.reasons.words import WORDS
from broker.core.rows import Evidence
from broker.core.rows.assurance import SignIn
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_looked_up import looked_up
from tests.fakes import START

PERMIT, DUTIES, REFER, DENY = Outcome.PERMIT, Outcome.PERMIT_WITH_OBLIGATIONS, Outcome.REFER, Outcome.DENY
RULE = Norm(source="eu-gdpr-ch5", version="1", rule="cannot-sign", cite="Art. 46")
LAW = Reason(code="JUR-EU-NO-SAFEGUARD", facts=(("recipient.country", "US"),), norm=RULE)
PLAIN = Reason(code="DUO-COMMERCIAL-USE")


def test_what_was_asked_is_told_without_who_asked() -> None:
    decision = evaluate(b.question(), b.snapshot())
    assert written.asked(b.question(), decision) == {
        "modality": "download", "dataset": b.HEART, "stage": "use", "object": b.ONE, "purpose": ["hmb"],
    }  # fmt: skip
    bare = b.question(object=None, modality=Modality.STREAM)
    assert written.asked(bare, replace(decision, purpose=None)) == {
        "modality": "stream", "dataset": b.HEART, "stage": "use",
    }  # fmt: skip


def test_every_rung_is_told_with_its_codes() -> None:
    rungs = {Modality.DOWNLOAD: (DENY, ("A", "B")), Modality.STREAM: (PERMIT, ())}
    assert written.ladder(rungs) == {
        "download": {"outcome": "DENY", "codes": ["A", "B"]}, "stream": {"outcome": "PERMIT", "codes": []},
    }  # fmt: skip


def test_a_reason_is_told_with_its_rule_or_without_one() -> None:
    assert written.bare(LAW, Gate.JURISDICTION) == {
        "code": "JUR-EU-NO-SAFEGUARD",
        "gate": "jurisdiction",
        "interest": "person",
        "norm": {"pack": "eu-gdpr-ch5", "version": "1", "rule": "cannot-sign", "cite": "Art. 46", "law": None},
        "facts": [],
        "not_matched": [],
        "proportionality": None,
        "answered_by": None,
        "slots": {"recipient.country": "US"},
    }
    assert written.bare(PLAIN, Gate.DUO)["norm"] is None
    assert written.fact(Fact(name="x", value=("a",), source="registry")) == {
        "name": "x", "value": ["a"], "origin": "registry",
    }  # fmt: skip
    assert written.fact(Fact(name="x", value=1, source="registry", at=START))["checked"] == "2027-01-15T08:00:00Z"


def test_what_can_be_done_instead_names_the_way_its_answer_and_where() -> None:
    room = {"modality": "tre_remote", "result": "PERMIT", "link": "/api/v1/requests"}
    ways = [(Modality.TRE_REMOTE, PERMIT)]
    assert written.you_can(b.question(), None, ways) == [room]
    file = {
        "modality": "download", "result": "PERMIT_WITH_OBLIGATIONS", "link": "/ga4gh/htsget/v1/variants/obj-1",
        "filtered": True,
    }  # fmt: skip
    assert written.you_can(b.question(), DUTIES, ways) == [file, room]
    assert written.you_can(b.question(modality=Modality.STREAM), DUTIES, ways) == [room]


def test_a_change_is_its_first_step_and_those_that_are_needed_besides() -> None:
    one = Step(fact="purpose.commercial", how="set", value=False, by="you")
    two = Step(fact="evidence", how="add", value=("x",), by="custodian")
    told_two = {"fact": "evidence", "add": ["x"], "by": "custodian"}
    assert written.helps([Change(steps=(one, two), outcome=PERMIT)], b.ontology()) == [
        {"fact": "purpose.commercial", "set": False, "by": "you", "and": [told_two], "result": "PERMIT"}
    ]
    assert written.helps([], b.ontology()) == []


@pytest.mark.row("PAG-DISEASES")
def test_a_change_says_what_people_call_the_diseases_whose_codes_it_holds() -> None:
    step = Step(fact="purpose.diseases", how="remove", value=("MONDO:0005105", "MONDO:9999999"), by="you")
    (told,) = written.helps([Change(steps=(step,), outcome=PERMIT)], b.ontology())
    assert told["remove"] == ["MONDO:0005105", "MONDO:9999999"]
    assert told["named"] == ["melanoma (MONDO:0005105)", "MONDO:9999999"]


@pytest.mark.parametrize(
    ("appeal", "until", "merits"), [("merits", START, "dac@x"), ("facts", None, None), ("none", None, None)]
)
def test_whom_to_write_to_until_when(appeal: Any, until: Seconds | None, merits: str | None) -> None:
    found = Challenge(appeal=appeal, until=until, contact="dac@x", outside=("US-NIH", "EU-DPA"))
    assert written.against(found) == {
        "facts": "dac@x",
        "merits": merits,
        "appeal": appeal,
        "until": "2027-01-15T08:00:00Z" if until is not None else None,
        "outside": [{"who": "US-NIH"}, {"who": "EU-DPA"}],
    }


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (PERMIT, "pass"), (DUTIES, "pass"), (Outcome.PENDING, "hold"), (REFER, "hold"), (Outcome.ALTERNATIVE, "fail"),
        (DENY, "fail"),
    ],
)  # fmt: skip
def test_a_gate_is_open_waits_or_is_shut(outcome: Outcome, state: str) -> None:
    gate = GateResult(gate=Gate.DUO, outcome=outcome, reasons=(PLAIN,), obligations=("o",), missing=("m",))
    (told_gate,) = written.gates([gate], b.question(), None)
    assert told_gate == {
        "gate": "duo", "state": state, "outcome": outcome.name, "why": [written.bare(PLAIN, Gate.DUO)],
        "obligations": ["o"], "missing": ["m"],
    }  # fmt: skip


COUNTED = GateResult(
    gate=Gate.CONSENT, outcome=DENY,
    reasons=(
        Reason(code="CON-WITHDRAWN", facts=(("date", "x"), ("n", "3"))), Reason(code="CON-ASK", facts=(("n", "20"),)),
        Reason(code="CON-TOO-FEW", facts=(("n", "1"),)),
    ),
)  # fmt: skip


def test_of_participants_a_committee_reads_a_band_and_no_fact() -> None:
    (gate,) = written.gates([COUNTED], b.question(), None)
    assert [(one["code"], one["slots"]) for one in gate["why"]] == [
        ("CON-WITHDRAWN", {"n": "fewer than 20"}), ("CON-ASK", {"n": "20 or more"}), ("CON-TOO-FEW", {}),
    ]  # fmt: skip
    (gate,) = written.gates([COUNTED], b.question(stage="foresee"), None)
    assert gate["why"][0]["slots"] == {"date": "x", "n": "3"}, "beforehand it is the certificate's own word"


@pytest.mark.parametrize(
    ("count", "band"),
    [("0", "fewer"), ("19", "fewer"), ("20", "more"), ("300", "more"), ("many", "fewer"), ("", "fewer")],
)
def test_how_few_they_are_nobody_is_told(count: str, band: str) -> None:
    assert banded(count) == ("20 or more" if band == "more" else "fewer than 20")


def test_a_committee_reads_what_it_can_answer_and_one_code_for_the_rest_first() -> None:
    assert for_committee(["CON-TOO-FEW", "CON-WITHDRAWN", "CON-ASK", "DUO-IRB"]) == (
        "CON-LEFT-OUT",
        "CON-TOO-FEW",
        "DUO-IRB",
    )
    assert for_committee(["CON-SILENT", "CON-TOO-FEW"]) == ("CON-SILENT", "CON-TOO-FEW")
    assert for_committee([]) == ()


# What researchers are told of participants


def answer(*gates: tuple[Gate, Outcome, str], outcome: Outcome = DENY) -> Any:
    found = tuple(GateResult(gate=gate, outcome=said, reasons=(Reason(code=code),)) for gate, said, code in gates)
    return replace(evaluate(b.question(), b.snapshot()), outcome=outcome, gates=found)


HELD = (Gate.CONSENT, REFER, "CON-SUSPENDED")
GONE = (Gate.CONSENT, DENY, "CON-WITHDRAWN")
OPEN = (Gate.DUO, REFER, "DUO-SENSITIVE")
SHUT = (Gate.JURISDICTION, DENY, "JUR-EU-NO-SAFEGUARD")


@pytest.mark.parametrize("no", [HELD, GONE])
def test_a_participant_s_no_stands_where_a_refusal_would(no: Any) -> None:
    decision = answer(OPEN, no, SHUT)
    assert [one.gate for one in public_telling(decision, b.question())] == [Gate.CONSENT, Gate.JURISDICTION, Gate.DUO]
    assert public_codes(decision, b.question()) == ("CON-LEFT-OUT", "JUR-EU-NO-SAFEGUARD", "DUO-SENSITIVE")


TOLD: list[tuple[Any, str, bool, Outcome]] = [
    (answer(OPEN, outcome=REFER), "use", False, REFER),
    (answer(HELD, outcome=REFER), "use", False, DENY),
    (answer(HELD, outcome=REFER), "use", True, Outcome.ALTERNATIVE),
    (answer(GONE), "use", False, DENY),
    (answer(GONE), "use", True, Outcome.ALTERNATIVE),
    (answer(SHUT), "use", True, DENY),
    (answer(HELD, outcome=REFER), "foresee", True, REFER),
    (answer(outcome=PERMIT), "use", True, PERMIT),
    (answer(HELD, outcome=Outcome.ALTERNATIVE), "use", False, Outcome.ALTERNATIVE),
]


@pytest.mark.parametrize(("decision", "stage", "milder", "wanted"), TOLD, ids=map(str, range(len(TOLD))))
def test_whether_somebody_waits_or_withdrew_is_told_alike(
    decision: Any, stage: Any, wanted: Outcome, *, milder: bool
) -> None:
    assert told(decision, b.question(stage=stage), milder=milder) is wanted


# Facts and where they come from


def facts_behind(
    reason: Reason, gate: Gate = Gate.JURISDICTION, **changes: Any
) -> dict[str, tuple[Any, str, int | None]]:
    case = looked_up(**changes)
    return {one.name: (one.value, one.source, one.at) for one in read_by(reason, gate, case)}


def slots(**facts: str) -> Reason:
    return Reason(code="JUR-NO-PACK", facts=tuple(sorted(facts.items())))


CHECKED = {"organisation": b.organisation(checked=Seconds(START - 9))}
SOURCES: list[tuple[str, Gate, dict[str, Any], tuple[Any, str, int | None]]] = [
    ("recipient.country", Gate.JURISDICTION, {"world": CHECKED}, ("DE", "registry", START - 9)),
    ("recipient.country", Gate.JURISDICTION, {"world": {"organisation": None}}, ("said", "registry", None)),
    ("recipient.individual_location", Gate.JURISDICTION, {}, ("DE", "sign_in", None)),
    (
        "recipient.individual_location", Gate.JURISDICTION, {"sign_in": SignIn(acr=None, amr=(), at=Seconds(START - 5))},
        ("DE", "sign_in", START - 5),
    ),
    ("data.category", Gate.JURISDICTION, {}, ("genomic", "dataset", None)),
    ("derived.x", Gate.JURISDICTION, {}, ("said", "derived", None)),
    ("request.modality", Gate.JURISDICTION, {}, ("download", "request", START)),
    ("disease", Gate.DUO, {}, ("said", "codes", None)),
    ("flag", Gate.PURPOSE, {}, ("said", "request", START)),
    ("wanted", Gate.IDENTITY, {}, ("said", "sign_in", None)),
    ("date", Gate.CONDUCT, {}, ("said", "record", None)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "gate", "changes", "wanted"), SOURCES, ids=map(str, range(len(SOURCES))))
def test_a_fact_says_where_it_comes_from_and_when_that_was_so(
    name: str, gate: Gate, changes: dict[str, Any], wanted: Any
) -> None:
    assert facts_behind(slots(**{name: "said"}), gate, **changes) == {name: wanted}


def test_words_of_a_sentence_are_no_facts() -> None:
    assert facts_behind(slots(have="1", need="2", missing="x", n="3")) == {}


def paper(name: str, begins: int) -> Evidence:
    return Evidence(id=name, valid_from=Seconds(START + begins))


def test_of_evidence_that_was_asked_for_what_is_there_is_told_with_the_last_day_on_which_some_came() -> None:
    world = {
        "dataset": b.dataset(evidence=(paper("a", -9), paper("later", 5), Evidence(id="ever"))),
        "organisation": b.organisation(evidence=(paper("b", -3), paper("c", 0))),
    }
    assert facts_behind(slots(evidence="a, b, none"), world=world) == {"evidence": (["a", "b"], "evidence", START)}
    assert facts_behind(slots(evidence="none"), world={"organisation": None}) == {"evidence": ([], "evidence", None)}


def test_what_an_institution_had_before_is_known_here_alone() -> None:
    counts = {"dataset": b.dataset(facts={**b.DATA_FACTS, "data.us_person_count_12m": 7})}
    found = facts_behind(slots(**{"data.us_person_count_12m": "7"}), world=counts)
    assert found == {"data.us_person_count_12m": (7, "record", None)}
    used = facts_behind(slots(**{"data.us_person_count_12m": "7"}), world=counts, stage="use")
    assert used == {"data.us_person_count_12m": (7, "dataset", None)}


def test_a_committee_reads_every_fact_that_the_packs_could_read() -> None:
    case = looked_up()
    assert [one.name for one in background(case)] == sorted(case.facts)
    assert all(one.value == case.facts[one.name] for one in background(case))


# Near misses, and whom to ask outside


def every_pack() -> Rulebook:
    made = rulebook(load_packs(b.CONFIG / "policies"), "example")
    assert isinstance(made, Rulebook)
    return made


def test_the_rules_that_came_before_and_would_have_been_a_yes_are_near_misses_with_their_facts() -> None:
    case = looked_up()
    rules = case.snapshot.rulebook.packs["eu-gdpr-ch5"].rules
    before = list(rules[: [one.id for one in rules].index("cannot-sign")])
    assert not_matched(LAW, case) == tuple(rule.id for rule in before if rule.effect == "permit")
    assert not_matched(PLAIN, case) == ()
    assert not_matched(replace(LAW, norm=replace(RULE, source="none")), case) == ()
    names = {one.name for one in read_by(LAW, Gate.JURISDICTION, case)}
    assert names > {"recipient.country"}
    assert names <= set(case.facts)


def test_a_pack_that_permits_stands_in_nobody_s_way() -> None:
    case = looked_up()
    pack = case.snapshot.rulebook.packs["eu-gdpr-ch5"]
    for rule in pack.rules:
        reason = replace(LAW, code=rule.reason, norm=replace(RULE, rule=rule.id))
        assert holds_up(reason, case) is (rule.effect != "permit"), rule.id
    assert holds_up(PLAIN, case)
    assert holds_up(replace(LAW, norm=replace(RULE, source="none")), case)


def outside(*reasons: Reason, controller: str = "DE", **world: Any) -> Challenge:
    facts = {**b.DATA_FACTS, "data.controller_country": controller}
    case = looked_up(world={"dataset": b.dataset(facts=facts)} | world)
    case = replace(case, snapshot=replace(case.snapshot, rulebook=every_pack()))
    return challenge(reasons, case)


PACKS = {pack.id: AUTHORITIES.get((pack.jurisdiction, pack.kind)) for pack in every_pack().packs.values()}


@pytest.mark.parametrize(
    ("code", "pack", "whom"),
    [
        ("JUR-CN-PIPL-ASSESSMENT", "cn-hgr-pipl", "CN-CAC"),
        ("JUR-CN-PIPL-SCC", "cn-hgr-pipl", "CN-CAC"),
        ("JUR-CN-PIPL-CONSENT", "cn-hgr-pipl", "CN-CAC"),
        ("JUR-ZA-HREC", "za-popia-nha", "ZA-NHREC"),
    ],
)
def test_where_a_pack_joins_the_laws_of_several_authorities_the_one_of_the_rule_is_asked(
    code: str, pack: str, whom: str
) -> None:
    assert outside(replace(LAW, code=code, norm=replace(RULE, source=pack)), controller="XX").outside == (whom,)


def test_of_a_yes_the_facts_can_be_challenged() -> None:
    found = outside()
    assert (found.appeal, found.until) == ("facts", None)


@pytest.mark.parametrize("pack", PACKS)
def test_who_watches_over_a_rule_can_be_asked_about_it(pack: str) -> None:
    found = outside(replace(LAW, norm=replace(RULE, source=pack)), controller="XX").outside
    assert found == ((PACKS[pack],) if PACKS[pack] is not None else ())


HOMES = {
    "DE": "EU-DPA",
    "NO": "EU-DPA",
    "GB": "GB-ICO",
    "BR": "BR-ANPD",
    "ZA": "ZA-IR",
    "NG": "NG-NDPC",
}


@pytest.mark.parametrize("country", HOMES)
def test_who_watches_over_data_protection_where_the_data_are_from_can_always_be_asked(country: str) -> None:
    assert outside(PLAIN, controller=country).outside == (HOMES[country],)
    both = outside(replace(LAW, norm=replace(RULE, source="us-doj-28cfr202")), controller=country).outside
    assert both == ("US-DOJ", HOMES[country]), "after those of the packs that stand in the way"


def test_every_authority_has_a_name() -> None:
    assert {f"outside.{key}" for key in AUTHORITIES.values()} <= WORDS.keys()


def test_the_strictest_reason_says_what_can_be_challenged_and_for_thirty_days() -> None:
    found = outside(PLAIN, LAW)
    assert (found.appeal, found.until, found.contact) == ("merits", START + 30 * 86_400, "dac@bank.example")
    assert (outside(LAW, PLAIN).appeal, outside(LAW, PLAIN).until) == ("none", None)
    assert (outside().appeal, outside().until) == ("facts", None)
    assert outside(PLAIN, committee=None).contact is None
    assert outside(PLAIN, dataset=None).contact is None


def test_each_way_is_a_rung() -> None:
    assert set(written.ladder(dict.fromkeys(LADDER, (PERMIT, ())))) == {str(way) for way in LADDER}
