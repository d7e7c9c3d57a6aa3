"""The words of fields in which people choose things by their names; part of the words of the pages."""

from collections.abc import Mapping
from types import MappingProxyType

PICK_WORDS: Mapping[str, str] = MappingProxyType({
    "pick.title.diseases": "Find a disease",
    "pick.title.datasets": "Find data",
    "pick.words": "Words of a name",
    "pick.how": "Write some words of a name, and tick what you mean among what is found. There can be several.",
    "pick.how_one": "Write some words of a name, and tick what you mean among what is found.",
    "pick.go": "Find",
    "pick.found": "Found: {n}. Tick what you mean.",
    "pick.most": "The {n} nearest of many. Write more words to see fewer.",
    "pick.none": "Nothing has these words in its name. Try fewer words, or another name.",
    "pick.no_more": "Nothing else has these words in its name.",
    "pick.cut": "More were chosen than can be: the first {n} are shown, and {found} others are left out when you send this.",
    "pick.too_many": "{question}: you can choose {n} at most. What is beyond that is not shown.",
    "pick.none_of_them": "None of them",
    "pick.lost": "Nothing could be looked up just now. Your words are still there: press the button to try again.",
    "pick.choose": "{question}: “{text}” is not the whole name of one. Tick what you mean among what was found, or empty the field.",
    "pick.unknown": "{question}: nothing was found for “{text}”. Write fewer words or another name, or empty the field.",
})  # fmt: skip
"""By key."""
