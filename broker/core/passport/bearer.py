"""Whose is a Passport, and whose are the visas in it? (Passport 1.2.1 "General Requirements" 8.4)

The rule: a visa counts for the caller if its (`iss`, `sub`) is an identity of the caller, or trusted links lead
there. Being in somebody's Passport says nothing about whose a visa is, also where the broker issued it, unless
the broker's trust row has `vouches`: it then says that whatever it puts into a Passport is its subject's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.outcome import Reason
from broker.core.passport.evaluate import Evaluation, Rests
from broker.core.passport.linked import Identity, Link
from broker.core.passport.trust import Trust
from broker.core.passport.visa import Passport, Visa
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What a broker says by handing these visas out together: their identities are one person, until `ends`."""

    iss: str
    members: tuple[Identity, ...]
    ends: Seconds


def vouched(subject: Identity, visas: Iterable[Visa], ends: Seconds, trust: Trust) -> Vouched | None:
    """What the broker of `subject` says of the visas that it gave for it. None unless its row vouches."""
    row = trust.of(subject[0])
    if row is None or not (row.is_broker and row.vouches):
        return None
    return Vouched(iss=row.iss, members=tuple(sorted({subject, *(visa.identity for visa in visas)})), ends=ends)


def links(said: Vouched | None, trust: Trust) -> tuple[Link[Rests], ...]:
    """The link that `said` makes by the trust rows of now: a row that vouches no longer takes it along."""
    row = trust.of(said.iss) if said is not None else None
    if said is None or row is None or not (row.is_broker and row.vouches):
        return ()
    return (Link(members=frozenset(said.members), ends=said.ends, by=()),)


def vouch(passport: Passport, visas: Iterable[Visa], trust: Trust) -> Link[Rests] | None:
    """What the broker of `passport` says by putting `visas` in: they are its subject's. None unless its row vouches."""
    row = trust.of(passport.iss)
    if row is None or not (row.is_broker and row.vouches):
        return None
    members = frozenset((passport.identity, *(visa.identity for visa in visas)))
    return Link(members=members, ends=passport.exp, by=())


def strangers(passports: Iterable[Passport], evaluation: Evaluation) -> Reason | None:
    """A request whose Passports are of different persons is nobody's: is one of them not the caller's?"""
    if all(passport.identity in evaluation.identities for passport in passports):
        return None
    return Reason(code="PASSPORT-PERSONS")
