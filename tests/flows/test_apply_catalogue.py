"""A catalogue is applied: all of it or nothing, and grants of people whom nobody has met yet."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.catalogue import DeclaredGrant
from broker.core.ids import DatasetId, GrantId, Issuer
from broker.core.passport.trust import TrustRow
from broker.core.rows import Committee, Grant, Identity, IdentityProvider, Person, Row, VisaIssuer
from broker.core.rows.identity import identity_id
from broker.core.time import Seconds
from broker.flows import apply_catalogue
from broker.flows.authenticate import person_of
from broker.ports import StaleError
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import stage

OLD = DeclaredGrant(
    id=GrantId("old-1"), iss=Issuer(str(b.HOME)), sub="bao", dataset=b.HEART, purpose=b.PURPOSE,
    affiliations=("faculty@rhine.example",), begins=START, ends=Seconds(START + 1000),
)  # fmt: skip


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


@pytest.mark.parametrize("change", [{"dataset": DatasetId("https://bank.example/no")}])
async def test_a_grant_for_data_that_nobody_declared_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not declared"):
        await apply_catalogue.foresee(stage().world, [], [replace(OLD, **change)])


async def test_what_was_removed_is_not_brought_back_by_a_catalogue() -> None:
    gone = VisaIssuer(id=Issuer("https://gone.example"), trust=TrustRow(iss="https://gone.example"), status="removed")
    world = stage(gone).world
    with pytest.raises(ValueError, match="removed for good"):
        await apply_catalogue.foresee(world, [replace(gone, status="active")])
