"""A session ends before its time, and every client that rests on it will be told (Back-Channel Logout section 2.3)."""

from collections.abc import AsyncIterator

from broker.core.oidc.limits import FAREWELL_LIFE
from broker.core.oidc.logout import client_sid, farewell_id
from broker.core.oidc.own_tokens import OPENID
from broker.core.rows import Client, Family, Farewell, Person, Put, Revocation, Session, changed
from broker.core.rows.revocation import revocation_id
from broker.core.time import Seconds
from broker.flows.world import World
from broker.ports import StaleError

ATTEMPTS = 5


async def sign_out(w: World, person: Person, session: str, ground: str = "signed out") -> None:
    """End a session; everything that hangs on it ends with it. Twice is once. Steps: 1 gather, 3 record.

    StaleError: the same session was changed again and again meanwhile.
    """
    for last in range(ATTEMPTS - 1, -1, -1):
        try:
            await _sign_out(w, person, session, ground)
        except StaleError:
            if not last:
                raise
        else:
            return


async def _sign_out(w: World, person: Person, id: str, ground: str) -> None:
    # 1. Gather.
    now, session = w.clock.now(), await w.rows.get(Session, id)
    if session is None or session.ended is not None:
        return
    puts = [Put(changed(session, ended=now)), *await farewells(w, session, now)]
    name = revocation_id("session", id)
    if await w.rows.get(Revocation, name) is None:
        puts.append(Put(Revocation(id=name, since=now, until=session.expires, ground=ground)))
    # 3. Record.
    await w.ledger.record(w.entry("session.ended", now, person, {"session": id[:16], "ground": ground}), *puts)


async def farewells(w: World, session: Session, now: Seconds) -> tuple[Put, ...]:
    """What will tell each client of `session` that it has ended: to be recorded together with that end.

    Only clients that got an ID token and registered where to hear it; each once, however often it asked.
    """
    if now >= session.expires:
        return ()
    families = [row async for row in w.rows.find(Family, "session", session.id) if OPENID in row.scope]
    rows = [await w.rows.get(Client, id) for id in dict.fromkeys(family.client for family in families)]
    clients = [row for row in rows if row is not None and row.backchannel_logout_uri is not None]
    made = [
        Farewell(
            id=farewell_id(session.id, client.id),
            client=client.id,
            person=session.person,
            sid=client_sid(session.id, client.id),
            made=now,
            ends=Seconds(now + FAREWELL_LIFE),
        )
        for client in clients
    ]
    return tuple([Put(row) for row in made if await w.rows.get(Farewell, row.id) is None])


async def live_sessions(w: World, person: str, now: Seconds) -> AsyncIterator[Session]:
    """The sessions of a person that have not ended."""
    async for session in w.rows.find(Session, "person", person):
        if session.ended is None and now < session.expires:
            yield session
