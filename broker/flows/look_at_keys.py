"""The signing keys of this broker as the record knows them: which signs for what, since when, and until when."""

from dataclasses import dataclass
from typing import Literal

from broker.core.oidc.key_life import terms
from broker.core.outcome import Reason
from broker.core.rows import SigningKey
from broker.core.time import FOREVER, Seconds
from broker.flows.world import Caller, World

READERS = ("admin", "auditor")
KeyState = Literal["waits", "signs", "over", "taken_away"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenKey:
    """One key. `waits`: others can read it, and it does not sign yet. `over`: what it signed still counts for a time.

    `taken_away`: its file is there no more, and nothing that it signed counts. `ends`: None while nobody knows.
    """

    kid: str
    use: str
    state: KeyState
    made: Seconds
    begins: Seconds
    ends: Seconds | None


def may_read(who: Caller) -> bool:
    """Who looks at the keys."""
    return any(who.has_role(role, "service") for role in READERS)


async def our_keys(w: World, who: Caller) -> tuple[SeenKey, ...] | Reason:
    """Every key that there ever was, use by use, the newest first."""
    if not may_read(who):
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", ", ".join(READERS)),))
    now, rows = w.clock.now(), [row async for row in w.rows.scan(SigningKey)]
    seen = [one for use in sorted({row.use for row in rows}) for one in _of_use(use, rows, now)]
    return tuple(sorted(seen, key=lambda one: (one.use, -one.begins, one.kid)))


def _of_use(use: str, rows: list[SigningKey], now: Seconds) -> list[SeenKey]:
    known = {row.id: row for row in rows if row.use == use}
    seen = [
        SeenKey(kid=row.id, use=use, state="taken_away", made=row.made, begins=row.begins, ends=row.ended)
        for row in known.values()
        if row.ended is not None
    ]
    for term in terms((row.id, row.begins) for row in known.values() if row.ended is None):
        row, ends = known[term.kid], term.ends if term.ends != FOREVER else None
        state: KeyState = "waits" if now < term.begins else "signs" if now < term.ends else "over"
        seen.append(SeenKey(kid=row.id, use=use, state=state, made=row.made, begins=row.begins, ends=ends))
    return seen
