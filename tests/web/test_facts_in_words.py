"""What a committee reads of facts: no word of programs, wherever the list of words is closed or a pack of ours asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from broker.core.jurisdiction.facts import KINDS, WORDS
from broker.core.purpose import DUAL_USE, PROHIBITED, AiUse, Kind, Modality, Organisation, Sensitive
from broker.core.reasons.language import EVERY_WORD, Language, Tongue
from broker.core.safeguards import REQUIRED
from broker.web.pages.judged import word_of
from tests.core.reasons.test_translations import LANGUAGES

CONFIG = Path(__file__).parents[2] / "config"
OF_FORMS: dict[str, tuple[str, ...]] = {
    "request.modality": tuple(Modality), "request.ai_use": get_args(AiUse), "purpose.ai_use": get_args(AiUse),
    "purpose.kinds": tuple(Kind), "purpose.sensitive": tuple(Sensitive), "purpose.organisation": get_args(Organisation),
    "request.purpose_flags": (*PROHIBITED, DUAL_USE),
}  # fmt: skip
READ = ("word", "words")


def compared(node: Any) -> Iterator[tuple[str, str]]:
    """Every word that a pack compares a fact with."""
    if isinstance(node, dict):
        said = node.get("value")
        if isinstance(node.get("fact"), str):
            yield from (
                (node["fact"], one) for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)
            )
        for one in node.values():
            yield from compared(one)
    elif isinstance(node, list):
        for one in node:
            yield from compared(one)


def stated(node: Any) -> Iterator[tuple[str, str]]:
    """Every word that the demo's catalogue states of a fact."""
    if isinstance(node, dict):
        for name, said in node.items():
            if KINDS.get(name) in READ:
                yield from ((name, one) for one in (said if isinstance(said, list) else [said]))
            yield from stated(said)
    elif isinstance(node, list):
        for one in node:
            yield from stated(one)


def asked() -> set[tuple[str, str]]:
    closed = {(fact, word) for lists in (WORDS, OF_FORMS) for fact, words in lists.items() for word in words}
    packs = {
        one
        for path in (CONFIG / "policies").glob("*.yaml")
        for one in compared(yaml.safe_load(path.read_text("utf-8")))
    }
    demo = set(stated(yaml.safe_load((CONFIG / "demo" / "catalogue.yaml").read_text("utf-8"))))
    assert len(packs) > 10
    assert demo
    return {(fact, str(word)) for fact, word in closed | packs | demo if fact not in KINDS or KINDS[fact] in READ}


@pytest.mark.row("PAG-WORDS")
@pytest.mark.parametrize("language", [Language(tag="en"), *LANGUAGES.values()], ids=["en", *LANGUAGES])
def test_no_committee_reads_a_word_of_programs(language: Language) -> None:
    """A new value, or a pack that asks about one, needs its words."""
    tongue, keys = Tongue(language), {one: word_of(*one) for one in asked()}
    assert [one for one, key in keys.items() if key is None] == []
    assert all(tongue.word(key) for key in keys.values() if key is not None)
    assert not tongue.stale


def test_what_a_registration_lacks_is_said_in_words() -> None:
    assert {f"fact.safeguards.{member}" for member, _ in REQUIRED} <= EVERY_WORD.keys()


@pytest.mark.row("PAG-WORDS")
def test_every_word_of_a_fact_is_of_one_that_there_is() -> None:
    facts = {key.removeprefix("value.").rpartition(".")[0] for key in EVERY_WORD if key.startswith("value.")}
    assert facts <= KINDS.keys()
    assert word_of("data.category", "of our own pack") is None
