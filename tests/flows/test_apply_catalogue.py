"""A catalogue is applied: all of it or nothing, and grants of people whom nobody has met yet."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.catalogue import DeclaredGrant, NotRegistrableError
from broker.core.consent.exclusion import exclusion
from broker.core.consent.model import Withdrawal
from broker.core.decision import evaluate
from broker.core.ids import DatasetId, GrantId, Issuer, SubjectRef
from broker.core.passport.trust import TrustRow
from broker.core.rows import Committee, ConsentRow, Grant, Identity, IdentityProvider, Person, Row, VisaIssuer
from broker.core.rows.identity import identity_id
from broker.core.rows.safeguards import Safeguards
from broker.core.time import Seconds
from broker.flows import apply_catalogue
from broker.flows.authenticate import person_of
from broker.flows.decide_request import permission_claims
from broker.ports import StaleError
from tests import builders as b
from tests.core.decision.test_received import US_FACTS, us_rules
from tests.fakes import START
from tests.flows.worlds import stage

US = "us-doj-28cfr202"
OLD = DeclaredGrant(
    id=GrantId("old-1"), iss=Issuer(str(b.HOME)), sub="bao", dataset=b.HEART, purpose=b.PURPOSE,
    affiliations=("faculty@rhine.example",), begins=START, ends=Seconds(START + 1000),
)  # fmt: skip


def withdrawn(who: SubjectRef) -> ConsentRow:
    return b.consent(
        who,
        2,
        status="withdrawn",
        withdrawal=Withdrawal(kind="no_further_use"),
        effective_from=START,
        recorded_at=START,
    )


async def test_applying_twice_changes_nothing_the_second_time() -> None:
    s = stage()
    rows: list[Row] = [b.dataset(title="Another title"), Committee(id="https://new.example", name="New", contact="x")]
    steps = await apply_catalogue.foresee(s.world, rows)
    assert [(step.verb, step.fields) for step in steps] == [("change", ("title",)), ("create", ())]
    assert await apply_catalogue.apply(s.world, steps, None) == 2
    assert await apply_catalogue.apply(s.world, await apply_catalogue.foresee(s.world, rows), None) == 0
    assert s.kinds() == ["catalogue.applied"]


def of_participants(name: str, **more: Any) -> IdentityProvider:
    return IdentityProvider(
        id=Issuer(f"https://{name}.example"), slug=name, name=name, client_id="us", client_secret="s",
        audience="participant", **more,
    )  # fmt: skip


async def test_only_one_provider_names_participants() -> None:
    """A second one could give somebody else's pseudonym as `sub`, and so withdraw their consent."""
    s = stage()
    one, two = of_participants("one"), of_participants("two")
    with pytest.raises(ValueError, match="only one identity provider may be for participants"):
        await apply_catalogue.foresee(s.world, [one, two])
    await apply_catalogue.apply(s.world, await apply_catalogue.foresee(s.world, [one]), None)
    with pytest.raises(ValueError, match=r"https://one\.example, https://two\.example"):
        await apply_catalogue.foresee(s.world, [two])
    successor = [of_participants("one", status="suspended"), two]
    assert [step.verb for step in await apply_catalogue.foresee(s.world, successor)] == ["change", "create"]


async def test_a_plan_that_others_overtook_changes_nothing() -> None:
    s = stage()
    steps = await apply_catalogue.foresee(
        s.world, [b.dataset(title="One"), Committee(id="https://n.example", name="N", contact="x")]
    )
    await apply_catalogue.apply(s.world, await apply_catalogue.foresee(s.world, [b.dataset(title="Two")]), None)
    before = dict(s.ledger.rows)
    with pytest.raises(StaleError):
        await apply_catalogue.apply(s.world, steps, None)
    assert s.ledger.rows == before


async def test_a_declared_grant_waits_for_its_person() -> None:
    s = stage()
    again = replace(OLD, id=GrantId("old-2"))
    steps = await apply_catalogue.foresee(s.world, [], [OLD, again])
    assert [step.row.KIND for step in steps] == ["person", "identity", "grant", "grant"]
    await apply_catalogue.apply(s.world, steps, None)
    bao = await person_of(s.world, OLD.iss, "bao")
    assert {grant.id for grant in s.live.current().grants_of(bao.id)} == {"old-1", "old-2"}
    assert '"typ": "duo-permission+jwt"' in s.live.current().grants_of(bao.id)[0].document
    assert await apply_catalogue.apply(s.world, await apply_catalogue.foresee(s.world, [], [OLD, again]), None) == 0


