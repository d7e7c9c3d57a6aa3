"""Parts of gates: consents in several countries, answers that are known already, findings that are met, who let somebody in."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from broker.core.consent.model import Scope
from broker.core.decision import evaluate
from broker.core.decision.case import Case
from broker.core.decision.findings import answered, inputs_digest, met, reviewed_by_committee, settled_by_ethics
from broker.core.decision.gates.duo import months
from broker.core.decision.question import Question
from broker.core.ids import PersonId
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.passport.trust import TrustRow
from broker.core.purpose import Modality
from broker.core.rows import Evidence, VisaIssuer
from broker.core.rows.access import Finding
from broker.core.time import FOREVER, Seconds
from tests import builders as b
from tests.core.decision.test_evaluate import withdrawn
from tests.core.decision.test_looked_up import looked_up
from tests.core.decision.test_what_gates_say import asked, suspended
from tests.fakes import START

# Consents, in every country of processing


def hosted(ref: Any, *countries: str) -> Any:
    return b.consent(ref, scope=Scope(permissions=b.codes("DUO:0000042"), hosting=frozenset(countries)))


TWO_COUNTRIES = replace(b.PURPOSE, countries=frozenset({"CH", "FR"}))
HOSTING: list[tuple[dict[str, Any], Outcome, set[Any]]] = [
    ({"pia": hosted(b.PIA, "CH", "FR"), "paul": hosted(b.PAUL, "CH", "FR")}, Outcome.PERMIT, set()),
    ({"pia": hosted(b.PIA, "CH"), "paul": hosted(b.PAUL, "CH", "FR")}, Outcome.PERMIT_WITH_OBLIGATIONS, {b.PIA}),
    ({"pia": hosted(b.PIA, "FR"), "paul": hosted(b.PAUL, "CH", "FR")}, Outcome.PERMIT_WITH_OBLIGATIONS, {b.PIA}),
    ({"pia": hosted(b.PIA, "CH"), "paul": hosted(b.PAUL, "FR")}, Outcome.PERMIT_WITH_OBLIGATIONS, {b.PIA, b.PAUL}),
    ({"pia": hosted(b.PIA, "CH"), "paul": hosted(b.PAUL, "CH")}, Outcome.DENY, {b.PIA, b.PAUL}),
    ({"pia": hosted(b.PIA, "FR"), "paul": hosted(b.PAUL, "FR")}, Outcome.DENY, {b.PIA, b.PAUL}),
]


@pytest.mark.parametrize(("world", "outcome", "left_out"), HOSTING, ids=map(str, range(len(HOSTING))))
def test_of_several_countries_the_strictest_answer_counts_and_who_is_left_out_of_one_is_left_out(
    world: dict[str, Any], outcome: Outcome, left_out: set[Any]
) -> None:
    for stage in ("approve", "use"):
        question = b.question(stage=stage, purpose=TWO_COUNTRIES, object=None)
        found = asked(Gate.CONSENT, question, grant=b.grant(purpose=TWO_COUNTRIES), **world)
        assert found.excluded == left_out
        bound = stage == "approve" and outcome.permits
        assert found.outcome is outcome
        assert ("keep_to_exclusion_list" in found.obligations) is (outcome.permits and (bound or bool(left_out)))
        assert bool(found.missing) is False


def test_what_people_demand_is_demanded_besides_the_list() -> None:
    limited = Scope(permissions=b.codes("DUO:0000042"), modifiers=b.codes({"code": "TS", "months": 12}))
    found = asked(Gate.CONSENT, b.question(object=None), pia=b.consent(scope=limited), x=None, paul=None)
    assert "time_limit_months:12" in found.obligations


def certified(**changes: Any) -> dict[str, Any]:
    return {"dataset": b.dataset(certificate=replace(b.dataset().certificate, **changes))}


def test_a_grant_may_outlast_the_consents_where_each_can_be_left_out_alone_and_never_the_certificate() -> None:
    ends, later = Seconds(START + 50), Seconds(START + 90)
    world = {"pia": b.consent(effective_to=ends)}
    joint = certified(filterable=False, granularity="multi_sample", valid_to=later)
    assert asked(Gate.CONSENT, b.question(), **world, **certified(valid_to=later)).ends == later
    assert asked(Gate.CONSENT, b.question(), **world, **certified(valid_to=later, filterable=False)).ends == later
    assert asked(Gate.CONSENT, b.question(), **world, **joint).ends == ends
    assert asked(Gate.CONSENT, b.question(), **world, **certified(valid_to=later)).until == ends


# What is known already is the answer to the very same question alone


LATER = Seconds(START + 60)
COLUMNS = {"A": b.PIA, "B": b.PAUL}
FILE = b.drs_object(b.TWO, COLUMNS.values(), samples=COLUMNS, format="VCF")
APPROVE: dict[str, Any] = {"stage": "approve", "grants": (), "object": None}
QUESTIONS: list[Question] = [
    b.question(),
    b.question(object=None),
    b.question(object=b.TWO),
    b.question(object=b.TWO, filtered=True),
    b.question(object=b.TWO, modality=Modality.TRE_REMOTE),
    b.question(purpose=b.PURPOSE, **APPROVE),
    b.question(purpose=TWO_COUNTRIES, **APPROVE),
    b.question(purpose=replace(b.PURPOSE, countries=frozenset({"FR"})), **APPROVE),
    b.question(purpose=replace(b.PURPOSE, commercial=True), **APPROVE),
    b.question(purpose=b.PURPOSE, **APPROVE | {"stage": "foresee"}),
    b.question(at=LATER, known_at=LATER),
    b.question(at=LATER, known_at=START),
    b.question(object=None, at=LATER, known_at=LATER),
]
WORLD = {"x": withdrawn(30), "paul": hosted(b.PAUL, "DE", "CH"), "two": FILE}


@pytest.mark.parametrize(("first", "second"), list(product(range(len(QUESTIONS)), repeat=2)))
def test_what_was_asked_before_changes_no_answer(first: int, second: int) -> None:
    snapshot = b.snapshot(**WORLD)
    evaluate(QUESTIONS[first], snapshot)
    assert evaluate(QUESTIONS[second], snapshot) == evaluate(QUESTIONS[second], b.snapshot(**WORLD))


# Findings


def finding(code: str, role: str = "committee_member", **changes: Any) -> Finding:
    made = Finding(
        gate=Gate.DUO, code=code, dataset=b.HEART, project="p1", role=role, person=b.MEI, ground="x", begins=START,
        ends=Seconds(START + 90), inputs="",
    )  # fmt: skip
    return replace(made, **changes)


BAO = PersonId("usr_bao")
MET: list[tuple[str, list[Finding], bool]] = [
    ("DUO-SENSITIVE", [finding("DUO-SENSITIVE")], True),
    ("DUO-SENSITIVE", [finding("DUO-IRB")], False),
    ("DUO-SENSITIVE", [], False),
    ("DUO-SENSITIVE", [finding("DUO-SENSITIVE", "legal_officer")], False),
    ("DUO-SENSITIVE", [finding("DUO-SENSITIVE"), finding("DUO-SENSITIVE", "legal_officer")], True),
    ("CON-ASK", [finding("CON-ASK", "participant")], False),
    ("PUR-PROHIBITED", [finding("PUR-PROHIBITED")], False),
    ("JUR-EU-ART49", [finding("JUR-EU-ART49")], False),
    ("JUR-EU-ART49", [finding("JUR-EU-ART49"), finding("JUR-EU-ART49", "legal_officer")], False),
    ("JUR-EU-ART49", [finding("JUR-EU-ART49"), finding("JUR-EU-ART49", "legal_officer", person=BAO)], True),
]


@pytest.mark.parametrize(("code", "given", "is_met"), MET, ids=map(str, range(len(MET))))
def test_a_code_is_met_when_each_who_must_has_answered_it(code: str, given: list[Finding], *, is_met: bool) -> None:
    assert met(code, given) is is_met


def live(case: Case, *codes: str, ends: tuple[int, ...] = (90, 90)) -> Case:
    inputs = inputs_digest(case, Gate.DUO)
    made = [
        finding(code, inputs=inputs, ends=Seconds(START + end), project="p1")
        for code, end in zip(codes, ends, strict=False)
    ]
    return replace(case, findings=tuple(made))


OPEN = GateResult(
    gate=Gate.DUO, outcome=Outcome.REFER, reasons=(Reason(code="DUO-SENSITIVE"), Reason(code="DUO-ETHICS-MISSING")),
    asks=(Reason(code="DUO-SENSITIVE"), Reason(code="DUO-ETHICS-MISSING")), obligations=("publish",),
    until=Seconds(START + 70),
)  # fmt: skip


def test_every_question_that_is_asked_must_be_answered() -> None:
    case = looked_up()
    assert answered(OPEN, case) == OPEN
    for given, left in (("DUO-SENSITIVE", "DUO-ETHICS-MISSING"), ("DUO-ETHICS-MISSING", "DUO-SENSITIVE")):
        still = (Reason(code=left),)
        assert answered(OPEN, live(case, given, ends=(40, 90))) == replace(
            OPEN, reasons=still, asks=still, until=Seconds(START + 40)
        )
    found = answered(OPEN, live(case, "DUO-SENSITIVE", "DUO-ETHICS-MISSING"))
    assert found.outcome is Outcome.PERMIT_WITH_OBLIGATIONS
    assert found.obligations == ("publish", "keep_to_finding:DUO-SENSITIVE", "keep_to_finding:DUO-ETHICS-MISSING")


@pytest.mark.parametrize("ends", [(40, 60), (60, 40)])
def test_what_is_still_open_is_asked_again_when_the_first_of_the_answers_ends(ends: tuple[int, int]) -> None:
    third = Reason(code="DUO-METHODS-UNCLEAR")
    open_ = replace(OPEN, reasons=(*OPEN.reasons, third), asks=(*OPEN.asks, third))
    found = answered(open_, live(looked_up(), "DUO-SENSITIVE", "DUO-ETHICS-MISSING", ends=ends))
    assert found == replace(OPEN, reasons=(third,), asks=(third,), until=Seconds(START + 40))


@pytest.mark.parametrize("ends", [(40, 90), (90, 40)])
def test_what_was_answered_holds_until_the_first_of_its_answers_ends(ends: tuple[int, int]) -> None:
    case = live(looked_up(), "DUO-SENSITIVE", "DUO-ETHICS-MISSING", ends=ends)
    assert answered(OPEN, case).until == START + 40
    assert answered(OPEN, case).ends is None
    assert answered(replace(OPEN, until=Seconds(START + 30)), case).until == START + 30
    assert answered(replace(OPEN, ends=Seconds(START + 20)), case).ends == START + 20
    assert answered(replace(OPEN, ends=Seconds(START + 60)), case).ends == START + 40


def test_a_class_of_consents_is_settled_by_its_name_and_its_text() -> None:
    whole = finding("CON-SILENT", "ethics_committee", consent_class="T12", form="ab", keys=frozenset({"linkage"}))
    (settled,) = settled_by_ethics([whole])
    assert (settled.code, settled.consent_class, settled.form, settled.keys) == ("CON-SILENT", "T12", "ab", whole.keys)
    assert settled_by_ethics([replace(whole, form=None)]) == frozenset()
    assert settled_by_ethics([replace(whole, consent_class=None)]) == frozenset()
    assert settled_by_ethics([]) == frozenset()


def test_what_the_committee_answered_is_what_its_members_answered() -> None:
    assert reviewed_by_committee([finding("A"), finding("B", "legal_officer")]) == {"A"}
    assert reviewed_by_committee([]) == frozenset()


# Conduct: who let somebody in, and whose sanction reaches them


ISSUER = VisaIssuer(id=b.HOME, trust=TrustRow(iss=b.HOME))
LET_IN = (("visa_issuer", str(b.HOME)),)


def conduct(question: Question, *rows: Any, **world: Any) -> str:
    found = asked(Gate.CONDUCT, question, *rows, **world)
    return found.reasons[0].code if found.reasons else ""


@pytest.mark.parametrize(
    ("status", "code"), [("active", ""), ("suspended", "AUTH-REVOKED"), ("removed", "AUTH-REVOKED")]
)
def test_who_let_somebody_in_must_still_be_trusted(status: Any, code: str) -> None:
    row = replace(ISSUER, status=status)
    assert conduct(b.question(let_in=LET_IN), row) == code
    both = (("visa_issuer", "https://never.example"), *LET_IN)
    assert conduct(b.question(let_in=both), row) == code
    assert conduct(b.question(let_in=both[::-1]), row) == code
    assert conduct(b.question(), row) == ""
    assert conduct(b.question(let_in=both[:1])) == "", "one that was never registered was not removed"
    assert conduct(b.question(let_in=(("dataset", str(b.HEART)),))) == ""


def test_an_issuer_that_was_revoked_takes_its_identities_with_it_and_we_are_none() -> None:
    assert conduct(b.question(), b.revocation(f"issuer:{b.HOME}")) == "AUTH-REVOKED"
    assert conduct(b.question(), b.revocation(f"issuer:{b.US}")) == ""
    assert conduct(b.question(identities=frozenset({(b.US, str(b.ADA))})), b.revocation(f"issuer:{b.HOME}")) == ""


RHINE = suspended(kind="organisation", whom="rhine", step="suspend_institution")
OF_RHINE = replace(b.PURPOSE, institution="rhine")


@pytest.mark.parametrize(
    ("affiliations", "grant", "reached"),
    [
        (("faculty@rhine.example",), b.grant(), True),
        ((), b.grant(), False),
        ((), b.grant(purpose=OF_RHINE), True),
        ((), b.grant(affiliations=("staff@rhine.example",)), True),
        (("faculty@cologne.example",), b.grant(purpose=OF_RHINE), True),
        (("faculty@rhine.example",), b.grant(purpose=replace(b.PURPOSE, institution="cologne")), True),
    ],
)
def test_a_sanction_of_an_institution_reaches_who_speaks_for_it_and_who_got_the_grant_for_it(
    affiliations: tuple[str, ...], grant: Any, *, reached: bool
) -> None:
    found = conduct(b.question(affiliations=affiliations), RHINE, grant=grant)
    assert found == ("OPS-RECIPIENT-SUSPENDED" if reached else "")


def test_a_community_s_answer_holds_until_the_first_of_the_evidence_turns() -> None:
    papers = [Evidence(id=f"e{end}", valid_from=Seconds(0), valid_to=Seconds(START + end)) for end in (90, 50, 70)]
    assert asked(Gate.COMMUNITY, b.question(), dataset=b.dataset(evidence=tuple(papers))).until == START + 50


# Codes


def coded(*codes: Any) -> dict[str, Any]:
    return {"dataset": b.dataset(duo=b.codes("DUO:0000042", *codes))}


def test_codes_oblige_or_only_allow_and_name_the_ontology_that_was_read() -> None:
    free, bound = asked(Gate.DUO, b.question(), **coded()), asked(Gate.DUO, b.question(), **coded("PUB"))
    assert (free.outcome, free.obligations) == (Outcome.PERMIT, ())
    assert bound.outcome is Outcome.PERMIT_WITH_OBLIGATIONS
    assert bound.obligations != ()
    assert free.read == (("ontology", b.ontology().version),)
    sold = b.grant(purpose=replace(b.PURPOSE, commercial=True))
    assert asked(Gate.DUO, b.question(), grant=sold, **coded("NCU", "PUB")).outcome is Outcome.DENY


DAWN = Seconds(START // 86_400 * 86_400)
"""The first second of the day of START, which is 2027-01-15."""


@pytest.mark.parametrize(
    ("days", "until"),
    [
        (["2027-01-20"], 5),
        (["2027-02-04", "2027-01-25"], 10),
        (["2027-01-15"], None),
        (["2027-01-15", "2027-01-16"], 1),
    ],
)
def test_an_answer_of_the_codes_holds_until_the_next_moratorium_is_over(days: list[str], until: int | None) -> None:
    world = coded(*({"code": "MOR", "date": day} for day in days))
    question = b.question(at=DAWN, known_at=DAWN)
    grant = b.grant(begins=Seconds(0))
    assert asked(Gate.DUO, question, grant=grant, **world).until == (
        FOREVER if until is None else DAWN + until * 86_400
    )


def test_how_long_a_grant_may_be_is_said_by_codes_that_were_weighed() -> None:
    limited, short = coded({"code": "TS", "months": 6}), replace(b.PURPOSE, duration_months=6)
    assert months(looked_up(short, world=limited)) == 6
    assert months(looked_up(short, world=coded())) is None
    assert months(looked_up(None, world=limited)) is None
    assert months(looked_up(short, world={"dataset": None})) is None
