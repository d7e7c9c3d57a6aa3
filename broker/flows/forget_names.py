"""Somebody is erased: the key to their pseudonym is destroyed, and what names them is taken out of the history.

Proofs hold, because the log has digests alone; a decision that rested on what was taken out says so when it is made
again. Of what is not in the history (their identities, sessions, gathered visas) the caller says what becomes of it.
"""

from collections.abc import Sequence

from broker.core.rows import Assertion, Erasure, Identity, IdentityLink, Person, PolledVisa, Put, changed
from broker.core.rows.erasure import Naming, erasure_of, names, without_names
from broker.core.time import Seconds
from broker.flows.world import World

_KINDS: tuple[type[Naming], ...] = (Assertion, IdentityLink, PolledVisa)


async def forget_names(w: World, person: Person, ground: str, more: Sequence[Put] = ()) -> int:
    """How many rows named them. `ground`: on which legal basis. Steps: 1 gather, 2 decide, 3 record, 4 answer.

    `more`: rows that are made nameless with it. Twice is once.
    StaleError: something about them changed meanwhile; ask again.
    """
    # 1. Gather.
    now = w.clock.now()
    theirs = [row async for row in w.rows.find(Identity, "person", person.id)]
    identities = frozenset({(w.issuer, str(person.id)), *((str(one.iss), one.sub) for one in theirs)})
    rows = [row for kind in _KINDS for row in [one async for one in w.rows.scan(kind)]]
    # 2. Decide: every row that names them, as one that names nobody.
    puts: list[Put] = []
    for row in rows:
        if names(row, identities):
            puts += await _nameless(w, row, now)
    # 3. Record: key and names together.
    gone = changed(person, log_key="")
    entry = w.entry("person.erased", now, None, {"ground": ground, "rows": len(puts) // 2 + len(more)})
    await w.ledger.record(entry, Put(gone), *puts, *more)
    # 4. Answer.
    return len(puts) // 2 + len(more)


async def _nameless(w: World, row: Naming, now: Seconds) -> tuple[Put, Put]:
    after = without_names(row, now)
    before = await w.rows.get(Erasure, f"{row.KIND}/{row.id}")
    return Put(after), Put(erasure_of(after, before, now))
