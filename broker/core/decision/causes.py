"""Who would gain, lose or see something else under other packs, told by cause: one cause explains many lines.

Worst first. What all of a cause share is said once; what is somebody's own stands with them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from broker.core.decision.other_law import EFFECTS, Difference, Effect, Said
from broker.core.outcome import Reason


class Cause(NamedTuple):
    """What differences must share to be told together; the rules and their words, without anybody's own facts."""

    effect: Effect
    outcomes: str
    duties: str
    rules: tuple[str, ...]


@dataclass(slots=True)
class Concerning:
    """Whom one cause concerns: how many, how many persons, and the lines that are kept of them."""

    count: int = 0
    persons: set[str] = field(default_factory=set)
    lines: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class Effects:
    """What is known so far of what other packs would do. `most`: how many lines are kept; all are counted."""

    most: int | None = None
    kept: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    datasets: dict[str, Counter[Effect]] = field(default_factory=dict)
    causes: dict[Cause, Concerning] = field(default_factory=dict)

    def add(self, one: Difference) -> None:
        """One more was judged."""
        self.kinds[one.kind] += 1
        self.datasets.setdefault(one.dataset, Counter())[one.effect] += 1
        if one.effect == "same":
            return
        concerned = self.causes.setdefault(cause_of(one), Concerning())
        concerned.count += 1
        if one.person:
            concerned.persons.add(one.person)
        if self.most is None or self.kept < self.most:
            self.kept += 1
            concerned.lines.append(one)

    def worst_first(self) -> list[tuple[Cause, Concerning]]:
        """The causes: what takes away first, and of the same effect what concerns most."""
        return sorted(self.causes.items(), key=lambda each: (EFFECTS.index(each[0].effect), -each[1].count, each[0]))

    def counted(self, dataset: str | None = None) -> dict[Effect, int]:
        """How many there are of each effect; of one dataset, or of all."""
        of = self.datasets.values() if dataset is None else (self.datasets.get(dataset, Counter()),)
        return {effect: sum(each[effect] for each in of) for effect in EFFECTS}

    def touched(self) -> list[str]:
        """The datasets of which anything differs."""
        return sorted(name for name, each in self.datasets.items() if each["same"] < each.total())


def effects_of(found: Iterable[Difference]) -> Effects:
    """All of them, with every line."""
    made = Effects()
    for one in found:
        made.add(one)
    return made


def in_order(lines: Iterable[Difference]) -> list[Difference]:
    """The lines of a cause as they are shown: by dataset, then by person."""
    return sorted(lines, key=lambda one: (one.dataset, one.person, one.id))


def because(one: Difference) -> str:
    """What the rules read of this one; which papers they want is told of the cause."""
    facts = [each for reason in one.why for each in reason.facts if each[0] != "evidence"]
    return "; ".join(f"{name} {value}" for name, value in facts)


def cause_of(one: Difference) -> Cause:
    """What made the difference, without anybody's own facts."""
    return Cause(one.effect, _outcomes(one), _duties(one), tuple(_rule(reason) for reason in one.why))


def _outcomes(one: Difference) -> str:
    """`PERMIT -> PENDING (missing: scc.signed)`."""
    now, then = (_outcome(said) for said in (one.before, one.after))
    return f"{now} -> {then}" if now != then else now


def _outcome(said: Said) -> str:
    return said.outcome.name + (f" (missing: {', '.join(said.missing)})" if said.missing else "")


def _rule(reason: Reason) -> str:
    """`JUR-EU-SCC-NEEDED (eu-gdpr-ch5 safeguards-needed)`."""
    where = f"{reason.norm.source} {reason.norm.rule}" if reason.norm is not None else "no pack"
    return f"{reason.code} ({where})"


def _duties(one: Difference) -> str:
    """Which obligations came or went."""
    came = sorted(set(one.after.obligations) - set(one.before.obligations))
    went = sorted(set(one.before.obligations) - set(one.after.obligations))
    signed = [*(f"+{name}" for name in came), *(f"-{name}" for name in went)]
    return f"duties: {' '.join(signed)}" if signed and one.after.outcome.permits else ""
