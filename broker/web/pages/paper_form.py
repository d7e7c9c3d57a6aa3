"""The form of an application's papers: from what a browser sends to a purpose, and back into the same fields.

A question that was left open stays unanswered; nothing is taken for no.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from multidict import MultiDict

from broker.core.access.stated import read_stated
from broker.core.purpose import AiUse, Kind, Modality, Purpose, Sensitive, purpose_json
from broker.core.questions import NOTHING
from broker.core.reasons.language import Language
from broker.core.rows.applications import Answer, Paper
from broker.web.bodies import listed
from broker.web.pages.places import codes

TEXTS = {"title": 300, "statement": 20_000, "lay": 20_000, "benefit": 20_000}
"""The texts of the papers, and how long each may be."""
CHOICES: Mapping[str, Sequence[str]] = {
    "organisation": ("non_profit", "for_profit"),
    "ai_use": AiUse.__args__,  # type: ignore[attr-defined]
    "modality": tuple(one.value for one in Modality),
}
KINDS = tuple(one.value for one in Kind)
TOPICS = tuple(one.value for one in Sensitive)
_TRUTH = {"yes": True, "no": False}
QUESTIONS = ("commercial", "clinical_care", "genetic_data", "linkage", "recontact")
_AGREED = ("publish", "return_data")
_LISTS = ("diseases", "countries")

PICKED = ("datasets", "diseases")
"""What is chosen by its name (pages/picking.py): kept line by line, by address or code."""
FIND = ".find"
"""How the field ends in which words of such a name are written."""
ASKED = "asked."
"""How the fields begin of the questions that the operator added."""
REPLY = "reply."
"""How the fields begin in which somebody answers what was said of a question."""
_MOST_ASKED = 100

Fields = dict[str, Any]


def fields(form: MultiDict[str], told_in: Language) -> Fields:
    """What was typed, field by field, whatever it is: this is what a draft keeps.

    Countries by their codes, so that a draft can go on in another language than `told_in`.
    """
    single = (*TEXTS, *CHOICES, *QUESTIONS, *_AGREED, "months", "ethics", "no_topics", *(one + FIND for one in PICKED))
    found: Fields = {name: form[name] for name in single if form.get(name)}
    found |= {name: "\n".join(said) for name in PICKED if (said := [one for one in form.getall(name, ()) if one])}
    found |= {"countries": ", ".join(said)} if (said := codes(form.getall("countries", ()), told_in)) else {}
    found |= {name: form.getall(name, []) for name in ("kinds", "topics") if form.getall(name, [])}
    more = [name for name in form if name.startswith((ASKED, REPLY))][:_MOST_ASKED]
    return found | {name: form[name] for name in more if form[name]}


def replies(typed: Fields) -> dict[str, str]:
    """The answers in it to what was said, by question."""
    told = {name.removeprefix(REPLY): str(text).strip() for name, text in typed.items() if name.startswith(REPLY)}
    return {name: text for name, text in told.items() if text}


def without_replies(typed: Fields) -> Fields:
    """What is left when they are sent."""
    return {name: value for name, value in typed.items() if not name.startswith(REPLY)}


def paper(typed: Fields) -> Paper:
    """The papers. ValueError, with the name of the field, for what is not as it must be."""
    for name, most in TEXTS.items():
        if len(typed.get(name, "")) > most:
            raise ValueError(f"{name}: more than {most} characters")
    for name in ("title", "statement"):
        if not typed.get(name, "").strip():
            raise ValueError(f"{name}: {NOTHING}")
    texts = {name: typed.get(name, "").strip() for name in TEXTS}
    more = [name for name in typed if name.startswith(ASKED)]
    answers = tuple(Answer(question=name.removeprefix(ASKED), asked="", text=typed[name].strip()) for name in more)
    return Paper(**texts, purpose=purpose(typed), answers=answers)


def purpose(typed: Fields) -> Purpose:
    """The purpose that the answers state."""
    raw: dict[str, object] = {name: typed[name] for name in CHOICES if typed.get(name)}
    raw |= {name: _TRUTH[typed[name]] for name in QUESTIONS if typed.get(name) in _TRUTH}
    raw |= {name: listed(typed[name]) for name in _LISTS if typed.get(name)}
    agreed = {name: _TRUTH[typed[name]] for name in _AGREED if typed.get(name) in _TRUTH}
    if agreed:
        raw["agreements"] = agreed
    if typed.get("kinds"):
        raw["kinds"] = typed["kinds"]
    if typed.get("topics") or typed.get("no_topics"):
        raw["sensitive"] = typed.get("topics", [])
    if typed.get("ethics") == "supplied":
        raw["evidence"] = {"ethics_approval": "supplied"}
    if typed.get("months"):
        raw["duration_months"] = _number(typed["months"])
    if typed.get("title", "").strip():
        raw["project"] = typed["title"].strip()
    return read_stated(raw)


def typed_of(papers: Paper) -> Fields:
    """The fields that would have made these papers."""
    said = purpose_json(papers.purpose)
    found: Fields = {name: getattr(papers, name) for name in TEXTS}
    found |= {f"{ASKED}{one.question}": one.text for one in papers.answers}
    found |= {name: said[name] for name in CHOICES if name in said}
    words = {True: "yes", False: "no"}
    found |= {name: words[said[name]] for name in QUESTIONS if name in said}
    found |= {name: words[value] for name, value in said.get("agreements", {}).items() if name in _AGREED}
    found |= {name: "\n".join(said[name]) for name in _LISTS if name in said}
    found |= {"kinds": said.get("kinds", []), "topics": said.get("sensitive", [])}
    if said.get("sensitive") == []:
        found["no_topics"] = "yes"
    if "evidence" in said:
        found["ethics"] = "supplied"
    if "duration_months" in said:
        found["months"] = str(said["duration_months"])
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5):  # noqa: PLR2004 (years enough)
        raise ValueError("months: not a number")
    return int(text)
