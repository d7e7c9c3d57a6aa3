"""Visa Access Tokens of issuers whose rows say `polled`: watched once shown, asked about at most once an hour.

(AAI OIDC Profile 1.2.1 "Conformance for Passport Clearinghouses" 5.2 and "Access Token Polling")
"""

from collections.abc import Sequence
from dataclasses import replace

from broker.core.outcome import Reason
from broker.core.passport import polling
from broker.core.passport.counts import revocation_names
from broker.core.passport.userinfo import Answer, Bearer, read_answer
from broker.core.passport.visa import Visa
from broker.core.rows import PolledVisa, Put, Revocation, changed
from broker.core.rows.polled import Polling
from broker.core.rows.revocation import revocation_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.signatures import refuted
from broker.flows.verified import Poller, Verifier, verified_visas
from broker.flows.world import World
from broker.ports import StaleError

_FOR_GOOD = frozenset({"expired", "revoked"})


async def watch(w: World, v: Verifier, p: Poller, shown: Sequence[tuple[str, Visa]], now: Seconds) -> None:
    """These (token, visa) were shown: keep them alive, and ask now about those that do not count without it."""
    for token, visa in shown:
        trusted, row = w.snapshots.current().trust.of(visa.iss), w.snapshots.current().get(PolledVisa, visa.digest)
        if visa.jku is not None or trusted is None or not trusted.polled:
            continue
        row = await _noted(w, p, token, visa, row, now)
        counts = polling.lasting(row.by or visa, row.confirmed).exp > now
        if row.state == "live" and not counts and now >= row.next:
            await poll(w, v, p, row.id, now)


async def _noted(w: World, p: Poller, token: str, visa: Visa, row: PolledVisa | None, now: Seconds) -> PolledVisa:
    """The row of a visa that was shown at `now`; written only where it says something new."""
    needed = Seconds(now + polling.NEEDED)
    if row is None:
        shut = p.vault.shut(token, visa.digest)
        after = PolledVisa(id=visa.digest, visa=visa, token=shut, next=polling.first(visa, now), needed=needed)
    elif row.state == "idle":
        after = changed(row, state="live", needed=needed, token=p.vault.shut(token, visa.digest), by=None)
    elif row.state == "live" and row.needed < now + polling.POLL_EVERY:
        after = changed(row, needed=needed)
    else:
        return row
    try:
        await _record(w, after, "watched", now)
    except StaleError:  # shown twice at once: the other one noted it
        return w.snapshots.current().get(PolledVisa, visa.digest) or after
    return after


def due(w: World, now: Seconds) -> tuple[tuple[str, str], ...]:
    """(issuer, id) of every visa whose issuer is to be asked now."""
    return tuple((row.visa.iss, row.id) for row in w.snapshots.current().polled() if now >= row.next)


async def poll(w: World, v: Verifier, p: Poller, id: str, now: Seconds) -> None:
    """Ask about one visa. Steps: 1 gather, 2 decide whether to ask, 3 claim the attempt and ask, 4 record."""
    # 1. Gather.
    snapshot = w.snapshots.current()
    row = snapshot.get(PolledVisa, id)
    if row is None or row.state != "live" or now < row.next:
        return
    # 2. Decide.
    stop = _stop(row, snapshot, now)
    token = p.vault.open(row.token, row.id) if stop is None else None
    if token is None:
        state = "ended" if stop in _FOR_GOOD else "idle"
        await _quietly(w, changed(row, state=state), stop or "unreadable", now)
        return
    # 3. Claim: whatever happens now, and whoever else runs, the next attempt is not before its time.
    after = polling.retry(now, row.failures + 1, _random(w))
    claimed = changed(row, next=after, failures=row.failures + 1)
    if not await _quietly(w, claimed, "asked", now):
        return
    answer = await p.endpoints.poll(row.visa.iss, token)
    # 4. Record. Somebody may have shown the visa again meanwhile.
    claimed = w.snapshots.current().get(PolledVisa, id) or claimed
    if isinstance(answer, int):
        if polling.is_final(answer):
            await _end(w, claimed, f"status {answer}", now)
        return
    given = await _given(w, v, p, claimed, answer, now)
    await _settle(w, p, claimed, given, token, now)


