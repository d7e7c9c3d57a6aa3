"""What does a grant that follows from a decision oblige to? (ruling 4; HUMAN_RIGHTS section 3)"""

from broker.core.decision.case import case_of
from broker.core.decision.gates.safeguards import abroad
from broker.core.decision.question import Decision, Question
from broker.core.decision.weighing import weighed
from broker.core.duties import bound
from broker.core.rows import Dataset
from broker.core.rows.obligations import Obligation
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds


def obligations(
    question: Question, decision: Decision, dataset: Dataset, snapshot: Snapshot, begins: Seconds, ends: Seconds
) -> tuple[Obligation, ...]:
    """The decision's codes and the custodian's duties, each with class, holder and date."""
    case = case_of(question, None, weighed(question, snapshot), snapshot)
    duties = dataset.safeguards.duties
    return bound(decision.obligations, duties, abroad=abroad(case, dataset), begins=begins, ends=ends)
