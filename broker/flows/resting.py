"""What rests on an issuer, a home organisation or an application now? Who suspends it reads it before.

As far as rows tell: a visa that somebody brings with each request is in none, and downloads are those of this process.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from broker.core.administration import Managed
from broker.core.decision.other_law import is_live
from broker.core.ids import PersonId
from broker.core.rows import Access, Client, Family, Gathered, Identity, PolledVisa, Row, Session, VisaIssuer
from broker.core.rows.revocation import revocation_id
from broker.core.time import Seconds
from broker.flows.world import World

What = Literal["people", "sign_ins", "grants", "visas", "authorisations", "downloads"]
_LOOKED = 1_000
"""Rows of a kind that one look goes through: it is made for a page, which takes 50 ms at most."""
_AT_ONCE = 500

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Resting:
    """How many of each. `more`: there were too many rows to look through them all."""

    counts: tuple[tuple[What, int], ...]
    more: bool = False


async def resting(w: World, row: Managed, running: Iterable[str]) -> Resting:
    """What rests on `row`. `running`: the accesses whose bytes are on their way."""
    now, ids = w.clock.now(), list(running)[:_AT_ONCE]
    accesses = [one async for one in w.rows.each(Access, ids)] if ids else []
    downloads = sum(_is_under(one, row) for one in accesses)
    if isinstance(row, Client):
        counts, more = await _of_client(w, row, now)
    elif isinstance(row, VisaIssuer):
        counts, more = await _of_issuer(w, row)
    else:
        counts, more = await _of_home(w, row.id, now)
    return Resting((*counts, ("downloads", downloads)), more)


def _is_under(access: Access, row: Managed) -> bool:
    shown = isinstance(row, VisaIssuer) and any(visa.iss == row.id for visa in access.visas)
    return shown or (row.KIND, row.id) in access.let_in or (isinstance(row, Client) and access.client == row.id)


async def _of_home(w: World, id: str, now: Seconds) -> tuple[tuple[tuple[What, int], ...], bool]:
    identities, many = await _those(w.rows.scan(Identity), lambda one: one.iss == id)
    here, more = await _those(
        w.rows.scan(Session), lambda one: one.idp == id and one.ended is None and now < one.expires and not one.task
    )
    people, snapshot = {one.person for one in identities}, w.snapshots.current()
    grants = sum(is_live(grant, snapshot, now) for one in people for grant in snapshot.grants_of(PersonId(one)))
    return (("people", len(people)), ("sign_ins", len(here)), ("grants", grants)), many or more


async def _of_issuer(w: World, row: VisaIssuer) -> tuple[tuple[tuple[What, int], ...], bool]:
    held, many = await _those(w.rows.scan(Gathered), lambda one: one.issuer == row.id)
    asked, more = await _those(w.rows.scan(PolledVisa), lambda one: one.visa.iss == row.id and one.state == "live")
    people = {(one.iss, one.sub) for one in held}
    return (("people", len(people)), ("visas", len(held) + len(asked))), many or more


async def _of_client(w: World, row: Client, now: Seconds) -> tuple[tuple[tuple[What, int], ...], bool]:
    theirs, more = await _those(w.rows.scan(Family), lambda one: one.client == row.id and now < one.expires)
    snapshot = w.snapshots.current()
    live = [
        one
        for one in theirs
        if not snapshot.any_revoked((revocation_id("family", one.id), revocation_id("session", one.session)), now)
    ]
    return (("people", len({one.person for one in live})), ("authorisations", len(live))), more


async def _those(found: AsyncIterator[R], wanted: Callable[[R], bool]) -> tuple[list[R], bool]:
    """The wanted among the first of them, and whether there are more."""
    rows, looked = list[R](), 0
    async for one in found:
        looked += 1
        if looked > _LOOKED:
            return rows, True
        if wanted(one):
            rows.append(one)
    return rows, False
