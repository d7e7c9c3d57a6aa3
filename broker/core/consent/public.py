"""What may researchers, repositories and the public learn about why somebody is left out? Nothing but that. (ruling 10)

Apply it to the reasons of `judge`, never to those of `judge_certificate`, which are the same whoever the
participants are. The true codes stay in the trace, for the auditor, the custodian and the person.
"""

from collections.abc import Iterable

from broker.core.outcome import Reason
from broker.core.reasons import REASONS

LEFT_OUT = "CON-LEFT-OUT"

_OF_THE_SET = frozenset({"CON-TOO-FEW"})
"""What of a set may be told. That a file is mixed is not in it: it says that somebody refused, and not only waits."""
_FROM_ELSEWHERE = frozenset({"DUO-DATASET-NARROWER", "COM-REFUSED", "COM-APPROVAL-NEEDED", "COM-LOCAL-ONLY"})
"""Codes of other tables that consent gives one participant, and not another."""

PER_SUBJECT = _FROM_ELSEWHERE | {
    code for code in REASONS if code.startswith("CON-") and code not in _OF_THE_SET and code != LEFT_OUT
}
"""Every code that says something about participants."""


def public_reasons(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """`reasons` with one code, one sentence and no fact in place of everything that concerns participants.

    What belongs to the set stays, without facts; the order does not depend on what was replaced.
    """
    codes = {LEFT_OUT if one.code in PER_SUBJECT else one.code for one in reasons}
    return tuple(Reason(code=code) for code in sorted(codes))