async def _settle(
    w: World,
    p: Poller,
    row: PolledVisa,
    given: tuple[tuple[str, Visa], ...] | Reason | None,
    token: str,
    now: Seconds,
) -> None:
    """What an answer means: confirmed, updated, or as though revoked. `given`: None where it names no visas."""
    if isinstance(given, Reason):
        await _end(w, row, "the answer is not about it", now)
        return
    again = changed(row, confirmed=now, failures=0, next=Seconds(now + polling.POLL_EVERY))
    if given is None or any(text == token for text, _ in given):
        await _quietly(w, again, "confirmed", now)
        return
    found = polling.update(row.by or row.visa, given)
    if found is None:
        await _end(w, row, "the answer does not hold it", now)
        return
    text, visa = found
    state: Polling = "live" if visa.jku is None else "replaced"
    await _quietly(w, replace(again, by=visa, token=p.vault.shut(text, row.id), state=state), "updated", now)


async def _given(
    w: World, v: Verifier, p: Poller, row: PolledVisa, answer: Answer, now: Seconds
) -> tuple[tuple[str, Visa], ...] | Reason | None:
    """The visas that the answer holds, verified; None if it speaks of none; a Reason if it is no answer to this."""
    trust = w.snapshots.current().trust
    trusted = trust.of(row.visa.iss)
    if trusted is None:
        return Reason(code="VISA-ISSUER-UNTRUSTED")
    said = read_answer(answer, Bearer(row=trusted, sub=row.visa.sub), at=now)
    if isinstance(said, Reason):
        return said
    if said.signed is not None and await refuted(w, v, said.signed, now) is not None:
        return Reason(code="VISA-SIGNATURE")
    if not said.stated:
        return None
    verified = await verified_visas(v, said.visas, trust, now, p.us)
    return tuple((token, visa) for token, visa in verified if isinstance(visa, Visa))


def _stop(row: PolledVisa, snapshot: Snapshot, now: Seconds) -> str | None:
    """Why not to ask any more (section 8, conditions 1 to 3); None: ask."""
    if now >= row.needed:
        return "needed no longer"
    current = row.by or row.visa
    if now >= current.exp:
        return "expired"
    names = (*revocation_names(row.visa), *revocation_names(current))
    if snapshot.revoked_names(names, now):
        return "revoked"
    trusted = snapshot.trust.of(row.visa.iss)
    return None if trusted is not None and trusted.polled else "not to be asked"


async def _end(w: World, row: PolledVisa, why: str, now: Seconds) -> None:
    """Its issuer says no: as good as revoked, and told to what runs. Recorded once."""
    ended = changed(row, state="ended")
    id = revocation_id("visa", row.visa.digest)
    if w.snapshots.current().get(Revocation, id) is not None:
        await _quietly(w, ended, why, now)
        return
    entry = w.entry("revocation.made", now, None, {"what": "visa", "value": row.visa.digest, "ground": why})
    try:
        await w.ledger.record(entry, Put(ended), Put(Revocation(id=id, since=now, until=row.visa.exp, ground=why)))
    except StaleError:
        return


async def _quietly(w: World, row: PolledVisa, result: str, now: Seconds) -> bool:
    """Record, unless somebody else changed the row first: then theirs holds."""
    try:
        await _record(w, row, result, now)
    except StaleError:
        return False
    return True


async def _record(w: World, row: PolledVisa, result: str, now: Seconds) -> None:
    about = {"visa": row.id, "issuer": row.visa.iss, "result": result}
    await w.ledger.record(w.entry("visa.polled", now, None, about), Put(row))


def _random(w: World) -> int:
    return int.from_bytes(w.entropy.random(2), "big")
