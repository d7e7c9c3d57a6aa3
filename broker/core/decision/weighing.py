"""Which of a question's visas count for its person, by the trust and the revocations of this picture?

Kept until one of them turns, or until a row changes that may speak of visas: the same Passport comes with every
range of a download.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.decision.question import Question
from broker.core.passport.bearer import links
from broker.core.passport.counts import revocation_names, turns
from broker.core.passport.evaluate import Evaluation
from broker.core.passport.evaluate import evaluate as weigh
from broker.core.passport.limits import LEEWAY
from broker.core.passport.polling import lasting
from broker.core.passport.trust import Trust
from broker.core.passport.visa import Visa
from broker.core.rows import PolledVisa
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """What counts, from `begins` until before `ends`."""

    visas: Evaluation
    begins: Seconds
    ends: Seconds


def weighed(question: Question, snapshot: Snapshot) -> Evaluation:
    """Which visas count, and who the person is by them."""
    first = question.visas[0].digest if question.visas else ""
    key = ("visas", question.person, first)
    witnesses = (snapshot.vouching, question.visas, question.identities, question.visas_end, question.vouched)
    known = snapshot.memory.recall(key, witnesses)
    if isinstance(known, _Weighed) and known.begins <= question.at < known.ends:
        return known.visas
    made = _weighed(question, snapshot)
    snapshot.memory.keep(key, witnesses, made, weight=1 + len(question.visas))
    return made.visas


def _weighed(question: Question, snapshot: Snapshot) -> _Weighed:
    at, visas = question.at, question.visas
    if any(visa.jku is None for visa in visas):
        visas = tuple(_as_polled(visa, at, snapshot) for visa in visas)
    names = [name for visa in visas for name in revocation_names(visa)]
    revocations = snapshot.revocations(names)
    found = weigh(
        visas,
        snapshot.trust,
        question.identities,
        at,
        not_after=question.visas_end,
        revoked=frozenset([row.id for row in revocations if row.since <= at]),
        vouched=links(question.vouched, snapshot.trust),
    )
    ends = FOREVER
    for turn in (*_turns(visas, snapshot.trust), *[row.since for row in revocations]):
        if at < turn < ends:
            ends = turn
    return _Weighed(visas=found, begins=at, ends=ends)


def _turns(visas: Iterable[Visa], trust: Trust) -> list[Seconds]:
    found: list[Seconds] = []
    for visa in visas:
        row = trust.of(visa.iss)
        if row is not None:
            found += turns(visa, row, LEEWAY)
    return found


def _as_polled(visa: Visa, at: Seconds, snapshot: Snapshot) -> Visa:
    """A Visa Access Token as its issuer last confirmed or updated it: without that it ends an hour after `iat`."""
    row, trusted = snapshot.get(PolledVisa, visa.digest), snapshot.trust.of(visa.iss)
    if row is None or trusted is None or not trusted.polled:
        return lasting(visa, None)
    if row.by is None or snapshot.revoked_names(revocation_names(visa), at):
        return lasting(visa, row.confirmed)  # what is revoked is not saved by an update
    return lasting(row.by, row.confirmed)
