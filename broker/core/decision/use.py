"""What do DUO, the participants, the community, the law and the custodian say to a use, whoever asks under a grant?

These gates depend on the data, the purpose and the place, and not on the credentials of the moment. They cost
most, and a download asks again for every range; so their answers are kept until something that they read changes:
a row that they may read, the packs, the ontology, the grant, the hour at which one of them turns, the day. They
are given a question without the person's credentials, so that no other thing can play a part.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broker.core.copied import copied
from broker.core.decision.case import Case, case_of
from broker.core.decision.entitlement import Entitlement
from broker.core.decision.findings import answered
from broker.core.decision.gates.community import community
from broker.core.decision.gates.consent import consent
from broker.core.decision.gates.duo import duo, months
from broker.core.decision.gates.jurisdiction import jurisdiction
from broker.core.decision.gates.safeguards import longest, safeguards
from broker.core.decision.gates.security import security
from broker.core.decision.question import Question
from broker.core.decision.together import Together, together
from broker.core.ids import PersonId
from broker.core.outcome import GateResult
from broker.core.passport.evaluate import Evaluation
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds, next_day

Gate = Callable[[Case], GateResult]

USE_GATES: tuple[Gate, ...] = (safeguards, duo, consent, community, jurisdiction, security)
"""They read nothing of a row of a kind in `OF_CREDENTIALS`; a test watches them."""

_OF_THE_WAY: tuple[Gate, ...] = (jurisdiction, safeguards, security, community, consent)
"""Those of them that ask for the way of access (gates.ASK_FOR_THE_WAY), the costly last."""

Same = Mapping[Gate, GateResult]
_NOTHING: Same = {}
_NOBODYS = Evaluation(accepted=(), dropped=(), identities=frozenset())
_NOBODY = PersonId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A use, judged. `said`: what each of these gates answered. Good from `begins` until before `ends`."""

    case: Case
    said: Mapping[Gate, GateResult]
    together: Together
    """What they come to."""
    months: int | None
    """The longest grant that the dataset's codes allow."""
    begins: Seconds
    ends: Seconds


def judged(
    question: Question,
    held: Entitlement | None,
    affiliations: tuple[str, ...],
    snapshot: Snapshot,
    same: Same = _NOTHING,
) -> Use:
    """The use that is asked for. Remembered for uses of now; what is foreseen or replayed is worked out anew.

    `same`: what gates that do not ask for the way of access have said already, of another way.
    """
    if held is None or not _is_of_now(question, snapshot):
        return _judged(question, held, affiliations, snapshot, same)
    key = (
        "use",
        held.id,
        question.dataset,
        question.object,
        question.modality,
        question.sealed,
        question.filtered,
        question.location,
        affiliations,
    )
    witnesses = (
        snapshot.data,
        snapshot.rulebook,
        snapshot.ontology,
        held.purpose,
        held.findings,
        held.begins,
        question.identities,
    )
    known = snapshot.memory.recall(key, witnesses)
    if isinstance(known, Use) and known.begins <= question.at < known.ends:
        return known
    made = _judged(question, held, affiliations, snapshot, same)
    weight = 1 + sum(len(result.excluded) for result in made.said.values())
    snapshot.memory.keep(key, witnesses, made, weight)
    return made


def way_is_open(
    question: Question, held: Entitlement | None, affiliations: tuple[str, ...], snapshot: Snapshot
) -> bool:
    """Do all gates permit that ask for the way of access? The first that does not ends it, and the cheap come first."""
    if held is not None and _is_of_now(question, snapshot):
        said = judged(question, held, affiliations, snapshot).said
        return all(said[gate].outcome.permits for gate in _OF_THE_WAY)
    case = case_of(_bare(question, affiliations), _nobodys(held), _NOBODYS, snapshot)
    return all(answered(gate(case), case).outcome.permits for gate in _OF_THE_WAY)


def _is_of_now(question: Question, snapshot: Snapshot) -> bool:
    """Is it a use of now? What is asked as of before the last consent became known is a replay: no answer for now."""
    replayed = question.known_at != question.at or question.known_at < snapshot.learned
    return question.stage == "use" and not replayed


def _judged(
    question: Question, held: Entitlement | None, affiliations: tuple[str, ...], snapshot: Snapshot, same: Same
) -> Use:
    case = case_of(_bare(question, affiliations), _nobodys(held), _NOBODYS, snapshot)
    said = {gate: same[gate] if gate in same else answered(gate(case), case) for gate in USE_GATES}
    ends = min((next_day(question.at), *(result.until for result in said.values())))
    return Use(
        case=case,
        said=said,
        together=together(said.values()),
        months=longest(case, months(case)),
        begins=question.at,
        ends=ends,
    )


def _bare(question: Question, affiliations: tuple[str, ...]) -> Question:
    """The question, as far as these gates may know it."""
    return Question(
        stage=question.stage,
        at=question.at,
        known_at=question.known_at,
        person=None,
        identities=question.identities,
        affiliations=affiliations,
        location=question.location,
        purpose=question.purpose,
        findings=question.findings,
        dataset=question.dataset,
        object=question.object,
        modality=question.modality,
        sealed=question.sealed,
        filtered=question.filtered,
    )


def _nobodys(held: Entitlement | None) -> Entitlement | None:
    return None if held is None else copied(held, person=_NOBODY, ends=FOREVER)
