"""What participants say: three layers above one another, and one withdrawal among a hundred thousand people."""

from dataclasses import replace

from broker.core.consent.known import KnownAnswers
from broker.core.consent.model import ConsentVersion, Scope
from broker.core.decision.case import Case, case_of
from broker.core.decision.gates.consent import consent
from broker.core.decision.weighing import weighed
from broker.core.ids import SubjectRef
from broker.core.rows import ConsentRow, Row
from broker.core.snapshot import Snapshot, follow
from broker.core.time import Seconds
from tests import builders as world
from tests.bench.measure import Goal
from tests.fakes import START

PEOPLE = 100_000
_TIMES = 200
_LEFT = SubjectRef("sub_0")


def group(level: str, ref: str) -> ConsentRow:
    """What a family, or a community, agrees to."""
    scope = Scope(permissions=world.codes("DUO:0000042")) if level == "community" else Scope()
    made = ConsentVersion(
        consent_id=ref,
        version=1,
        level="community" if level == "community" else "family",
        subject_ref=SubjectRef(ref),
        effective_from=Seconds(START - world.YEAR),
        scope=scope,
    )
    return ConsentRow(id=f"{ref}/1", datasets=frozenset(), consent=made)


def _case(snapshot: Snapshot, *, whole: bool = False) -> Case:
    question = world.question(purpose=world.PURPOSE, object=None if whole else world.ONE)
    return case_of(question, None, weighed(question, snapshot), snapshot)


def _again(case: Case) -> None:
    for _ in range(_TIMES):
        assert consent(case).outcome.permits


def _anew(case: Case) -> None:
    for _ in range(_TIMES):
        bare = replace(case, snapshot=replace(case.snapshot, answers=KnownAnswers()))
        assert consent(bare).outcome.permits


def _withdrawn(ref: SubjectRef) -> ConsentRow:
    return world.consent(ref, version=2, status="withdrawn", effective_from=START, recorded_at=START)


def _crowd() -> list[Row]:
    """One who agrees, and a hundred thousand who have withdrawn: an exclusion list as long as it gets."""
    refs = [SubjectRef(f"sub_{n}") for n in range(PEOPLE + 2)]
    return [world.drs_object(world.TWO, refs), *map(world.consent, refs), *map(_withdrawn, refs[2:])]


def _looked_up(case: Case) -> None:
    for _ in range(_TIMES):
        assert _LEFT not in consent(case).excluded


def _withdraws(snapshot: Snapshot) -> None:
    after = follow(snapshot, [_withdrawn(SubjectRef("sub_1"))])
    assert len(consent(_case(after, whole=True)).excluded) == PEOPLE + 1


def goals() -> tuple[Goal, ...]:
    """The goals of judging consents."""
    linked = world.consent(family_ref="fam_1", community_refs=("com_1",))
    layered = _case(world.snapshot(group("family", "fam_1"), group("community", "com_1"), pia=linked))
    crowd = world.snapshot(*_crowd())
    case = _case(crowd, whole=True)
    assert len(consent(case).excluded) == PEOPLE
    return (
        Goal(name="consents of three layers, known already", micros=8, run=lambda: _again(layered), times=_TIMES),
        Goal(name="consents of three layers, read anew", micros=250, run=lambda: _anew(layered), times=_TIMES),
        Goal(
            name=f"an exclusion list of {PEOPLE} participants, and one looked up in it",
            micros=8,
            run=lambda: _looked_up(case),
            times=_TIMES,
        ),
        Goal(
            name=f"one of them withdraws, and the list of {PEOPLE} follows",
            micros=15_000,
            run=lambda: _withdraws(crowd),
        ),
    )
