"""Each view of each decision, read aloud in each language: sentences, with words in place of codes and names of fields."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from broker.core.decision.evaluate import evaluate
from broker.core.decision.explain import explain
from broker.core.decision.explanation import views
from broker.core.plain import plain
from broker.core.reasons import REASONS
from broker.core.reasons.language import Language
from broker.core.rows import Trace
from tests.core.decision import explained_worlds as worlds
from tests.core.reasons.test_whole_sentences import LANGUAGES

LEAST = 4
RAW = re.compile(r"\b(?:purpose|data|recipient|request|safeguards)\.[a-z_]+\b|\b[a-z]+_[a-z_]+=")
"""Names of facts and fields, as programs write them."""


@cache
def bodies() -> tuple[tuple[str, Any], ...]:
    found = []
    for name, (question, snapshot) in worlds.every():
        decision = evaluate(question, snapshot)
        row = worlds.traced(question, decision, explain(question, decision, snapshot), snapshot).row
        assert isinstance(row, Trace)
        found.append((name, plain(row.body)))
    return tuple(found)


def read(told: Any) -> Iterator[str]:
    """Every sentence in a view, wherever it stands."""
    if isinstance(told, dict):
        for name, value in told.items():
            if name == "sentence":
                yield value
            elif name in ("sentences", "audience_texts"):
                yield from value.values()
            else:
                yield from read(value)
    elif isinstance(told, list):
        for one in told:
            yield from read(one)


@pytest.mark.row("EXP-PLAIN")
@pytest.mark.parametrize("language", LANGUAGES, ids=[one.tag for one in LANGUAGES])
@pytest.mark.parametrize("view", [views.committee, views.researcher])
def test_every_sentence_of_every_view_is_one(language: Language, view: Any) -> None:
    seen = 0
    for name, body in bodies():
        told = view("dec_1", body, language) or {}
        for text in read(told):
            seen += 1
            assert text.endswith((".", "?")), (name, text)
            assert len(text.split()) >= LEAST, (name, text)
            assert not [code for code in REASONS if re.search(rf"\b{code}\b", text)], (name, text)
            assert not RAW.search(text), (name, text)
    assert seen > len(bodies())
