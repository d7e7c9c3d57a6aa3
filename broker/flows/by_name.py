"""Somebody of whom only the `sub` is said: what do we know of them ourselves?

For repositories alone, about their own data. Nobody proved anything by saying a name, so nothing counts that somebody
would have to show: no foreign visa, no assertion of a home provider. What counts is on record here: grants, what was
asserted here, and the newest sign-in that is still alive, for where they are and how they signed in.
"""

from broker.core.ids import Issuer
from broker.core.rows import Client, Grant, Identity, IdentityProvider, Person, Session
from broker.core.rows.identity import identity_id
from broker.core.time import FOREVER, Seconds
from broker.flows.sign_out import live_sessions
from broker.flows.world import Caller, World


async def by_name(w: World, iss: str, sub: str, asker: str) -> Caller | None:
    """The person called `sub` at `iss`, for the client `asker`; None if we have not met them, or they were erased."""
    now = w.clock.now()
    known = await w.rows.get(Identity, identity_id(Issuer(iss), sub)) if iss != w.issuer else None
    name = sub if iss == w.issuer else known.person if known is not None else ""
    person = await w.rows.get(Person, name)
    if person is None or person.log_key == "":
        return None
    sessions = [one async for one in live_sessions(w, person.id, now) if not one.task]
    snapshot = w.snapshots.current()  # after the last wait: what was withdrawn meanwhile must count
    fit = [one for one in sessions if not snapshot.revoked("session", one.id, now) and _let_in(w, one)]
    session = max(fit, key=lambda one: (one.auth_time, one.id), default=None)
    identities = frozenset({(w.issuer, str(person.id)), *(session.identities if session is not None else ())})
    if known is not None:
        identities |= {(known.iss, known.sub)}
    persons = (person.id, *(one.person for one in snapshot.linked(person.id, now)))
    held: list[Grant] = [grant for one in persons for grant in snapshot.grants_of(one)]
    # The client's row lets it ask; where somebody signed in, their provider's row lets them in as well.
    let_in = ((Client.KIND, asker), *(((IdentityProvider.KIND, session.idp),) if session is not None else ()))
    return Caller(
        person=person,
        identities=identities,
        session=session.id if session is not None else None,
        affiliations=session.affiliations if session is not None else (),
        location=session.location if session is not None else None,
        sign_in=session.sign_in if session is not None else None,
        grants=tuple(grant.id for grant in held),
        assertions=tuple(row.id for row in snapshot.assertions(identities, now)),
        let_in=let_in,
        ends=session.expires if session is not None else Seconds(FOREVER),
    )


def _let_in(w: World, session: Session) -> bool:
    row = w.snapshots.current().get(IdentityProvider, session.idp)
    return row is None or row.status == "active"
