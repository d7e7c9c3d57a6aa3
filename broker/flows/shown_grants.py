"""Which grants does a token show? Those whose visas a Passport of the same authorisation would carry. (ruling 4)

Released to the token's client, for the data that the authorisation is for, and opening their dataset now: the same
question is asked as at every other door. Nothing is handed out, so nothing is recorded.
"""

from collections.abc import Collection

from broker.core.ids import GrantId
from broker.core.oidc.introspect import Permission
from broker.core.passport.visa import GRANT
from broker.core.rows import Family, Grant, Person, Session
from broker.core.time import Seconds
from broker.flows.decide_request import duty_json
from broker.flows.visas import Held, grant_visa_id, held_visas, needed
from broker.flows.world import World

_LINKS = "links"


def shown_grants(w: World, person: Person, session: Session, family: Family, now: Seconds) -> tuple[Permission, ...]:
    """See GrantsShown in flows/oauth/deps.py."""
    held = needed(w.issuer, held_visas(w, person, session, now), frozenset(family.resources))
    shown = [visa for visa in held if visa.type == GRANT and _is_shown(visa, family)]
    rows = [(w.snapshots.current().get(Grant, GrantId(one.id.removeprefix(grant_visa_id("")))), one) for one in shown]
    return tuple(_permission(row, one) for row, one in rows if row is not None)


def _is_shown(visa: Held, family: Family) -> bool:
    within = family.datasets is None or visa.value in family.datasets
    return within and (family.released is None or (visa.id in family.released and _may_be_told(visa, family.released)))


def _may_be_told(visa: Held, released: Collection[str]) -> bool:
    """A linked identity's permission names that one: it is shown where the person agreed to show the link."""
    return visa.sub is None or any(id.startswith(_LINKS) for id in released)


def _permission(row: Grant, visa: Held) -> Permission:
    return Permission(
        id=row.id,
        dataset=row.dataset,
        ends=visa.ends,
        obligations=tuple(duty_json(one) for one in row.obligations),
        document=row.document,
    )
