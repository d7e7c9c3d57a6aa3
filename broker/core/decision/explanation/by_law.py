"""What would the law of every place involved take? The smallest changes that the packs permit, as steps to take.

`core/jurisdiction/fixes.py` finds them by asking the packs. Other ways of access are the ladder's, and not here.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from broker.core.decision.case import Case
from broker.core.decision.explanation.steps import COMMUNITY_SAID_YES, EVIDENCE, LOCATION, By, Step
from broker.core.jurisdiction.fixes import Change, lawful
from broker.core.jurisdiction.judge import judge

Steps = tuple[Step, ...]

_OTHER_FACTS: Mapping[str, str] = MappingProxyType({"request.ai_use": "purpose.ai_use"})
_PLACE = "request.processing_country"
_COMMUNITY = "community.approved"
_PARTICIPANTS = ("explicit_consent.", "pipl.separate_consent")
"""Evidence that participants give, to whoever holds the data."""


def lawful_steps(case: Case) -> list[Steps]:
    """Sets of steps after which the packs permit, the smallest first. Only what can be done about this question."""
    rulebook, at = case.snapshot.rulebook, case.question.at
    for facts in case.readings:
        if not judge(rulebook, facts, at).outcome.permits:
            made = (_steps(changes, case) for changes in lawful(rulebook, facts, at))
            return list(_least(steps for steps in made if steps is not None))
    return []


def _least(found: Iterable[Steps]) -> Iterator[Steps]:
    """Without those that ask for more of a number than another does."""
    seen: set[str] = set()
    for steps in found:
        numbers = {one.fact for one in steps if type(one.value) is int}
        if len(steps) > 1 or not numbers & seen:
            yield steps
        seen |= numbers


def _steps(changes: Iterable[Change], case: Case) -> Steps | None:
    """The changes as steps; None where one of its changes is another way of access, or nobody here could make it."""
    steps: list[Step] = []
    for change in changes:
        made = tuple(_step(change, case))
        if not made:
            return None
        steps += made
    return tuple(steps)


def _step(change: Change, case: Case) -> Iterator[Step]:
    purposeful = case.question.stage != "use" and case.question.purpose is not None
    if change.fact == EVIDENCE:
        yield from _papers(change.add, case)
    elif change.fact == _PLACE and purposeful:
        yield Step(fact="purpose.countries", how="set", value=(str(change.value),), by="you")
    elif change.fact == LOCATION:
        yield Step(fact=LOCATION, how="set", value=str(change.value), by="you")
    elif change.fact in _OTHER_FACTS and purposeful:
        yield Step(fact=_OTHER_FACTS[change.fact], how="set", value=change.value, by="you")
    elif change.fact.startswith("recipient.") and case.organisation is not None:
        yield Step(fact=change.fact, how="set", value=change.value, by="institution")


def _papers(wanted: tuple[str, ...], case: Case) -> Iterator[Step]:
    """Evidence, each from who can bring it. Nothing where one of them is nobody's to bring."""
    theirs: dict[By, list[str]] = {}
    for each in wanted:
        if each.startswith(_PARTICIPANTS):
            theirs.setdefault("custodian", []).append(each)
        elif each != _COMMUNITY:
            theirs.setdefault("institution", []).append(each)
    if "institution" in theirs and case.organisation is None:
        return
    if _COMMUNITY in wanted:
        yield COMMUNITY_SAID_YES
    yield from (Step(fact=EVIDENCE, how="add", value=tuple(each), by=by) for by, each in theirs.items())
