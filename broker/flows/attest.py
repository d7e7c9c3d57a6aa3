"""Somebody attests where they are: one of the few sources of that fact (ruling 5)."""

from broker.core.jurisdiction.countries import COUNTRIES
from broker.core.outcome import Reason
from broker.core.rows import Person, Put, Session, changed
from broker.flows.world import World


async def attest_location(w: World, person: Person, session: Session, country: str) -> Session | Reason:
    """`country`: ISO 3166-1 alpha-2. Steps: 1 gathered, 2 decide, 3 record, 4 answer with the session."""
    if country not in COUNTRIES:
        return Reason(code="REQ-INVALID", facts=(("problem", "location: a country has two letters, ISO 3166-1"),))
    stated = changed(session, location=country)
    entry = w.entry("session.attested", w.clock.now(), person, {"session": session.id[:16]})
    await w.ledger.record(entry, Put(stated))
    return stated
