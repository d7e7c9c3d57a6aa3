"""Whatever a person reads of a reason can be read aloud: whole sentences, and no code, name of a field or telegram.

That each has a verb is asked of English; the Spanish is made from it, and is asked for everything else.
"""

import re

import pytest

from broker.adapters.languages import load_languages
from broker.core.reasons import REASONS, title
from broker.core.reasons.language import AUDIENCES, ENGLISH, Audience, Language, Tongue
from broker.core.reasons.words import WORDS
from tests.core.reasons.test_translations import CONFIG

LANGUAGES = (ENGLISH, load_languages(CONFIG)["es"])
LEAST = 4
"""Words of a sentence that tells what was found."""
_VERBS = """
accept agreed allow allows answer answers applied are ask asked asks attest be begins belong belongs bring came
can cannot carries changed choose comes commented contradict could covers decide decided decides develops did do
does ended enter expired fit fits forbids gave get give had has have holds includes is knows lacks leave leaves
lies limited link lives made makes may must name names need needs protects refused remove renew rests said say
says send sent show sign signed spoken stand stands state stay stepped stood stopped studies tell took touches
tried typed uses voted wait want wanted wants was went were will withdrew would write
"""
VERBS = frozenset(_VERBS.split())
ALONE = re.compile(r"[A-Z]{2,}[A-Z0-9-]*|[a-z]+_[a-z_]+|Art\.? ?[\d().]+|s\d+[\d().a-z]*|OK|\{\w+\}")
"""A code, a field's name, a citation or a slot."""


def texts(language: Language, audience: Audience) -> dict[str, str]:
    return {code: Tongue(language).template(spec, audience) for code, spec in REASONS.items()}


def first(text: str) -> str:
    """Its first sentence; slots and what stands in brackets beside."""
    bare = re.sub(r" ?\([^()]*(?:\([^()]*\)[^()]*)*\)", "", text)
    return re.split(r"(?<=[.!?])\s", bare)[0]


@pytest.mark.row("EXP-PLAIN")
@pytest.mark.parametrize("language", LANGUAGES, ids=[one.tag for one in LANGUAGES])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_text_of_every_reason_is_a_whole_sentence(language: Language, audience: Audience) -> None:
    for code, text in texts(language, audience).items():
        assert text[0].isupper() or text[0].isdigit() or text[0] in "¿¡{", (code, text)
        assert text.rstrip("}").endswith((".", "?")) or text.endswith("}"), (code, text)
        words = [one for one in re.findall(r"[^\s]+", first(text)) if not ALONE.fullmatch(one.strip(".,;:"))]
        if audience == "dac":
            assert len(words) >= LEAST, (code, text)


@pytest.mark.row("EXP-PLAIN")
@pytest.mark.parametrize("code", REASONS)
def test_what_a_committee_reads_says_what_was_found(code: str) -> None:
    text = REASONS[code].dac
    assert text.endswith("."), text
    assert VERBS & set(re.findall("[a-z]+", first(text).lower())), text
    assert ALONE.sub("", first(text)) == first(text) or len(first(text).split()) > LEAST + 2, text


@pytest.mark.row("EXP-PLAIN")
@pytest.mark.parametrize("language", LANGUAGES, ids=[one.tag for one in LANGUAGES])
def test_what_is_told_of_a_reason_without_its_facts_is_whole_too(language: Language) -> None:
    for code in REASONS:
        said = title(code, language)
        assert not re.search(r"[:;,(]\s*(?:…)?[).]*$", said), (code, said)
        assert said.endswith("."), (code, said)
        assert len(said.split()) >= LEAST, (code, said)


@pytest.mark.row("EXP-PLAIN")
def test_the_lines_between_them_are_sentences() -> None:
    for key, text in WORDS.items():
        if key.startswith(("line.", "dac.", "subject.", "interest.")) and key not in PARTS:
            assert text.endswith("."), (key, text)
            assert VERBS & set(re.findall("[a-z]+", text.lower())), (key, text)


PARTS = {"line.outcome", "line.and", "line.not_stated", "dac.gate", "dac.way"}
"""What holds a way and its answer, or a question and its state; and what is put between two things."""


@pytest.mark.parametrize(
    "said", ["HMB.", "Art 1(3).", "Baseline obligations.", "Evidence missing.", "OK.", "{n} suspended."]
)
def test_a_telegram_is_noticed(said: str) -> None:
    words = set(re.findall("[a-z]+", first(said).lower()))
    assert not (VERBS & words and len(said.split()) >= LEAST)
