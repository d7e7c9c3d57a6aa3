"""How broad, how silent and how old are the consents of a dataset? The broader and older, the more safeguards
(WHO 2024, 3.1-6d).

Every consent version falls into a *kind of form*: how much it permits, what it was not asked, since which year. A
dataset counts its forms, so that one more participant costs nothing, and a question reads a handful of forms and not
a hundred thousand people.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.consent.model import ConsentVersion
from broker.core.duo.terms import Term
from broker.core.time import Seconds, day_of

WIDTH = {"DUO:0000004": 4, "DUO:0000042": 3, "DUO:0000006": 2, "DUO:0000011": 1, "DUO:0000007": 1}
"""How much a permission opens: everything, general research, health, ancestry, one disease."""

QUESTIONS = frozenset({"for_profit_org", "commercial_use", "ai_training", "ai_model_release", "linkage"})
"""What an old form did not ask, and what nobody may read a yes into."""

AGES = (2, 5, 10)
"""Each of these many years that a consent is old adds a point."""

UNCONSENTED = frozenset({"broad", "waiver", "opt_out"})
"""Models in which people did not choose this very use."""


@dataclass(frozen=True, slots=True, order=True)
class Form:
    """A kind of form on which consents of a dataset were given."""

    width: int
    broad: bool
    since: int
    """The year from which it holds."""
    unasked: frozenset[str]


def form_of(version: ConsentVersion) -> Form | None:
    """The kind of form of a participant's consent; None for a family's, and for what was never one.

    A withdrawn or suspended one counts as before: what is asked of a dataset must tell nobody who withdrew (ruling 10).
    """
    if version.level != "participant" or version.status in ("entered_in_error", "superseded"):
        return None
    return Form(
        width=_width(version.scope.permissions),
        broad=version.model in UNCONSENTED,
        since=day_of(version.effective_from).year,
        unasked=QUESTIONS.difference(version.scope.answers),
    )


def _width(permissions: Iterable[Term]) -> int:
    return max((WIDTH.get(term.code, 0) for term in permissions), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadth:
    """The broadest of what a dataset's participants agreed to, at one time. `score`: 0 to 10."""

    score: int
    broad: bool


NONE = Breadth(score=0, broad=False)


def breadth(forms: Iterable[Form], codes: Iterable[Term], certified: Iterable[str], at: Seconds) -> Breadth:
    """What the forms come to: no dataset opens more than its own `codes`, and what the institution `certified` the
    answer to is not silent. One more form, a wider or an older one, never makes it less.
    """
    year, most, answered = day_of(at).year, _width(codes), frozenset(certified)
    score, broad = 0, False
    for form in forms:
        silence = (len(form.unasked - answered) + 1) // 2
        age = sum(year - form.since >= years for years in AGES)
        score = max(score, min(form.width, most) + silence + age)
        broad = broad or form.broad
    return Breadth(score=score, broad=broad)
