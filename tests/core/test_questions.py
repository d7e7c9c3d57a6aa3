"""The form of applications: what is asked, what is not, and that what is not asked cannot matter."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from broker.adapters.application_forms import load_form
from broker.core.duo.match import match
from broker.core.duo.terms import parse_terms
from broker.core.duo.vocabulary import ENTRIES
from broker.core.purpose import Agreements, Kind, Purpose, Sensitive
from broker.core.questions import (
    ANSWERS,
    FEEDS,
    Form,
    Needed,
    Question,
    answers_of,
    asked,
    needs,
    schema_of,
    unanswered,
)
from broker.core.rows.applications import Answer, Paper
from broker.web.pages.paper_form import CHOICES, QUESTIONS, TEXTS
from tests import builders as b
from tests.fakes import START

FILE = b.CONFIG / "forms" / "application.yaml"
FORM = load_form(FILE)
PAPER = Paper(title="Hearts", statement="Why.", lay="Hearts.", purpose=b.PURPOSE)
OPEN: dict[str, Any] = {
    "organisation": ("non_profit", "for_profit"), "commercial": (True, False), "clinical_care": (True, False),
    "genetic_data": (True, False), "linkage": (True, False), "recontact": (True, False),
    "diseases": (frozenset({"MONDO:0005148"}),), "ai_use": ("none", "training", "model_release"),
    "ethics": ("supplied", "refused"), "publish": (True, False), "return_data": (True, False),
}  # fmt: skip
"""What each question that may be left out could be answered."""
KINDS = st.frozensets(st.sampled_from(Kind), max_size=3)


def answered(purpose: Purpose, name: str, value: Any) -> Purpose:
    if name in ("publish", "return_data"):
        return replace(purpose, agreements=replace(purpose.agreements, **{name: value}))
    if name == "ethics":
        return replace(purpose, ethics_approval=value)
    return replace(purpose, **{name: value})


def left_open(purpose: Purpose, name: str) -> Purpose:
    return answered(purpose, name, frozenset() if name == "diseases" else None)


@given(st.sets(st.sampled_from(sorted(ENTRIES)), max_size=4), KINDS, st.sampled_from(sorted(OPEN)), st.data())
@pytest.mark.row("WF-FORM")
def test_whatever_the_codes_what_is_not_asked_cannot_change_their_answer(
    codes: set[str], kinds: frozenset[Kind], name: str, data: st.DataObject
) -> None:
    purpose = replace(b.PURPOSE, kinds=kinds, organisation="non_profit", ethics_approval="supplied")
    need = Needed(codes=frozenset(codes))
    shown = {one.name for one in asked(FORM, need, {"kinds": [one.value for one in kinds]})}
    if name in shown:
        return
    terms = parse_terms(sorted(codes))
    unsaid, said = left_open(purpose, name), answered(purpose, name, data.draw(st.sampled_from(OPEN[name])))
    assert match(terms, unsaid, b.ontology()).verdict is match(terms, said, b.ontology()).verdict


@pytest.mark.row("WF-FORM")
def test_a_dataset_needs_what_its_codes_its_consents_and_the_packs_read() -> None:
    there = {one.name for one in asked(FORM, needs([b.HEART], b.snapshot(), START), {})}
    assert {"commercial", "clinical_care", "ai_use", "linkage", "recontact", "organisation"} <= there
    assert not {"publish", "return_data", "ethics", "genetic_data", "diseases"} & there
    coded = b.snapshot(dataset=b.dataset(duo=b.codes("DUO:0000007", "DUO:0000019", "DUO:0000021")))
    more = {one.name for one in asked(FORM, needs([b.HEART], coded, START), {})}
    assert {"publish", "ethics", "diseases"} <= more
    assert not {"return_data", "genetic_data"} & more


def test_without_chosen_data_everything_is_asked_and_what_was_answered_stays() -> None:
    assert asked(FORM, None, {}) == FORM.questions
    nothing = Needed()
    always = {one.name for one in asked(FORM, nothing, {})}
    assert "publish" not in always
    assert "publish" in {one.name for one in asked(FORM, nothing, {"publish": "no"})}
    assert "diseases" in {one.name for one in asked(FORM, nothing, {"kinds": ["disease"]})}


def test_the_pages_ask_by_the_names_of_the_form() -> None:
    of_pages = {*TEXTS, *CHOICES, *QUESTIONS, "kinds", "topics", "diseases", "countries", "months", "ethics"}
    assert {one.name for one in FORM.questions} == of_pages | {"publish", "return_data"}


@pytest.mark.row("WF-FORM")
def test_what_the_papers_say_fits_the_schema_that_programs_are_told() -> None:
    schema = schema_of(FORM.questions)
    Draft202012Validator.check_schema(schema)
    purpose = replace(b.PURPOSE, agreements=Agreements(publish=True), sensitive=frozenset({Sensitive.PAEDIATRIC}))
    said = {name: one for name, one in answers_of(FORM, replace(PAPER, purpose=purpose)).items() if one is not None}
    Draft202012Validator(schema).validate(json.loads(json.dumps(said)))
    assert {one["x-feeds"] for one in schema["properties"].values()} == FEEDS


OWN = Question(
    name="funder", schema={"type": "string", "maxLength": 20}, feeds=ANSWERS, required=True, words={"en": "Who pays?"}
)
RISKY = Question(
    name="safety", schema={"type": "string", "enum": ["yes", "no"]}, feeds=ANSWERS, words={"en": "Reviewed?"},
    needed_by=Needed(codes=frozenset({"DUO:0000007"})), also_if=("ai_use", "training"), required=True,
)  # fmt: skip


def form(*more: Question) -> Form:
    return replace(FORM, questions=(*FORM.questions, *more))


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "funder: nothing is said"),
        ({"funder": " "}, "funder: nothing is said"),
        ({"funder": "x" * 21}, "funder: not an answer to it"),
        ({"funder": "Us.", "other": "x"}, "other: no such question"),
        ({"funder": "Us.", "safety": "maybe"}, "safety: not an answer to it"),
        ({"funder": "Us."}, None),
        ({"funder": "Us.", "safety": "no"}, None),
    ],
)
@pytest.mark.row("WF-FORM")
def test_what_the_operator_asks_is_answered_where_it_is_asked(answers: dict[str, str], said: str | None) -> None:
    given = tuple(Answer(question=name, asked="", text=text) for name, text in answers.items())
    found = unanswered(form(OWN, RISKY), [b.HEART], replace(PAPER, answers=given), b.snapshot(), START)
    assert (dict(found.facts)["problem"] if found is not None else None) == said


@pytest.mark.row("WF-FORM")
def test_a_question_that_another_answer_brings_must_be_answered_too() -> None:
    given = (Answer(question="funder", asked="", text="Us."),)
    training = replace(PAPER, answers=given, purpose=replace(b.PURPOSE, ai_use="training"))
    found = unanswered(form(OWN, RISKY), [b.HEART], training, b.snapshot(), START)
    assert found is not None
    assert dict(found.facts)["problem"] == "safety: nothing is said"


def test_without_a_form_nothing_is_asked_besides() -> None:
    assert unanswered(None, [b.HEART], PAPER, b.snapshot(), START) is None
    given = replace(PAPER, answers=(Answer(question="x", asked="", text="y"),))
    assert unanswered(None, [b.HEART], given, b.snapshot(), START) is not None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda said: said["questions"].pop(), "asked once"),
        (lambda said: said["questions"].append(json.loads(json.dumps(said["questions"][0]))), "asked once"),
        (lambda said: said["questions"][0].update(feeds="purpose.nothing"), "nothing that is read"),
        (lambda said: said["questions"][0].update(schema={"type": "nonsense"}), "schema"),
        (lambda said: said["questions"][4]["needed_by"].update(codes=["DUO:9999999"]), "needed_by"),
        (lambda said: said["questions"][4]["needed_by"].update(consents=["anything"]), "needed_by"),
        (lambda said: said["questions"][4]["needed_by"].update(facts=["data.nothing"]), "needed_by"),
        (lambda said: said.update(version=0), "version"),
        (lambda said: said.update(more=1), "more"),
        (
            lambda said: said["questions"].append({"name": "own", "feeds": ANSWERS, "schema": {"type": "string"}}),
            "English",
        ),
        (
            lambda said: said["questions"].append(
                {"name": "own", "feeds": ANSWERS, "schema": {"type": "integer"}, "words": {"en": "How many?"}}
            ),
            "a string",
        ),
    ],
    ids=["missing", "twice", "feeds", "schema", "code", "consent", "fact", "version", "member", "words", "number"],
)
def test_a_form_with_any_fault_is_refused_whole(tmp_path: Path, change: Any, says: str) -> None:
    said = yaml.safe_load(FILE.read_text("utf-8"))
    change(said)
    file = tmp_path / "form.yaml"
    file.write_text(yaml.safe_dump(said), "utf-8")
    with pytest.raises(ValueError, match=says):
        load_form(file)


def test_another_text_is_another_form(tmp_path: Path) -> None:
    file = tmp_path / "form.yaml"
    file.write_text(FILE.read_text("utf-8").replace("maxLength: 300", "maxLength: 301"), "utf-8")
    assert load_form(file).called != FORM.called
    assert load_form(file).version == FORM.version


def test_the_questions_that_the_page_shows_can_be_added(tmp_path: Path) -> None:
    page = (b.CONFIG.parent / "docs" / "how-to" / "ask-other-questions.md").read_text("utf-8")
    block = page.split("```yaml\n")[1].split("```")[0]
    file = tmp_path / "form.yaml"
    file.write_text(FILE.read_text("utf-8").replace("version: 1", "version: 2") + block, "utf-8")
    made = load_form(file)
    assert [one.name for one in made.added] == ["funder", "model_review"]
