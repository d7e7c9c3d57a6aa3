"""One fact that somebody could make true, and the world in which they have: what a promise of change is made of.

A step is data, so that it can be shown, and applied, so that it can be evaluated: `explain` and the tests that hold it
to its word use the same `applied`. Nothing in this list is a lie to tell: what somebody is, where data come from and
whom they belong to cannot be changed by a step.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from broker.core.decision.explanation.recorded import with_duties, with_safeguards
from broker.core.decision.question import Question
from broker.core.ids import GrantId
from broker.core.passport.assertions import Stated
from broker.core.passport.visa import RESEARCHER, TERMS
from broker.core.purpose import Kind, Purpose
from broker.core.rows import Dataset, Evidence, Grant, Organisation
from broker.core.rows.assurance import SignIn
from broker.core.rows.safeguards import DutyClass
from broker.core.safeguards import CLASSES
from broker.core.snapshot import Snapshot, follow
from broker.core.time import FOREVER, Day, day_of

By = Literal["you", "institution", "community", "custodian"]
How = Literal["add", "set", "remove"]

EVIDENCE = "evidence"
LOCATION = "recipient.individual_location"
TERMS_ACCEPTED = "terms.accepted"
SIGN_IN = "sign_in"
TRAINING = "training"
RECOURSE = "recourse"
LEVEL = "recipient.security_level"
RESEARCHER_STATUS = "researcher_status"
GRANT = "grant"
"""A grant that they hold is shown, or named in place of another."""
REQUEST = "request"
"""They ask for a grant for a project; what can be known beforehand does not stand against it."""
SAFEGUARDS = "safeguards"
DUTIES = "duties"
OBLIGATION = "obligation"
TASK = "task"
SEALED = "sealed"


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
        elif step.fact == RESEARCHER_STATUS:
            question = replace(question, stated=(*question.stated, _researcher(str(step.value), question)))
        elif step.fact in _OF_QUESTION:
            question = _OF_QUESTION[step.fact](step, question, snapshot)
        else:
            snapshot = _of_rows(step, question, snapshot, organisation)
    return question, snapshot


def own_grants(question: Question, snapshot: Snapshot) -> tuple[Grant, ...]:
    """Every grant of the person for the data, under whichever identity of theirs; the latest end first."""
    persons = question.persons or frozenset({question.person} if question.person is not None else ())
    found = [grant for person in persons for grant in snapshot.grants(person, question.dataset)]
    return tuple(sorted(found, key=lambda one: (-one.ends, one.id)))


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


def _researcher(url: str, question: Question) -> Stated:
    """What a signing official says of who meets the demands at `url`."""
    return Stated(type=RESEARCHER, value=url, source=url, by="so", asserted=question.at, ends=FOREVER)


def _shown(step: Step, question: Question, _: Snapshot) -> Question:
    grant = GrantId(str(step.value))
    return replace(question, grants=(*question.grants, grant), grant=grant)


def _asked_for(step: Step, question: Question, snapshot: Snapshot) -> Question:
    """The question before a request: for the purpose that is stated, or that an earlier grant of theirs had."""
    known = [one.purpose for one in own_grants(question, snapshot)]
    wanted = (one for one in (question.purpose, *known) if one is not None and one.project == step.value)
    purpose = next(wanted, None)
    if purpose is None:
        raise ValueError("no purpose to ask for")
    return replace(question, stage="foresee", purpose=replace(purpose, modality=question.modality), grant=None)


def _again(_: Step, question: Question, snapshot: Snapshot) -> Question:
    """After a new sign-in nothing rests on the session, the authorisation and the tokens of before."""
    sign_in = _signed_in(question, snapshot)
    return replace(question, sign_in=sign_in, session=None, family=None, access=None, rests_on=())


def _for_these(_: Step, question: Question, __: Snapshot) -> Question:
    within = question.within
    return question if within is None else replace(question, within=within | {question.dataset})


def _encrypted(_: Step, question: Question, __: Snapshot) -> Question:
    return replace(question, sealed=True)


_OF_QUESTION: Mapping[str, Callable[[Step, Question, Snapshot], Question]] = {
    SIGN_IN: _again,
    GRANT: _shown,
    REQUEST: _asked_for,
    TASK: _for_these,
    SEALED: _encrypted,
}


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
    if step.fact == OBLIGATION:
        return follow(snapshot, [_done(str(step.value), one, question) for one in own_grants(question, snapshot)])
    if step.fact in (SAFEGUARDS, DUTIES):
        row = snapshot.get(Dataset, question.dataset)
    if row is None:
        raise ValueError(f"{step.fact}: nobody whose fact it could be")
    if isinstance(row, Dataset) and isinstance(step.value, tuple) and step.fact in (SAFEGUARDS, DUTIES):
        today, named = day_of(question.at), step.value
        kept = with_safeguards(row, named, today) if step.fact == SAFEGUARDS else with_duties(row, _classes(named))
        return follow(snapshot, [kept])
    if step.fact == EVIDENCE:
        wanted = step.value if isinstance(step.value, tuple) else (str(step.value),)
        return follow(snapshot, [replace(row, evidence=(*row.evidence, *(Evidence(id=each) for each in wanted)))])
    if step.fact == RECOURSE and isinstance(row, Organisation):
        return follow(snapshot, [replace(row, recourse=(*row.recourse, str(step.value)))])
    return follow(snapshot, [replace(row, facts={**row.facts, step.fact: step.value})])


def _classes(named: Iterable[str]) -> tuple[DutyClass, ...]:
    return tuple(one for one in CLASSES if one in named)


def _done(duty: str, grant: Grant, question: Question) -> Grant:
    """The grant, with the duty recorded as done."""
    kept = tuple(
        replace(one, at=question.at) if one.id == duty and not one.fulfilled else one for one in grant.obligations
    )
    return replace(grant, obligations=kept)
