"""Whose is a Passport, and whose are the visas in it? (Passport 1.2.1 "General Requirements" 8.4)

The rule: a visa counts for the caller if its (`iss`, `sub`) is an identity of the caller, or trusted links lead
there. Being in somebody's Passport says nothing about whose a visa is, also where the broker issued it, unless
the broker's trust row has `vouches`: it then says that whatever it puts into a Passport is its subject's.
"""

from collections.abc import Iterable

from broker.core.outcome import Reason
from broker.core.passport.evaluate import Evaluation, Rests
from broker.core.passport.linked import Link
from broker.core.passport.trust import Trust
from broker.core.passport.visa import Passport, Visa


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
