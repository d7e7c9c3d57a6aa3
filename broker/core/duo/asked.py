"""What a modifier's rule may look at."""

from dataclasses import dataclass

from broker.core.purpose import Purpose
from broker.core.time import Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The purpose, and what stands beside the modifier.

    `permissions`: the permission codes of the same dataset or consent. `today`: None takes every moratorium
    as still running. `strict`: the codes are a person's own consent (CONSENT_MODEL section 5).
    """

    purpose: Purpose
    permissions: frozenset[str] = frozenset()
    today: Day | None = None
    strict: bool = False
