"""Objects are registered: one id one content, and no bundle without an end; who then may know of them."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.catalogue import NotRegistrableError
from broker.core.decision.knowing import acquainted, nodes, seen, stranger
from broker.core.drs.bundles import UnboundedError
from broker.core.ids import DatasetId, ObjectId
from broker.core.rows import DrsObject, Row
from broker.core.rows.catalogue import Member
from broker.core.snapshot import follow
from broker.flows import apply_catalogue
from tests import builders as b
from tests.flows.worlds import Stage, stage

SECRET = DatasetId("https://bank.example/datasets/secret")
HIDDEN = b.dataset(id=SECRET, title="Secret", existence="hidden")


def bundle(id: str, *members: str, **changes: Any) -> DrsObject:
    held = tuple(Member(name=f"in-{one}", object=ObjectId(one)) for one in members)
    made = b.drs_object(ObjectId(id), (), members=held, path="", size=0, checksums={})
    return replace(made, **changes)


async def register(s: Stage, *rows: Row) -> int:
    return await apply_catalogue.apply(s.world, await apply_catalogue.foresee(s.world, rows), None)


@pytest.mark.row("T102")
async def test_a_bundle_is_registered_and_one_in_itself_is_not() -> None:
    s = stage()
    assert await register(s, bundle("run", "obj-1", "obj-2")) == 1
    with pytest.raises(NotRegistrableError) as caught:
        await register(s, bundle("study", "run"), bundle("ring", "study", "ring"))
    (fault,) = caught.value.faults
    assert (fault.object, fault.dataset, fault.member) == ("ring", b.HEART, "members")
    assert "contains itself" in str(fault)


@pytest.mark.row("T102")
async def test_a_circle_that_goes_through_what_is_registered_already_is_refused_too() -> None:
    """`one` is registered with `two` in it; `two`, which is declared now, holds `one`."""
    two = b.drs_object(ObjectId("two"))
    s = stage(two, bundle("one", "two"))
    with pytest.raises(NotRegistrableError, match="one: members: one: contains itself"):
        await register(s, bundle("two", "one"))
    with pytest.raises(NotRegistrableError, match="gone is not declared"):
        await register(s, bundle("three", "gone"))


@pytest.mark.row("T104")
@pytest.mark.parametrize(
    "other",
    [b.drs_object(checksums={"sha-256": "1" * 64}), bundle("obj-1", "obj-2"), bundle("run", "obj-2")],
    ids=["other bytes", "a bundle in place of a file", "other members"],
)
@pytest.mark.row("DR7")
async def test_one_id_always_means_the_same_content(other: DrsObject) -> None:
    s = stage(bundle("run", "obj-1"))
    with pytest.raises(ValueError, match="an id of its own"):
        await register(s, other)
    assert s.kinds() == []


async def test_what_is_said_about_the_content_may_change() -> None:
    s = stage(bundle("run", "obj-1"))
    changed = b.drs_object(aliases=("EGAF1",), availability="staging", checksums={"sha-256": "0" * 64, "md5": "1" * 32})
    assert await register(s, changed, bundle("run", "obj-1", description="The run.")) == 2


async def test_an_operator_is_told_that_strangers_see_less_of_a_bundle() -> None:
    s = stage(HIDDEN)
    rows = [bundle("run", "obj-1", "inside"), b.drs_object(ObjectId("inside"), dataset=SECRET)]
    told = apply_catalogue.cautions(s.world, rows)
    assert told == ("object run: strangers see this bundle without its hidden members",)
    assert apply_catalogue.cautions(s.world, [bundle("run", "obj-1")]) == ()


def test_hidden_data_are_known_to_those_whom_a_grant_names_and_to_nobody_else() -> None:
    inside, granted = b.drs_object(ObjectId("inside"), dataset=SECRET), b.grant(id="grt_2", dataset=SECRET)
    picture = b.snapshot(HIDDEN, inside, granted, bundle("run", "obj-1", "inside"))
    ada = acquainted(b.question(grants=("grt_2",)), picture)
    for knows, known in ((stranger(picture), False), (acquainted(b.question(), picture), False), (ada, True)):
        assert knows(SECRET) is known
        assert (seen(ObjectId("inside"), picture, knows) is not None) is known
        found = seen(ObjectId("run"), picture, knows)
        assert found is not None
        assert [name for name, _ in found[1].members] == ["in-obj-1", *["in-inside"] * known]
        assert found[1].size == (20 if known else 10)
        assert not knows(DatasetId("https://bank.example/datasets/none"))


def test_rows_that_came_to_hold_one_another_are_not_followed_for_ever() -> None:
    """Two catalogues applied at the same moment could make this; each was right by itself."""
    picture = follow(b.snapshot(bundle("one", "two")), [bundle("two", "one")])
    with pytest.raises(UnboundedError):
        seen(ObjectId("one"), picture, stranger(picture))
    assert nodes(picture, stranger(picture))("nothing") is None
