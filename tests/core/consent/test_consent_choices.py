"""Who may choose what: less always, more by who may speak, and nobody takes back a person's own word."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from broker.core.consent.choices import AFTER, Act, Choice, Theirs, chosen, theirs, voice, wider
from broker.core.consent.judge import judge
from broker.core.consent.model import ConsentVersion, Grantor, Subject
from broker.core.consent.verdict import Place
from broker.core.consent.writing import version_hash
from broker.core.ids import SubjectRef
from broker.core.outcome import Reason
from broker.core.purpose import Modality
from broker.core.time import Seconds
from tests.core.consent.consent_world import (
    HISTORIES,
    KEYS,
    NOW,
    ONTOLOGY,
    asking,
    certificates,
    certified,
    on,
    questions,
    record,
)

ME, MUM = SubjectRef("s1"), SubjectRef("mum")
NOBODYS = Theirs()
OWN_REST = Theirs(paused_by="person", withdrawn_by="person")
CHILD: dict[str, Any] = {"grantor": {"kind": "parent", "ref": "mum"}, "maturity_review_on": "2026-06-02"}
MATURE = CHILD | {"maturity_review_on": "2026-06-01"}
SPOKEN: dict[str, Any] = {
    "grantor": {"kind": "representative", "ref": "mum", "scope_of_authority": "research", "valid_to": "2026-06-02"},
    "capacity": "lacking",
}
VOICES: dict[str, tuple[dict[str, Any], SubjectRef, str | None]] = {
    "myself": ({"grantor": {"kind": "self"}}, ME, "own"),
    "somebody": ({"grantor": {"kind": "self"}}, MUM, None),
    "a child": (CHILD, ME, "own_narrow"),
    "its parent": (CHILD, MUM, "for_them"),
    "a child of age": (MATURE, ME, "own"),
    "its parent then": (MATURE, MUM, None),
    "a child whose day nobody wrote down": ({"grantor": {"kind": "parent"}}, ME, "own_narrow"),
    "without capacity": (SPOKEN, ME, "own_narrow"),
    "who speaks for them": (SPOKEN, MUM, "for_them"),
    "capacity regained": (SPOKEN | {"capacity": "regained"}, ME, "own"),
    "who spoke for them": (SPOKEN | {"capacity": "regained"}, MUM, None),
    "authority over": (SPOKEN | {"grantor": SPOKEN["grantor"] | {"valid_to": "2026-06-01"}}, MUM, None),
    "nothing in writing": (
        SPOKEN | {"grantor": {"kind": "representative", "ref": "mum", "valid_to": "2027-01-01"}}, MUM, None,
    ),
    "a committee": ({"grantor": {"kind": "committee", "ref": "mum"}}, MUM, None),
    "a family's record": ({"level": "family"}, ME, None),
}  # fmt: skip


@pytest.mark.row("WHO-3.1-9")
@pytest.mark.row("WHO-3.1-11")
@pytest.mark.parametrize("case", VOICES)
def test_as_whom_somebody_speaks(case: str) -> None:
    members, by, wanted = VOICES[case]
    assert voice(record(**members), by, NOW) == wanted


def done(found: ConsentVersion | Reason) -> ConsentVersion:
    assert isinstance(found, ConsentVersion), found
    return found


def test_a_choice_is_a_new_version_in_force_at_once() -> None:
    before = record(
        grantor={"kind": "self"}, scope={"permissions": ["GRU"], "answers": {"linkage": "permit", "hosting": ["FR"]}}
    )
    lists: Any = {"hosting": None, "modalities": frozenset({"stream"})}
    after = done(chosen(before, "choose", Choice(answers={"ai_training": "deny"}, lists=lists), "own", NOW, NOBODYS))
    assert (after.version, after.effective_from, after.recorded_at) == (2, NOW, NOW)
    assert after.prev_hash == version_hash(before)
    assert after.scope.answers == {"linkage": "permit", "ai_training": "deny"}
    assert (after.scope.hosting, after.scope.modalities) == (None, frozenset({Modality.STREAM}))
    assert wider(before, after) == ("hosting",)


@pytest.mark.parametrize("status", ["active", "suspended", "withdrawn", "superseded", "entered_in_error"])
@pytest.mark.parametrize("act", ["choose", "affirm", "pause", "resume", "reopen"])
def test_only_what_the_table_lists_can_happen(status: Any, act: Act) -> None:
    found = chosen(record(status=status), act, Choice(), "own", NOW, OWN_REST)
    table = dict(AFTER) | {("withdrawn", "reopen"): "active"}
    if (status, act) in table:
        assert done(found).status == table[status, act]
    else:
        assert found == Reason(code="REQ-STATE", facts=(("state", status),))


MORE, LESS = Choice(answers={"linkage": "permit"}), Choice(answers={"linkage": "deny"})


@pytest.mark.parametrize("members", [CHILD, SPOKEN])
def test_who_cannot_say_yes_to_more_can_say_no(members: dict[str, Any]) -> None:
    before = record(**members)
    assert chosen(before, "choose", MORE, "own_narrow", NOW, NOBODYS) == Reason(code="RGT-NARROW-ONLY")
    after = done(chosen(before, "choose", LESS, "own_narrow", NOW, NOBODYS))
    assert (after.scope.answers, after.grantor, after.maturity_review_on) == (
        {"linkage": "deny"}, before.grantor, before.maturity_review_on,
    )  # fmt: skip
    assert chosen(before, "affirm", Choice(), "own_narrow", NOW, NOBODYS) == Reason(
        code="REQ-STATE", facts=(("state", "active"),)
    )


def test_they_may_end_their_own_pause() -> None:
    paused = done(chosen(record(**CHILD), "pause", Choice(), "own_narrow", NOW, NOBODYS))
    own = OWN_REST
    assert done(chosen(paused, "resume", Choice(), "own_narrow", NOW, own)).status == "active"


@pytest.mark.row("WHO-3.1-9")
@pytest.mark.parametrize("members", [MATURE, SPOKEN | {"capacity": "regained"}])
def test_an_own_word_ends_what_waits_for_it(members: dict[str, Any]) -> None:
    """CON-REAFFIRM-DUE and CON-CAPACITY-REGAINED hold until then; nothing else turns silence into yes."""
    before = record(**members)
    after = done(chosen(before, "affirm", Choice(), "own", NOW, NOBODYS))
    assert (after.grantor, after.capacity, after.maturity_review_on) == (Grantor(kind="self"), "full", None)
    held, free = (
        judge(asking(), [Subject(ref=ME, versions=versions)], certified(), ONTOLOGY)
        for versions in ((before,), (before, after))
    )
    assert (len(held.held), len(free.included)) == (1, 1)


@pytest.mark.row("WHO-3.1-11")
def test_who_speaks_for_somebody_takes_nothing_back_that_they_said() -> None:
    first = record(**SPOKEN)
    second = done(chosen(first, "choose", LESS, "own_narrow", NOW, NOBODYS))
    third = done(chosen(second, "choose", Choice(answers={"recontact": "deny"}), "for_them", NOW, NOBODYS))
    own = theirs([(first, "source"), (second, "person"), (third, "representative")])
    assert own.words == {"linkage"}
    assert chosen(third, "choose", MORE, "for_them", NOW, own) == Reason(code="RGT-THEIR-OWN-WORD")
    assert done(chosen(third, "choose", Choice(answers={"recontact": "permit"}), "for_them", NOW, own)).version == 4


def test_only_who_paused_ends_the_pause() -> None:
    first = record(**SPOKEN)
    paused = done(chosen(first, "pause", Choice(), "own_narrow", NOW, NOBODYS))
    own = theirs([(first, "source"), (paused, "person")])
    assert (own.paused_by, own.back_to) == ("person", "suspended")
    assert chosen(paused, "resume", Choice(), "for_them", NOW, own) == Reason(code="RGT-THEIR-OWN-WORD")
    by_source = theirs([(first, "source"), (paused, "source")])
    assert chosen(paused, "resume", Choice(), "own", NOW, by_source) == Reason(code="RGT-NOT-YOUR-PAUSE")


def test_a_pause_outlasts_choices_that_are_made_meanwhile() -> None:
    """Who paused is who began the run of paused versions, not who chose something in it."""
    first = record(grantor={"kind": "self"})
    paused = record(version=2, status="suspended", grantor={"kind": "self"})
    after = done(chosen(paused, "choose", LESS, "own", NOW, NOBODYS))
    assert theirs([(first, "source"), (paused, "source"), (after, "person")]).paused_by == "source"


def test_a_withdrawal_makes_a_pause_nobody_elses() -> None:
    """Past hole: who withdrew during a pause of the source, and took that back, could end the source's pause."""
    first, paused = record(grantor={"kind": "self"}), record(version=2, status="suspended", grantor={"kind": "self"})
    gone = record(version=3, status="withdrawn", withdrawal={"kind": "no_further_use"}, grantor={"kind": "self"})
    made: list[tuple[ConsentVersion, Any]] = [(first, "source"), (paused, "source"), (gone, "person")]
    back = done(chosen(gone, "reopen", Choice(), "own", NOW, theirs(made)))
    again = theirs([*made, (back, "person")])
    assert (back.status, again.paused_by) == ("suspended", "source")
    assert chosen(back, "resume", Choice(), "own", NOW, again) == Reason(code="RGT-NOT-YOUR-PAUSE")


