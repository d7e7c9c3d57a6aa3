"""Reads the form of applications (config/forms): a file that an operator may change, strict, and refused whole."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from jsonschema import Draft202012Validator, SchemaError
from pydantic import Field

from broker.adapters.catalogue.form import Part, read_form
from broker.core.consent.answers import KEYS
from broker.core.duo.vocabulary import ENTRIES
from broker.core.jurisdiction.facts import STATED
from broker.core.plain import canonical
from broker.core.questions import ANSWERS, FEEDS, Form, Needed, Question

Name = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
Words = Annotated[str, Field(min_length=1, max_length=500)]
MOST_QUESTIONS = 100


class _Needed(Part):
    codes: list[str] = Field(default_factory=list)
    consents: list[str] = Field(default_factory=list)
    facts: list[str] = Field(default_factory=list)


class _AlsoIf(Part):
    question: Name
    says: Words


class _Question(Part):
    name: Name
    feeds: str
    schema_: dict[str, Any] = Field(alias="schema")
    needed_by: _Needed | None = None
    also_if: _AlsoIf | None = None
    required: bool = False
    words: dict[str, Words] = Field(default_factory=dict)


class _File(Part):
    schema_: Literal["broker.application-form/1"] = Field(alias="schema")
    id: Name
    version: Annotated[int, Field(ge=1, le=100_000)]
    questions: list[_Question] = Field(min_length=1, max_length=MOST_QUESTIONS)


def load_form(path: Path) -> Form:
    """The form in a file. ValueError, naming it, for any fault: what it asks of the decision must be asked once."""
    said, loaded = read_form(path, _File)
    questions = tuple(_question(one, path) for one in said.questions)
    names = [one.name for one in questions]
    fed = [one.feeds for one in questions if one.feeds != ANSWERS]
    if len(set(names)) != len(names) or sorted(fed) != sorted(FEEDS):
        odd = sorted(FEEDS.symmetric_difference(fed)) or ["a name or what it feeds is there twice"]
        raise ValueError(f"{path}: questions: each of what decisions read is asked once: {odd[0]}")
    digest = hashlib.sha256(canonical(loaded.value)).hexdigest()
    return Form(id=said.id, version=said.version, questions=questions, digest=digest)


def _question(part: _Question, path: Path) -> Question:
    try:
        Draft202012Validator.check_schema(part.schema_)
    except SchemaError as wrong:
        raise ValueError(f"{path}: {part.name}: schema: {wrong.message[:200]}") from None
    by = part.needed_by
    unknown = _unknown(by) if by is not None else ()
    if unknown:
        raise ValueError(f"{path}: {part.name}: needed_by: {unknown[0]} is none")
    own = part.feeds == ANSWERS
    if own and (part.schema_.get("type") != "string" or "en" not in part.words):
        raise ValueError(f"{path}: {part.name}: what only people read is a string, and has words in English")
    if part.feeds not in FEEDS | {ANSWERS}:
        raise ValueError(f"{path}: {part.name}: feeds: {part.feeds[:60]} is nothing that is read")
    needed = (
        Needed(codes=frozenset(by.codes), consents=frozenset(by.consents), facts=frozenset(by.facts)) if by else None
    )
    also = (part.also_if.question, part.also_if.says) if part.also_if is not None else None
    return Question(
        name=part.name, schema=part.schema_, feeds=part.feeds, needed_by=needed, also_if=also, required=part.required,
        words=part.words,
    )  # fmt: skip


def _unknown(by: _Needed) -> tuple[str, ...]:
    known = {one.key for one in KEYS}
    return (
        *(one for one in by.codes if one not in ENTRIES),
        *(one for one in by.consents if one not in known),
        *(one for one in by.facts if one not in STATED),
    )
