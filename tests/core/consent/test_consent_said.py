"""Each rule in its own words: code, facts for sentences, number; and the second at which it begins and ends to hold."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from broker.core.consent.judge import judge
from broker.core.consent.model import ConsentVersion
from broker.core.consent.question import ConsentQuestion, Settled
from broker.core.consent.standing import next_turn
from broker.core.consent.verdict import Place
from broker.core.ids import SubjectRef
from broker.core.time import FOREVER, Seconds
from tests.core.consent.consent_world import NOW, ONTOLOGY, asking, judged, on, person, record

Said = tuple[Place, str, dict[str, str], str]
HELD, OUT = Place.HOLD, Place.EXCLUDE
USE: dict[str, Any] = {"status": "withdrawn", "withdrawal": {"kind": "no_further_use"}}
ACCESS: dict[str, Any] = {"status": "withdrawn", "withdrawal": {"kind": "no_further_access"}}
CONTACT: dict[str, Any] = {"withdrawal": {"kind": "no_further_contact"}}
CHILD: dict[str, Any] = {"grantor": {"kind": "parent", "ref": "mum"}, "maturity_review_on": "2026-06-01"}
SPOKEN: dict[str, Any] = {"kind": "representative", "ref": "r", "scope_of_authority": "research"}


def answers(**said: Any) -> dict[str, Any]:
    return {"scope": {"permissions": ["GRU"], "answers": said}}


def said(question: ConsentQuestion, *versions: ConsentVersion, **certificate: Any) -> Said | None:
    """What is said of one person; None: the use is theirs to allow, and they do."""
    subject = person("s1", *versions)
    verdict = judged(question, subject, **certificate).verdicts[subject.ref]
    norm = verdict.reason.norm
    if verdict.place is Place.INCLUDE:
        return None
    return verdict.place, verdict.reason.code, dict(verdict.reason.facts), norm.rule if norm else ""


def one(**members: Any) -> tuple[ConsentVersion, ...]:
    return (record(**members),)


T = "T00:00:00Z"
CASES: dict[str, tuple[ConsentQuestion, tuple[ConsentVersion, ...], dict[str, Any], Said | None]] = {
    "R1 in error": (asking(), one(status="entered_in_error"), {}, (OUT, "CON-NO-RECORD", {}, "R1")),
    "R1 superseded": (asking(), one(status="superseded"), {}, (OUT, "CON-NO-RECORD", {}, "R1")),
    "R1 conflict": (
        asking(), (record(), record(status="suspended")), {}, (HELD, "CON-RECORD-CONFLICT", {}, "R1"),
    ),
    "R1 the same twice": (asking(), (record(), record()), {}, None),
    "R2 tomorrow": (
        asking(), one(effective_from="2026-06-02", recorded_at="2026-01-01"), {}, (OUT, "CON-NOT-YET-EFFECTIVE", {"date": f"2026-06-02{T}"}, "R2"),
    ),
    "R2 today": (asking(), one(effective_from="2026-06-01"), {}, None),
    "R2 over": (
        asking(), one(effective_to="2026-06-01"), {}, (OUT, "CON-EXPIRED", {"date": f"2026-06-01{T}"}, "R2"),
    ),
    "R2 over tomorrow": (asking(), one(effective_to="2026-06-02"), {}, None),
    "R3 use": (asking(), one(**USE), {}, (OUT, "CON-WITHDRAWN", {"date": f"2024-01-01{T}"}, "R3")),
    "R3 access": (
        asking(), one(**ACCESS), {}, (OUT, "CON-WITHDRAWN-NEW-DATA", {"date": f"2024-01-01{T}"}, "R3"),
    ),
    "R3 access, and what was there will do": (asking(needs_new_data=False), one(**ACCESS), {}, None),
    "R3 access, and older data": (
        asking(data_generated_on=date(2023, 12, 31)), one(**ACCESS), {}, None,
    ),
    "R3 access, and data of that day": (
        asking(data_generated_on=date(2024, 1, 1)), one(**ACCESS), {},
        (OUT, "CON-WITHDRAWN-NEW-DATA", {"date": f"2024-01-01{T}"}, "R3"),
    ),
    "R3 access, and older data but newer ones are needed": (
        asking(data_generated_on=date(2023, 12, 31), needs_new_data=True), one(**ACCESS), {},
        (OUT, "CON-WITHDRAWN-NEW-DATA", {"date": f"2024-01-01{T}"}, "R3"),
    ),
    "R3 contact": (asking(recontact=True), one(**CONTACT), {}, (OUT, "CON-NO-CONTACT", {}, "R3")),
    "R3 contact, and nobody asks for it": (asking(), one(**CONTACT), {}, None),
    "R3 contact, and nobody says": (
        asking(recontact=None), one(**CONTACT), {}, (HELD, "CON-UNDECLARED", {"keys": "purpose.recontact"}, "R3"),
    ),
    "R4": (asking(), one(status="suspended"), {}, (HELD, "CON-SUSPENDED", {}, "R4")),
    "R5": (asking(), one(**CHILD), {}, (HELD, "CON-REAFFIRM-DUE", {"date": "2026-06-01"}, "R5")),
    "R5 the day before": (asking(at=on("2026-05-31")), one(**CHILD), {}, None),
    "R5 a running grant in the grace": (
        asking(at=on("2026-11-30"), grant_began=on("2026-05-31")), one(**CHILD), {}, None,
    ),
    "R5 a running grant after the grace": (
        asking(at=on("2026-12-01"), grant_began=on("2026-05-31")), one(**CHILD), {},
        (HELD, "CON-REAFFIRM-DUE", {"date": "2026-06-01"}, "R5"),
    ),
    "R5 a grant that began that day": (
        asking(at=on("2026-06-01"), grant_began=on("2026-06-01")), one(**CHILD), {},
        (HELD, "CON-REAFFIRM-DUE", {"date": "2026-06-01"}, "R5"),
    ),
    "R5 a guardian": (
        asking(), one(grantor={"kind": "guardian", "ref": "g"}, maturity_review_on="2026-06-01"), {},
        (HELD, "CON-REAFFIRM-DUE", {"date": "2026-06-01"}, "R5"),
    ),
    "R5 one's own": (asking(), one(grantor={"kind": "self"}, maturity_review_on="2026-06-01"), {}, None),
    "R6": (
        asking(), one(grantor=SPOKEN | {"valid_to": "2026-06-01"}), {},
        (HELD, "CON-REPRESENTATIVE-LAPSED", {"date": "2026-06-01"}, "R6"),
    ),
    "R6 the day before": (asking(), one(grantor=SPOKEN | {"valid_to": "2026-06-02"}), {}, None),
    "R6 regained": (
        asking(), one(grantor=SPOKEN, capacity="regained"), {}, (HELD, "CON-CAPACITY-REGAINED", {}, "R6"),
    ),
    "R6 regained, nobody is named": (asking(), one(capacity="regained"), {}, (HELD, "CON-CAPACITY-REGAINED", {}, "R6")),
    "R6 regained, one's own": (asking(), one(grantor={"kind": "self"}, capacity="regained"), {}, None),
    "R7": (
        asking(), one(deceased_on="2026-06-01", after_death="stop"), {}, (OUT, "CON-AFTER-DEATH", {}, "R7"),
    ),
    "R7 alive": (asking(), one(deceased_on="2026-06-02", after_death="stop"), {}, None),
    "R7 continue": (asking(), one(deceased_on="2026-06-01", after_death="continue"), {}, None),
    "R11 refused": (asking(linkage=True), one(**answers(linkage="deny")), {}, (OUT, "CON-LINKAGE", {}, "R11")),
    "R11 refused by the institution for who was never asked": (
        asking(linkage=True), one(), {"answers": {"linkage": "deny"}}, (OUT, "CON-LINKAGE", {}, "R11"),
    ),
    "R11 refused by the institution though they agree": (
        asking(linkage=True), one(**answers(linkage="permit")), {"answers": {"linkage": "deny"}},
        (OUT, "DUO-DATASET-NARROWER", {"because": "CON-LINKAGE"}, "R11"),
    ),
    "R11 unreadable": (
        asking(), one(**answers(moon="deny", sun="deny")), {}, (HELD, "CON-UNKNOWN-ANSWER", {"keys": "moon, sun"}, "R11"),
    ),
    "R11 ask me": (
        asking(linkage=True, recontact=True), one(**answers(linkage="ask", recontact="ask")), {},
        (HELD, "CON-ASK", {"keys": "linkage, recontact"}, "R11"),
    ),
    "R11 silent": (
        asking(linkage=True, recontact=True), one(), {}, (HELD, "CON-SILENT", {"keys": "linkage, recontact"}, "R11"),
    ),
    "R11 silent, where they could object": (asking(kinds=["ancestry"]), one(), {}, None),
    "R11 silent, and the institution speaks for it": (asking(linkage=True), one(), {"answers": {"linkage": "permit"}}, None),
    "R11 left open, and it matters": (
        asking(linkage=None, recontact=None), one(**answers(linkage="deny", recontact="ask")), {},
        (HELD, "CON-UNDECLARED", {"keys": "purpose.linkage, purpose.recontact"}, "R11"),
    ),
    "R11 left open, and nobody was asked": (
        asking(linkage=None), one(), {}, (HELD, "CON-UNDECLARED", {"keys": "purpose.linkage"}, "R11"),
    ),
    "R11 left open, and they agree": (asking(linkage=None), one(**answers(linkage="permit")), {}, None),
    "R11 left open, and the institution does not": (
        asking(linkage=None), one(**answers(linkage="permit")), {"answers": {"linkage": "deny"}},
        (HELD, "CON-UNDECLARED", {"keys": "purpose.linkage"}, "R11"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_rule_says_so(case: str) -> None:
    question, versions, certificate, wanted = CASES[case]
    assert said(question, *versions, **certificate) == wanted


FORM: dict[str, Any] = {"id": "T1", "version": "1", "sha256": "ab"}
SILENT = Settled(code="CON-SILENT", consent_class="T1", form="ab", keys=frozenset({"linkage"}))
SETTLED: list[tuple[Settled, bool]] = [
    (SILENT, True),
    (replace(SILENT, consent_class="T2"), False),
    (replace(SILENT, form="cd"), False),
    (replace(SILENT, keys=frozenset({"recontact"})), False),
    (replace(SILENT, code="CON-METHODS-UNCLEAR"), False),
]


@pytest.mark.parametrize(("settled", "enough"), SETTLED, ids=map(str, range(len(SETTLED))))
def test_silence_is_settled_for_one_text_of_one_class_of_consents_and_what_is_named(
    settled: Settled, *, enough: bool
) -> None:
    question = asking(linkage=True, settled=frozenset({settled}))
    found = said(question, record(template=FORM))
    assert (found is None) is enough
    assert said(question, record()) is not None


BASIS = {"type": "public_interest_law", "instrument": "Act 7", "approval_ref": "A-7"}
TURNS: list[tuple[dict[str, Any], str]] = [
    ({"effective_from": "2026-07-01"}, "2026-07-01"),
    ({"effective_to": "2026-07-01"}, "2026-07-01"),
    (CHILD | {"maturity_review_on": "2026-07-01"}, "2026-07-01"),
    ({"deceased_on": "2026-07-01"}, "2026-07-01"),
    ({"grantor": SPOKEN | {"valid_to": "2026-07-01"}}, "2026-07-01"),
    ({"scope": {"permissions": ["GRU"], "modifiers": [{"code": "MOR", "date": "2026-07-01"}]}}, "2026-07-01"),
    ({"scope": {"permissions": ["GRU", {"code": "MOR", "date": "2026-07-01"}]}}, "2026-07-01"),
    (
        {"model": "opt_out", "legal_basis": BASIS, "override": {"law": "l", "authority": "a", "ends": "2026-07-01"}},
        "2026-07-01",
    ),
    ({"effective_to": "2026-09-01", "deceased_on": "2026-07-01"}, "2026-07-01"),
    ({"effective_to": "2026-09-01", "deceased_on": "2026-05-01"}, "2026-09-01"),
]


@pytest.mark.parametrize(("members", "turn"), TURNS, ids=map(str, range(len(TURNS))))
def test_an_answer_holds_until_the_next_day_that_a_record_names(members: dict[str, Any], turn: str) -> None:
    assert next_turn(record(**members), NOW) == on(turn)
    assert next_turn(record(**members), on("2027-01-01")) == FOREVER
    assert next_turn(record(), NOW) == FOREVER
    assert next_turn(record(**members), Seconds(on(turn) - 1)) == on(turn)
    assert next_turn(record(**members), on("2026-09-01")) == FOREVER


NPU = {"permissions": ["GRU"], "modifiers": ["NPU"]}


@pytest.mark.parametrize(("free", "bound"), [("s1", "s2"), ("s2", "s1")])
def test_of_two_with_the_same_permissions_each_has_their_own_conditions(free: str, bound: str) -> None:
    answer = judged(
        asking(organisation="for_profit"), person(free, plain(free)), person(bound, plain(bound, scope=NPU))
    )
    assert answer.verdicts[SubjectRef(free)].reason.code != answer.verdicts[SubjectRef(bound)].reason.code
    assert answer.verdicts[SubjectRef(bound)].place is OUT


def plain(ref: str, **members: Any) -> ConsentVersion:
    return record(ref, **{"scope": {"permissions": ["GRU"]}} | members)


def test_without_a_certificate_nobody_says_how_long_a_grace_is() -> None:
    question = asking(at=on("2026-06-02"), grant_began=on("2026-01-01"))
    answer = judge(question, [person("s1", record(**CHILD))], None, ONTOLOGY)
    assert [reason.code for reason in answer.reasons] == ["CON-REAFFIRM-DUE"]


def test_every_place_that_nobody_stated_is_told() -> None:
    lists = answers(hosting=["FR"], recipient_countries=["FR"])
    told = said(asking(processing_country=None, recipient_country=None), record(**lists))
    assert told == (HELD, "CON-UNDECLARED", {"keys": "processing_country, recipient_country"}, "R12")
