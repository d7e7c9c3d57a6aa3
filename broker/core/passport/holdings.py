"""What do the visas that count amount to: grants, terms, registered access, and for how long? (Passport 1.2.1)"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from broker.core.passport.evaluate import Accepted, Evaluation
from broker.core.passport.visa import RESEARCHER, TERMS
from broker.core.time import Seconds

REGISTERED_ACCESS = "https://doi.org/10.1038/s41431-018-0219-y"
"""The version of Registered Access that both of its visas must name (Passport "Registered Access")."""


def grants_for(evaluation: Evaluation, dataset: str, sources: AbstractSet[str] | None = None) -> tuple[Accepted, ...]:
    """The ControlledAccessGrants that open exactly `dataset`, the one that lasts longest first.

    `sources`: the organisations whose grants this dataset takes; None: whom the trust rows bind is enough.
    """
    return _best_first(
        one for one in evaluation.accepted if one.dataset == dataset and (sources is None or one.visa.source in sources)
    )


def held(evaluation: Evaluation, type_: str, value: str) -> tuple[Accepted, ...]:
    """The accepted visas of this type with exactly this value (terms of use, for example), best first."""
    return _best_first(one for one in evaluation.accepted if one.visa.type == type_ and one.visa.value == value)


def registered(evaluation: Evaluation, version: str = REGISTERED_ACCESS) -> tuple[Accepted, Accepted] | None:
    """The two visas of Registered Access, both of the same version; None if one is missing."""
    terms, status = held(evaluation, TERMS, version), held(evaluation, RESEARCHER, version)
    return (terms[0], status[0]) if terms and status else None


def _best_first(found: Iterable[Accepted]) -> tuple[Accepted, ...]:
    return tuple(sorted(found, key=lambda one: (-one.ends, one.visa.digest)))


def lasts(accepted: Iterable[Accepted], at: Seconds, ttl: Seconds) -> bool:
    """May something that lives `ttl` seconds from `at` be issued on these? Strictly less (Option A and B).

    Nothing to rest on is no.
    """
    ends = [one.ends for one in accepted]
    return bool(ends) and at + ttl < min(ends)
