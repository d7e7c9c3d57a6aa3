"""What is said of the person beside grants: accepted terms, researcher status; who says it, and until when?

From visas that count, from assertions of ours that the credentials show, and from what the home identity provider
said at sign-in. An assertion with conditions counts as a visa only: there its conditions are weighed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from broker.core.decision.question import Question
from broker.core.passport.evaluate import Evaluation
from broker.core.passport.visa import AFFILIATION, RESEARCHER, TERMS
from broker.core.rows import Assertion
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that is said of the person, and that counts. `name`: what to call it in the record."""

    name: str
    type: str
    value: str
    asserted: Seconds
    ends: Seconds


def said_of(question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[Said, ...]:
    """Everything that counts at the time of the question, what lasts longest first."""
    found = (*_visas(visas), *_rows(_shown(question, snapshot)), *_stated(question))
    return tuple(sorted(found, key=lambda one: (-one.ends, one.name)))


def accepted(url: str, question: Question, visas: Evaluation, snapshot: Snapshot) -> Said | None:
    """The longest acceptance of exactly the terms at `url`.

    One's own acceptance here counts without being shown: it binds the person, whatever their client was told.
    """
    rows = snapshot.assertions(question.identities, question.at)
    own = _rows(row for row in rows if (row.by, row.source) == ("self", snapshot.own.iss) and not row.conditions)
    return _first((*said_of(question, visas, snapshot), *own), TERMS, url)


def registered(version: str, question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[Said, Said] | None:
    """Both parts of Registered Access, of the same version (Passport 1.2.1 "Registered Access").

    Visas of several identities are here only where trusted links join them (`passport/evaluate.py`).
    """
    found = said_of(question, visas, snapshot)
    terms, status = _first(found, TERMS, version), _first(found, RESEARCHER, version)
    return (terms, status) if terms is not None and status is not None else None


def affiliations(question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[str, ...]:
    """The affiliations that the credentials show."""
    more = (one.value for one in said_of(question, visas, snapshot) if one.type == AFFILIATION)
    return tuple(dict.fromkeys((*question.affiliations, *more)))


def _first(found: Iterable[Said], type_: str, value: str) -> Said | None:
    fitting = [one for one in found if one.type == type_ and one.value == value]
    return max(fitting, key=lambda one: one.ends, default=None)


def _visas(visas: Evaluation) -> Iterator[Said]:
    for one in visas.accepted:
        visa = one.visa
        name = f"{visa.iss} {visa.jti or visa.digest}"
        yield Said(name=name, type=visa.type, value=visa.value, asserted=visa.asserted, ends=one.ends)


def _shown(question: Question, snapshot: Snapshot) -> Iterator[Assertion]:
    """Live assertions that an access token shows, about an identity of this person."""
    for id in question.assertions:
        row = snapshot.get(Assertion, id)
        mine = row is not None and (row.iss, row.sub) in question.identities
        if row is not None and mine and row.is_live(question.at) and not row.conditions:
            yield row


def _rows(rows: Iterable[Assertion]) -> Iterator[Said]:
    for row in rows:
        yield Said(name=row.id, type=row.type, value=row.value, asserted=row.asserted, ends=row.ends)


def _stated(question: Question) -> Iterator[Said]:
    for said in question.stated:
        if said.asserted <= question.at < said.ends:
            yield Said(name="stated", type=said.type, value=said.value, asserted=said.asserted, ends=said.ends)
