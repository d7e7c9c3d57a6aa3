"""Papers keep the form in which they were written: another form changes nothing of what was handed in (I7)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.outcome import Reason
from broker.core.plain import canonical
from broker.core.questions import ANSWERS, Form, Question
from broker.core.rows import Application
from broker.core.rows.applications import Answer
from broker.flows.applications.hand_in import HandedIn, hand_in
from broker.flows.applications.review import Said, give_back
from broker.flows.applications.turns import hand_in_again
from tests import builders as b
from tests.core.test_questions import FORM, OWN
from tests.flows.test_applications import MEMBER, PAPER, world
from tests.flows.test_together import ADA, joined, now
from tests.flows.worlds import Stage as World

FUNDER = Answer(question="funder", asked="", text="The state.")
WITH = replace(PAPER, answers=(FUNDER,))


def under(s: World, form: Form | None) -> World:
    return replace(s, world=replace(s.world, form=form))


def edited(version: int, more: tuple[Question, ...]) -> Form:
    return replace(FORM, version=version, digest=f"{version:064d}", questions=(*FORM.questions, *more))


NAMES = st.sampled_from(["funder", "safety", "place"])
EDITS = st.builds(
    lambda version, names, required, words: edited(
        version, tuple(replace(OWN, name=one, required=required, words={"en": words}) for one in sorted(names))
    ),
    st.integers(2, 99), st.sets(NAMES), st.booleans(), st.text(min_size=1, max_size=20),
)  # fmt: skip


@given(EDITS)
@pytest.mark.row("WF-I7")
async def test_i7_another_form_changes_no_answer_that_was_handed_in(form: Form) -> None:
    s = under(world(), edited(1, (OWN,)))
    done = await hand_in(s.world, ADA, (b.HEART,), WITH)
    assert isinstance(done, HandedIn), done
    made, before = done.application, canonical(done.application)
    assert made.paper.form == edited(1, ()).called
    assert [(one.asked, one.text) for one in made.paper.answers] == [("Who pays?", "The state.")]
    later = under(s, form)
    assert canonical(now(later, made)) == before
    review = made.reviews[0]
    await give_back(later.world, MEMBER, review, [Said(text="Which?")])
    again = await hand_in_again(later.world, ADA, made.id, replace(PAPER, statement="Others."))
    if isinstance(again, HandedIn):
        assert again.application.papers[0] == made.paper, "every turn keeps its own"
        assert again.application.paper.form == form.called
    else:
        assert any(one.required for one in form.added), again


@pytest.mark.row("WF-FORM")
async def test_what_the_operator_asks_is_asked_of_whoever_hands_in_and_of_nobody_who_joins() -> None:
    s = under(world(), edited(1, (OWN,)))
    wrong = await hand_in(s.world, ADA, (b.HEART,), PAPER)
    assert wrong == Reason(code="REQ-INVALID", facts=(("problem", "funder: nothing is said"),))
    done = await hand_in(s.world, ADA, (b.HEART,), WITH)
    assert isinstance(done, HandedIn)
    stricter = under(s, edited(2, (OWN, replace(OWN, name="place"))))
    after = await joined(stricter, done.application)
    assert isinstance(after, Application)
    assert after.paper.form == edited(1, ()).called
    assert ANSWERS not in {one.feeds for one in FORM.questions}
