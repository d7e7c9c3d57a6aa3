"""Did somebody write why themselves, or hand back what the rules said?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.own_words import is_copied, sentences_of

SAID = ("Use inside the European Economic Area.", "Art 1(3).", "Nobody has answered yet. Ask the data holder.")
ONES = ("use inside the  european economic area", "ART 1 (3)", "Nobody has answered yet!", "Ask the data holder.")
pytestmark = pytest.mark.row("WF-OWN-WORDS")


@given(st.lists(st.sampled_from(ONES), min_size=1), st.sampled_from([". ", ".\n", "; ", "!  "]))
def test_what_was_said_is_copied_in_whatever_order_case_and_punctuation(parts: list[str], between: str) -> None:
    assert is_copied(between.join(parts), SAID)


@given(st.lists(st.sampled_from(ONES)), st.text(st.characters(categories=["L"]), min_size=10))
def test_a_sentence_of_ones_own_is_enough(parts: list[str], own: str) -> None:
    assert not is_copied(". ".join([*parts, f"{own}xyzzyplugh"]), SAID)


@given(st.text())
def test_who_repeats_nothing_copies_nothing(own: str) -> None:
    assert not is_copied(own, ())


@pytest.mark.parametrize("added", ["Yes", "ok.", "+1", "\N{THUMBS UP SIGN}"])
def test_a_nod_is_no_word_of_ones_own(added: str) -> None:
    assert is_copied(f"{SAID[0]} {added}", SAID)


def test_every_sentence_of_an_explanation_counts_and_nothing_else_in_it() -> None:
    told = {
        "why": [{"code": "X", "sentence": "One.", "sentences": {"dac": "Two."}}],
        "audience_texts": {"dac": "Three."},
    }
    assert sentences_of(told) == ["One.", "Two.", "Three."]
