"""Does this match expression fit this text? (Passport 1.2.1 "conditions": `const`, `pattern`, `split_pattern`)

Patterns know `?` (one character) and `*` (any run, also none), no escapes, and must fit the whole text. The
matcher follows all ways at once, one bit per place in the pattern: time grows with the text, never faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from broker.core.passport import limits


class Match(StrEnum):
    """The three ways to compare; every other prefix is unknown and never matches."""

    CONST = "const"
    PATTERN = "pattern"
    SPLIT_PATTERN = "split_pattern"


@dataclass(frozen=True, slots=True)
class Expression:
    """A match expression, read: `const:a:b` is `Expression(CONST, "a:b")`."""

    match: Match
    text: str

    def fits(self, value: str) -> bool:
        """Does `value` fit? Characters are code points, compared as they are. Too long for a visa is no."""
        if self.match is Match.CONST:
            return self.text == value
        if max(len(self.text), len(value)) > limits.PATTERN:
            return False
        places = _places(self.text)
        parts = value.split(";") if self.match is Match.SPLIT_PATTERN else (value,)
        return any(_passes(places, part) for part in parts)


def parse(text: str) -> Expression | None:
    """The expression, split at the first colon; None if its prefix is missing or unknown: it fits nothing."""
    prefix, colon, suffix = text.partition(":")
    if not colon or prefix not in _PREFIXES:
        return None
    return Expression(_PREFIXES[prefix], suffix)


_PREFIXES = {match.value: match for match in Match}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """A pattern as bit masks: where each character fits, where any one fits, where a star may stay."""

    fits: Mapping[str, int]
    wild: int
    stay: int
    length: int
    """Its characters, stars not counted."""


def _places(pattern: str) -> _Places:
    fits: dict[str, int] = {}
    wild = stay = length = 0
    for character in pattern:
        bit = 1 << length
        if character == "*":
            stay |= bit
            continue
        if character == "?":
            wild |= bit
        else:
            fits[character] = fits.get(character, 0) | bit
        length += 1
    return _Places(fits=fits, wild=wild, stay=stay, length=length)


def _passes(places: _Places, text: str) -> bool:
    """Bit i of `reached`: the first i characters of the pattern fit what was read so far."""
    fits, wild, stay, reached = places.fits, places.wild, places.stay, 1
    for character in text:
        reached = (reached & (fits.get(character, 0) | wild)) << 1 | (reached & stay)
        if not reached:
            return False
    return bool(reached >> places.length & 1)
