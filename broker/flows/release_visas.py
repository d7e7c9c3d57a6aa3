"""Every visa that could leave for a person now: ours, just minted, and those of others, as they were signed."""

from broker.core.oidc.release import MintedVisa
from broker.core.passport.visa import GRANT
from broker.core.rows import Person, Session
from broker.core.time import Seconds
from broker.flows.gather import Foreign, Gathering, foreign_visas
from broker.flows.visas import Held, everybody, held_visas, mint, needed
from broker.flows.world import World


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
    return (*mint(w, person, own, now, access_of), *(one.ready for one in others))
