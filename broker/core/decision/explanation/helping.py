"""What is the least that would have to change for the answer to be yes? Found by evaluating, never by guessing.

Each gate that stands in the way is asked by itself what would move it: one step, or, where no single step does, the
steps that help together, without one that is not needed. What is promised in the end was evaluated as a whole.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from broker.core.decision.case import Case, case_of
from broker.core.decision.entitlement import entitlements
from broker.core.decision.explanation.by_law import lawful_steps
from broker.core.decision.explanation.candidates import candidates
from broker.core.decision.explanation.people import about_people
from broker.core.decision.explanation.steps import EVIDENCE, GRANT, LOCATION, SAFEGUARDS, Step, applied
from broker.core.decision.findings import answered
from broker.core.decision.gates import GATES
from broker.core.decision.question import Decision, Question
from broker.core.decision.together import together
from broker.core.outcome import Gate, GateResult, Outcome

MOST = 3
"""How many changes are told."""

_TRIED = 12
"""How many sets of steps are evaluated as a whole, at most."""

_OF_PURPOSE = (Gate.DUO, Gate.CONSENT)
"""They read the purpose and the places, and neither evidence nor what else an institution can show."""

Steps = tuple[Step, ...]
Ask = Callable[[Case], GateResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Steps that together lead to `outcome`, as evaluated."""

    steps: Steps
    outcome: Outcome


def helpful(question: Question, decision: Decision, case: Case) -> tuple[Change, ...]:
    """The changes that lead to a permit, the smallest first; none where participants' consents say no.

    A suggestion that depends on what somebody agreed to would tell what they agreed to (ruling 10).
    """
    if decision.permits or len(decision.gates) != len(GATES):
        return ()
    refusing = [(ask, said) for ask, said in zip(GATES, decision.gates, strict=True) if not said.outcome.permits]
    if any(about_people(said, question) for _, said in refusing):
        return ()
    options = [_options(ask, said, case) for ask, said in refusing]
    if not all(options):
        return ()
    return _least(_sets(options), decision, case, whole=len(options) == 1)


def _sets(options: list[list[Steps]]) -> Iterator[Steps]:
    """What moves one gate may move them all; then something for every gate."""
    if len(options) > 1:
        yield from dict.fromkeys(steps for sets in options for steps in sets)
    for chosen in product(*options):
        yield tuple(dict.fromkeys(step for steps in chosen for step in steps))


def _least(sets: Iterable[Steps], decision: Decision, case: Case, *, whole: bool) -> tuple[Change, ...]:
    """Those that lead to a permit, as a whole, without a step to spare; the smallest first.

    `whole`: they were found for the only gate that stands in the way, and so have no step to spare.
    """

    def after(steps: Steps) -> Outcome | None:
        return _outcome(steps, decision, case)

    found: dict[frozenset[Step], Change] = {}
    for steps in islice(sets, _TRIED):
        outcome = None if any(known <= set(steps) for known in found) else after(steps)
        if outcome is None:
            continue
        least = steps if whole else _fewest(steps, lambda fewer: after(fewer) is not None)
        then = outcome if least == steps else after(least)
        found[frozenset(least)] = Change(steps=least, outcome=outcome if then is None else then)
        if len(found) == MOST:
            break
    return tuple(sorted(found.values(), key=_size))


def _size(change: Change) -> tuple[int, int]:
    """Fewer steps first, and papers before anything else that one would have to become."""
    return len(change.steps), sum(step.fact != EVIDENCE for step in change.steps)


def _outcome(steps: Steps, decision: Decision, case: Case) -> Outcome | None:
    """What all gates say once the steps are taken; None, if it is no permit.

    Those that read nothing of what changes are not asked again. Those that stood in the way are asked first: most
    steps are not enough for one of them, and then nobody else need be asked.
    """
    then = _taken(steps, case)
    moved = then.held is not case.held or then.question.stage != case.question.stage
    moved = moved or any(step.fact in _MOVING or step.fact.startswith("purpose.") for step in steps)
    asked: list[GateResult] = []
    for ask, said in sorted(zip(GATES, decision.gates, strict=True), key=lambda one: one[1].outcome.permits):
        asked.append(said if said.gate in _OF_PURPOSE and not moved else answered(ask(then), then))
        if not asked[-1].outcome.permits:
            return None
    return together(asked).outcome


def _fewest(steps: Steps, enough: Callable[[Steps], bool]) -> Steps:
    """`steps` without one that is not needed."""
    for step in steps:
        fewer = tuple(one for one in steps if one is not step)
        if fewer and enough(fewer):
            steps = fewer
    return steps


def _options(ask: Ask, said: GateResult, case: Case) -> list[Steps]:
    """Sets of steps that move one gate to a permit, each without a step to spare."""
    if said.gate is Gate.JURISDICTION and case.purpose is not None:
        return lawful_steps(case)
    gate = _Gate(ask, case)
    offered = candidates(said.gate, case)
    alone = {step: gate.after((step,)) for step in offered}
    single: list[Steps] = [(step,) for step, then in alone.items() if then is not None and then.outcome.permits]
    if single:
        return single
    before = _weight(said)
    helps = tuple(step for step, then in alone.items() if then is not None and _weight(then) < before)
    if said.gate in _ALL_TOGETHER or case.purpose is None:
        helps = offered
    together = gate.after(helps) if len(helps) > 1 else None
    if together is None or not together.outcome.permits:
        return []
    return [_fewest(helps, gate.permits_after)]


_MOVING = (LOCATION, SAFEGUARDS)
"""Steps, beside those that change the purpose, after which the codes and the consents are asked again."""

_ALL_TOGETHER = (Gate.ENTITLEMENT, Gate.PURPOSE, Gate.TERMS, Gate.SAFEGUARDS, Gate.SECURITY, Gate.CONDUCT)
"""Gates that tell of one thing at a time: a step may help although another thing is told next. While there is no
purpose, every gate is one."""


def _weight(said: GateResult) -> tuple[int, int]:
    """How far a gate is from a permit."""
    return said.outcome, len(said.reasons)


@dataclass(frozen=True, slots=True)
class _Gate:
    """One gate, and the case that it is asked about."""

    ask: Ask
    case: Case

    def after(self, steps: Iterable[Step]) -> GateResult | None:
        """What the gate says once the steps are taken; None where they cannot be."""
        try:
            then = _taken(steps, self.case)
        except ValueError:
            return None
        return answered(self.ask(then), then)

    def permits_after(self, steps: Steps) -> bool:
        then = self.after(steps)
        return then is not None and then.outcome.permits


def _taken(steps: Iterable[Step], case: Case) -> Case:
    """The case once the steps are taken, under the entitlement that it then has. ValueError where they cannot be."""
    steps = tuple(steps)
    question, snapshot = applied(steps, case.question, case.snapshot, _organisation(case))
    held = case.held
    if question.stage != "use":
        held = None
    elif held is None or any(step.fact == GRANT for step in steps):
        held = next(iter(entitlements(question, case.visas, snapshot)), None)
    return case_of(question, held, case.visas, snapshot)


def _organisation(case: Case) -> str | None:
    return case.organisation.id if case.organisation is not None else None
