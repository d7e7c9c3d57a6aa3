"""Can the people whom a decision touches read it? (EXPLAIN section 7, point 6)

Measured with Flesch and Kincaid's grade: years of school that a text asks for. It was made for texts and not for single
short sentences, so the grade is asked of everything that an audience reads in one family of codes; each sentence is
short, and no single one is far above.
"""

import re
from collections import defaultdict

import pytest

from broker.core.reasons import REASONS
from broker.core.reasons.words import WORDS

LONGEST = 20
"""Words of one sentence for a participant."""
GRADES = {"subject": 7.0, "researcher": 10.0}
_VOWELS = re.compile(r"[aeiouy]{1,2}")
_SILENT = re.compile(r"(?:[^laeiouy]es|[^laeiouytd]ed|[^laeiouy]e)$")


def words(text: str) -> list[str]:
    """A slot counts as one word."""
    return re.findall(r"[A-Za-z][A-Za-z'-]*", re.sub(r"\{\w+\}", "this", text))


def sentences(text: str) -> list[str]:
    return [one for one in re.split(r"(?<=[.!?;:])\s+", text) if words(one)]


def syllables(word: str) -> int:
    letters = re.sub(r"[^a-z]", "", word.lower())
    return max(1, len(_VOWELS.findall(_SILENT.sub("", letters)))) if len(letters) > 3 else 1


def grade(text: str) -> float:
    said = words(text)
    return 0.39 * len(said) / len(sentences(text)) + 11.8 * sum(map(syllables, said)) / len(said) - 15.59


def family(code: str) -> str:
    return code.partition("-")[0]


@pytest.mark.row("EXP-PLAIN", "WHO-3.5-5")
@pytest.mark.parametrize("audience", GRADES)
def test_what_an_audience_reads_asks_for_no_more_school(audience: str) -> None:
    read: dict[str, list[str]] = defaultdict(list)
    for code, spec in REASONS.items():
        read[family(code)].append(getattr(spec, audience))
    read["words"] = [
        text for key, text in WORDS.items() if key.startswith({"subject": "subject.", "researcher": "line."}[audience])
    ]
    found = {name: round(grade(" ".join(texts)), 1) for name, texts in read.items()}
    assert {name: one for name, one in found.items() if one > GRADES[audience]} == {}


@pytest.mark.parametrize("audience", GRADES)
def test_no_sentence_is_far_above(audience: str) -> None:
    """Four grades above: a single word of four syllables in a sentence of four does that."""
    most = GRADES[audience] + 4
    found = {code: round(grade(getattr(spec, audience)), 1) for code, spec in REASONS.items()}
    assert {code: one for code, one in found.items() if one > most} == {}


@pytest.mark.row("EXP-PLAIN")
def test_a_participants_sentence_is_short() -> None:
    long = [code for code, spec in REASONS.items() for one in sentences(spec.subject) if len(words(one)) > LONGEST]
    assert long == []


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("You said no, so your data were left out.", 0, 3),
        ("Notwithstanding antecedent authorisations, dissemination necessitates supplementary documentation.", 20, 45),
    ],
)
def test_the_grade_tells_plain_from_hard(text: str, least: float, most: float) -> None:
    assert least <= grade(text) <= most
