"""Which questions does an application ask? The form is data: what a question is, what its answer feeds, who needs it.

A question that none of the chosen data need is not asked: no code, no consent and no rule of theirs reads the answer.
Whatever was answered is shown again, and an answer that is missing is never taken for no (dac-workflow section 5).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from broker.core.consent.answers import KEYS
from broker.core.ids import DatasetId
from broker.core.jurisdiction.needs import asked_of_applicants
from broker.core.outcome import Reason
from broker.core.purpose import purpose_json
from broker.core.rows import Dataset
from broker.core.rows.applications import Paper
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds

PAPER = ("title", "statement", "lay", "benefit")
PURPOSE = (
    "organisation", "commercial", "clinical_care", "genetic_data", "linkage", "recontact", "kinds", "diseases",
    "countries", "modality", "evidence.ethics_approval", "agreements.publish", "agreements.return_data", "sensitive",
    "ai_use", "duration_months",
)  # fmt: skip
FEEDS = frozenset({*(f"paper.{one}" for one in PAPER), *(f"purpose.{one}" for one in PURPOSE)})
"""What the decision and the committee read: each is fed by exactly one question."""
NOTHING = "nothing is said"
"""What is wrong with a question that has to be answered and is not."""
ANSWERS = "answers"
"""What only people read: a question that the operator adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What makes a question needed: a code of a dataset, an answer that consents were asked for, a fact of a pack."""

    codes: frozenset[str] = frozenset()
    consents: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`schema`: the JSON Schema of its answer. `feeds`: one of FEEDS, or ANSWERS. `needed_by`: None, always asked.

    `also_if`: (question, answer) that makes it asked besides. `words`: by language tag, of one that feeds ANSWERS.
    """

    name: str
    schema: Mapping[str, Any]
    feeds: str
    needed_by: Needed | None = None
    also_if: tuple[str, str] | None = None
    required: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`digest`: the SHA-256 of all that it says, so that two forms are never taken for one."""

    id: str
    version: int
    questions: tuple[Question, ...]
    digest: str

    @property
    def called(self) -> str:
        """By which it is told from every other, kept with the papers that were written in it."""
        return f"{self.id}@{self.version} {self.digest[:16]}"

    @property
    def added(self) -> tuple[Question, ...]:
        """The questions that only people read."""
        return tuple(one for one in self.questions if one.feeds == ANSWERS)


def needs(datasets: Iterable[DatasetId], snapshot: Snapshot, at: Seconds) -> Needed:
    """What these data need to be answered: their codes, their consents, and the packs that may apply to them."""
    rows = [row for id in datasets if (row := snapshot.get(Dataset, id)) is not None]
    codes = frozenset(term.code for row in rows for term in row.duo)
    consents = frozenset(one.key for row in rows for one in KEYS if _is_open(one.key, row, snapshot))
    facts = [asked_of_applicants(snapshot.rulebook, row.facts, at) for row in rows]
    return Needed(codes=codes, consents=consents, facts=frozenset().union(*facts))


def asked(form: Form, need: Needed | None, answers: Mapping[str, Any]) -> tuple[Question, ...]:
    """The questions that are asked, in the order of the form. `need`: None, no data are chosen yet, so all of them."""
    return tuple(one for one in form.questions if _is_asked(one, need, answers))


def unanswered(
    form: Form | None, datasets: Iterable[DatasetId], paper: Paper, snapshot: Snapshot, at: Seconds
) -> Reason | None:
    """Which question of the operator's must be answered and is not, or is answered as it cannot be; None: none."""
    if form is None:
        return Reason(code="REQ-INVALID", facts=(("problem", "answers: nothing is asked"),)) if paper.answers else None
    said, there = {one.question: one.text for one in paper.answers}, {one.name: one for one in form.added}
    wanted = asked(form, needs(datasets, snapshot, at), answers_of(form, paper))
    problem = [f"{one[:40]}: no such question" for one in sorted(said.keys() - there.keys())]
    problem += [
        f"{one.name}: {NOTHING}"
        for one in wanted
        if one.name in there and one.required and not said.get(one.name, "").strip()
    ]
    problem += [
        f"{name}: not an answer to it" for name, one in there.items() if not _fits(said.get(name, ""), one.schema)
    ]
    return Reason(code="REQ-INVALID", facts=(("problem", problem[0]),)) if problem else None


def answers_of(form: Form, paper: Paper) -> dict[str, Any]:
    """What the papers say, by question."""
    said: dict[str, Any] = {
        "paper": {one: getattr(paper, one) for one in PAPER},
        "purpose": purpose_json(paper.purpose),
    }
    found: dict[str, Any] = {one.question: one.text for one in paper.answers}
    for question in form.questions:
        if question.feeds != ANSWERS:
            value: Any = said
            for part in question.feeds.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            found[question.name] = value
    return found


def stamped(form: Form | None, paper: Paper) -> Paper:
    """The papers with the form in which they were written, and with the words in which each was asked; what answers no
    question of it keeps no words, and is refused by `unanswered`.
    """
    if form is None:
        return paper
    words = {one.name: one.words.get("en", one.name) for one in form.added}
    kept = tuple(replace(one, asked=words.get(one.question, "")) for one in paper.answers if one.text.strip())
    return replace(paper, form=form.called, answers=kept)


def schema_of(questions: Iterable[Question]) -> dict[str, Any]:
    """One JSON Schema for all their answers, for programs; each says what it feeds."""
    asked_ = tuple(questions)
    properties = {one.name: {**one.schema, "x-feeds": one.feeds} for one in asked_}
    required = [one.name for one in asked_ if one.required]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
    }


def _is_asked(one: Question, need: Needed | None, answers: Mapping[str, Any]) -> bool:
    by = one.needed_by
    if by is None or need is None or answers.get(one.name) not in (None, "", [], ()):
        return True
    if one.also_if is not None and _says(answers.get(one.also_if[0]), one.also_if[1]):
        return True
    return bool(by.codes & need.codes or by.consents & need.consents or by.facts & need.facts)


def _says(answer: Any, wanted: str) -> bool:
    return wanted in answer if isinstance(answer, list | tuple | frozenset) else answer == wanted


def _is_open(key: str, row: Dataset, snapshot: Snapshot) -> bool:
    """May what participants answered to this matter? Not where nobody's consent is on record and the custodian
    certified a yes for all.
    """
    return bool(snapshot.forms.get(row.id)) or row.certificate.answers.get(key) != "permit"


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    words: Literal[False] | Any = schema.get("enum", False)
    return (text in words or text == "") if words else len(text) <= schema.get("maxLength", _LONGEST)


_LONGEST = 20_000
