"""Records that are put together by hand, and what each of those who may ask reads of them."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision.explanation import views, written
from broker.core.decision.explanation.people import own_codes, told
from broker.core.decision.explanation.texts import for_participant
from broker.core.outcome import Gate, GateResult, Norm, Outcome, Reason
from broker.core.reasons.language import ENGLISH, Tongue
from broker.core.time import rfc3339
from tests import builders as b
from tests.core.decision.test_evaluate import withdrawn
from tests.core.decision.test_gates_alone import case
from tests.core.decision.test_looked_up import looked_up
from tests.core.decision.test_words_of_answers import gate, record, why
from tests.core.decision.test_written import HELD, OPEN, answer
from tests.fakes import START


def asked_of(code: str, *roles: str) -> dict[str, Any]:
    """A question that these roles answer; of nobody, it is none."""
    return why(code, answered_by={"by": "finding", "roles": list(roles), "days": None} if roles else None)


ABOUT_DUO, ABOUT_LAW = asked_of("DUO-SENSITIVE", "committee_member"), asked_of("JUR-NO-PACK", "legal_officer")
BOTH = asked_of("JUR-EU-ART49", "committee_member", "legal_officer")
ON_RECORD = why("COM-APPROVAL-NEEDED", answered_by={"by": "record", "roles": ["committee_member"], "days": None})
FACT = {"name": "recipient.country", "value": "DE", "origin": "registry"}
GATES = [
    gate("terms", "pass", ABOUT_DUO),
    gate("duo", "hold", asked_of("DUO-COMMERCIAL-USE"), asked_of("CON-WITHDRAWN"), ON_RECORD, ABOUT_DUO)
    | {"missing": ["purpose.kinds"], "obligations": ["publish"]},
    gate("purpose", "hold", asked_of("PUR-UNSTATED")),
    gate("jurisdiction", "hold", ABOUT_LAW, BOTH) | {"missing": ["recipient.country"], "obligations": ["publish"]},
]
KEPT = record(
    gates=GATES, facts=[FACT], obligations=["publish"], missing=["purpose.kinds"],
    you_can=[{"modality": "stream", "result": "PERMIT", "link": "x"}],
    why_not={"download": {"outcome": "DENY", "codes": ["DUO-SENSITIVE"]}},
    change_that_would_help=[{"fact": "grant", "set": "g", "by": "you", "and": [], "result": "PERMIT"}],
)  # fmt: skip


def body(kept: dict[str, Any], explanation: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"committee": kept, "explanation": explanation}


def open_to(*roles: str, kept: dict[str, Any] = KEPT) -> dict[str, Any] | None:
    return views.answerer("dec_1", body(kept), roles, ENGLISH)


ANSWERERS: list[tuple[tuple[str, ...], list[tuple[str, list[str], list[str]]]]] = [
    (("committee_member",), [("duo", ["DUO-SENSITIVE"], []), ("jurisdiction", ["JUR-EU-ART49"], ["recipient.country"])]),
    (("legal_officer",), [("jurisdiction", ["JUR-NO-PACK", "JUR-EU-ART49"], ["recipient.country"])]),
    (("ethics_committee", "legal_officer"), [("jurisdiction", ["JUR-NO-PACK", "JUR-EU-ART49"], ["recipient.country"])]),
]  # fmt: skip


@pytest.mark.parametrize(("roles", "wanted"), ANSWERERS, ids=map(str, range(len(ANSWERERS))))
def test_who_answers_reads_their_own_questions_and_nothing_else(roles: tuple[str, ...], wanted: Any) -> None:
    found = open_to(*roles)
    assert found is not None
    gates = found["gates"]
    assert [(one["gate"], [each["code"] for each in one["why"]], one["missing"]) for one in gates] == wanted
    assert {(one["state"], one["outcome"], tuple(one["obligations"])) for one in gates} == {("hold", "REFER", ())}
    for name in ("why", "you_can", "change_that_would_help", "obligations", "missing"):
        assert found[name] == []
    assert (found["decision_id"], found["outcome"], found["why_not"]) == ("dec_1", "REFER", {})
    assert (found["at"], found["asked"], found["language"]) == (KEPT["at"], KEPT["asked"], "en")
    assert [one["value"] for one in found["facts"]] == ["DE"]


def test_who_answers_about_codes_alone_reads_no_fact_of_the_law() -> None:
    found = open_to("committee_member", kept=KEPT | {"gates": GATES[:3]})
    assert found is not None
    assert found["facts"] == []


def test_who_has_no_question_reads_nothing() -> None:
    assert open_to("ethics_committee") is None
    assert open_to() is None
    assert open_to("legal_officer", kept=KEPT | {"gates": GATES[:3]}) is None
    assert open_to("committee_member", kept=KEPT | {"gates": GATES[:1]}) is None, "what passed is no open question"
    assert open_to("committee_member", kept={name: one for name, one in KEPT.items() if name != "gates"}) is None


def test_each_view_names_its_decision() -> None:
    assert views.committee("dec_1", body(KEPT), ENGLISH)["decision_id"] == "dec_1"
    assert views.custodian("dec_1", body(KEPT), ENGLISH)["decision_id"] == "dec_1"


def shut(name: str, outcome: str, *reasons: dict[str, Any]) -> dict[str, Any]:
    return gate(name, "fail" if outcome == "DENY" else "hold", *reasons) | {"outcome": outcome}


def strictest(*gates: dict[str, Any], **kept: Any) -> list[tuple[str, dict[str, str]]]:
    found = views.committee("dec_1", body(KEPT | {"gates": list(gates)} | kept), ENGLISH)["why"]
    return [(one["code"], one["slots"]) for one in found]


def test_a_committee_reads_why_of_the_gates_that_stand_in_the_way_the_strictest_first_and_each_once() -> None:
    duo, law = why("DUO-SENSITIVE"), why("JUR-NO-PACK")
    assert strictest(shut("jurisdiction", "REFER", law), shut("duo", "DENY", duo)) == [
        ("DUO-SENSITIVE", {}),
        ("JUR-NO-PACK", {}),
    ]
    assert strictest(gate("terms", "pass", duo), shut("jurisdiction", "REFER", law, law)) == [("JUR-NO-PACK", {})]
    assert strictest(shut("duo", "DENY", *[why("JUR-NO-PACK", slots={"countries": str(n)}) for n in range(4)])) == [
        ("JUR-NO-PACK", {"countries": str(n)}) for n in range(3)
    ]  # fmt: skip
    rules = [{"pack": "p", "version": "1", "rule": rule, "cite": "", "law": None} for rule in "ab"]
    assert len(strictest(shut("jurisdiction", "REFER", *[why("JUR-NO-PACK", norm=one) for one in rules]))) == 2
    assert strictest(gate("duo", "pass"), why=[duo]) == [("DUO-SENSITIVE", {})]
    assert strictest(why=[duo]) == [("DUO-SENSITIVE", {})]
    bare = {name: one for name, one in KEPT.items() if name != "gates"}
    assert [one["code"] for one in views.committee("dec_1", body(bare), ENGLISH)["why"]] == [
        one["code"] for one in KEPT["why"]
    ]


def test_who_answers_reads_a_question_beside_a_refusal_as_a_question() -> None:
    found = open_to(
        "committee_member", kept=KEPT | {"gates": [shut("duo", "DENY", asked_of("DUO-COMMERCIAL-USE"), ABOUT_DUO)]}
    )
    assert found is not None
    (one,) = found["gates"]
    assert (one["state"], one["outcome"], [each["code"] for each in one["why"]]) == ("hold", "REFER", ["DUO-SENSITIVE"])


def test_one_role_of_several_is_enough_to_read_what_consents_leave_to_people() -> None:
    for roles in (("committee_member", "legal_officer"), ("legal_officer", "committee_member"), ("committee_member",)):
        found = open_to(*roles, kept=KEPT | {"gates": [shut("consent", "REFER", TOO_FEW)]})
        assert found is not None, roles
    assert open_to("legal_officer", kept=KEPT | {"gates": [shut("consent", "REFER", TOO_FEW)]}) is None


# Participants


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("kept", [{}, {"explanation": None}, {"explanation": {"outcome": "DENY"}}], ids=str)
@pytest.mark.parametrize("read", [[], [["mode", "example"]], [["mode", "other"]]], ids=str)
def test_a_participant_reads_what_was_told_or_else_what_was_decided_and_that_nobody_reviewed_the_rules(
    outcome: Outcome, kept: Any, read: Any
) -> None:
    asked = {"at": START, "dataset": b.HEART}
    decided = {"question": asked, "decision": {"outcome": int(outcome), "read": read}} | kept
    found = views.participant("dec_1", decided, b.PIA, ENGLISH)
    answer = "DENY" if kept.get("explanation") else outcome.name
    wanted = for_participant(rfc3339(START), answer, None, Tongue(), example=read == [["mode", "example"]])
    assert (found["audience_texts"], found["left_out"]) == ({"subject": wanted}, False)
    assert (found["decision_id"], found["at"]) == ("dec_1", rfc3339(START))


TOO_FEW = why("CON-TOO-FEW", slots={"of": "its time"})


def consents(state: str, *codes: dict[str, Any]) -> dict[str, Any]:
    return record(gates=[gate("consent", state, *codes) | {"outcome": "REFER"}])


def hidden(kept: dict[str, Any], **said: Any) -> Any:
    return views.masked(kept, body(kept, said or None))


def test_what_a_committee_can_answer_stays_as_it_was_told() -> None:
    (found,) = hidden(consents("hold", why("CON-WITHDRAWN"), TOO_FEW))["gates"]
    left_out = written.bare(Reason(code="CON-LEFT-OUT"), Gate.CONSENT)
    assert (found["why"], found["state"], found["outcome"]) == ([left_out, TOO_FEW], "hold", "REFER")
    (found,) = hidden(consents("hold", why("CON-ASK")))["gates"]
    assert (found["why"], found["state"], found["outcome"]) == ([left_out], "fail", "DENY")
    (found,) = hidden(consents("pass", why("CON-ASK")))["gates"]
    assert (found["why"], found["state"], found["outcome"]) == ([left_out], "pass", "REFER")


def rung(outcome: str, *codes: str) -> dict[str, Any]:
    return {"outcome": outcome, "codes": list(codes)}


RUNGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # as it was, as a committee reads it where the researcher was told ALTERNATIVE
    (rung("REFER", "DUO-SENSITIVE"), rung("REFER", "DUO-SENSITIVE")),
    (rung("REFER", "CON-TOO-FEW"), rung("REFER", "CON-TOO-FEW")),
    (rung("REFER", "CON-ASK", "CON-WITHDRAWN"), rung("ALTERNATIVE", "CON-LEFT-OUT")),
    (rung("REFER", "CON-ASK", "DUO-SENSITIVE"), rung("ALTERNATIVE", "CON-LEFT-OUT", "DUO-SENSITIVE")),
    (rung("REFER", "CON-ASK", "CON-TOO-FEW"), rung("REFER", "CON-LEFT-OUT", "CON-TOO-FEW")),
]


@pytest.mark.parametrize(("was", "shown"), RUNGS, ids=map(str, range(len(RUNGS))))
def test_a_way_that_only_a_participant_could_open_is_told_as_the_researcher_was_told(was: Any, shown: Any) -> None:
    kept = record(why_not={"download": was, "stream": was})
    found = hidden(kept, why_not={"download": rung("ALTERNATIVE", "CON-LEFT-OUT")})["why_not"]
    assert found["download"] == shown
    assert found["stream"] == shown | {"outcome": was["outcome"]}, "of this way the researcher was told nothing"


def test_an_outcome_that_a_participant_decides_is_told_as_the_researcher_was_told() -> None:
    kept = consents("hold", why("CON-ASK")) | {"outcome": "REFER"}
    assert hidden(kept, outcome="ALTERNATIVE")["outcome"] == "ALTERNATIVE"
    assert hidden(kept)["outcome"] == "REFER"
    for other in (consents("hold", TOO_FEW), record(gates=[GATES[1]])):
        assert hidden(other | {"outcome": "REFER"}, outcome="ALTERNATIVE")["outcome"] == "REFER"


def test_beforehand_nobody_is_left_out_whatever_their_record_says() -> None:
    used = case(withdrawn(0))
    assert own_codes(used) == {b.PIA: "CON-WITHDRAWN"}
    assert own_codes(replace(used, question=replace(used.question, stage="foresee"))) == {}


def test_one_no_of_a_participant_among_others_hides_what_kind_it_is() -> None:
    both = answer(HELD, OPEN, outcome=Outcome.REFER)
    assert told(both, b.question(), milder=False) is Outcome.DENY
    assert told(both, b.question(), milder=True) is Outcome.ALTERNATIVE


# Reasons


def of_pack(rule: str, code: str) -> Reason:
    norm = Norm(source="eu-gdpr-ch5", version="1", rule=rule, cite="Art. 46")
    return Reason(code=code, facts=(("recipient.country", "DE"),), norm=norm)


def test_a_reason_is_told_with_its_facts_and_its_near_misses() -> None:
    asked = looked_up()
    pack = asked.snapshot.rulebook.packs["eu-gdpr-ch5"]
    law = of_pack(pack.rules[-1].id, pack.rules[-1].reason)
    found = written.why(law, Gate.JURISDICTION, Outcome.DENY, asked)
    assert {"name": "recipient.country", "value": "DE", "origin": "registry"} in found["facts"]
    assert found["not_matched"] == [one.id for one in pack.rules[:-1] if one.effect == "permit"]
    assert {**found, "facts": [], "not_matched": []} == written.bare(law, Gate.JURISDICTION)


@pytest.mark.parametrize("outcome", [Outcome.DENY, Outcome.PERMIT])
def test_where_a_gate_refuses_the_pack_that_permits_is_left_out(outcome: Outcome) -> None:
    asked = looked_up()
    rules = asked.snapshot.rulebook.packs["eu-gdpr-ch5"].rules
    yes, no = (next(one for one in rules if (one.effect == "permit") is permits) for permits in (True, False))
    reasons = tuple(of_pack(one.id, one.reason) for one in (no, yes))
    law = GateResult(gate=Gate.JURISDICTION, outcome=outcome, reasons=reasons)
    shown = reasons[:1] if outcome is Outcome.DENY else reasons
    (found,) = written.gates([law], b.question(), asked)
    assert found["why"] == [written.why(one, Gate.JURISDICTION, outcome, asked) for one in shown]
    (found,) = written.gates([law], b.question(), None)
    assert found["why"] == [written.bare(one, Gate.JURISDICTION) for one in reasons]
