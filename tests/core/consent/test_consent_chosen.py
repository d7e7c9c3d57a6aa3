"""Each edge of choosing: who may speak, what is wider, whose pause and whose withdrawal it is."""

from typing import Any

import pytest

from broker.core.consent.choices import NOTHING, Act, Choice, Theirs, chosen, theirs, voice, wider
from broker.core.consent.model import Communication, ConsentVersion, Grantor
from broker.core.ids import SubjectRef
from broker.core.outcome import Reason
from broker.core.purpose import Modality
from tests.core.consent.consent_world import NOW, record
from tests.core.consent.test_consent_choices import CHILD, ME, MUM, OWN_REST, PAUSED, QUIET, SPOKEN, STOP, done, history

DAD = SubjectRef("dad")
GUARDED: dict[str, Any] = {"grantor": {"kind": "guardian", "ref": "mum", "scope_of_authority": "research"}}
VOICES: list[tuple[dict[str, Any], SubjectRef, str | None]] = [
    ({}, MUM, None),
    ({"grantor": {"kind": "self"}}, MUM, None),
    (SPOKEN, DAD, None),
    (CHILD, DAD, None),
    (GUARDED, ME, "own_narrow"),
    (GUARDED | {"maturity_review_on": "2026-06-01"}, ME, "own"),
    (GUARDED | {"capacity": "regained"}, ME, "own"),
    (GUARDED | {"capacity": "lacking"}, ME, "own_narrow"),
    (GUARDED, MUM, "for_them"),
    (GUARDED | {"capacity": "regained"}, MUM, None),
    ({}, ME, "own"),
]


@pytest.mark.parametrize(("members", "by", "wanted"), VOICES, ids=map(str, range(len(VOICES))))
def test_who_else_speaks_and_who_does_not(members: dict[str, Any], by: SubjectRef, wanted: str | None) -> None:
    assert voice(record(**members), by, NOW) == wanted


POSSIBLE = {
    ("active", "choose"): "active",
    ("active", "affirm"): "active",
    ("active", "pause"): "suspended",
    ("suspended", "choose"): "suspended",
    ("suspended", "affirm"): "suspended",
    ("suspended", "resume"): "active",
    ("withdrawn", "reopen"): "active",
}


@pytest.mark.parametrize("status", ["active", "suspended", "withdrawn", "superseded", "entered_in_error"])
@pytest.mark.parametrize("act", ["choose", "affirm", "pause", "resume", "reopen"])
def test_what_can_be_done_in_which_state(status: Any, act: Act) -> None:
    found = chosen(record(status=status), act, NOTHING, "own", NOW, OWN_REST)
    assert (found.status if isinstance(found, ConsentVersion) else None) == POSSIBLE.get((status, act))


def test_what_is_not_in_force_yet_and_what_cannot_be_read_is_told_as_such() -> None:
    waiting = record(effective_from="2026-06-02")
    assert chosen(waiting, "choose", NOTHING, "own", NOW, Theirs()) == Reason(
        code="REQ-STATE", facts=(("state", "not in force yet"),)
    )
    unknown = Choice(answers={"moon_use": "permit"})
    assert chosen(record(), "choose", unknown, "own", NOW, Theirs()) == Reason(
        code="REQ-INVALID", facts=(("problem", "answers: a key or a word that is not known"),)
    )


def answered(word: str | None) -> ConsentVersion:
    return record(scope={"permissions": ["GRU"], "answers": {} if word is None else {"linkage": word}})


ORDER = {"deny": 0, "ask": 1, None: 1, "permit": 2}


@pytest.mark.parametrize("before", ORDER)
@pytest.mark.parametrize("after", [word for word in ORDER if word])
def test_yes_is_more_than_being_asked_and_that_is_more_than_no(before: str | None, after: str) -> None:
    found = wider(answered(before), answered(after))
    assert found == (("linkage",) if ORDER[after] > ORDER[before] else ())


def test_a_word_of_a_record_that_nobody_knows_counts_as_not_asked() -> None:
    assert wider(answered("perhaps"), answered("permit")) == ("linkage",)
    assert wider(answered("perhaps"), answered("deny")) == ()
    assert wider(answered("perhaps"), answered("perhaps")) == ()
    assert wider(answered("deny"), answered("perhaps")) == ("linkage",)


