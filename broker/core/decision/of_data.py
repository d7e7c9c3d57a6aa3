"""What do the rules say to a purpose, whoever asks? For the public catalogue: nobody asks, and nothing is decided.

Only the gates are asked whose answer rests on the data and the purpose. The law of countries and the security of
institutions rest on who asks: whoever applies is asked by all gates.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from broker.core.copied import copied
from broker.core.decision.gates.jurisdiction import EXAMPLE
from broker.core.decision.many import rules_of
from broker.core.decision.question import Question
from broker.core.decision.together import together
from broker.core.decision.use import judged
from broker.core.ids import DatasetId
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.purpose import LADDER
from broker.core.rows import Dataset
from broker.core.snapshot import Snapshot

OF_DATA = frozenset({Gate.SAFEGUARDS, Gate.DUO, Gate.CONSENT, Gate.COMMUNITY})
_MOST = Outcome.PERMIT_WITH_OBLIGATIONS


@dataclass(frozen=True, slots=True)
class OfData:
    """`outcome`: ALTERNATIVE, where a milder way of access is open. `reasons`: the strictest first.

    `example`: by packs that nobody reviewed.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    example: bool


def of_data_each(question: Question, datasets: Iterable[DatasetId], snapshot: Snapshot) -> Iterator[OfData]:
    """What is said to `question` about each of `datasets`, in their order; those under the same rules are asked once.

    ValueError for any stage but `foresee`, and for a question that knows who asks: then `evaluate` answers.
    """
    if question.stage != "foresee" or question.person is not None or question.identities:
        raise ValueError("only what is foreseen for nobody is the same for everybody")
    known: dict[object, OfData] = {}
    for id in datasets:
        by_name = id if snapshot.communities(id) else None
        rules = (rules_of(snapshot.get(Dataset, id)), snapshot.forms.get(id), by_name)
        found = known.get(rules)
        if found is None:
            known[rules] = found = _of_data(copied(question, dataset=id), snapshot)
        yield found


def _of_data(question: Question, snapshot: Snapshot) -> OfData:
    said, example = _asked(question, snapshot)
    outcome = together(said).outcome
    if outcome is Outcome.DENY and _milder_is_open(question, snapshot):
        outcome = Outcome.ALTERNATIVE
    permits = outcome.permits
    deciding = sorted((one for one in said if permits or one.outcome > _MOST), key=lambda one: -one.outcome)
    reasons = tuple(dict.fromkeys(reason for one in deciding for reason in one.reasons))
    return OfData(outcome, reasons, example)


def _asked(question: Question, snapshot: Snapshot) -> tuple[list[GateResult], bool]:
    use = judged(question, None, (), snapshot)
    return [one for one in use.said.values() if one.gate in OF_DATA], EXAMPLE in use.together.read


def _milder_is_open(question: Question, snapshot: Snapshot) -> bool:
    milder = LADDER[LADDER.index(question.modality) + 1 :]
    ways = (_asked(copied(question, modality=way), snapshot)[0] for way in milder)
    return any(all(one.outcome.permits for one in said) for said in ways)
