"""Every sentence and fixed word in every language, made from the English that is told now, with the same slots.

A new code needs its translation: the failure prints what to write, with the fingerprint of its English. Whoever
changes an English sentence looks at the translation, mends it, and then its fingerprint.
"""

from pathlib import Path

import pytest

from broker.adapters.languages import load_languages, slots
from broker.adapters.yaml_files import YamlFileError
from broker.core.reasons import REASONS
from broker.core.reasons.language import AUDIENCES, ENGLISH, EVERY_WORD, Language, Text, Tongue, fingerprint, source_of

CONFIG = Path(__file__).parents[3] / "config" / "texts"
LANGUAGES = {tag: language for tag, language in load_languages(CONFIG).items() if tag != ENGLISH.tag}
languages = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)


def test_spanish_is_one_of_them() -> None:
    assert "es" in LANGUAGES


@pytest.mark.row("EXP-WORDS")
@languages
def test_every_code_is_translated_from_the_english_of_now(language: Language) -> None:
    stubs = [
        f'  {code}:\n    source: "{fingerprint(source_of(spec))}"\n    reviewed: false\n'
        f"    researcher: {spec.researcher}\n    dac: {spec.dac}\n    subject: {spec.subject}"
        for code, spec in REASONS.items()
        if (found := language.sentences.get(code)) is None or found.source != fingerprint(source_of(spec))
    ]
    assert not stubs, "\n".join(["missing or stale in config/texts:", *stubs])


@languages
def test_every_word_is_translated_from_the_english_of_now(language: Language) -> None:
    stubs = [
        f'  {key}:\n    source: "{fingerprint(english)}"\n    reviewed: false\n    all: {english}'
        for key, english in EVERY_WORD.items()
        if (found := language.words.get(key)) is None or found.source != fingerprint(english)
    ]
    assert not stubs, "\n".join(["missing or stale in config/texts:", *stubs])


@languages
def test_a_translation_says_all_that_the_english_says(language: Language) -> None:
    for code, text in language.sentences.items():
        for audience in AUDIENCES:
            assert slots(text.told[audience]) == slots(getattr(REASONS[code], audience)), (code, audience)
            assert text.told[audience].strip()
    for key, text in language.words.items():
        assert slots(text.told["all"]) == slots(EVERY_WORD[key]), key


@languages
def test_nothing_is_called_reviewed_that_no_person_has_signed(language: Language) -> None:
    assert not [code for code, text in (*language.sentences.items(), *language.words.items()) if text.reviewed]


@pytest.mark.row("EXP-WORDS")
def test_a_stale_translation_is_told_in_english_and_says_so() -> None:
    spec = REASONS["DUO-HMB"]
    fresh = Text({"researcher": "Sí.", "dac": "Sí.", "subject": "Sí."}, fingerprint(source_of(spec)), reviewed=True)
    told = Tongue(Language(tag="es", sentences={"DUO-HMB": fresh}))
    assert (told.sentence(spec, "researcher", {}), told.stale, told.reviewed) == ("Sí.", False, True)
    old = Text(fresh.told, "0" * 12, reviewed=True)
    told = Tongue(Language(tag="es", sentences={"DUO-HMB": old}))
    assert (told.sentence(spec, "researcher", {}), told.stale) == (spec.researcher, True)


def test_what_was_told_in_other_words_then_is_told_in_those() -> None:
    """A sentence that has changed since is not translated: its translation is another sentence's."""
    spec = REASONS["DUO-HMB"]
    told = Tongue(LANGUAGES["es"])
    assert (told.sentence(spec, "researcher", {}, stored="As it was."), told.stale) == ("As it was.", True)


GOOD = 'schema: broker.texts/1\nlanguage: xx\nwords:\n  state.pass: {source: "0", reviewed: false, all: ok}\n'
WRONG = [
    (GOOD.replace("texts/1", "texts/2"), "not broker.texts/1"),
    (GOOD.replace("language: xx", "language: yy"), "for the language xx"),
    (GOOD.replace("state.pass", "state.past"), "no such word"),
    (GOOD.replace(", all: ok", ""), "needs source, reviewed, all"),
    (GOOD.replace("reviewed: false", "reviewed: maybe"), "reviewed is true or false"),
    (GOOD.replace("all: ok", "all: '{who}'"), "a slot that the English does not have"),
    (GOOD + "sentences:\n  NO-SUCH: {}\n", "no such code"),
    (GOOD + "more: {}\n", "no such member"),
]


@pytest.mark.parametrize(("text", "why"), WRONG)
def test_a_file_with_an_error_is_refused_whole(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx" / "words.yaml").write_text(GOOD, "utf-8")
    assert load_languages(tmp_path)["xx"].words["state.pass"].told == {"all": "ok"}
    (tmp_path / "xx" / "words.yaml").write_text(text, "utf-8")
    with pytest.raises(YamlFileError, match=why):
        load_languages(tmp_path)