async def test_a_declared_grant_of_somebody_known_is_theirs() -> None:
    s = stage()
    ada = s.ledger.rows["person", b.ADA]
    assert isinstance(ada, Person)
    name = identity_id(OLD.iss, "ada")
    s.ledger.rows["identity", name] = Identity(id=name, person=ada.id, iss=OLD.iss, sub="ada")
    steps = await apply_catalogue.foresee(s.world, [], [replace(OLD, sub="ada")])
    (grant,) = (step.row for step in steps)
    assert isinstance(grant, Grant)
    assert (grant.person, grant.committee, grant.duo) == (ada.id, b.DAC, b.dataset().duo)


@pytest.mark.row("RUL-DECLARED-GRANTS")
@pytest.mark.parametrize("out", [frozenset(), frozenset({b.PAUL})], ids=["nobody", "one who withdrew"])
async def test_a_declared_grant_is_bound_to_whom_the_consents_leave_out(out: frozenset[SubjectRef]) -> None:
    """As one that is given here; and declaring it again, also after somebody withdrew, changes nothing."""
    s = stage(*(withdrawn(who) for who in out))

    async def declare(grant: DeclaredGrant) -> tuple[Grant, int]:
        steps = await apply_catalogue.foresee(s.world, [], [grant])
        made = await apply_catalogue.apply(s.world, steps, None)
        return next(step.row for step in steps if isinstance(step.row, Grant)), made

    first, _ = await declare(OLD)
    assert first.exclusion is not None
    assert first.exclusion == exclusion(out, first.exclusion.salt)
    claims = permission_claims(first, s.world.issuer)
    assert first.exclusion.hash in str(claims)
    s.live.committed([withdrawn(b.PIA)])
    again, changed = await declare(OLD)
    assert (again.exclusion, changed) == (first.exclusion, 0)
    longer, changed = await declare(replace(OLD, ends=Seconds(OLD.ends + 1)))
    assert longer.exclusion is not None
    assert (longer.exclusion.hash != first.exclusion.hash, changed) == (True, 1)
    assert longer.exclusion == exclusion(out | {b.PIA}, longer.exclusion.salt)


@pytest.mark.parametrize("change", [{"dataset": DatasetId("https://bank.example/no")}])
async def test_a_grant_for_data_that_nobody_declared_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not declared"):
        await apply_catalogue.foresee(stage().world, [], [replace(OLD, **change)])


async def test_what_was_removed_is_not_brought_back_by_a_catalogue() -> None:
    gone = VisaIssuer(id=Issuer("https://gone.example"), trust=TrustRow(iss="https://gone.example"), status="removed")
    world = stage(gone).world
    with pytest.raises(ValueError, match="removed for good"):
        await apply_catalogue.foresee(world, [replace(gone, status="active")])


@pytest.mark.row("WHO-3.7-2", "WHO-3.1-5", "WHO-3.8-1", "WHO-3.2-3", "WHO-3.4-2", "WHO-3.6-7", "WHO-3.1-6b")
async def test_a_dataset_without_what_must_be_on_record_is_not_registered_and_all_of_it_is_named() -> None:
    s = stage(dataset=None, committee=None, pia=b.consent(b.PIA, model="broad"))
    bare = b.dataset(
        safeguards=Safeguards(), certificate=replace(b.dataset().certificate, ethics_ref=None),
        facts={name: value for name, value in b.DATA_FACTS.items() if name != "data.community_governed"},
    )  # fmt: skip
    with pytest.raises(NotRegistrableError) as caught:
        await apply_catalogue.foresee(s.world, [bare])
    named = {fault.member for fault in caught.value.faults}
    assert named == {
        "safeguards.responsible", "safeguards.governance", "safeguards.custodian", "safeguards.return_of_results",
        "safeguards.benefit_sharing", "safeguards.sustainability", "safeguards.raci", "certificate.ethics_ref",
        "safeguards.engagements", "safeguards.public_notice", "committee", "facts.data.community_governed",
    }  # fmt: skip
    assert s.kinds() == []
    complete: list[Row] = [
        b.dataset(),
        Committee(id=b.DAC, name="C", contact="c@bank.example", voters=("bank",)),
    ]
    assert len(await apply_catalogue.foresee(s.world, complete)) == 2


