"""One question about many datasets (core/decision/many.py): alike datasets are judged once, and no other is taken for one."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision import evaluate, foresee_each
from broker.core.decision.many import _RULES, rules_of
from broker.core.ids import DatasetId
from broker.core.rows import ConsentRow, Dataset, Row
from broker.core.rows.obligations import Obligation
from broker.core.snapshot import Snapshot
from tests import builders as b
from tests.core.decision.test_closed_holes_of_givers import LINK
from tests.core.decision.test_community_gate import decided
from tests.core.decision.test_safeguards import broad
from tests.fakes import START

TWIN, NOWHERE = DatasetId("https://bank.example/datasets/twin"), DatasetId("https://bank.example/datasets/no")
ASKED = b.question(stage="foresee", purpose=b.PURPOSE, grants=(), object=None)
LATE = Obligation(id="obl_1", cls="account", text="terms/4", holder="researcher", late="stop", due=START)


def twin(**changes: Any) -> Dataset:
    return replace(b.dataset(**changes), id=TWIN, version=7, title="Twin", description="Another text.")


def about_the_twin(row: Row) -> Row:
    assert isinstance(row, ConsentRow)
    return replace(row, id="con-other/1", datasets=frozenset({TWIN}))


def owed(person: Any) -> Row:
    return b.grant(id="grt_9", dataset=TWIN, person=person, affiliations=(), obligations=(LATE,))


def facts(name: str, value: Any) -> dict[str, Any]:
    return {"facts": {**b.DATA_FACTS, name: value}}


def world(*more: Row, **changes: Any) -> Snapshot:
    """Without consents, which make datasets unlike, and without a grant."""
    return b.snapshot(*more, **{"pia": None, "paul": None, "grant": None} | changes)


BARE = replace(b.SAFEGUARDS, engagements=())
WORLDS: dict[str, tuple[Snapshot, dict[str, Any], bool]] = {
    "the same rules": (world(twin()), {}, True),
    "other codes": (world(twin(duo=b.codes("DUO:0000042", "NCU"))), {}, False),
    "another value": (world(twin(**facts("data.category", "phenotype"))), {}, False),
    "another name": (
        world(twin(**facts("data.b", "x")), dataset=b.dataset(**facts("data.a", "x"))), {}, False,
    ),
    "broad consents": (
        world(twin(safeguards=BARE), about_the_twin(broad()), dataset=b.dataset(safeguards=BARE)),
        {}, False,
    ),
    "a community decided": (
        world(twin(), replace(decided(decision="refused"), datasets=frozenset({TWIN}))), {}, False,
    ),
    "a report is late": (world(twin(), owed(b.ADA)), {}, False),
    "a report of who is linked is late": (world(twin(), owed(b.MEI), LINK), {}, False),
    "nobody asks": (world(twin(), owed(b.ADA)), {"person": None}, True),
    "the institution had one": (
        world(twin(), b.grant(affiliations=("staff@rhine.example",))), {}, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WORLDS)
@pytest.mark.parametrize("order", [(b.HEART, TWIN, NOWHERE), (TWIN, NOWHERE, b.HEART)])
def test_each_answer_is_that_of_the_dataset_alone_and_alike_ones_have_the_same(
    what: str, order: tuple[DatasetId, ...]
) -> None:
    snapshot, changes, alike = WORLDS[what]
    question = replace(ASKED, **changes)
    found = dict(zip(order, foresee_each(question, order, snapshot), strict=True))
    assert found == {id: evaluate(replace(question, dataset=id), snapshot) for id in order}
    assert (found[b.HEART] is found[TWIN]) is alike


def test_what_a_dataset_has_to_itself_is_no_rule() -> None:
    assert rules_of(b.dataset()) == rules_of(twin())
    assert rules_of(b.dataset()) != rules_of(twin(access="open"))
    assert rules_of(None) is None
    assert not {"id", "version", "title", "description"} & set(_RULES)
    assert {"duo", "facts", "certificate", "safeguards", "access", "existence"} <= set(_RULES)


@pytest.mark.parametrize("changes", [{"stage": "approve"}, {"stage": "use"}, {"within": frozenset({b.HEART})}])
def test_only_what_is_foreseen_is_the_same_for_datasets(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="foreseen"):
        list(foresee_each(replace(ASKED, **changes), [b.HEART], b.snapshot()))
