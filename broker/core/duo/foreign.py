"""What is left of use conditions that were written in another language, once they are DUO codes?

What DUO cannot say is kept in words, as a research restriction (RS) in free text, which always goes to a person:
reading a foreign document may narrow what it allows and never widens it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.core.duo.terms import MAX_TEXT, Term
from broker.core.duo.vocabulary import RS

UNKNOWN_PLACE = "a place that is not known here: write its ISO 3166 code or a region"


@dataclass(frozen=True, slots=True)
class Note:
    """Something for a person to look at. `where`: the member of the document, or what it does not state."""

    where: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A foreign document as DUO codes. With no note, the codes say what it says, and no less."""

    title: str
    terms: tuple[Term, ...]
    notes: tuple[Note, ...]


def words(text: str) -> Term:
    """A condition that no DUO code says: a person reads it."""
    return Term(code=RS, text=text[:MAX_TEXT])


def members(where: str, raw: object, known: frozenset[str]) -> Mapping[str, object]:
    """An object with no members but `known`; what is null was not given. ValueError names the place."""
    if not isinstance(raw, Mapping):
        raise ValueError(f"{where or 'the document'}: not an object")  # noqa: TRY004 (one kind of error for a document)
    dot = f"{where}." if where else ""
    for name in raw:
        if name not in known:
            raise ValueError(f"{dot}{str(name)[:40]}: no such member")
    return {name: value for name, value in raw.items() if value is not None}


def items(where: str, raw: object, most: int) -> list[tuple[str, object]]:
    """The values of a list, each with its place; `most` of them."""
    if not isinstance(raw, list | tuple) or len(raw) > most:
        raise ValueError(f"{where}: not a list of at most {most}")
    return [(f"{where}[{place}]", one) for place, one in enumerate(raw)]


def text(where: str, raw: object) -> str:
    """A text of 1 to 2,000 characters."""
    if not isinstance(raw, str) or not raw.strip() or len(raw) > MAX_TEXT:
        raise ValueError(f"{where}: not a text of 1 to {MAX_TEXT} characters")
    return raw


def word(where: str, raw: object, known: Mapping[str, str]) -> str:
    """What `known` calls this word, whatever its case."""
    found = known.get(raw.casefold().strip()) if isinstance(raw, str) else None
    if found is None:
        raise ValueError(f"{where}: none of {', '.join(dict.fromkeys(known.values()))}")
    return found
