"""Visas that other issuers signed about a person: taken in when they verify and are theirs, handed on as they are.

Who says whose a visa is: its issuer, by its `sub`. It is a person's if it names an identity of theirs, or the `sub`
by which that issuer's row says that their identity provider's people are known; a broker whose row vouches says so
of all that it hands out. A visa of anybody else is never kept (T037).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from broker.core import strict_json
from broker.core.audit.entry import Value
from broker.core.ids import Issuer
from broker.core.oidc.release import MintedVisa
from broker.core.outcome import Reason
from broker.core.passport.counts import lapsed, revocation_names
from broker.core.passport.limits import PASSPORT_BYTES, PASSPORT_VISAS
from broker.core.passport.visa import Visa
from broker.core.plain import canonical, digest
from broker.core.rows import Gathered, Person, Put, VisaIssuer
from broker.core.rows.assertions import Via, gathered_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.verified import Verifier, verified_visas
from broker.flows.world import World
from broker.ports import StaleError, Vault, VisaSources, Wanted

RENEW_SECONDS = 86_400
"""Stored tokens that say the same as newer ones are replaced when less than this is left of them."""
PUSHED_AT_ONCE = 100
"""Visas in one push."""
_RETRIES = 5

Identity = tuple[Issuer, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """What it takes: somebody to ask, somebody to verify, and a vault for what is stored."""

    sources: VisaSources
    verifier: Verifier
    vault: Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where visas of `issuer` about `identity` lie, and by which `sub` it knows them."""

    via: Via
    issuer: VisaIssuer
    identity: Identity

    @property
    def id(self) -> str:
        return gathered_id(self.via, self.issuer.id, *self.identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A visa of another issuer, verified, that is this person's and has not lapsed."""

    token: str
    visa: Visa

    @property
    def id(self) -> str:
        """By what it says: a visa that says the same, signed anew, is released under the same name."""
        return visa_id(self.visa)

    @property
    def ready(self) -> MintedVisa:
        """As it leaves: byte for byte."""
        visa = self.visa
        return MintedVisa(
            id=self.id,
            jti=visa.jti if visa.jti is not None else visa.digest,
            token=self.token,
            type=visa.type,
            value=visa.value,
            source=visa.source,
            exp=visa.exp,
        )


def visa_id(visa: Visa) -> str:
    """The name under which a foreign visa is released: a digest of who says what about whom, in whose name."""
    said = [visa.iss, visa.sub, visa.type, visa.value, visa.source, visa.by or ""]
    return "foreign:" + digest(said)[:32]


async def foreign_visas(
    w: World, g: Gathering, person: Person, identities: Collection[Identity], now: Seconds
) -> tuple[Foreign, ...]:
    """All that others say of a person now. Steps: 1 gather, 2 decide what is theirs, 3 record what changed, 4 hand out.

    Asked: every permissions API that knows one of `identities`, unless its answer is recent; who does not answer in
    time is taken by what it said last. What is stored is judged again as if it had just come.
    """
    # 1. Gather.
    snapshot = w.snapshots.current()
    places = _places(snapshot, identities)
    wanted = {place.id: _wanted(place) for place in places if place.via == "api"}
    answers = await g.sources.visas([one for one in wanted.values() if one is not None]) if wanted else {}
    found: dict[str, Foreign] = {}
    for place in places:
        ask = wanted.get(place.id)
        fresh = answers.get(ask) if ask is not None else None
        # 2. Decide, 3. record.
        kept = await _kept(w, g, place, now) if fresh is None else await _taken(w, g, person, place, fresh, now)
        found |= {one.token: one for one in kept}
    # 4. Hand out.
    return _newest(found.values())


async def take_in(
    w: World, g: Gathering, person: Person, iss: Issuer, sub: str, tokens: Sequence[str], now: Seconds
) -> int:
    """A broker's UserInfo handed us `tokens` when (`iss`, `sub`) signed in there: keep what is theirs. How many.

    Only if its row says so (`gather.userinfo`). Steps: 1 gather, 2 decide, 3 record.
    """
    row = w.snapshots.current().get(VisaIssuer, iss)
    if row is None or row.status != "active" or row.gather is None or not row.gather.userinfo:
        return 0
    place = Place(via="userinfo", issuer=row, identity=(iss, sub))
    return len(await _taken(w, g, person, place, tokens[:PASSPORT_VISAS], now))


async def push(
    w: World, g: Gathering, by: Person | None, issuers: Collection[str], tokens: Sequence[str]
) -> tuple[Visa | Reason, ...]:
    """Somebody who may speak for `issuers` brings visas. Steps: 1 verify, 2 decide each, 3 record, 4 answer for each.

    A visa that says the same as one that is there takes its place.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    judged = dict(await verified_visas(g.verifier, tokens, snapshot.trust, now, frozenset({w.issuer})))
    # 2. Decide.
    answers = {token: _pushable(snapshot, issuers, one, now) for token, one in judged.items()}
    good: dict[Identity, dict[str, tuple[str, Visa]]] = {}
    for token, one in answers.items():
        if isinstance(one, Visa):
            good.setdefault((Issuer(one.iss), one.sub), {})[visa_id(one)] = (token, one)
    # 3. Record.
    for (iss, sub), brought in good.items():
        row = snapshot.get(VisaIssuer, iss)
        if row is None or row.gather is None:
            continue
        place = Place(via="push", issuer=row, identity=(row.gather.subjects_of or iss, sub))
        full = await _add(w, g, by, place, brought, now)
        if full is not None:
            answers |= {token: full for token, _ in brought.values()}
    # 4. Answer.
    return tuple(answers[token] for token in tokens)


async def drop(w: World, g: Gathering, by: Person | None, issuer: str, sub: str) -> bool | Reason:
    """What was pushed about a subject of `issuer` is taken back. Steps: 1 gather, 2 decide, 3 record. Twice is once."""
    now, row = w.clock.now(), w.snapshots.current().get(VisaIssuer, issuer)
    if row is None or row.gather is None:
        return Reason(code="REQ-NOT-FOUND")
    place = Place(via="push", issuer=row, identity=(row.gather.subjects_of or row.id, sub))
    if not await _kept(w, g, place, now):
        return False
    await _store(w, g, by, place, (), now)
    return True


def _places(snapshot: Snapshot, identities: Collection[Identity]) -> tuple[Place, ...]:
    """Everywhere that visas about one of these identities can lie."""
    found: list[Place] = []
    for row in snapshot.all(VisaIssuer):
        if row.status != "active" or row.gather is None or row.id == snapshot.own.iss:
            continue
        home = row.gather.subjects_of or row.id
        for identity in sorted(identities):
            ways: tuple[tuple[Via, bool, Issuer], ...] = (
                ("api", row.gather.api is not None, home),
                ("push", row.gather.push, home),
                ("userinfo", row.gather.userinfo, row.id),
            )
            found += (
                Place(via=via, issuer=row, identity=identity) for via, on, iss in ways if on and identity[0] == iss
            )
    return tuple(found)


def _wanted(place: Place) -> Wanted | None:
    row = place.issuer
    if row.gather is None or row.gather.api is None:
        return None
    return Wanted(
        issuer=row.id,
        sub=place.identity[1],
        api=row.gather.api,
        api_key=row.gather_key,
        api_user=row.gather.api_user,
        internal=row.internal,
    )


async def _theirs(w: World, g: Gathering, place: Place, tokens: Iterable[str], now: Seconds) -> tuple[Foreign, ...]:
    """Those of `tokens` that verify, are this identity's, and have not lapsed."""
    trust = w.snapshots.current().trust
    judged = await verified_visas(g.verifier, tokens, trust, now, frozenset({w.issuer}))
    snapshot = w.snapshots.current()  # the keys may have been waited for
    good = (Foreign(token=token, visa=one) for token, one in judged if isinstance(one, Visa))
    return tuple(one for one in good if _is_theirs(place, one.visa) and _lapsed(snapshot, one.visa, now) is None)


def _is_theirs(place: Place, visa: Visa) -> bool:
    row, (iss, sub) = place.issuer, place.identity
    if place.via == "userinfo":
        return (visa.iss, visa.sub) == (iss, sub) or row.trust.vouches
    return (visa.iss, visa.sub) == (row.id, sub)


def _lapsed(snapshot: Snapshot, visa: Visa, now: Seconds) -> Reason | None:
    return lapsed(visa, snapshot.trust, now, snapshot.revoked_names(revocation_names(visa), now))


def _newest(found: Iterable[Foreign]) -> tuple[Foreign, ...]:
    """Of visas that say the same the one that lasts longest."""
    best: dict[str, Foreign] = {}
    for one in sorted(found, key=lambda one: (one.visa.exp, one.visa.digest)):
        best[one.id] = one
    return tuple(best[id] for id in sorted(best))


async def _kept(w: World, g: Gathering, place: Place, now: Seconds) -> tuple[Foreign, ...]:
    """What is stored, as far as it still counts."""
    row = await w.rows.get(Gathered, place.id)
    return await _theirs(w, g, place, _opened(g, row), now) if row is not None else ()


def _opened(g: Gathering, row: Gathered) -> tuple[str, ...]:
    """The stored tokens; none if the key that sealed them is gone."""
    text = g.vault.open(row.sealed, row.id)
    listed = strict_json.loads(text.encode(), 2 * PASSPORT_BYTES) if text is not None else []
    return tuple(listed) if isinstance(listed, list) else ()


async def _taken(
    w: World, g: Gathering, person: Person | None, place: Place, tokens: Sequence[str], now: Seconds
) -> tuple[Foreign, ...]:
    """A whole answer: it takes the place of the one before. Written only if it says something else, or lasts longer."""
    found = _newest(await _theirs(w, g, place, tokens, now))
    before = await _kept(w, g, place, now)
    same = {one.id for one in found} == {one.id for one in before}
    soon = min((one.visa.exp for one in before), default=now) - now < RENEW_SECONDS
    longer = [one.visa.exp for one in found] > [one.visa.exp for one in before]
    if not same or (soon and longer):
        await _store(w, g, person, place, found, now)
    return found


async def _add(
    w: World, g: Gathering, by: Person | None, place: Place, brought: Mapping[str, tuple[str, Visa]], now: Seconds
) -> Reason | None:
    """Visas beside those that are there; a reason if there are too many. Anew whenever it lost a race."""
    for _ in range(_RETRIES):
        before = {one.id: one for one in await _kept(w, g, place, now)}
        after = before | {id: Foreign(token=token, visa=visa) for id, (token, visa) in brought.items()}
        if len(after) > PASSPORT_VISAS or sum(len(one.token) for one in after.values()) > PASSPORT_BYTES:
            return Reason(code="PASSPORT-TOO-MANY-VISAS", facts=(("limit", str(PASSPORT_VISAS)),))
        if await _store(w, g, by, place, tuple(after.values()), now):
            return None
    return Reason(code="AUTH-BUSY")


async def _store(
    w: World, g: Gathering, who: Person | None, place: Place, found: Sequence[Foreign], now: Seconds
) -> bool:
    """Record them under their place. False: somebody else was first, and what they stored is as good."""
    before = await w.rows.get(Gathered, place.id)
    iss, sub = place.identity
    row = Gathered(
        id=place.id,
        version=1 if before is None else before.version + 1,
        issuer=place.issuer.id,
        iss=iss,
        sub=sub,
        sealed=g.vault.shut(canonical([one.token for one in found]).decode(), place.id),
        fetched=now,
        via=place.via,
    )
    told: dict[str, Value] = {
        "issuer": place.issuer.id,
        "via": place.via,
        "visas": tuple(one.visa.digest for one in found),
    }
    try:
        await w.ledger.record(w.entry("visa.gathered", now, who, told), Put(row))
    except StaleError:
        return False
    return True


def _pushable(snapshot: Snapshot, issuers: Collection[str], one: Visa | Reason, now: Seconds) -> Visa | Reason:
    if isinstance(one, Reason):
        return one
    row = snapshot.get(VisaIssuer, one.iss)
    if one.iss not in issuers or row is None or row.gather is None or not row.gather.push:
        return Reason(code="VISA-ISSUER-UNTRUSTED")
    return _lapsed(snapshot, one, now) or one
