"""The security gate: can the recipient protect copies, could the custodian act if it does not, are they encrypted?

Both are asked of copies alone; in a secure room the data stay where they are. What was not shown is not there
(WHO 2024, 3.8-2a; HUMAN_RIGHTS section 3, "how we could act").
"""

from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.decision.gates.safeguards import abroad
from broker.core.jurisdiction.facts import FactValue
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.purpose import Modality
from broker.core.rows import Dataset, DrsObject, Organisation
from broker.core.time import FOREVER, Seconds

COPIES = (Modality.DOWNLOAD, Modality.STREAM)
EVIDENCE = "security.level:"
"""Evidence of an institution that it was found to be at this level, for example `security.level:2`."""
STATED = 1
"""The highest level that an institution has by the registry's word alone; above it evidence is needed."""


def security(case: Case) -> GateResult:
    """No copies for who has not shown the dataset's level, or whom nobody could hold to account."""
    dataset, organisation = case.dataset, case.organisation
    if dataset is not None and _laid_open(case, dataset):
        return result(Gate.SECURITY, Outcome.DENY, "SEC-SEALED-ONLY")
    if dataset is None or dataset.access == "open" or case.question.modality not in COPIES:
        return result(Gate.SECURITY, Outcome.PERMIT)
    until = FOREVER
    if dataset.security_level is not None:
        have, until = shown(organisation, case.facts.get("recipient.security_level"), case.question.at)
        if have is None or have < dataset.security_level:
            known = str(have) if have is not None else "not known"
            return _refused(known, str(dataset.security_level), until)
    if (organisation is None or not organisation.recourse) and abroad(case, dataset):  # against whom nobody knows, too
        return _refused("nobody to act against", "a contract, a funder or a signing official")
    return result(Gate.SECURITY, Outcome.PERMIT, until=until)


def _laid_open(case: Case, dataset: Dataset) -> bool:
    """Would a file that is stored encrypted leave decrypted, without the owner having allowed that?"""
    question = case.question
    if dataset.plaintext or question.sealed or question.object is None or question.modality not in COPIES:
        return False
    row = case.snapshot.get(DrsObject, question.object)
    return row is not None and row.envelope is not None


def _refused(have: str, needed: str, until: Seconds = FOREVER) -> GateResult:
    return result(Gate.SECURITY, Outcome.DENY, "SEC-CANNOT-PROTECT", until=until, have=have, needed=needed)


def shown(organisation: Organisation | None, stated: FactValue | None, at: Seconds) -> tuple[int | None, Seconds]:
    """The level that an institution has shown, and until when that can be said. None: nobody knows."""
    if organisation is None or not isinstance(stated, int) or isinstance(stated, bool):
        return None, FOREVER
    levels = [(_level(item.id), item) for item in organisation.evidence if item.id.startswith(EVIDENCE)]
    live = [(level, item.valid_to) for level, item in levels if item.valid_from <= at < item.valid_to]
    turns = [turn for _, item in levels for turn in (item.valid_from, item.valid_to) if turn > at]
    best = max([level for level, _ in live], default=STATED)
    return min(stated, best), min(turns, default=FOREVER)


def _level(id: str) -> int:
    text = id.removeprefix(EVIDENCE)
    return int(text) if text in ("2", "3") else STATED
