"""In which words is a reason told? English is the source; every other language says which English it was made from.

A translation carries the fingerprint of its English sentence. Where the English has changed since, it is stale, and
the English is told, with a note (EXPLAIN section 5, rule 7). Nothing else ever fills a slot than registered facts.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from broker.core.reasons.adding_words import ADDING_WORDS
from broker.core.reasons.admin_words import ADMIN_WORDS
from broker.core.reasons.alert_words import ALERT_WORDS
from broker.core.reasons.community_words import COMMUNITY_WORDS
from broker.core.reasons.consultation_words import CONSULTATION_WORDS
from broker.core.reasons.entry_words import ENTRY_WORDS
from broker.core.reasons.figures import BARE, Figures, written
from broker.core.reasons.finding_words import FINDING_WORDS
from broker.core.reasons.found_words import FOUND_WORDS
from broker.core.reasons.general_words import GENERAL_WORDS
from broker.core.reasons.grant_words import GRANT_WORDS
from broker.core.reasons.named_things import NAMED_THINGS
from broker.core.reasons.notice_words import NOTICE_WORDS
from broker.core.reasons.origin_words import ORIGIN_WORDS
from broker.core.reasons.pack_words import PACK_WORDS
from broker.core.reasons.page_words import PAGE_WORDS
from broker.core.reasons.participant_words import PARTICIPANT_WORDS
from broker.core.reasons.pick_words import PICK_WORDS
from broker.core.reasons.public_words import PUBLIC_WORDS
from broker.core.reasons.rights_words import RIGHTS_WORDS
from broker.core.reasons.said_words import SAID_WORDS
from broker.core.reasons.signing_words import SIGNING_WORDS
from broker.core.reasons.spec import Spec
from broker.core.reasons.together_words import TOGETHER_WORDS
from broker.core.reasons.value_words import VALUE_WORDS
from broker.core.reasons.words import WORDS

Audience = Literal["researcher", "dac", "subject"]
AUDIENCES: tuple[Audience, ...] = ("researcher", "dac", "subject")

_NOT_STATED = "line.not_stated"
EVERY_WORD: Mapping[str, str] = {
    **WORDS,
    **NAMED_THINGS,
    **VALUE_WORDS,
    **PAGE_WORDS,
    **PICK_WORDS,
    **GRANT_WORDS,
    **PARTICIPANT_WORDS,
    **COMMUNITY_WORDS,
    **ORIGIN_WORDS,
    **CONSULTATION_WORDS,
    **ALERT_WORDS,
    **ENTRY_WORDS,
    **FINDING_WORDS,
    **FOUND_WORDS,
    **SIGNING_WORDS,
    **ADDING_WORDS,
    **ADMIN_WORDS,
    **PACK_WORDS,
    **NOTICE_WORDS,
    **PUBLIC_WORDS,
    **RIGHTS_WORDS,
    **TOGETHER_WORDS,
    **GENERAL_WORDS,
    **SAID_WORDS,
}
"""By key, in English: the words of explanations, of what they name, and those of the pages."""

_Named = Literal["fact", "evidence", "role", "parameter", "list"]
_NAMING: Mapping[str, _Named] = {
    "missing": "fact",
    "keys": "fact",
    "evidence": "evidence",
    "roles": "role",
    "parameter": "parameter",
}
"""Slots that list ids, and what kind of thing each id names."""
_KEYS: Mapping[str, Mapping[str, str]] = {
    "purpose": {EVERY_WORD[key]: key for key in EVERY_WORD if key.startswith("doing.")},
    "permission": {EVERY_WORD[key]: key for key in EVERY_WORD if key.startswith("duo.")},
    "topics": {key.removeprefix("topic.").replace("_", " "): key for key in EVERY_WORD if key.startswith("topic.")},
}
"""Slots that hold phrases of a closed list, and the keys of the words for them."""


@dataclass(frozen=True, slots=True)
class Text:
    """A translation. `source`: the fingerprint of the English that it was made from. `reviewed`: by a person.

    `told`: by audience; a fixed word has one text for all, under `all`.
    """

    told: Mapping[str, str]
    source: str
    reviewed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`tag`: BCP 47. `sentences`: by code. `words`: by key. What is missing is told in English.

    `figures`: how it writes days, numbers and places.
    """

    tag: str
    sentences: Mapping[str, Text] = field(default_factory=dict)
    words: Mapping[str, Text] = field(default_factory=dict)
    figures: Figures = BARE


ENGLISH = Language(tag="en")
"""As explanations keep it: with days, numbers and places as machines write them."""


def best(wanted: Iterable[str], languages: Mapping[str, Language]) -> Language:
    """The first of `wanted` (tags or longer ones, `es-MX`) that there is; English where there is none of them."""
    for tag in wanted:
        found = languages.get(tag.lower()) or languages.get(tag.lower().partition("-")[0])
        if found is not None:
            return found
    return languages.get(ENGLISH.tag, ENGLISH)


