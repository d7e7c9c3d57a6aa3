"""What an applicant wrote, question by question, as both sides read it: what it was before, and what was said of it."""

import re
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from broker.core.questions import NOTHING
from broker.core.reasons.language import Tongue
from broker.core.rows.applications import Paper, Remark
from broker.flows.applications.hand_in import NO_DATA
from broker.flows.applications.threads import MEMBERS
from broker.web.bodies import listed
from broker.web.pages.paper_form import ASKED, QUESTIONS, TEXTS, typed_of
from broker.web.pages.wording import of_problem

_LABELS = {
    "title": "apply.project",
    "statement": "apply.statement",
    "lay": "apply.lay",
    "benefit": "apply.benefit",
    "organisation": "apply.organisation",
    **{one: f"ask.{one}" for one in QUESTIONS},
    "kinds": "apply.kinds",
    "diseases": "apply.diseases",
    "countries": "apply.countries",
    "modality": "apply.modality",
    "ethics": "apply.ethics",
    "publish": "apply.publish",
    "return_data": "apply.return",
    "topics": "apply.topics",
    "ai_use": "apply.ai",
    "months": "apply.months",
}
"""Every question of the papers, in the order in which it is asked."""
_READ = {
    name: "papers.read." + name
    for name in (
        "statement", "lay", "organisation", "genetic_data", "linkage", "recontact", "diseases", "countries", "modality",
        "publish", "return_data", "topics", "ai_use", "months",
    )
}  # fmt: skip
"""Those that speak to whoever is asked: what somebody else reads above the answer."""
_ASKED = {**_LABELS, "datasets": "apply.datasets", "ground": "desk.ground"}
_FIELD = re.compile(r"[a-z][a-z_.]*")
_EMPTY = frozenset({NOTHING, NO_DATA})
_CHOICES = {"organisation": "org.", "modality": "way.", "ai_use": "ai.", "kinds": "kind.", "topics": "topic."}
_PLAIN = frozenset({*TEXTS, "months"})
_LISTS = frozenset({"diseases", "countries"})
_ALWAYS = frozenset({"diseases"})
"""Asked in the form whatever the data are: a kind of research speaks of them."""


def told(
    paper: Paper,
    before: Paper | None,
    remarks: Sequence[Remark],
    tongue: Tongue,
    disease: Callable[[str], str],
    asked: Container[str],
    *,
    own: bool,
) -> list[dict[str, Any]]:
    """Each question with its answer. `before`: the answer of the papers before, where it was another; else None.

    `disease`: what people call the one with a code. `asked`: the questions of the form that these data need. `own`:
    does an applicant read it? The form says "you", and means nobody else.
    """
    now = _answers(paper, tongue, disease)
    then = _answers(before, tongue, disease) if before is not None else None
    named = _LABELS if own else {**_LABELS, **_READ}
    labels = {name: tongue.word(label) for name, label in named.items()}
    for each in (before, paper):
        labels |= {f"{ASKED}{one.question}": one.asked or one.question for one in (each.answers if each else ())}
    threads = about(remarks)
    return [
        {
            "name": name,
            "label": label,
            "said": now.get(name, ()),
            "asked": name in asked or name in _ALWAYS or name not in _LABELS,
            "before": then.get(name, ()) if then is not None and then.get(name) != now.get(name) else None,
            "remarks": threads.get(name, ()),
        }
        for name, label in labels.items()
    ]


def what_is_wrong(problem: str, tongue: Tongue) -> str:
    """`problem` as the form asks: of a field, by the words of its question; a whole sentence is left as it is."""
    name, of_a_field, rest = problem.partition(": ")
    if not of_a_field or not _FIELD.fullmatch(name):
        return problem
    if rest in _EMPTY and name in _ASKED:
        return tongue.word("apply.unsaid", question=tongue.word(_ASKED[name]))
    says = of_problem(problem, tongue) or tongue.word("said.any")
    return tongue.word("said.at", question=tongue.word(_ASKED[name]), says=says) if name in _ASKED else says


def about(remarks: Iterable[Remark]) -> dict[str, list[Remark]]:
    """What was said of each question, the oldest first; what is about all of the papers is left out."""
    found: dict[str, list[Remark]] = {}
    for one in remarks:
        if one.about is not None:
            found.setdefault(_question(one.about), []).append(one)
    return found


def of_all(remarks: Iterable[Remark]) -> list[Remark]:
    """What was said of the papers as a whole, or of what is no question of the form."""
    return [one for one in remarks if one.about is None or not is_question(one.about)]


def is_question(name: str) -> bool:
    """Is it a question of the form, or one that the operator added?"""
    return _question(name) in _LABELS or name.startswith(ASKED)


def _question(name: str) -> str:
    return name.removeprefix(MEMBERS)


def _answers(paper: Paper, tongue: Tongue, disease: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    """Those that were given, in words."""
    typed = typed_of(paper)
    return {name: told for name in typed if (told := _words(name, typed, tongue, disease))}


def _words(name: str, typed: dict[str, Any], tongue: Tongue, disease: Callable[[str], str]) -> tuple[str, ...]:
    value = typed[name]
    if name in _CHOICES:
        many = [value] if isinstance(value, str) else value
        none = (tongue.word("apply.no_topics"),) if name == "topics" and typed.get("no_topics") else ()
        return tuple(tongue.word(_CHOICES[name] + one) for one in many) or none
    if name in _LISTS:
        return tuple(map(tongue.place if name == "countries" else disease, listed(value)))
    if name in _PLAIN or name.startswith(ASKED):
        return (value,) if value else ()
    if name == "ethics":
        return (tongue.word("apply.ethics.supplied"),)
    return (tongue.word(f"choice.{value}"),) if name in _LABELS else ()
