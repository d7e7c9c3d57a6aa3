"""Reads the translations of the reasons: a folder per language, a file per family of codes (config/texts).

What a file may say: `language`, `reviewed`, and under `sentences` or `words` each translation with the fingerprint of
the English that it was made from. A file with any error is refused whole, with its line.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any

from broker.adapters.figures import figures_of
from broker.adapters.yaml_files import Document, Where, YamlFileError, load_yaml
from broker.core.reasons import REASONS
from broker.core.reasons.language import AUDIENCES, ENGLISH, EVERY_WORD, Language, Text

SCHEMA = "broker.texts/1"


def load_languages(folder: Path) -> Mapping[str, Language]:
    """Every language in `folder`, by tag, and English. YamlFileError for a file that says anything else."""
    found: dict[str, Language] = {ENGLISH.tag: replace(ENGLISH, figures=figures_of(ENGLISH.tag))}
    for part in sorted(folder.iterdir()) if folder.is_dir() else ():
        sentences: dict[str, Text] = {}
        words: dict[str, Text] = {}
        for file in sorted(part.glob("*.yaml")):
            _read(load_yaml(file, anchors=False), part.name, sentences, words)
        found[part.name] = Language(tag=part.name, sentences=sentences, words=words, figures=figures_of(part.name))
    return found


def _read(document: Document, tag: str, sentences: dict[str, Text], words: dict[str, Text]) -> None:
    said = document.value
    if not isinstance(said, dict) or said.get("schema") != SCHEMA or said.get("language") != tag:
        raise _wrong(document, (), f"not {SCHEMA} for the language {tag}")
    if unknown := said.keys() - {"schema", "language", "sentences", "words"}:
        raise _wrong(document, (min(unknown),), "no such member")
    for code, one in (said.get("sentences") or {}).items():
        where = ("sentences", code)
        if code not in REASONS or code in sentences:
            raise _wrong(document, where, f"{code}: no such code, or translated twice")
        english: dict[str, str] = {name: getattr(REASONS[code], name) for name in AUDIENCES}
        sentences[code] = _text(document, where, one, english)
    for key, one in (said.get("words") or {}).items():
        where = ("words", key)
        if key not in EVERY_WORD or key in words:
            raise _wrong(document, where, f"{key}: no such word, or translated twice")
        words[key] = _text(document, where, one, {"all": EVERY_WORD[key]})


def _text(document: Document, where: Where, said: Any, english: Mapping[str, str]) -> Text:
    if not isinstance(said, dict) or said.keys() != {"source", "reviewed", *english}:
        raise _wrong(document, where, f"needs source, reviewed, {', '.join(english)}")
    texts = {name: said[name] for name in english}
    if not all(isinstance(one, str) for one in (said["source"], *texts.values())) or type(said["reviewed"]) is not bool:
        raise _wrong(document, where, "source and texts are texts, reviewed is true or false")
    for name, text in texts.items():
        if not slots(text) <= slots(english[name]):
            raise _wrong(document, (*where, name), "a slot that the English does not have")
    return Text(told=texts, source=said["source"], reviewed=said["reviewed"])


def slots(template: str) -> set[str]:
    """The names in braces. ValueError for a template that is none."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _wrong(document: Document, where: Where, why: str) -> YamlFileError:
    return YamlFileError(document.file, document.line(where), why)
