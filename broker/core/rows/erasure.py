"""What is taken out of the history when somebody is erased, and which rows name them there (GDPR Art 17; ADR 0012).

Replays need every version of what decisions read, and three kinds of these rows name somebody by another issuer's
`sub`. The versions before `before` are emptied; a version without names takes the place of the row itself. The log
keeps their digests, so every proof holds, and a decision that rested on them says what is missing.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from broker.core.passport.visa import Visa
from broker.core.rows.assertions import Assertion
from broker.core.rows.change import changed
from broker.core.rows.linking import IdentityLink
from broker.core.rows.polled import PolledVisa
from broker.core.time import Seconds

ERASED = "erased"
"""Stands where a name stood."""

Naming = Assertion | IdentityLink | PolledVisa
"""Kinds of the history that name somebody by another issuer's `sub`; a test compares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The versions of one row that the history has no more. `id` is `<kind>/<id of the row>`."""

    KIND: ClassVar[str] = "erasure"
    id: str
    version: int = 1
    kind: str
    row: str
    before: int
    """Versions below this one are empty."""
    at: Seconds


def erasure_of(nameless: Naming, before: Erasure | None, at: Seconds) -> Erasure:
    """What is to be recorded beside `nameless`, the version without names. `before`: the erasure of it so far."""
    made = Erasure(
        id=f"{nameless.KIND}/{nameless.id}", kind=nameless.KIND, row=nameless.id, before=nameless.version, at=at
    )
    return made if before is None else changed(before, before=made.before, at=at)


def without_names(row: Naming, at: Seconds) -> Naming:
    """The next version of `row`: it names nobody, says nothing of anybody, and counts for nothing."""
    match row:
        case Assertion():
            over = at if row.ended is None else min(row.ended, at)
            return changed(row, sub=ERASED, value=ERASED, conditions=None, extra={}, evidence="", ended=over)
        case IdentityLink():
            (one, _), (other, _) = row.identities
            over = at if row.ended is None else min(row.ended, at)
            return changed(row, identities=((one, ERASED), (other, ERASED)), ended=over)
        case PolledVisa():
            return changed(row, visa=_nameless(row.visa), token="", state="ended", by=None)


def _nameless(visa: Visa) -> Visa:
    return replace(visa, sub=ERASED, value=ERASED, jti=None, linked=(), conditions=None)


def names(row: Naming, identities: frozenset[tuple[str, str]]) -> bool:
    """Does `row` name one of these identities (`iss`, `sub`)?"""
    match row:
        case Assertion():
            return (row.iss, row.sub) in identities
        case IdentityLink():
            return any(pair in identities for pair in row.identities)
        case PolledVisa():
            visas = [row.visa] if row.by is None else [row.visa, row.by]
            return any(pair in identities for one in visas for pair in (one.identity, *one.linked))
