"""A consent source reads whom it must invite: only its own, only by pseudonym, and on record."""

from dataclasses import fields, replace

import pytest

from broker.core.consent.maturity import Invitation
from broker.core.consent.model import Grantor
from broker.core.outcome import Reason
from broker.core.rows import ConsentRow
from broker.core.time import Day
from broker.flows.administer import OPERATOR, Actor
from broker.flows.invite import to_invite
from broker.ports import LedgerDownError
from tests import builders as b
from tests.flows.test_exchange_consents import source
from tests.flows.worlds import Stage, stage

SOON = Day(2027, 3, 1)


def child(custodian: str = "site-a") -> ConsentRow:
    return b.consent(grantor=Grantor(kind="parent"), maturity_review_on=SOON, custodian=custodian)


def nursery() -> Stage:
    other = replace(child("site-b"), id="con-other/1")
    return stage(replace(other, consent=replace(other.consent, consent_id="con-other")), pia=child())


@pytest.mark.row("RUL-MATURITY", "WHO-3.1-9")
@pytest.mark.parametrize(
    ("actor", "custodian", "ids"),
    [
        (source("organisation:site-a"), "site-a", ["con-sub_pia"]),
        (source("organisation:site-a"), "site-b", None),
        (source("organisation:site-a"), None, None),
        (source("organisation:site-a", "auditor"), "site-a", None),
        (Actor(), "site-a", None),
        (source("service"), None, ["con-other", "con-sub_pia"]),
        (OPERATOR, None, ["con-other", "con-sub_pia"]),
    ],
)
async def test_a_source_reads_of_its_own_participants_and_it_is_on_record(
    actor: Actor, custodian: str | None, ids: list[str] | None
) -> None:
    s = nursery()
    found = await to_invite(s.world, actor, custodian)
    if ids is None:
        assert (isinstance(found, Reason), s.kinds()) == (True, [])
        return
    assert isinstance(found, tuple)
    assert [one.id for one in found] == ids
    assert s.kinds() == ["consent.due"]
    told = s.ledger.entries[-1].about
    assert (told["consents"], told["custodian"]) == (len(ids), custodian or "")
    assert not set(map(str, told.values())) & {one.subject for one in found}, "the log says how many, and not who"


@pytest.mark.row("RUL-MATURITY")
async def test_no_record_no_list() -> None:
    s = nursery()
    s.ledger.breaks = "lost"
    with pytest.raises(LedgerDownError):
        await to_invite(s.world, OPERATOR, None)


def test_an_invitation_has_no_member_that_could_name_anybody() -> None:
    names = {one.name for one in fields(Invitation)}
    assert names == {"id", "subject", "on", "since", "overdue", "template", "datasets"}
