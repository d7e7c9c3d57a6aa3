"""Families and communities above a participant, and answers that are known already: what the consent gate says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.consent import known
from broker.core.consent.importing import Incoming
from broker.core.consent.judge import said_of
from broker.core.consent.known import KnownAnswers
from broker.core.consent.model import ConsentVersion, Scope, Withdrawal
from broker.core.decision import Question, evaluate
from broker.core.decision.case import case_of
from broker.core.decision.gates.consent import consent
from broker.core.decision.weighing import weighed
from broker.core.ids import SubjectRef
from broker.core.outcome import GateResult, Outcome
from broker.core.purpose import Kind
from broker.core.rows import ConsentRow, Grant, Row
from broker.core.snapshot import Snapshot, follow
from broker.core.time import Seconds
from broker.flows.exchange_consents import planned
from tests import builders as b
from tests.fakes import START

FAMILY = frozenset({"family_analysis"})
NO_FAMILY = Scope(answers={"family_analysis": "deny"})


def group(level: Any, ref: str, version: int = 1, **members: Any) -> ConsentRow:
    made = ConsentVersion(
        consent_id=f"{level}-{ref}",
        version=version,
        level=level,
        subject_ref=SubjectRef(ref),
        effective_from=Seconds(START - b.YEAR),
        **members,
    )
    return ConsentRow(id=f"{level}-{ref}/{version}", datasets=frozenset(), consent=made)


def said(snapshot: Snapshot, question: Question | None = None) -> GateResult:
    """What the consent gate says."""
    asked = question or b.question()
    grant = snapshot.get(Grant, b.GRANT)
    stated = replace(asked, purpose=grant.purpose) if asked.purpose is None and grant is not None else asked
    return consent(case_of(stated, None, weighed(asked, snapshot), snapshot))


def told(result: GateResult) -> list[str]:
    return [reason.code for reason in result.reasons]


OF_BOTH: dict[str, Any] = {"family_ref": "fam_1", "community_refs": ("com_9",)}
AGREES = group("community", "com_9", scope=Scope(permissions=b.codes("DUO:0000042")))


def test_three_layers_that_agree_permit() -> None:
    snapshot = b.snapshot(AGREES, group("family", "fam_1"), pia=b.consent(**OF_BOTH))
    assert said(snapshot).outcome is Outcome.PERMIT
    assert evaluate(b.question(), snapshot).permits


@pytest.mark.parametrize(
    ("rows", "pia", "purpose", "code"),
    [
        ((group("family", "fam_1", scope=NO_FAMILY), AGREES), OF_BOTH, {"flags": FAMILY}, "CON-FAMILY"),
        ((group("community", "com_9", status="withdrawn"),), OF_BOTH, {}, "COM-REFUSED"),
        ((group("community", "com_9", scope=Scope(permissions=b.codes("DUO:0000011"))),), OF_BOTH, {}, "COM-REFUSED"),
        ((group("family", "fam_1"),), OF_BOTH, {}, "COM-APPROVAL-NEEDED"),
        ((), {"after_death": "family_decides", "deceased_on": date(2020, 1, 1)}, {}, "CON-FAMILY-DECIDES"),
    ],
)
def test_a_layer_that_does_not_agree_leaves_the_participant_out(
    rows: tuple[ConsentRow, ...], pia: dict[str, Any], purpose: dict[str, Any], code: str
) -> None:
    snapshot = b.snapshot(*rows, pia=b.consent(**pia), grant=b.grant(purpose=replace(b.PURPOSE, **purpose)))
    result = said(snapshot)
    assert (result.outcome.permits, told(result)) == (False, [code])
    assert not evaluate(b.question(), snapshot).permits


def test_a_family_that_is_not_looked_at_as_one_is_not_asked() -> None:
    rows = (group("family", "fam_1", scope=NO_FAMILY), AGREES)
    assert said(b.snapshot(*rows, pia=b.consent(**OF_BOTH))).outcome.permits


def test_the_record_of_a_group_is_nobodys_own() -> None:
    """A family whose name is somebody's pseudonym is not that person."""
    snapshot = b.snapshot(group("family", str(b.PIA), status="withdrawn"))
    assert said(snapshot).outcome.permits
    assert len(snapshot.consents(b.PIA)) == 1


@pytest.mark.parametrize("level", ["family", "community"])
def test_a_source_does_not_speak_for_another_sources_group(level: Any) -> None:
    snapshot = b.snapshot(group(level, "grp_1", custodian="a"))
    for custodian, wrong in (("a", False), ("b", True)):
        version = group(level, "grp_1", custodian=custodian, status="suspended").consent
        incoming = [Incoming(place="here", version=replace(version, consent_id="other"))]
        faults = [fault.problem for fault in planned(snapshot, incoming, START).faults]
        assert any("another custodian" in fault for fault in faults) is wrong


def test_relatives_are_left_out_together_where_the_institution_says_so() -> None:
    whole = replace(b.dataset().certificate, family_objection="block_family")
    rows = {
        "pia": b.consent(
            family_ref="fam_1", scope=Scope(permissions=b.codes("DUO:0000042"), answers=NO_FAMILY.answers)
        ),
        "paul": b.consent(b.PAUL, family_ref="fam_1"),
        "grant": b.grant(purpose=replace(b.PURPOSE, flags=FAMILY)),
    }
    asked = b.question(object=None)
    assert said(b.snapshot(**rows), asked).excluded == {b.PIA}
    assert said(b.snapshot(dataset=b.dataset(certificate=whole), **rows), asked).excluded == {b.PIA, b.PAUL}


