"""A file that is refused as a whole is offered without those who must be left out, where that really passes."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import Scope, Withdrawal
from broker.core.decision import evaluate, explain
from broker.core.decision.evaluate import evaluate_each
from broker.core.decision.question import Question
from broker.core.ids import SubjectRef
from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

MAX = SubjectRef("sub_max")
WHOSE = {"S1": b.PIA, "S2": b.PAUL, "S3": MAX}
GONE = b.consent(
    version=2, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"), effective_from=Seconds(START - 50),
    recorded_at=Seconds(START - 50),
)  # fmt: skip
CLOSED = b.dataset(certificate=replace(b.dataset().certificate, min_group=3))


def asked(*rows: Any, **changes: Any) -> tuple[Question, Snapshot]:
    """About a VCF of three participants of whom the first has withdrawn."""
    samples = changes.pop("samples", WHOSE)
    file = b.drs_object(b.ONE, WHOSE.values(), version=2, samples=samples, format="VCF" if samples else None)
    return b.question(**changes), b.snapshot(file, b.consent(MAX), GONE, *rows)


def offered(question: Question, snapshot: Snapshot) -> list[dict[str, Any]]:
    explained = explain(question, evaluate(question, snapshot), snapshot)
    return [one for one in explained.record["you_can"] if "filtered" in one]


@pytest.mark.row("EXP-FILTERED")
def test_the_file_without_them_is_the_first_thing_that_is_offered_and_really_passes() -> None:
    question, snapshot = asked()
    decision = evaluate(question, snapshot)
    assert decision.outcome is Outcome.ALTERNATIVE
    told = explain(question, decision, snapshot)
    link = f"/ga4gh/htsget/v1/variants/{b.ONE}"
    assert told.record["you_can"][0] == {
        "modality": "download", "filtered": True, "result": "PERMIT_WITH_OBLIGATIONS", "link": link,
    }  # fmt: skip
    found = evaluate(replace(question, filtered=True), snapshot)
    assert (found.outcome, found.excluded) == (Outcome.PERMIT_WITH_OBLIGATIONS, frozenset({b.PIA}))


NOT: dict[str, dict[str, Any]] = {
    "nobody said whose the columns are": {"samples": {}},
    "a secure room is asked for": {"modality": Modality.TRE_REMOTE},
    "it was asked for in that form already": {"filtered": True},
}


@pytest.mark.row("EXP-FILTERED")
@pytest.mark.parametrize("case", NOT)
def test_it_is_not_offered(case: str) -> None:
    assert offered(*asked(**NOT[case])) == []


@pytest.mark.row("EXP-FILTERED")
def test_it_is_not_offered_where_it_would_be_refused_too() -> None:
    """Too few would be left; the grant has ended."""
    assert offered(*asked()) != []
    assert offered(*asked(CLOSED)) == []
    assert offered(*asked(b.revocation(f"grant:{b.GRANT}"))) == []


@pytest.mark.row("EXP-FILTERED")
@pytest.mark.parametrize("way", LADDER)
def test_the_whole_ladder_agrees_with_asking_for_each_way(way: Modality) -> None:
    question, snapshot = asked(modality=way)
    alone = {other: evaluate(replace(question, modality=other), snapshot).outcome for other in LADDER}
    found = {other: one.outcome for other, one in evaluate_each(question, snapshot).items()}
    assert found == alone


@pytest.mark.row("EXP-FILTERED")
def test_who_asked_for_it_encrypted_is_told_what_leaves_in_the_clear() -> None:
    question, snapshot = asked(sealed=True)
    assert (
        bool(offered(question, snapshot)) is evaluate(replace(question, filtered=True, sealed=False), snapshot).permits
    )


COPIES = Scope(permissions=b.codes("DUO:0000042"), modalities=frozenset({Modality.DOWNLOAD}))
"""To copies alone did everybody agree: no milder way of access is open."""


@pytest.mark.row("EXP-FILTERED", "EXP-SECRET")
@pytest.mark.parametrize("no", ["withdrawn", "suspended"])
def test_it_is_an_alternative_also_where_no_milder_way_is_open_whichever_no_it_was(no: Any) -> None:
    others = (b.consent(ref, scope=COPIES) for ref in (b.PAUL, MAX))
    gone = replace(GONE.consent, status=no, withdrawal=GONE.consent.withdrawal if no == "withdrawn" else None)
    question, snapshot = asked(*others, replace(GONE, consent=gone))
    decision = evaluate(question, snapshot)
    told = explain(question, decision, snapshot)
    assert told.alternatives == ()
    assert [one["filtered"] for one in told.record["you_can"]] == [True]
    assert told.outcome is Outcome.ALTERNATIVE, "to the researcher a pause is the same as a withdrawal"
    if no == "withdrawn":
        assert decision.outcome is Outcome.ALTERNATIVE
