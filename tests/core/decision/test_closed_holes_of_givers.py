"""Holes that were open once: what one human being did under two identities."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.states import State
from broker.core.decision import Decision, evaluate
from broker.core.ids import PersonId
from broker.core.outcome import Gate
from broker.core.rows import IdentityLink, Row
from broker.core.rows.access import Finding
from broker.core.rows.linking import link_id
from broker.core.rows.obligations import Obligation
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_closed_holes import suspension
from tests.fakes import START

LINK = IdentityLink(
    id=link_id(b.MEI, b.ADA), persons=(b.MEI, b.ADA), identities=((b.HOME, "mei"), (b.HOME, "ada")), since=START
)
PARTED = replace(LINK, ended=START)
DECIDED = b.request(state=State.APPROVED, decided_by=b.MEI, grant=b.GRANT)
FINDING = Finding(
    gate=Gate.DUO, code="DUO-NEEDS-REVIEW", dataset=b.HEART, project=None, role="committee_member", person=b.MEI,
    ground="Test.", begins=START, ends=Seconds(START + b.YEAR), inputs="",
)  # fmt: skip


def judged(*rows: Row, **grant: Any) -> Decision:
    return evaluate(b.question(), b.snapshot(*rows, grant=b.grant(**grant)))


@pytest.mark.row("RUL-OWN")
@pytest.mark.parametrize("link", [LINK, PARTED], ids=["linked", "parted again"])
@pytest.mark.parametrize("way", ["decided", "answered"])
def test_a_grant_that_somebody_gave_themselves_ends_when_it_comes_out(way: str, link: IdentityLink) -> None:
    rows, changes = ((DECIDED,), {}) if way == "decided" else ((), {"findings": (FINDING,)})
    assert judged(*rows, **changes).permits
    after = judged(*rows, link, **changes)
    assert not after.permits
    said = next(gate for gate in after.gates if gate.gate is Gate.ENTITLEMENT)
    assert [reason.code for reason in said.reasons] == ["REQ-OWN"]


@pytest.mark.row("RUL-OWN")
def test_a_link_alone_ends_no_grant_that_others_gave() -> None:
    decided = replace(DECIDED, decided_by=PersonId("usr_kim"))
    assert judged(decided, LINK).permits


@pytest.mark.row("RUL-OWN")
@pytest.mark.parametrize("link", [LINK, PARTED], ids=["linked", "parted"])
def test_a_suspension_is_not_shaken_off_by_parting_from_the_identity_that_has_it(link: IdentityLink) -> None:
    suspended = suspension("person", str(b.MEI), "suspend_person")
    assert judged(suspended).permits
    codes = {reason.code for reason in judged(suspended, link).reasons}
    assert "OPS-RECIPIENT-SUSPENDED" in codes


@pytest.mark.row("RUL-OWN")
@pytest.mark.parametrize("link", [LINK, PARTED], ids=["linked", "parted"])
def test_nobody_gets_a_new_grant_by_parting_from_the_identity_that_owes_a_report(link: IdentityLink) -> None:
    owed = Obligation(id="report.1", cls="account", text="t", holder="researcher", late="no_renewal", due=START)
    snapshot = b.snapshot(link, grant=b.grant(person=b.MEI, obligations=(owed,)))
    decision = evaluate(b.question(stage="approve", purpose=b.PURPOSE, grants=(), object=None), snapshot)
    assert "OPS-DUTY-OVERDUE" in {reason.code for reason in decision.reasons}
