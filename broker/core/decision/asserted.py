"""What is said of the person beside grants: accepted terms, researcher status; who says it, and until when?

From visas that count, from assertions of ours that the credentials show, and from what the home identity provider
said at sign-in. An assertion with conditions counts as a visa only: there its conditions are weighed.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from broker.core.decision.question import Question
from broker.core.ids import Issuer
from broker.core.passport.assertions import Stated
from broker.core.passport.evaluate import Accepted, Evaluation
from broker.core.passport.visa import AFFILIATION, GRANT, LINK, RESEARCHER, TERMS, Visa
from broker.core.rows import Assertion
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds

_OTHER_THINGS = frozenset({GRANT, LINK, AFFILIATION})
"""Types of visas whose value is no certificate."""


class Said(NamedTuple):
    """Something that is said of the person, and that counts. (A NamedTuple: it is made quickly.)"""

    type: str
    value: str
    asserted: Seconds
    ends: Seconds
    confirmed: bool = False
    """Does its issuer have to confirm it again and again? Then the end is ours, and knows no leeway."""


def _said(type_: str, value: str | None, question: Question, visas: Evaluation, snapshot: Snapshot) -> list[Said]:
    """What of `type_` counts at the time of the question (with this `value`, if one is given)."""
    found = [_of_visa(one) for one in visas.by_type.get(type_, ()) if value is None or one.visa.value == value]
    others: list[Said] = []
    if question.assertions:
        others += _rows(_shown(question, snapshot))
    if question.stated:
        others += _stated(question)
    return [*found, *(said for said in others if said.type == type_ and value in (None, said.value))]


def accepted(url: str, question: Question, visas: Evaluation, snapshot: Snapshot) -> Said | None:
    """The longest acceptance of exactly the terms at `url`.

    One's own acceptance here counts without being shown: it binds the person, whatever their client was told.
    """
    found = _said(TERMS, url, question, visas, snapshot)
    rows = snapshot.assertions(question.identities, question.at)
    if rows:
        mine = [row for row in rows if (row.by, row.source) == ("self", snapshot.own.iss) and not row.conditions]
        found += _rows(row for row in mine if (row.type, row.value) == (TERMS, url))
    return _longest(found)


def registered(version: str, question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[Said, Said] | None:
    """Both parts of Registered Access, of the same version (Passport 1.2.1 "Registered Access").

    Visas of several identities are here only where trusted links join them (`passport/evaluate.py`).
    """
    terms = _longest(_said(TERMS, version, question, visas, snapshot))
    status = _longest(_said(RESEARCHER, version, question, visas, snapshot))
    return (terms, status) if terms is not None and status is not None else None


def certificates(url: str, question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[Seconds, ...]:
    """Until when what others say of the person with the value `url` holds: visas that count, words of the home
    organisation, and assertions made here, which count without being shown. Nobody certifies themselves.
    """
    said = [one.ends for one in visas.accepted if _certifies(one.visa, url)]
    return (*said, *certified(url, question.identities, question.stated, question.at, snapshot))


def certified(
    url: str, identities: Iterable[tuple[Issuer, str]], stated: Iterable[Stated], at: Seconds, snapshot: Snapshot
) -> tuple[Seconds, ...]:
    """The same without visas: what is known here of who has these identities."""
    said = [one.ends for one in stated if _certifies(one, url) and one.asserted <= at < one.ends]
    rows = snapshot.assertions(identities, at)
    return (*said, *(row.ends for row in rows if _certifies(row, url) and not row.conditions))


def lapsed(url: str, question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[Seconds, ...]:
    """When such words ended, of those that have. A visa of somebody else says nothing, also once it is over."""
    rows = (row for row in snapshot.ever_asserted(question.identities) if _certifies(row, url))
    ends = [row.ends if row.ended is None else min(row.ends, row.ended) for row in rows]
    mine = (one.visa for one in visas.dropped if one.visa.identity in visas.identities)
    ends += [one.exp for one in mine if _certifies(one, url)]
    return tuple(end for end in ends if end <= question.at)


def _certifies(said: Visa | Assertion | Stated, url: str) -> bool:
    return said.value == url and said.by != "self" and said.type not in _OTHER_THINGS


def affiliations(question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[str, ...]:
    """The affiliations that the credentials show."""
    if question.assertions or question.stated:
        more = [one.value for one in _said(AFFILIATION, None, question, visas, snapshot)]
    else:
        more = [one.visa.value for one in visas.by_type.get(AFFILIATION, ())]
    return tuple(dict.fromkeys((*question.affiliations, *more))) if more else question.affiliations


def _longest(found: Iterable[Said]) -> Said | None:
    return max(found, key=lambda one: one.ends, default=None)


def _of_visa(one: Accepted) -> Said:
    visa = one.visa
    return Said(type=visa.type, value=visa.value, asserted=visa.asserted, ends=one.ends, confirmed=visa.jku is None)


def _shown(question: Question, snapshot: Snapshot) -> Iterator[Assertion]:
    """Live assertions that an access token shows, about an identity of this person."""
    for id in question.assertions:
        row = snapshot.get(Assertion, id)
        mine = row is not None and (row.iss, row.sub) in question.identities
        if row is not None and mine and row.is_live(question.at) and not row.conditions:
            yield row


def _rows(rows: Iterable[Assertion]) -> Iterator[Said]:
    for row in rows:
        yield Said(type=row.type, value=row.value, asserted=row.asserted, ends=row.ends)


def _stated(question: Question) -> Iterator[Said]:
    for said in question.stated:
        if said.asserted <= question.at < said.ends:
            yield Said(type=said.type, value=said.value, asserted=said.asserted, ends=said.ends)
