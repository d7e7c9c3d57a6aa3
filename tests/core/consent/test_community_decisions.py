"""A community's authority says something anew: what is possible in which state, and when that allows more than before."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.decisions import Said, agrees, decided_anew, opens
from broker.core.consent.judge import ConsentOutcome, judge_communities
from broker.core.consent.model import CommunityDecision, ConsentVersion, Layer
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.writing import version_hash
from broker.core.ids import SubjectRef
from broker.core.outcome import Reason
from broker.core.purpose import Kind, Modality, Purpose
from broker.core.time import Seconds, day_of, days_later, start_of
from tests.core.consent.consent_world import ONTOLOGY
from tests.fakes import START

VALLEY = SubjectRef("com_valley")
TODAY, TOMORROW, LATER = day_of(START), days_later(day_of(START), 1), days_later(day_of(START), 400)
WORD = CommunityDecision(
    authority="elders", rule="a quorum", members="the valley", decision="approved", local_only=False
)
BEFORE = ConsentVersion(
    consent_id="com", version=3, level="community", subject_ref=VALLEY, effective_from=Seconds(START - 9), signature="s",
    community=WORD,
)  # fmt: skip
SAID: list[tuple[str, dict[str, Any], Said, str | None]] = [
    ("yes", {}, Said(word="approved"), None),
    ("no", {}, Said(word="refused"), None),
    ("taken back", {}, Said(word="undecided"), None),
    ("until tomorrow", {}, Said(word="approved", review_on=TOMORROW), None),
    ("until today", {}, Said(word="approved", review_on=TODAY), "REQ-INVALID"),
    ("a no needs no day", {}, Said(word="refused", review_on=TODAY), None),
    ("made to rest elsewhere", {"status": "suspended"}, Said(word="approved"), "REQ-STATE"),
    ("withdrawn elsewhere", {"status": "withdrawn"}, Said(word="approved"), "REQ-STATE"),
    ("written by mistake", {"status": "entered_in_error"}, Said(word="refused"), "REQ-STATE"),
    ("not in force yet", {"effective_from": Seconds(START + 1)}, Said(word="refused"), "REQ-STATE"),
    ("over", {"effective_to": START}, Said(word="approved"), "REQ-STATE"),
    ("not over yet", {"effective_to": Seconds(START + 1)}, Said(word="approved"), None),
    ("a person's", {"level": "participant"}, Said(word="approved"), "REQ-STATE"),
    ("no decision at all", {"community": None}, Said(word="approved"), "REQ-STATE"),
]


@pytest.mark.row("PAG-COMMUNITY-SAYS")
@pytest.mark.parametrize(("changes", "said", "refused"), [row[1:] for row in SAID], ids=[row[0] for row in SAID])
def test_what_is_possible_when(changes: dict[str, Any], said: Said, refused: str | None) -> None:
    before = replace(BEFORE, **changes)
    after = decided_anew(before, said, START)
    if refused is not None:
        assert isinstance(after, Reason)
        assert after.code == refused
        return
    assert isinstance(after, ConsentVersion)
    assert after.community is not None
    assert after.community.decision == said.word
    assert (after.version, after.effective_from, after.prev_hash) == (4, START, version_hash(before))
    assert after.signature is None, "what the source signed was something else"
    assert (after.scope, after.subject_ref, after.effective_to) == (before.scope, VALLEY, before.effective_to)


WHY: list[tuple[dict[str, Any], Said, Reason]] = [
    ({"status": "suspended"}, Said(word="approved"), Reason(code="REQ-STATE", facts=(("state", "suspended"),))),
    ({"effective_from": Seconds(START + 1)}, Said(word="refused"), Reason(code="REQ-STATE", facts=(("state", "not in force yet"),))),
    ({"effective_to": START}, Said(word="approved"), Reason(code="REQ-STATE", facts=(("state", "over"),))),
    ({}, Said(word="approved", review_on=TODAY), Reason(code="REQ-INVALID", facts=(("problem", "review_on: a day that is still to come"),))),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said", "why"), WHY, ids=[row[2].facts[0][1] for row in WHY])
def test_why_not_is_said_in_words(changes: dict[str, Any], said: Said, why: Reason) -> None:
    assert decided_anew(replace(BEFORE, **changes), said, START) == why


def test_a_yes_holds_until_the_day_on_which_it_is_asked_anew() -> None:
    word = replace(WORD, review_on=TOMORROW)
    begins = start_of(TOMORROW)
    assert [agrees(word, Seconds(begins + more)) for more in (-1, 0, 1)] == [True, False, False]


def test_a_no_leaves_the_conditions_as_they_were() -> None:
    before = replace(BEFORE, community=replace(WORD, local_only=True, benefit_terms="A clinic."))
    after = decided_anew(before, Said(word="refused"), START)
    assert isinstance(after, ConsentVersion)
    assert after.community == replace(WORD, decision="refused", local_only=True, benefit_terms="A clinic.")


OPENS: list[tuple[str, dict[str, Any], Said, bool]] = [
    ("the same again", {}, Said(word="approved"), False),
    ("a yes after a no", {"decision": "refused"}, Said(word="approved"), True),
    ("a yes after none", {"decision": "undecided"}, Said(word="approved"), True),
    ("a yes that was due", {"review_on": TODAY}, Said(word="approved", review_on=TOMORROW), True),
    ("for longer", {"review_on": TOMORROW}, Said(word="approved", review_on=LATER), True),
    ("without an end", {"review_on": TOMORROW}, Said(word="approved"), True),
    ("for as long", {"review_on": TOMORROW}, Said(word="approved", review_on=TOMORROW), False),
    ("for less long", {"review_on": LATER}, Said(word="approved", review_on=TOMORROW), False),
    ("the data may leave", {"local_only": True}, Said(word="approved"), True),
    ("the data stay", {}, Said(word="approved", local_only=True), False),
    ("a no", {"local_only": True}, Said(word="refused"), False),
    ("taken back", {}, Said(word="undecided"), False),
]


@pytest.mark.row("PAG-COMMUNITY-SAYS")
@pytest.mark.parametrize(("held", "said", "wider"), [row[1:] for row in OPENS], ids=[row[0] for row in OPENS])
def test_which_word_allows_more(held: dict[str, Any], said: Said, wider: bool) -> None:  # noqa: FBT001
    before = replace(BEFORE, community=replace(WORD, **held))
    after = decided_anew(before, said, START)
    assert isinstance(after, ConsentVersion)
    assert opens(before, after, START) is wider


DAYS = st.sampled_from([None, date(2020, 1, 1), TODAY, TOMORROW, LATER])
DECISIONS = st.builds(
    replace, st.just(WORD), decision=st.sampled_from(["approved", "refused", "undecided"]), local_only=st.booleans(),
    review_on=DAYS,
)  # fmt: skip
WORDS = st.builds(
    Said, word=st.sampled_from(["approved", "refused", "undecided"]), local_only=st.booleans(),
    review_on=st.sampled_from([None, TOMORROW, LATER]),
)  # fmt: skip


@pytest.mark.row("PAG-COMMUNITY-SAYS")
@given(DECISIONS, WORDS, st.sampled_from(Modality), st.integers(0, 500))
def test_what_lets_somebody_in_that_was_not_is_known_to_open(
    held: CommunityDecision, said: Said, way: Modality, days: int
) -> None:
    """Held against the judge itself, now and later: nothing that lets anybody in passes for a mere restriction."""
    before = replace(BEFORE, community=held)
    after = decided_anew(before, said, START)
    assert isinstance(after, ConsentVersion)
    at = Seconds(START + days * 86_400)
    purpose = Purpose(kinds=frozenset({Kind.HMB}), modality=way)
    question = ConsentQuestion(purpose=purpose, recipient_country="DE", processing_country="DE", at=at, known_at=at)

    def passes(*versions: ConsentVersion) -> bool:
        layer = Layer(level="community", ref=VALLEY, versions=versions)
        return judge_communities(question, (layer,), ONTOLOGY).outcome is ConsentOutcome.PERMIT

    if passes(before, after) and not passes(before):
        assert opens(before, after, START)
    if said.word != "approved":
        assert not passes(before, after)
        assert not opens(before, after, START)
