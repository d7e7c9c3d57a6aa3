"""What could leave for a person now: every visa, ours just minted and those of others as they were signed; and the
grants behind ours, for who keeps the data. (ruling 4)

A grant is shown as its visa would be: released to the token's client, for the data that the authorisation is for,
and opening these now; the same question is asked as at every other door. Nothing is handed out here, and nothing
recorded.
"""

from collections.abc import Collection

from broker.core.ids import GrantId
from broker.core.oidc.introspect import Permission
from broker.core.oidc.release import MintedVisa
from broker.core.passport.visa import GRANT
from broker.core.rows import Family, Grant, Person, Put, Session
from broker.core.time import Seconds
from broker.flows.decide_request import duty_json
from broker.flows.gather import Foreign, Gathering, foreign_visas
from broker.flows.visas import Held, everybody, grant_visa_id, held_visas, mint, needed, why_open
from broker.flows.world import World

_LINKS = "links"


async def all_held(
    w: World, g: Gathering, person: Person, session: Session, now: Seconds
) -> tuple[tuple[Held, ...], tuple[Foreign, ...]]:
    """What a person holds: visas that we could mint, and visas of others. Of participants nothing is gathered.

    A visa about another identity than ours comes with a link, so that who gets both can tell that they are one's.
    """
    foreign = () if person.subject is not None else await foreign_visas(w, g, person, everybody(w, session, now), now)
    others = {one.visa.identity for one in foreign}
    return held_visas(w, person, session, now, others), foreign


async def visas_to_release(
    w: World,
    g: Gathering,
    person: Person,
    session: Session,
    resources: frozenset[str],
    now: Seconds,
    access_of: str | None = None,
) -> tuple[MintedVisa, ...]:
    """Those needed for `resources` (none named: all), released to anybody or not. Affiliations and links always:
    the conditions of the others may ask for them.
    """
    held, foreign = await all_held(w, g, person, session, now)
    datasets = frozenset(one.visa.value for one in foreign if one.visa.type == GRANT)
    own = needed(w.issuer, held, resources, datasets)
    left_out = {visa.id for visa in held} - {visa.id for visa in own}
    named = resources & (datasets | {visa.value for visa in own if visa.type == GRANT})
    narrowed = bool(named) or bool(left_out)
    others = (one for one in foreign if not narrowed or one.visa.type != GRANT or one.visa.value in named)
    return (*await mint(w, person, own, now, access_of), *(one.ready for one in others))


def shown_grants(w: World, person: Person, session: Session, family: Family, now: Seconds) -> tuple[Permission, ...]:
    """See GrantsShown in flows/oauth/deps.py."""
    held = needed(w.issuer, held_visas(w, person, session, now), frozenset(family.resources))
    shown = [visa for visa in held if visa.type == GRANT and _is_shown(visa, family)]
    rows = [(w.snapshots.current().get(Grant, GrantId(one.id.removeprefix(grant_visa_id("")))), one) for one in shown]
    return tuple(_permission(row, one, why_open(w, person, one, now)) for row, one in rows if row is not None)


def _is_shown(visa: Held, family: Family) -> bool:
    within = family.datasets is None or visa.value in family.datasets
    return within and (family.released is None or (visa.id in family.released and _may_be_told(visa, family.released)))


def _may_be_told(visa: Held, released: Collection[str]) -> bool:
    """A linked identity's permission names that one: it is shown where the person agreed to show the link."""
    return visa.sub is None or any(id.startswith(_LINKS) for id in released)


def _permission(row: Grant, visa: Held, decided: Put | None) -> Permission:
    return Permission(
        id=row.id,
        dataset=row.dataset,
        ends=visa.ends,
        obligations=tuple(duty_json(one) for one in row.obligations),
        document=row.document,
        decided=decided,
    )