async def test_a_fact_that_a_loaded_pack_needs_is_named_with_the_pack_and_the_rule() -> None:
    s = stage()
    elsewhere = {**b.DATA_FACTS, "data.controller_country": "US", "data.origin_countries": ("US",)}
    facts = {name: value for name, value in elsewhere.items() if name != "data.regimes_declared"}
    wanted = r"facts\.data\.regimes_declared: missing: policy pack eu-gdpr-ch5 needs it \(rule applies_when\)"
    assert await apply_catalogue.foresee(s.world, [b.dataset(facts=elsewhere)])
    with pytest.raises(NotRegistrableError, match=wanted):
        await apply_catalogue.foresee(s.world, [b.dataset(facts=facts)])


@pytest.mark.row("OUT-FACTS")
async def test_the_terms_of_a_transfer_are_asked_for_where_a_pack_would_refer_without_them() -> None:
    """United States data: whether something is paid, and under which contract, is the custodian's to say."""
    s = stage()
    s.live._current = replace(s.live.current(), rulebook=us_rules())
    stated = {name: value for name, value in US_FACTS.items() if not name.startswith("request.")}
    facts = stated | {"data.us_person_count_12m": 500}
    with pytest.raises(NotRegistrableError) as caught:
        await apply_catalogue.foresee(s.world, [b.dataset(facts=facts)])
    assert [(fault.member, fault.problem) for fault in caught.value.faults] == [
        ("facts.request.consideration", f"missing: policy pack {US} needs it (rule not-covered-brokerage)"),
        ("facts.request.transaction_type", f"missing: policy pack {US} needs it (rule not-covered-brokerage)"),
    ]
    whole = facts | {"request.consideration": "none", "request.transaction_type": "research_collaboration"}
    assert await apply_catalogue.foresee(s.world, [b.dataset(facts=whole)])
    assert await apply_catalogue.foresee(s.world, [b.dataset(facts=stated | {"data.us_person_count_12m": 0})])
    with pytest.raises(NotRegistrableError, match=r"facts\.data\.us_person_count_12m: missing"):
        await apply_catalogue.foresee(s.world, [b.dataset(facts=stated)])


@pytest.mark.row("WHO-3.1-6b")
async def test_a_committee_of_the_producer_alone_and_missing_duties_are_warned_of() -> None:
    s = stage()
    alone = Committee(id=b.DAC, name="C", contact="c@bank.example", voters=("heart-study",))
    bare = b.dataset(safeguards=replace(b.SAFEGUARDS, duties=b.SAFEGUARDS.duties[1:]))
    assert apply_catalogue.cautions(s.world, [b.dataset()]) == ()
    told = apply_catalogue.cautions(s.world, [alone, bare])
    assert ["only voter" in told[0], "no duty of class respect" in told[1]] == [True, True]


async def test_an_engagement_is_asked_for_once_somebody_consented_broadly() -> None:
    asked_nobody = b.dataset(safeguards=replace(b.SAFEGUARDS, engagements=()))
    assert await apply_catalogue.foresee(stage().world, [asked_nobody])
    with pytest.raises(NotRegistrableError, match="engagements"):
        await apply_catalogue.foresee(stage(pia=b.consent(b.PIA, model="broad")).world, [asked_nobody])


def _of_pia(**members: Any) -> ConsentRow:
    return b.consent(b.PIA, 2, **members)


async def test_a_consent_that_begins_later_is_known_from_when_it_was_declared() -> None:
    """So that what was permitted before ends when it begins, and not at the next occasion."""
    s = stage()
    later = Seconds(START + 3600)
    plan = await apply_catalogue.foresee(s.world, [_of_pia(effective_from=later, status="suspended")])
    await apply_catalogue.apply(s.world, plan, None)
    stored = s.ledger.rows["consent", f"con-{b.PIA}/2"]
    assert isinstance(stored, ConsentRow)
    assert stored.consent.recorded_at == START
    assert evaluate(b.question(), s.live.current()).until == later
    s.clock.advance(60)
    again = await apply_catalogue.foresee(s.world, [_of_pia(effective_from=later, status="suspended")])
    assert [step.verb for step in again] == ["keep"]


async def test_what_was_decided_before_a_consent_was_declared_is_replayed_without_it() -> None:
    s = stage()
    before = evaluate(b.question(), s.live.current())
    s.clock.advance(60)
    backdated = _of_pia(effective_from=START, recorded_at=START, status="suspended")
    await apply_catalogue.apply(s.world, await apply_catalogue.foresee(s.world, [backdated]), None)
    assert evaluate(b.question(), s.live.current()) == before
    now = s.clock.now()
    assert not evaluate(b.question(at=now, known_at=now), s.live.current()).permits
