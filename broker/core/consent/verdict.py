"""What one rule, and in the end all of them, say about one participant: include, hold or leave out."""

from dataclasses import dataclass, replace
from enum import IntEnum

from broker.core.outcome import Norm, Reason

_NORM = Norm(source="consent-record")


class Place(IntEnum):
    """Where a participant goes. Combining layers takes the maximum: an explicit refusal wins."""

    INCLUDE = 0
    HOLD = 1
    """Left out now; may join later when the one who may answer has answered."""
    EXCLUDE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One participant's place and the reason for it. `obligations`, of an include only, bind the user."""

    place: Place
    reason: Reason
    obligations: tuple[str, ...] = ()

    def by(self, rule: str) -> "Verdict":
        """The same, naming the rule that said so (`R3`)."""
        return replace(self, reason=replace(self.reason, norm=replace(_NORM, rule=rule)))

    def also(self, *obligations: str) -> "Verdict":
        """The same, with further obligations."""
        return replace(self, obligations=tuple(sorted({*self.obligations, *obligations})))

    @property
    def held(self) -> bool:
        return self.place is Place.HOLD


def exclude(code: str, /, **facts: str) -> Verdict:
    """Leave this participant out, for `code`."""
    return Verdict(place=Place.EXCLUDE, reason=_reason(code, facts))


def hold(code: str, /, **facts: str) -> Verdict:
    """Wait for an answer to `code`."""
    return Verdict(place=Place.HOLD, reason=_reason(code, facts))


def include(code: str, obligations: tuple[str, ...] = (), /, **facts: str) -> Verdict:
    """Use this participant's data; `code` is the permission that carried it."""
    return Verdict(place=Place.INCLUDE, reason=_reason(code, facts), obligations=obligations)


def _reason(code: str, facts: dict[str, str]) -> Reason:
    return Reason(code=code, facts=tuple(sorted(facts.items())), norm=_NORM)