def test_who_paused_after_a_withdrawal_of_somebody_else_paused_it() -> None:
    gone = record(version=2, status="withdrawn", withdrawal={"kind": "no_further_use"})
    paused = record(version=3, status="suspended")
    assert theirs([(record(), "source"), (gone, "person"), (paused, "source")]).paused_by == "source"


def test_a_withdrawal_is_taken_back_by_a_new_version() -> None:
    withdrawn = record(version=2, status="withdrawn", withdrawal={"kind": "no_further_use"}, grantor={"kind": "self"})
    after = done(chosen(withdrawn, "reopen", Choice(), "own", NOW, OWN_REST))
    assert (after.status, after.withdrawal, wider(withdrawn, after)) == ("active", None, ("status",))


def history(*made: tuple[Any, Any]) -> list[tuple[ConsentVersion, Any]]:
    """Versions of one consent, each with (members, who made it)."""
    return [
        (record(version=n, **{"grantor": {"kind": "self"}} | members), by) for n, (members, by) in enumerate(made, 1)
    ]


STOP: dict[str, Any] = {"status": "withdrawn", "withdrawal": {"kind": "no_further_use"}}
QUIET: dict[str, Any] = {"withdrawal": {"kind": "no_further_contact"}}
PAUSED: dict[str, Any] = {"status": "suspended"}
BACK: dict[str, tuple[list[tuple[ConsentVersion, Any]], str | None]] = {
    "a withdrawal": (history(({}, "source"), (STOP, "person")), "active"),
    "no contact": (history(({}, "source"), (QUIET, "person")), "active"),
    "nothing": (history(({}, "source")), None),
    "a withdrawal from a pause": (history(({}, "source"), (PAUSED, "source"), (STOP, "person")), "suspended"),
    "no contact in a pause": (history(({}, "source"), (PAUSED | QUIET, "source")), "suspended"),
    "a withdrawal of what was entered in error": (
        history(({}, "source"), ({"status": "entered_in_error"}, "source"), (STOP, "person")), None,
    ),
    "a withdrawal that the source began with": (history((STOP, "source")), None),
    "no contact, then a pause, then a withdrawal": (
        history(({}, "source"), (QUIET, "person"), (PAUSED | QUIET, "source"), (STOP, "person")), "suspended",
    ),
}  # fmt: skip