# --- answers that are known already


def unknowing(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, answers=KnownAnswers())


LATER = Seconds(START + 40)
CHANGES: dict[str, Callable[[int, Seconds], Row]] = {
    "withdraws": lambda n, at: b.consent(
        version=n, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"), effective_from=at, recorded_at=at
    ),
    "suspended": lambda n, at: b.consent(version=n, status="suspended", effective_from=at, recorded_at=at),
    "agrees": lambda n, at: b.consent(version=n, effective_from=at, recorded_at=at, **OF_BOTH),
    "ends soon": lambda n, at: b.consent(version=n, effective_from=at, recorded_at=at, effective_to=LATER),
    "known later": lambda n, at: b.consent(
        version=n, status="suspended", effective_from=at, recorded_at=Seconds(at + 30)
    ),
    "paul withdraws": lambda n, at: b.consent(b.PAUL, version=n, status="withdrawn", effective_from=at, recorded_at=at),
    "paul agrees": lambda n, at: b.consent(b.PAUL, version=n, effective_from=at, recorded_at=at),
    "family": lambda n, at: group("family", "fam_1", n, scope=NO_FAMILY if n % 2 else Scope(), recorded_at=at),
    "community": lambda n, at: group(
        "community", "com_9", n, status="suspended" if n % 2 else "active", recorded_at=at
    ),
    "object": lambda n, _: b.drs_object(b.TWO, (b.PIA, b.PAUL) if n % 2 else (b.PAUL,)),
    "dataset": lambda n, _: b.dataset(
        certificate=replace(
            b.dataset().certificate, min_group=n % 3, family_objection="block_family" if n % 2 else "remove_relative"
        )
    ),
}
PURPOSES = (b.PURPOSE, replace(b.PURPOSE, flags=FAMILY), replace(b.PURPOSE, kinds=frozenset({Kind.ANCESTRY})))
steps = st.lists(
    st.tuples(
        st.sampled_from(sorted(CHANGES)), st.integers(2, 9), st.integers(0, 60), st.sampled_from([None, b.ONE, b.TWO])
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60)
@given(steps, st.sampled_from(PURPOSES), st.booleans())
def test_what_is_known_already_is_what_the_records_say(
    told: list[tuple[str, int, int, Any]],
    purpose: Any,
    linked: bool,  # noqa: FBT001 (drawn)
) -> None:
    """The bare answer, and the one that was kept or renewed, are the same; also for questions of another time."""
    snapshot = b.snapshot(AGREES, pia=b.consent(**(OF_BOTH if linked else {})), grant=b.grant(purpose=purpose))
    for name, n, seconds, target in told:
        at = Seconds(START + seconds)
        for asked in (
            b.question(object=target, at=at, known_at=at),
            b.question(object=target, at=at, known_at=Seconds(at + 5)),
        ):
            assert said(snapshot, asked) == said(unknowing(snapshot), asked)
            assert said(snapshot, asked) == said(unknowing(snapshot), asked)
        before = snapshot
        snapshot = follow(snapshot, [CHANGES[name](n, at)])
        assert said(snapshot, asked) == said(unknowing(snapshot), asked)
        assert said(before, asked) == said(unknowing(before), asked), "an older picture stays what it was"


def crowd(size: int) -> list[Row]:
    """A dataset of `size` people in one object, each with a consent of their own."""
    refs = [SubjectRef(f"sub_{n}") for n in range(size)]
    return [b.drs_object(b.TWO, refs), *(b.consent(ref) for ref in refs)]


def test_of_a_large_set_only_who_changed_is_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []

    def counted(subject: Any, asking: Any) -> Any:
        judged.append(subject.ref)
        return said_of(subject, asking)

    monkeypatch.setattr(known, "said_of", counted)
    snapshot = b.snapshot(*crowd(400))
    asked = b.question(object=None)
    assert said(snapshot, asked).excluded == frozenset()
    assert len(judged) == 1, "of people who are alike, one"
    judged.clear()
    gone = b.consent(SubjectRef("sub_7"), version=2, status="withdrawn", effective_from=START, recorded_at=START)
    snapshot = follow(snapshot, [gone])
    first = said(snapshot, asked)
    assert first.excluded == {"sub_7"}
    assert judged == ["sub_7", "sub_7"], "once as they were, once as they are"
    assert said(snapshot, asked).excluded is first.excluded, "and looked up from then on"
    assert judged == ["sub_7", "sub_7"]


def test_what_is_kept_is_bounded() -> None:
    snapshot = replace(b.snapshot(), answers=KnownAnswers(most=3))
    for months in range(1, 9):
        said(snapshot, b.question(purpose=replace(b.PURPOSE, duration_months=months)))
    assert len(snapshot.answers) == 3


def test_a_replay_does_not_push_out_what_is_asked_now() -> None:
    snapshot = b.snapshot(paul=b.consent(b.PAUL, effective_to=Seconds(START + 60)))
    asked = b.question(object=b.TWO)
    said(snapshot, asked)
    early = Seconds(START - 9)
    said(snapshot, replace(asked, at=early, known_at=early))
    (kept,) = snapshot.answers._known.values()
    assert kept.at == START
