"""How is one question answered about many datasets, or about many objects? What is alike is looked up once.

Datasets, for the catalogue ("may I, for this purpose?"): those under the same rules have the same answer, unless
something is on record about one of them by name. Objects, for a bulk request: each has its own answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace

from broker.core.copied import copied
from broker.core.decision.evaluate import Asker, asker_of, decided
from broker.core.decision.question import Decision, Question
from broker.core.decision.received import given
from broker.core.ids import DatasetId, ObjectId
from broker.core.rows import Dataset
from broker.core.snapshot import Snapshot

_ITS_OWN = frozenset({"id", "version", "title", "description"})
"""What a dataset has to itself and no rule reads. What is not in here counts as a rule."""

_RULES = tuple(field.name for field in fields(Dataset) if field.name not in _ITS_OWN)


def foresee_each(question: Question, datasets: Iterable[DatasetId], snapshot: Snapshot) -> Iterator[Decision]:
    """What `evaluate` says to `question` about each of `datasets`, in their order.

    ValueError for any stage but `foresee`: a grant, or a participant, belongs to one dataset and no other.
    """
    if question.stage != "foresee" or question.within is not None:
        raise ValueError("only what is foreseen is the same for datasets under the same rules")
    asker = asker_of(question, snapshot)
    known: dict[object, Decision] = {}
    scopes = (one.partition("@")[2] for one in asker.affiliations)
    had = {grant.dataset for grant in given(snapshot.organisations(scopes), snapshot)}
    for id in datasets:
        by_name = id in had or _by_name(id, asker, snapshot)
        rules = (rules_of(snapshot.get(Dataset, id)), snapshot.forms.get(id), id if by_name else None)
        decision = known.get(rules)
        if decision is None:
            decision = decided(replace(asker, question=copied(asker.question, dataset=id)), snapshot)
            known[rules] = decision
        yield decision


def use_each(
    question: Question, targets: Iterable[tuple[DatasetId, ObjectId]], snapshot: Snapshot
) -> Iterator[tuple[Question, Decision]]:
    """`question`, a use, about each object (with its dataset), and what `evaluate` says to that; in their order.

    Who asks, and which of their visas count, is looked up once.
    """
    if question.stage != "use":
        raise ValueError("only a use is about objects")
    asker = asker_of(question, snapshot)
    for dataset, object in targets:
        asked = copied(asker.question, dataset=dataset, object=object)
        decision = decided(Asker(asked, asker.visas, asker.affiliations), snapshot)
        yield copied(question, dataset=dataset, object=object), decision


def _by_name(id: DatasetId, asker: Asker, snapshot: Snapshot) -> bool:
    """Is something on record about this very dataset: what a community decided, or a grant of the person who asks?"""
    persons = asker.question.persons or (asker.question.person,)
    return bool(snapshot.communities(id)) or any(snapshot.grants(one, id) for one in persons if one is not None)


def rules_of(row: Dataset | None) -> object:
    """Equal for datasets under the same rules."""
    return None if row is None else tuple([_hashable(getattr(row, name)) for name in _RULES])


def _hashable(value: object) -> object:
    """`value`, or, if there are mappings in it, their members."""
    try:
        hash(value)
    except TypeError:
        pass
    else:
        return value
    if isinstance(value, Mapping):
        return tuple([(key, _hashable(member)) for key, member in value.items()])
    if isinstance(value, tuple | list):
        return tuple([_hashable(member) for member in value])
    if is_dataclass(value):
        return tuple([_hashable(getattr(value, field.name)) for field in fields(value)])
    return _Unlike()


class _Unlike:
    """Equal to nothing but itself."""