@lru_cache(maxsize=4096)
def fingerprint(english: str) -> str:
    """What a translation remembers of its source: the first 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(english.encode()).hexdigest()[:12]


def source_of(spec: Spec) -> str:
    """The English that a translation of a code is made from: its three sentences."""
    return f"{spec.researcher}\n{spec.dac}\n{spec.subject}"


class _Slots(dict[str, str]):
    empty: str

    def __missing__(self, key: str) -> str:
        return self.empty


def filled(template: str, slots: Mapping[str, str], empty: str = WORDS[_NOT_STATED]) -> str:
    """`template` with its slots; a slot without a fact says that it was not stated."""
    made = _Slots(slots)
    made.empty = empty
    return template.format_map(made)


@dataclass(slots=True)
class Tongue:
    """One telling in one language. Afterwards it knows whether all of it was in that language, and reviewed."""

    language: Language = ENGLISH
    stale: bool = False
    reviewed: bool = True

    def word(self, key: str, **slots: str | int) -> str:
        """A fixed word or line."""
        english = EVERY_WORD[key]
        template = self._of(self.language.words.get(key), "all", english, english)
        return filled(template, written(slots, self.language.figures, self.place))

    def sentence(
        self,
        spec: Spec,
        audience: Audience,
        slots: Mapping[str, str],
        stored: str | None = None,
        english: Mapping[str, str] | None = None,
    ) -> str:
        """The sentence of a reason. `stored`: the English that was told at the time, which holds if it differs.

        `english`: the slots for the English, where `slots` hold words of this language.
        """
        told = filled(str(getattr(spec, audience)), _in_words(english or slots, Tongue()))
        if stored is not None and stored != told:
            self.stale = self.stale or self.language.tag != ENGLISH.tag
            return stored
        found = self.template(spec, audience)
        if self.language is ENGLISH:
            return told
        slots = written(_in_words(slots, self), self.language.figures, self.place)
        try:
            return found.format_map(slots)
        except KeyError:
            return filled(found, slots, self.word(_NOT_STATED))

    def thing(self, kind: _Named, id: str) -> str:
        """What a fact, a paper or a role is called, with what follows its colon; the id itself, if it is of somebody's own pack."""
        name, _, value = id.partition(":")
        key = f"{kind}.{name}"
        return self.word(key, value=value) if key in NAMED_THINGS else id

    def place(self, code: str) -> str:
        """A country or a region by its name; one that nobody knows as it was written."""
        key, figures = f"place.{code}", self.language.figures
        return self.word(key) if key in NAMED_THINGS and figures is not BARE else figures.place(code)

    def duty(self, obligation: str) -> str:
        """A condition of a yes, as a sentence; the id itself, if it is of somebody's own pack."""
        name, _, value = obligation.partition(":")
        key, values = f"duty.{name}", value.split(",")
        shown = map(self.place, values) if name == "process_only_in" else values
        return self.word(key, value=", ".join(shown)) if key in NAMED_THINGS else obligation

    def template(self, spec: Spec, audience: Audience) -> str:
        """The sentence of a reason, with its slots open."""
        english = str(getattr(spec, audience))
        return self._of(self.language.sentences.get(spec.code), audience, source_of(spec), english)

    def _of(self, translated: Text | None, key: str, source: str, english: str) -> str:
        if self.language.tag == ENGLISH.tag:
            return english
        if translated is None or translated.source != fingerprint(source):
            self.stale = True
            return english
        self.reviewed = self.reviewed and translated.reviewed
        return translated.told[key]


def _in_words(slots: Mapping[str, str], tongue: Tongue) -> Mapping[str, str]:
    """`slots` with words in place of the ids of facts and papers."""
    named = {slot: kind for slot, kind in _NAMING.items() if slot in slots}
    phrased = {slot: keys for slot, keys in _KEYS.items() if slot in slots}
    if not named and not phrased:
        return slots
    said = {slot: ", ".join(tongue.thing(kind, id) for id in slots[slot].split(", ")) for slot, kind in named.items()}
    for slot, keys in phrased.items():
        each = slots[slot].split(", ") if slot == "topics" else [slots[slot]]
        said[slot] = ", ".join(tongue.word(keys[one]) if one in keys else one for one in each)
    return {**slots, **said}


def notes(tongue: Tongue) -> list[str]:
    """What is to be said of a telling: that parts of it are not in its language, or that nobody has reviewed it."""
    stale, reviewed = tongue.stale, tongue.reviewed
    found = [tongue.word("line.stale")] if stale else []
    return [*found, *([tongue.word("line.unreviewed")] if not reviewed else [])]
