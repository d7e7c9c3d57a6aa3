"""What a code of data use means, in words."""

from broker.core.duo.vocabulary import ENTRIES, Entry, TermKind
from broker.core.reasons.language import Tongue


def word_of(entry: Entry) -> str:
    """The key of the word for a permission or a condition."""
    return "duo." + entry.shorthand.lower()


def label(code: str, tongue: Tongue) -> str:
    """What a code means, in words; a code that may not stand on a dataset, as the ontology calls it."""
    entry = ENTRIES.get(code)
    if entry is None or entry.kind not in (TermKind.PERMISSION, TermKind.MODIFIER):
        return entry.label if entry is not None else code
    return tongue.word(word_of(entry))
