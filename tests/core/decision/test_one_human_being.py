"""Two roles of one human being are one; what ends somebody's access ends it under every identity of theirs."""

from dataclasses import replace

import pytest

from broker.core import shut_out
from broker.core.decision import evaluate
from broker.core.decision.joined import by_people
from broker.core.ids import PersonId
from broker.core.outcome import Outcome
from broker.core.rows import IdentityLink, Row
from broker.core.rows.linking import link_id
from broker.core.rows.revocation import revocation_id
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_findings import ABROAD, BAO, IN_THE_US, REFERRED, law_says, lawful
from tests.core.decision.test_what_gates_say import suspended
from tests.fakes import START

KIM = PersonId("usr_kim")
WORLD = {**ABROAD, "organisation": IN_THE_US}
OFFICER = lawful("JUR-EU-ART49", "legal_officer", BAO, **WORLD)
MEMBER = lawful("JUR-EU-ART49", "committee_member", b.MEI, **WORLD)


def link(one: PersonId, other: PersonId, *, since: int = 0, ended: int | None = None) -> IdentityLink:
    return IdentityLink(
        id=link_id(one, other), persons=(one, other), identities=((b.HOME, one[4:]), (b.HOME, other[4:])),
        since=Seconds(START + since), ended=None if ended is None else Seconds(START + ended),
    )  # fmt: skip


LINKS: dict[str, tuple[IdentityLink, ...]] = {
    "linked": (link(b.MEI, BAO),),
    "parted again": (link(b.MEI, BAO, since=-10, ended=-5),),
    "by way of a third": (link(b.MEI, KIM), link(KIM, BAO)),
}


@pytest.mark.row("RUL-TWO-PEOPLE")
@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
def test_two_roles_that_turn_out_to_be_one_person_answer_nothing(links: tuple[Row, ...]) -> None:
    both = (*OFFICER, *MEMBER)
    assert law_says(both, **WORLD) is Outcome.PERMIT_WITH_OBLIGATIONS
    assert law_says(both, **{**WORLD, **{row.id: row for row in links}}) is Outcome.REFER
    third = lawful("JUR-EU-ART49", "committee_member", PersonId("usr_zoe"), **WORLD)
    assert law_says((*both, *third), **{**WORLD, **{row.id: row for row in links}}) is Outcome.PERMIT_WITH_OBLIGATIONS


@pytest.mark.row("RUL-TWO-PEOPLE")
def test_a_grant_that_carries_such_answers_is_judged_anew_when_it_comes_out() -> None:
    """What was remembered of the use before is not what holds now."""
    grant = b.grant(purpose=REFERRED.purpose, findings=(*OFFICER, *MEMBER))
    used = b.question(location="US")
    before = b.snapshot(**WORLD, grant=grant)

    def law(*rows: Row) -> Outcome:
        found = evaluate(used, b.snapshot(*rows, **WORLD, grant=grant) if rows else before)
        return next(gate.outcome for gate in found.gates if gate.gate == "jurisdiction")

    assert law() is Outcome.PERMIT_WITH_OBLIGATIONS
    assert law(*LINKS["linked"]) is Outcome.REFER
    assert law(link(BAO, KIM)) is Outcome.PERMIT_WITH_OBLIGATIONS, "another link says nothing of these two"


def test_answers_of_people_who_are_nobody_else_stay_the_very_same() -> None:
    both = (*OFFICER, *MEMBER)
    assert by_people(both, b.snapshot(link(KIM, b.ADA))) is both


ENDED = {
    "linked when it was said": link(b.ADA, KIM, since=-10),
    "linked since": link(b.ADA, KIM, since=10),
    "parted since": link(b.ADA, KIM, since=-10, ended=5),
    "parted before": link(b.ADA, KIM, since=-10, ended=-5),
}


@pytest.mark.row("RUL-SHUT-OUT")
@pytest.mark.parametrize("tie", ENDED.values(), ids=ENDED)
def test_who_was_revoked_under_one_identity_is_out_under_every_other(tie: IdentityLink) -> None:
    later = Seconds(START + 20)
    asked = b.question(at=later, known_at=later)
    revoked = b.revocation(revocation_id("person", KIM))
    assert evaluate(asked, b.snapshot(revoked)).permits
    decision = evaluate(asked, b.snapshot(revoked, tie))
    assert [reason.code for reason in decision.reasons] == ["OPS-RECIPIENT-SUSPENDED"]
    assert shut_out.is_out(b.snapshot(revoked, tie), b.ADA, later)


@pytest.mark.row("RUL-SHUT-OUT")
@pytest.mark.parametrize(
    ("row", "out"),
    [
        (suspended(), True),
        (suspended(whom=str(KIM)), True),
        (suspended(whom=str(BAO)), False),
        (suspended(step="warn"), False),
        (suspended(begins=START + 10), False),
        (replace(suspended(), ends=START), False),
        (suspended(step="suspend_institution", kind="organisation", whom="rhine"), False),
    ],
    ids=["theirs", "another identity's", "somebody else's", "a warning", "to come", "over", "their institution's"],
)
def test_who_is_out_is_told_by_suspensions_in_force(row: Row, out: bool) -> None:  # noqa: FBT001
    assert shut_out.is_out(b.snapshot(row, link(b.ADA, KIM)), b.ADA, START) is out
