"""One fact that somebody could make true, and the world in which they have: what a promise of change is made of.

A step is data, so that it can be shown, and applied, so that it can be evaluated: `explain` and the tests that hold it
to its word use the same `applied`. Nothing in this list is a lie to tell: what somebody is, where data come from and
whom they belong to cannot be changed by a step.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from broker.core.decision.question import Question
from broker.core.passport.assertions import Stated
from broker.core.passport.visa import TERMS
from broker.core.purpose import Kind, Purpose
from broker.core.rows import Dataset, Evidence, Organisation
from broker.core.rows.assurance import SignIn
from broker.core.snapshot import Snapshot, follow
from broker.core.time import FOREVER, Day

By = Literal["you", "institution", "community", "custodian"]
How = Literal["add", "set", "remove"]

EVIDENCE = "evidence"
LOCATION = "recipient.individual_location"
TERMS_ACCEPTED = "terms.accepted"
SIGN_IN = "sign_in"
TRAINING = "training"
RECOURSE = "recourse"
LEVEL = "recipient.security_level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`fact` becomes `value`, or has it added or removed. `by`: who can make it so."""

    fact: str
    how: How
    value: tuple[str, ...] | str | int | bool
    by: By


COMMUNITY_SAID_YES = Step(fact=EVIDENCE, how="add", value=("community.approved",), by="community")


def applied(
    steps: Iterable[Step], question: Question, snapshot: Snapshot, organisation: str | None
) -> tuple[Question, Snapshot]:
    """The question and the picture in which every step has been taken. `organisation`: the asker's, by its id.

    ValueError for a step that this question cannot take: a use has the purpose that was approved.
    """
    for step in steps:
        if step.fact.startswith("purpose."):
            question = replace(question, purpose=_narrowed(question.purpose, step))
        elif step.fact == LOCATION:
            question = replace(question, location=str(step.value))
        elif step.fact == TERMS_ACCEPTED:
            question = replace(question, stated=(*question.stated, _accepted(str(step.value), question)))
        elif step.fact == TRAINING:
            question = replace(question, stated=(*question.stated, _trained(str(step.value), question)))
        elif step.fact == SIGN_IN:
            question = replace(question, sign_in=_signed_in(question, snapshot))
        else:
            snapshot = _of_rows(step, question, snapshot, organisation)
    return question, snapshot


def _narrowed(purpose: Purpose | None, step: Step) -> Purpose:
    if purpose is None:
        raise ValueError("no purpose to change")
    name, value = step.fact.removeprefix("purpose."), cast("Any", step.value)
    if name == "evidence.ethics_approval":
        return replace(purpose, ethics_approval=value)
    if name.startswith("agreements."):
        member = name.removeprefix("agreements.")
        agreed: dict[str, Any] = {member: Day.fromisoformat(value) if member == "no_publication_before" else value}
        return replace(purpose, agreements=replace(purpose.agreements, **agreed))
    if isinstance(value, tuple):
        before = getattr(purpose, name) or frozenset()
        named = frozenset(Kind(one) for one in value) if name == "kinds" else frozenset(value)
        value = {"add": before | named, "set": named, "remove": before - named}[step.how]
    return replace(purpose, **{name: value})


def _accepted(url: str, question: Question) -> Stated:
    return Stated(type=TERMS, value=url, source=url, by="self", asserted=question.at, ends=FOREVER)


def _trained(url: str, question: Question) -> Stated:
    """What their home organisation says once they have been trained."""
    return Stated(type=_TRAINED, value=url, source=url, by="so", asserted=question.at, ends=FOREVER)


_TRAINED = "TrainingCompleted"


def _signed_in(question: Question, snapshot: Snapshot) -> SignIn:
    """A sign-in, now, as the dataset demands it."""
    dataset = snapshot.get(Dataset, question.dataset)
    demand = dataset.assurance if dataset is not None else None
    if demand is None:
        return SignIn(acr=None, amr=(), at=question.at)
    return SignIn(acr=demand.acr[0] if demand.acr else None, amr=demand.amr, at=question.at)


def _of_rows(step: Step, question: Question, snapshot: Snapshot, organisation: str | None) -> Snapshot:
    """The picture with another row: of the organisation, or of the dataset where its community or custodian acts."""
    row: Organisation | Dataset | None = snapshot.get(Dataset, question.dataset)
    if step.by in {"you", "institution"}:
        row = snapshot.get(Organisation, organisation) if organisation is not None else None
    if row is None:
        raise ValueError(f"{step.fact}: nobody whose fact it could be")
    if step.fact == EVIDENCE:
        wanted = step.value if isinstance(step.value, tuple) else (str(step.value),)
        return follow(snapshot, [replace(row, evidence=(*row.evidence, *(Evidence(id=each) for each in wanted)))])
    if step.fact == RECOURSE and isinstance(row, Organisation):
        return follow(snapshot, [replace(row, recourse=(*row.recourse, str(step.value)))])
    return follow(snapshot, [replace(row, facts={**row.facts, step.fact: step.value})])
