"""How much has one recipient been given of the same kind of data lately? (JURISDICTION: thresholds over twelve months)

Some laws count people over a time, for the same parties: a transfer that is split into small ones is one transfer.
A custodian knows how many people are in a dataset; what else the same institution was given is known here alone.
So a request is judged with the people of this dataset and of every other one that the institution had a grant for in
those months, whoever of its people held it. The same people in two datasets are counted twice: nobody knows better.
A grant that runs was judged so when it was given, and is not judged again by what came after it.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from broker.core.ids import DatasetId
from broker.core.jurisdiction.facts import FactValue
from broker.core.rows import Dataset, Grant, Organisation, Row
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, add_months

COUNTED: Mapping[str, int] = {"data.us_person_count_12m": 12}
"""Facts that are counts over time, and how many months back."""

_CATEGORY = "data.category"
_NONE: Mapping[str, Row] = {}


def given(organisations: Iterable[Organisation], snapshot: Snapshot) -> tuple[Grant, ...]:
    """Every grant, live or not, of people of any of `organisations`."""
    scopes = {scope for one in organisations for scope in one.scopes}
    found = {id: row for scope in scopes for id, row in snapshot.index.get(("given", scope), _NONE).items()}
    return cast("tuple[Grant, ...]", tuple(found.values()))


def with_received(
    facts: Mapping[str, FactValue],
    dataset: Dataset | None,
    organisation: Organisation | None,
    snapshot: Snapshot,
    at: Seconds,
) -> Mapping[str, FactValue]:
    """`facts` about `dataset`, with what the same institution had of other datasets of the category added to counts."""
    stated = {name: number for name in COUNTED if (number := _number(facts, name)) is not None}
    if dataset is None or organisation is None or not stated:
        return facts
    grants, category = given((organisation,), snapshot), facts.get(_CATEGORY)
    if not grants:
        return facts
    counted: dict[str, FactValue] = {}
    for name, own in stated.items():
        since = add_months(at, -COUNTED[name])
        others = {one.dataset for one in grants if one.dataset != dataset.id and _had(one, snapshot, since, at)}
        counted[name] = own + sum(_count(id, name, category, snapshot) for id in others)
    return {**facts, **counted}


def _had(grant: Grant, snapshot: Snapshot, since: Seconds, at: Seconds) -> bool:
    """Could data have gone to its holder between `since` and `at`?"""
    return grant.begins <= at and grant.ends > since and not snapshot.revoked("grant", grant.id, since)


def _count(id: DatasetId, name: str, category: FactValue | None, snapshot: Snapshot) -> int:
    row = snapshot.get(Dataset, id)
    same = row is not None and row.facts.get(_CATEGORY) == category
    return (_number(row.facts, name) or 0) if row is not None and same else 0


def _number(facts: Mapping[str, FactValue], name: str) -> int | None:
    found = facts.get(name)
    return found if type(found) is int else None
