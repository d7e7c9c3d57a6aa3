"""Nothing about a withdrawal leaks (ruling 10): not by a code, an order, a rung, a hint, a date or a count."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import Grantor, Scope, Withdrawal
from broker.core.decision import evaluate, explain
from broker.core.decision.explain import _case
from broker.core.decision.explanation import views
from broker.core.decision.explanation.people import MANY, banded, own_codes
from broker.core.ids import DecisionId, ObjectId, SubjectRef
from broker.core.outcome import Outcome
from broker.core.plain import canonical, plain
from broker.core.purpose import LADDER, Modality
from broker.core.reasons.language import ENGLISH
from broker.core.rows import ConsentRow, Revocation, Row, Trace
from broker.core.time import Day, Seconds
from broker.flows.traces import about, explained
from tests import builders as b
from tests.core.decision import explained_worlds as worlds
from tests.core.decision.test_evaluate import US_STATE, data
from tests.fakes import START

GONE = ObjectId("obj-3")


def versions(ref: SubjectRef) -> dict[str, ConsentRow | None]:
    """Every kind of no that a participant's record can come to, and some that only wait for somebody."""
    began = {"effective_from": Seconds(START - 50), "recorded_at": Seconds(START - 50)}
    narrow = Scope(permissions=b.codes("DUO:0000011"))
    return {
        "withdrawn": b.consent(ref, 2, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"), **began),
        "suspended": b.consent(ref, 2, status="suspended", **began),
        "expired": b.consent(ref, effective_to=Seconds(START - 5)),
        "not yet": b.consent(ref, effective_from=Seconds(START + 5), recorded_at=Seconds(START - 5)),
        "another purpose": b.consent(ref, 2, scope=narrow, **began),
        "never consented": None,
        "a child who has grown up": b.consent(
            ref, 2, grantor=Grantor(kind="parent"), maturity_review_on=Day(2020, 1, 1), **began
        ),
        "elsewhere only": b.consent(
            ref, 2, scope=Scope(permissions=b.codes("DUO:0000042"), answers={}, recipient_countries=frozenset({"FR"})),
            **began,
        ),
    }  # fmt: skip


BESIDE: dict[str, dict[str, Any]] = {
    "nothing else": {},
    "a law in the way": {"organisation": US_STATE},
    "the community must decide": {"dataset": data(community_governed=True)},
    "no terms accepted": {"dataset": b.dataset(terms_of_use="https://bank.example/terms")},
    "a grant revoked": {"x": Revocation(id=f"grant:{b.GRANT}", since=START)},
}


def told(object: ObjectId | None, way: Modality, rows: Iterable[Row], world: dict[str, Any], **asked: Any) -> bytes:
    """Everything that a researcher or a repository gets: the explanation in words, and the entry."""
    snapshot = b.snapshot(*rows, **world)
    question = b.question(object=object, modality=way, **asked)
    decision = evaluate(question, snapshot)
    explanation = explain(question, decision, snapshot)
    put = worlds.traced(question, decision, explanation, snapshot)
    entry = {**about(DecisionId("dec_1"), put, decision, question, explanation), "trace": ""}
    return canonical({"said": explained(DecisionId("dec_1"), explanation), "entry": entry})


@pytest.mark.row("EXP-SECRET")
@pytest.mark.parametrize("world", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("way", LADDER)
def test_whichever_no_a_participant_said_the_bytes_are_the_same(way: Modality, world: dict[str, Any]) -> None:
    seen = {}
    for name, version in versions(b.PIA).items():
        pia = {"pia": version} if version is None or version.consent.version == 1 else {"y": version}
        seen[told(b.ONE, way, (), {**world, **pia})] = name
    assert len(seen) == 1, sorted(seen.values())


@pytest.mark.row("EXP-SECRET")
@pytest.mark.parametrize("way", LADDER)
def test_of_several_grants_the_same_is_named_whichever_no_it_was(way: Modality) -> None:
    """The one that ends last is for sale, which the codes forbid; the other one is held up by the participant alone."""
    sold = b.grant(id="grt_9", ends=Seconds(START + 2 * b.YEAR), purpose=replace(b.PURPOSE, commercial=True))
    seen = {}
    for name, version in versions(b.PIA).items():
        pia = {"pia": version} if version is None or version.consent.version == 1 else {"y": version}
        seen[told(b.ONE, way, (sold,), pia, grants=("grt_9", b.GRANT))] = name
    assert len(seen) == 1, sorted(seen.values())


def group(gone: int, why: str) -> list[Row]:
    """A file of twelve people, `gone` of whom said no."""
    refs = [SubjectRef(f"sub_{n:02}") for n in range(12)]
    rows: list[Row] = [b.drs_object(GONE, refs)]
    rows += [b.consent(ref) for ref in refs]
    more = (versions(ref)[why] for ref in refs[:gone])
    return [*rows, *(row for row in more if row is not None)]


@pytest.mark.row("EXP-SECRET")
@pytest.mark.parametrize("object", [GONE, None], ids=["a file", "the whole dataset"])
@pytest.mark.parametrize("way", LADDER)
def test_one_and_four_left_out_are_told_alike(way: Modality, object: ObjectId | None) -> None:
    noes = ("withdrawn", "another purpose", "suspended", "a child who has grown up", "expired")
    seen = {told(object, way, group(gone, why), {}) for gone in (1, 4) for why in noes}
    assert len(seen) == 1


@pytest.mark.row("EXP-SECRET")
@pytest.mark.parametrize("way", LADDER)
def test_of_a_file_that_can_be_filtered_the_same_is_offered_whichever_no_it_was(way: Modality) -> None:
    """Twelve people with a column each: two of them, and which two say what, is nobody's business."""
    columns = {f"C{n}": SubjectRef(f"sub_{n:02}") for n in range(12)}
    file = b.drs_object(GONE, columns.values(), version=2, samples=columns, format="VCF")
    noes = ("withdrawn", "another purpose", "suspended", "a child who has grown up", "expired")
    seen = {told(GONE, way, [*group(2, why), file], {}) for why in noes}
    assert len(seen) == 1
    assert (b'"filtered":true' in seen.pop()) is (way is Modality.DOWNLOAD)


@pytest.mark.row("EXP-SECRET")
def test_what_would_help_is_never_told_where_a_participant_says_no() -> None:
    """Whoever knew which change helps would know what the participant had agreed to."""
    for version in versions(b.PIA).values():
        world: dict[str, Any] = {"pia": None} if version is None else {"pia": version}
        snapshot = b.snapshot(organisation=US_STATE, **world)
        question = b.question(stage="approve", purpose=b.PURPOSE, grants=())
        assert explain(question, evaluate(question, snapshot), snapshot).changes == ()


def seen_by_the_committee(rows: Iterable[Row], world: dict[str, Any], **asked: Any) -> bytes:
    snapshot = b.snapshot(*rows, **world)
    question = b.question(**asked)
    decision = evaluate(question, snapshot)
    put = worlds.traced(question, decision, explain(question, decision, snapshot), snapshot)
    assert isinstance(put.row, Trace)
    return canonical(views.committee("dec_1", plain(put.row.body), ENGLISH))


@pytest.mark.row("RUL-COMMITTEE")
@pytest.mark.parametrize("world", BESIDE.values(), ids=BESIDE)
def test_whichever_no_a_participant_said_a_committee_reads_the_same(world: dict[str, Any]) -> None:
    seen = {}
    for name, version in versions(b.PIA).items():
        pia = {"pia": version} if version is None or version.consent.version == 1 else {"y": version}
        seen[seen_by_the_committee((), {**world, **pia})] = name
    assert len(seen) == 1, sorted(seen.values())


@pytest.mark.row("RUL-COMMITTEE")
def test_one_and_four_left_out_are_told_to_a_committee_alike() -> None:
    why_not = [why for why, version in versions(b.PIA).items() if version is not None]
    seen = {seen_by_the_committee(group(gone, why), {}, object=GONE) for gone in (1, 4) for why in why_not}
    whole = {
        seen_by_the_committee(group(gone, why), {}, object=None, stage="approve", purpose=b.PURPOSE, grants=())
        for gone in (1, 4)
        for why in why_not
    }
    assert (len(seen), len(whole)) == (1, 1)


@pytest.mark.row("RUL-COMMITTEE")
def test_what_a_committee_can_answer_it_sees() -> None:
    """Silence of a form, to which an ethics committee may speak, and how many are left."""
    linked = replace(b.PURPOSE, linkage=True)
    silent = seen_by_the_committee((), {}, object=None, stage="approve", purpose=linked, grants=()).decode()
    assert "CON-SILENT" in silent
    assert '"hold"' in silent
    certificate = replace(b.dataset().certificate, min_group=5)
    few = seen_by_the_committee(
        group(9, "withdrawn"), {"dataset": b.dataset(certificate=certificate), "pia": None, "one": None, "two": None},
        object=None, stage="approve", purpose=b.PURPOSE, grants=(),
    ).decode()  # fmt: skip
    assert "CON-TOO-FEW" in few
    assert "CON-WITHDRAWN" not in few


@pytest.mark.row("EXP-SECRET")
def test_what_is_kept_for_the_custodian_has_true_codes_bands_and_no_participant() -> None:
    for gone, band in ((1, "fewer than"), (4, "fewer than")):
        snapshot = b.snapshot(*group(gone, "withdrawn"))
        question = b.question(object=GONE)
        decision = evaluate(question, snapshot)
        record = canonical(explain(question, decision, snapshot).committee).decode()
        assert "CON-WITHDRAWN" in record
        assert f"{band} {MANY}" in record
        assert "sub_" not in record


@pytest.mark.parametrize(
    ("count", "band"), [("1", "fewer than 20"), ("19", "fewer than 20"), ("20", "20 or more"), ("999", "20 or more")]
)
@pytest.mark.row("EXP-SECRET")
def test_no_count_below_twenty_is_told_to_anybody(count: str, band: str) -> None:
    assert banded(count) == band


def test_each_participant_has_their_own_code_in_the_trace_and_nobody_before_a_request() -> None:
    snapshot = b.snapshot(*group(2, "withdrawn"))
    question = b.question(object=GONE)
    decision = evaluate(question, snapshot)
    assert decision.outcome in (Outcome.ALTERNATIVE, Outcome.DENY)
    case = _case(question, decision, snapshot)
    assert own_codes(case) == {"sub_00": "CON-WITHDRAWN", "sub_01": "CON-WITHDRAWN"}
    before = b.question(stage="foresee", purpose=b.PURPOSE, grants=(), object=None)
    put = worlds.traced(before, evaluate(before, snapshot), None, snapshot)
    assert "people" not in put.row.body  # type: ignore[attr-defined]
