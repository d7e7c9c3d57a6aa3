"""Would a file pass without those who must be left out of it? The mildest step down the ladder: it stays a download.

A file whose columns are known goes out over htsget without the columns of some participants (flows/regions.py). So
where the whole of it is refused, the same question is asked once more about what would be left.
"""

from broker.core.copied import copied
from broker.core.decision.question import Decision, Question
from broker.core.purpose import Modality
from broker.core.rows import DrsObject
from broker.core.snapshot import Snapshot


def without(question: Question, snapshot: Snapshot) -> Question | None:
    """The question about the file without them; None: it has been asked, or nobody can be taken out of the file.

    What is filtered leaves in the clear: somebody who asked for it encrypted is told what they really can have.
    """
    row = snapshot.get(DrsObject, question.object) if question.object is not None else None
    if row is None or not row.samples or question.filtered or question.modality is not Modality.DOWNLOAD:
        return None
    return copied(question, filtered=True, sealed=False)


def passes(decision: Decision) -> bool:
    """Does the answer to `without` let something out, of which somebody was taken?"""
    return decision.permits and bool(decision.excluded)