@pytest.mark.parametrize("name", ["hosting", "modalities", "recipient_countries"])
def test_a_longer_list_is_more_and_so_is_none_at_all(name: str) -> None:
    one, two, other = ("stream", "download", "aggregate") if name == "modalities" else ("FR", "DE", "BE")

    def limited(*members: str) -> ConsentVersion:
        named = frozenset(map(Modality, members)) if name == "modalities" else frozenset(members)
        lists: Any = {name: named}
        return done(chosen(record(), "choose", Choice(lists=lists), "own", NOW, Theirs()))

    assert getattr(limited(one).scope, name) == {one}
    assert wider(limited(one), limited(one)) == ()
    assert wider(limited(one, two), limited(one)) == ()
    assert wider(limited(one), limited(one, two)) == (name,)
    assert wider(limited(one), limited(other)) == (name,)
    assert wider(limited(one), record()) == (name,)
    assert wider(record(), limited(one)) == ()


def test_what_is_not_chosen_stays_as_it_was() -> None:
    spoken = Communication(language="fr")
    first = Choice(return_of_results="actionable", communication=spoken)
    before = done(chosen(record(), "choose", first, "own", NOW, Theirs()))
    assert before.scope.return_of_results == "actionable"
    assert before.communication == spoken
    after = done(chosen(before, "choose", NOTHING, "own", NOW, Theirs()))
    assert (after.scope, after.communication) == (before.scope, spoken)


def test_who_pauses_does_not_yet_speak_in_place_of_whoever_spoke() -> None:
    before = record(**SPOKEN | {"capacity": "regained"})
    assert done(chosen(before, "pause", NOTHING, "own", NOW, Theirs())).grantor == before.grantor
    assert done(chosen(before, "choose", NOTHING, "own", NOW, Theirs())).grantor == Grantor(kind="self")


def test_a_pause_is_whose_began_the_last_run_of_it() -> None:
    assert theirs(history(({}, "person"))).paused_by == "source"
    again = history(({}, "source"), (PAUSED, "person"), ({}, "person"), (PAUSED, "representative"), (PAUSED, "person"))
    assert theirs(again).paused_by == "representative"


OTHER: dict[str, Any] = {"status": "withdrawn", "withdrawal": {"kind": "no_further_access"}}
WITHDRAWN: list[tuple[Any, str]] = [
    (({}, "person"), "source"),
    ((({}, "source"), (STOP, "person")), "person"),
    ((({}, "source"), (STOP, "representative"), (STOP, "person")), "representative"),
    ((({}, "source"), (STOP, "representative"), (OTHER, "person")), "source"),
    ((({}, "source"), (QUIET, "representative"), (QUIET | {"status": "withdrawn"}, "person")), "source"),
    ((({}, "source"), (QUIET, "representative"), (QUIET | {"status": "withdrawn"}, "representative")), "representative"),
    ((({}, "source"), (STOP, "person"), ({}, "person"), (STOP, "representative")), "representative"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "wanted"), WITHDRAWN, ids=map(str, range(len(WITHDRAWN))))
def test_a_withdrawal_is_theirs_who_made_every_step_of_the_last_one(made: Any, wanted: str) -> None:
    versions = history(*made) if isinstance(made[0], tuple) else history(made)
    assert theirs(versions).withdrawn_by == wanted


def test_nothing_comes_back_that_would_be_lost() -> None:
    back = theirs(history(({}, "source"), (STOP, "person"))).back_to
    assert back == "active"
    error: dict[str, Any] = {"status": "entered_in_error"}
    assert theirs(history(({}, "source"), (error, "source"), (STOP, "person"))).back_to is None
    stopped = {"effective_from": "2026-06-01"}
    waits = history(({}, "source"), ({"effective_from": "2026-09-01"}, "source"), (STOP | stopped, "person"))
    assert theirs(waits).back_to is None
    due = history(({}, "source"), ({"effective_from": "2026-06-01"}, "source"), (STOP | stopped, "person"))
    assert theirs(due).back_to == "active"


@pytest.mark.parametrize("by", ["person", "representative", "source"])
def test_who_cannot_say_yes_to_more_takes_back_their_own_withdrawal_and_no_other(by: Any) -> None:
    made = history((SPOKEN, "source"), (SPOKEN | QUIET, by))
    found = chosen(made[-1][0], "reopen", NOTHING, "own_narrow", NOW, theirs(made))
    if by == "person":
        assert done(found).withdrawal is None
    else:
        assert found == Reason(code="RGT-NARROW-ONLY")


@pytest.mark.parametrize("by", ["person", "representative"])
def test_who_cannot_say_yes_to_more_ends_their_own_pause_and_no_other(by: Any) -> None:
    made = history((SPOKEN, "source"), (SPOKEN | PAUSED, by))
    found = chosen(made[-1][0], "resume", NOTHING, "own_narrow", NOW, theirs(made))
    assert (found == Reason(code="RGT-NARROW-ONLY")) is (by != "person")