@pytest.mark.row("WHO-3.1-2")
@pytest.mark.parametrize("case", BACK)
def test_taking_a_withdrawal_back_ends_no_pause(case: str) -> None:
    made, wanted = BACK[case]
    found = chosen(made[-1][0], "reopen", Choice(), "own", NOW, theirs(made))
    assert (done(found).status if isinstance(found, ConsentVersion) else None) == wanted
    if isinstance(found, ConsentVersion):
        assert found.withdrawal is None


def test_who_speaks_for_somebody_does_not_undo_their_no_contact() -> None:
    made = history(({}, "source"), (QUIET, "person"))
    assert chosen(made[-1][0], "reopen", Choice(), "for_them", NOW, theirs(made)) == Reason(code="RGT-THEIR-OWN-WORD")
    made = history(({}, "source"), (QUIET, "representative"))
    assert done(chosen(made[-1][0], "reopen", Choice(), "for_them", NOW, theirs(made))).withdrawal is None


@pytest.mark.parametrize("made", [
    (({}, "source"), (STOP, "source")),
    (({}, "source"), (STOP, "person")),
    (({}, "source"), (QUIET, "representative"), (STOP, "person")),
    (({}, "source"), (QUIET, "source"), (STOP, "representative")),
])  # fmt: skip
def test_who_speaks_for_somebody_reopens_only_what_they_withdrew(made: Any) -> None:
    versions = history(*made)
    found = chosen(versions[-1][0], "reopen", Choice(), "for_them", NOW, theirs(versions))
    assert found == Reason(code="RGT-THEIR-OWN-WORD")
    alone = history(({}, "source"), (QUIET, "representative"), (STOP, "representative"))
    assert done(chosen(alone[-1][0], "reopen", Choice(), "for_them", NOW, theirs(alone))).status == "active"


