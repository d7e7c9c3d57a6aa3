"""Did a person write why themselves, or hand back what the rules already said? (EXPLAIN.md section 3)

A committee that repeats the machine has not thought about it, and its ground tells nobody anything.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_SENTENCE = re.compile(r"(?<=[.!?])\s+|[\n;]+")
_NO_LETTER = re.compile(r"[\W_]+")
_OWN = 10
"""Letters and digits that somebody must have added to a sentence of the rules."""
_TOLD = frozenset({"sentence", "sentences", "say", "audience_texts"})


def sentences_of(told: Any) -> list[str]:
    """Every sentence of an explanation, whichever view of it."""
    found = list[str]()
    _gather(told, found)
    return found


def is_copied(ground: str, said: Iterable[str]) -> bool:
    """Is there nothing in `ground` but what was `said` already? Case, spaces and punctuation make no difference."""
    known = {bare for text in said for one in _SENTENCE.split(text) if (bare := _bare(one))}
    written = [bare for one in _SENTENCE.split(ground) if (bare := _bare(one))]
    own = [one for one in written if one not in known]
    return len(own) < len(written) and sum(map(len, own)) < _OWN


def _gather(told: Any, found: list[str]) -> None:
    if isinstance(told, Mapping):
        for name, value in told.items():
            if name in _TOLD:
                found.extend(_leaves(value))
            elif not isinstance(value, str):
                _gather(value, found)
    elif isinstance(told, list | tuple):
        for value in told:
            _gather(value, found)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)


def _bare(text: str) -> str:
    return _NO_LETTER.sub("", text.casefold())
