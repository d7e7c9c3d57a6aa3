"""The policy packs alone: a question that was put before, one that was not, and what would help."""

from dataclasses import replace

from broker.core.jurisdiction.fixes import fixes
from broker.core.jurisdiction.judge import judge
from broker.core.jurisdiction.rulebook import Rulebook
from tests.bench.decision import every_pack
from tests.bench.measure import Goal
from tests.core.jurisdiction.jurisdiction_world import HOME, NOW

_TIMES = 200
_HELP = 10
_ABROAD = {
    **HOME,
    "recipient.country": "US",
    "recipient.individual_location": "US",
    "request.processing_country": "SG",
    "recipient.can_sign_scc": True,
    "data.community_governed": True,
}
"""Two packs stand in the way, and no change alone helps."""


def goals() -> tuple[Goal, ...]:
    """The goals of the packs."""
    rules = every_pack()
    assert judge(rules, HOME, NOW).outcome.permits
    assert fixes(rules, _ABROAD, NOW)
    return (
        Goal(name="13 packs, a permit that was asked for before", micros=10, run=lambda: _again(rules), times=_TIMES),
        Goal(name="13 packs, a permit that was never asked for", micros=60, run=lambda: _anew(rules)),
        Goal(name="the least change that would help, found", micros=1500, run=lambda: _help(rules), times=_HELP),
    )


def _again(rules: Rulebook) -> None:
    for _ in range(_TIMES):
        judge(rules, HOME, NOW)


def _anew(rules: Rulebook) -> None:
    """A copy of the period remembers nothing."""
    period = rules.at(NOW)
    judge(replace(rules, periods=tuple(replace(one) if one is period else one for one in rules.periods)), HOME, NOW)


def _help(rules: Rulebook) -> None:
    for _ in range(_HELP):
        fixes(rules, _ABROAD, NOW)
