"""The one closed list of reasons: the log, the HTTP body and the pages use the same words.

Codes are stored for ever: rows are added, never renamed or removed. A table per family of codes.
"""

from collections.abc import Mapping
from types import MappingProxyType

from broker.core.reasons import (
    authentication,
    community,
    conduct,
    consent,
    duo,
    issuing,
    jurisdiction,
    rights,
    service,
    visas,
)
from broker.core.reasons.spec import Appeal, Interest, Spec

__all__ = ["REASONS", "Appeal", "Interest", "Spec", "sentence", "subject_sentence"]


def _registry() -> Mapping[str, Spec]:
    found: dict[str, Spec] = {}
    for table in (consent, rights, duo, community, jurisdiction, conduct, authentication, visas, service, issuing):
        for spec in table.SPECS:
            if spec.code in found:
                raise ValueError(f"{spec.code} is registered twice")
            found[spec.code] = spec
    return MappingProxyType(found)


REASONS = _registry()


class _Slots(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "not stated"


def sentence(code: str, facts: Mapping[str, str] | None = None) -> str:
    """The researcher's sentence for `code`, its slots filled from `facts`. KeyError for an unlisted code."""
    return REASONS[code].researcher.format_map(_Slots(facts or {}))


def subject_sentence(code: str, facts: Mapping[str, str] | None = None) -> str:
    """The participant's sentence for `code`, its slots filled from `facts`. KeyError for an unlisted code."""
    return REASONS[code].subject.format_map(_Slots(facts or {}))
