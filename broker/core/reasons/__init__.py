"""The one closed list of reasons: the log, the HTTP body and the pages use the same words.

Codes are stored for ever: rows are added, never renamed or removed. A table per family of codes.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from broker.core.reasons import (
    applications,
    authentication,
    community,
    conduct,
    consent,
    duo,
    issuing,
    jurisdiction,
    repositories,
    rights,
    service,
    visas,
)
from broker.core.reasons.general_words import GENERAL_WORDS
from broker.core.reasons.language import ENGLISH, Language, Tongue, fingerprint
from broker.core.reasons.named_things import NAMED_THINGS
from broker.core.reasons.spec import Appeal, Interest, Spec
from broker.core.reasons.words import WORDS

__all__ = ["REASONS", "TEXTS_VERSION", "Appeal", "Interest", "Spec", "in_general", "sentence", "title"]


def _registry() -> Mapping[str, Spec]:
    found: dict[str, Spec] = {}
    for table in (
        consent,
        rights,
        duo,
        community,
        jurisdiction,
        conduct,
        authentication,
        visas,
        service,
        issuing,
        repositories,
        applications,
    ):
        for spec in table.SPECS:
            if spec.code in found:
                raise ValueError(f"{spec.code} is registered twice")
            found[spec.code] = spec
    return MappingProxyType(found)


REASONS = _registry()

_BRACKET = re.compile(r" \([^()]*\{\w+\}[^()]*\)")
_LAST = re.compile(r": \{\w+\}(?=\.?$)")
_SLOT = re.compile(r"\{\w+\}")


TEXTS_VERSION = fingerprint("".join([*map(str, REASONS.values()), *WORDS.values(), *NAMED_THINGS.values()]))
"""Which texts an explanation was told in: another sentence or word anywhere, another version."""


def sentence(code: str, facts: Mapping[str, str] | None = None, language: Language = ENGLISH) -> str:
    """The researcher's sentence for `code`, its slots filled from `facts`. KeyError for an unlisted code."""
    return Tongue(language).sentence(REASONS[code], "researcher", facts or {})


def title(code: str, language: Language = ENGLISH) -> str:
    """What a committee reads of `code`, without facts: the same for every refusal of its kind."""
    return _without_slots(_LAST.sub("", Tongue(language).template(REASONS[code], "dac")))


def in_general(code: str, language: Language = ENGLISH) -> str:
    """What may be said of `code` about many datasets at once: where its sentence rests on a fact, one in general."""
    tongue, key = Tongue(language), f"general.{code}"
    return tongue.word(key) if key in GENERAL_WORDS else _without_slots(tongue.template(REASONS[code], "researcher"))


def _without_slots(template: str) -> str:
    """`template` without brackets that hold a slot; any other slot is three dots."""
    return _SLOT.sub("…", _BRACKET.sub("", template))
