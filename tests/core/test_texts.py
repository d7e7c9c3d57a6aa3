"""Which of many texts have a word: found as by looking through each, without looking through what they share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.texts import Texts

WORDS = st.sampled_from(
    ["heart", "hearts", "study", "of", "f", "ea", "lung", "lungs/1", "s/", "x", "\N{GREEK SMALL LETTER ALPHA}"]
)
TEXTS = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=8)
COMMON = "a study of hearts at https://data.example/"


def having(found: Texts, words: list[str], besides: bytes) -> list[int]:
    return [n for n, has in enumerate(found.with_all(words, besides)) if has]


def looked_through(texts: list[str], words: list[str]) -> list[int]:
    return [n for n, text in enumerate(texts) if all(word in text for word in words)]


@pytest.mark.row("PUB-CATALOGUE")
@given(TEXTS, st.lists(st.tuples(st.integers(0, 70), WORDS), max_size=5), st.lists(WORDS, max_size=8))
def test_they_are_found_as_by_looking_through_each(
    texts: list[str], changes: list[tuple[int, str]], words: list[str]
) -> None:
    """Those that share most of their words too, however some of them change, and whichever come later."""
    texts = [f"{COMMON} {n}" for n in range(60)] + texts
    found = Texts(texts)
    for number, text in changes:
        if number < len(texts):
            texts[number] = text
            assert found.put(text, number) == number
        else:
            texts.append(text)
            assert found.put(text) == len(texts) - 1
    assert len(found) == len(texts)
    for wanted in (words, words[:1], ["data.ex"], []):
        assert having(found, wanted, bytes(len(texts))) == looked_through(texts, wanted)


@pytest.mark.row("PUB-CATALOGUE")
def test_what_a_text_is_taken_to_have_it_has() -> None:
    found = Texts(["heart", "lung", "eye"])
    assert having(found, ["heart", "ill"], bytes([0b10, 0b11, 0b01])) == [0, 1]
    assert having(found, ["heart", "ill"], bytes([0b00, 0b11, 0b11])) == [1, 2]


class _Closed(list[str]):
    def __getitem__(self, key: Any) -> Any:
        raise AssertionError("a text is looked through")


@pytest.mark.row("PUB-CATALOGUE")
def test_what_all_texts_share_is_looked_for_in_none_of_them() -> None:
    """However many words are sent that everything has, nobody else waits."""
    found = Texts([f"{COMMON} {n}" for n in range(60)])
    found._about = lambda bits, word: bits.bit_count()  # type: ignore[method-assign]  # noqa: ARG005
    found._own = _Closed(found._own)
    assert len(having(found, ["data.ex", "ample/", "tudy", "eart", "http", "of", "at", "a"], bytes(60))) == 60
    with pytest.raises(AssertionError):
        found.with_all(["7"], bytes(60))