def test_a_word_that_nobody_knows_is_refused() -> None:
    for answers in ({"moon_use": "permit"}, {"linkage": "perhaps"}, {"topic:": "permit"}):
        found = chosen(record(), "choose", Choice(answers=answers), "own", NOW, NOBODYS)
        assert isinstance(found, Reason)
        assert found.code == "REQ-INVALID"


# Narrowing at once, widening for new requests


chains = st.sampled_from([history for history in HISTORIES if len(history) == 1 and history[0].status == "active"])
choices = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["permit", "deny", "ask"]), max_size=4)


@given(chains, choices, questions, certificates)
def test_a_running_grant_gains_nothing_by_a_later_yes(
    history: Any, answers: Any, question: Any, certificate: Any
) -> None:
    """Who was refused when the grant began stays out of it; and a later no reaches it like any new request."""
    before = replace(history[0], grantor=Grantor(kind="self"))
    assume(before.effective_from <= question.at - 10)
    after = chosen(before, "choose", Choice(answers=answers), "own", Seconds(question.at - 10), NOBODYS)
    assert isinstance(after, ConsentVersion)
    ref = before.subject_ref
    known = replace(question, known_at=question.at)
    running = replace(known, grant_began=Seconds(question.at - 20))

    def place(asked: Any, *versions: ConsentVersion) -> Place:
        answer = judge(asked, [Subject(ref=ref, versions=versions)], certificate, ONTOLOGY)
        return answer.verdicts[ref].place

    then = place(running, before)
    now_new, now_running = place(known, before, after), place(running, before, after)
    assert now_running >= now_new
    if max(before.known_from, before.effective_from) <= question.at - 20 and then is Place.EXCLUDE and now_new < then:
        assert now_running is Place.EXCLUDE


@pytest.mark.row("WHO-3.1-1")
def test_a_yes_holds_for_new_requests_only() -> None:
    before = record(scope={"permissions": ["HMB"], "answers": {"linkage": "deny"}}, grantor={"kind": "self"})
    after = done(chosen(before, "choose", MORE, "own", on("2026-05-01"), NOBODYS))
    subject = [Subject(ref=ME, versions=(before, after))]

    def excluded(began: str | None) -> int:
        question = asking(linkage=True, grant_began=None if began is None else on(began))
        return len(judge(question, subject, certified(), ONTOLOGY).excluded)

    assert [excluded(began) for began in (None, "2026-05-01", "2026-04-30")] == [0, 0, 1]


def test_who_waited_may_join_a_running_grant_when_they_say_yes() -> None:
    before = record(scope={"permissions": ["HMB"], "answers": {"linkage": "ask"}}, grantor={"kind": "self"})
    after = done(chosen(before, "choose", MORE, "own", on("2026-05-01"), NOBODYS))
    question = asking(linkage=True, grant_began=on("2026-04-01"))
    assert judge(question, [Subject(ref=ME, versions=(before, after))], certified(), ONTOLOGY).included


def test_a_withdrawal_that_was_taken_back_stays_for_grants_of_before() -> None:
    one = record(grantor={"kind": "self"})
    gone = record(version=2, effective_from="2026-03-01", status="withdrawn", withdrawal={"kind": "no_further_use"})
    back = done(chosen(gone, "reopen", Choice(), "own", on("2026-05-01"), OWN_REST))
    subject = [Subject(ref=ME, versions=(one, gone, back))]
    places = {
        began: judge(asking(grant_began=on(began)), subject, certified(), ONTOLOGY).verdicts[ME].place
        for began in ("2026-02-01", "2026-05-01")
    }
    assert places == {"2026-02-01": Place.EXCLUDE, "2026-05-01": Place.INCLUDE}


def test_what_takes_the_place_of_a_consent_undoes_no_withdrawal_that_it_does_not_name() -> None:
    one = record(grantor={"kind": "self"}, consent_id="a")
    gone = record(consent_id="a", version=2, effective_from="2026-03-01", **STOP)
    new: dict[str, Any] = {"consent_id": "b", "version": 1, "effective_from": "2026-04-01"}

    def place(number: int, began: str | None = None, **members: Any) -> Place:
        after = record(**new | {"supersedes": {"consent_id": "a", "version": number}} | members)
        question = asking(grant_began=None if began is None else on(began))
        return judge(question, [Subject(ref=ME, versions=(one, gone, after))], certified(), ONTOLOGY).verdicts[ME].place

    assert (place(1), place(2)) == (Place.EXCLUDE, Place.INCLUDE)
    assert place(2, began="2026-02-01") is Place.EXCLUDE
    assert place(2, began="2026-05-01") is Place.INCLUDE
    assert place(2, **QUIET) is Place.EXCLUDE
