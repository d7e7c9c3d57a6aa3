"""Which of these Passports and visas are genuine? Verified once, and believed while all that said yes still does.

The only place where a foreign token becomes a `Passport` or a `Visa` on its way to an answer (core/passport/verify.py).
What was verified is kept under its whole text, with the trust row, the key and the audiences that decided; if one of
them is another object now, or its time is not now, the token is verified anew. So nothing that was kept outlives its
token, its key, its issuer's row or a withdrawal, and no two texts, hence no two people, ever share a place.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from broker.core.outcome import Reason
from broker.core.passport.health import concerns
from broker.core.passport.keys import named
from broker.core.passport.limits import LEEWAY
from broker.core.passport.read import Claimed, Need, read_passport, read_visa
from broker.core.passport.trust import Jwk, Trust, TrustRow
from broker.core.passport.verify import CheckSignature, seal_passport, seal_visa
from broker.core.passport.visa import Passport, Visa
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.proofs import Proofs
from broker.flows.world import ServiceCaller
from broker.ports import Endpoints, IssuerHealth, KeysAtHand, TokenReader, Vault

T = TypeVar("T", Passport, Visa)

MEMORY_CHARACTERS = 32 * 1024 * 1024
"""Of tokens that are kept, of visas and of Passports each; what was not asked for longest goes first."""
_MOST_SERVICES = 1_000
TURN = 32
"""Visas that are verified without letting others have their turn: some milliseconds."""


async def _goes_on() -> None:
    """Nobody else waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Generic[T]):
    """A token that was verified, and what decided that: all of it must still hold for `what` to count."""

    what: T
    need: Need
    key: Jwk
    row: TrustRow
    us: AbstractSet[str]
    begins: Seconds
    ends: Seconds

    def holds(self, row: TrustRow | None, at: Seconds, us: AbstractSet[str], keys: KeysAtHand) -> bool:
        """Would everything be judged as it was? The row is compared as an object, the key as all that it says."""
        if self.row is not row or not self.begins - LEEWAY <= at < self.ends + LEEWAY or self.us != us:
            return False
        pair, kid = self.need.pair, self.need.kid
        key = named(self.need.pinned, kid) if pair is None else keys.at_hand(*pair, kid)
        return key is self.key or (key is not None and key == self.key)


class Memory(Generic[T]):
    """Tokens that were verified, by their whole text. Bounded; what is forgotten is only verified again."""

    def __init__(self, characters: int = MEMORY_CHARACTERS) -> None:
        self._room = self._characters = characters
        self._known: OrderedDict[str, Known[T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, token: str) -> bool:
        return token in self._known

    def at(self, token: str, trust: Trust, at: Seconds, us: AbstractSet[str], keys: KeysAtHand) -> T | None:
        """What exactly this text was verified to be, if it would be judged today as it was then."""
        known = self._known.get(token)
        if known is None or not known.holds(trust.of(known.row.iss), at, us, keys):
            return None
        self._known.move_to_end(token)
        return known.what

    def keep(self, token: str, known: Known[T]) -> None:
        if self._known.pop(token, None) is not None:
            self._room += len(token)
        if len(token) > self._characters:
            return
        self._known[token] = known
        self._room -= len(token)
        while self._room < 0:
            oldest, _ = self._known.popitem(last=False)
            self._room += len(oldest)


class Services:
    """Services whose own tokens were verified. Each counts as long as the picture is the same, until its token ends.

    Not for tokens that are bound to a key: each use of those needs a proof.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Snapshot, ServiceCaller]] = {}

    def at(self, token: str, snapshot: Snapshot, now: Seconds) -> ServiceCaller | None:
        """The service behind exactly this text."""
        found = self._known.get(token)
        return found[1] if found is not None and found[0] is snapshot and now < found[1].ends else None

    def keep(self, token: str, snapshot: Snapshot, found: ServiceCaller) -> None:
        self._known.pop(token, None)
        self._known[token] = snapshot, found
        while len(self._known) > _MOST_SERVICES:
            del self._known[next(iter(self._known))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """What polling takes (flows/poll_visas.py). `us`: what `aud` of an updated visa may say."""

    endpoints: Endpoints
    vault: Vault
    us: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """What it takes to verify tokens: ours by `reader`, everybody's by `keys` and `check`, senders by `proofs`."""

    reader: TokenReader
    keys: KeysAtHand
    check: CheckSignature
    proofs: Proofs
    health: IssuerHealth | None = None
    """Who counts refused tokens for operators, if anybody does."""
    poller: Poller | None = None
    """How issuers are asked whether their Visa Access Tokens still hold, if they are."""
    pause: Callable[[], Awaitable[None]] = _goes_on
    """Lets others have their turn: one request may carry thousands of visas."""
    passports: Memory[Passport] = field(default_factory=Memory[Passport])
    visas: Memory[Visa] = field(default_factory=Memory[Visa])
    services: Services = field(default_factory=Services)


KeysFor = Callable[[Need], Sequence[Jwk] | None]


async def verified_passports(
    v: Verifier, tokens: Sequence[str], trust: Trust, at: Seconds, us: AbstractSet[str]
) -> tuple[Passport, ...] | Reason:
    """The Passports of trusted brokers, every one of them good; or why one of them is not (Passport 8.1).

    Those of brokers that nobody trusts are left out (8.3).
    """
    listed = [
        (token, v.passports.at(token, trust, at, us, v.keys) or read_passport(token, trust, at=at, us=us))
        for token in tokens
    ]
    for token, one in listed:
        if isinstance(one, Reason):
            note(v, trust, token, one, at)
    trusted = [(token, one) for token, one in listed if not _is_strangers(one)]
    refused = next((one for _, one in trusted if isinstance(one, Reason)), None)
    if refused is not None:
        return refused
    keys = await _keys(v, (one for _, one in trusted))
    found: list[Passport] = []
    for token, one in trusted:
        sealed = seal_passport(one, keys(one.need), v.check) if isinstance(one, Claimed) else one
        if isinstance(sealed, Reason):
            note(v, trust, token, sealed, at)
            return sealed
        if isinstance(one, Claimed):
            _keep(v.passports, token, sealed, one, keys(one.need), trust, us)
        found.append(sealed)
    return tuple(found)


async def verified_visas(
    v: Verifier, tokens: Iterable[str], trust: Trust, at: Seconds, us: AbstractSet[str]
) -> tuple[tuple[str, Visa | Reason], ...]:
    """Each of `tokens`, once, with the visa that it is, or why it is none: one bad visa hinders no other."""
    listed: list[tuple[str, Visa | Claimed | Reason]] = []
    for number, token in enumerate(dict.fromkeys(tokens), 1):
        listed.append((token, v.visas.at(token, trust, at, us, v.keys) or read_visa(token, trust, at=at, us=us)))
        if number % TURN == 0:
            await v.pause()
    keys = await _keys(v, (one for _, one in listed))
    found: list[tuple[str, Visa | Reason]] = []
    for number, (token, one) in enumerate(listed, 1):
        found.append((token, _sealed(v, token, one, keys, trust, us)))
        if number % TURN == 0:
            await v.pause()
    return tuple(found)


def note(v: Verifier, trust: Trust, token: str, reason: Reason, at: Seconds) -> None:
    """Tell operators that a token which names a registered issuer, or nearly, was refused."""
    found = concerns(token, reason, trust) if v.health is not None else None
    if v.health is not None and found is not None:
        v.health.refused(found, at)


def _sealed(
    v: Verifier, token: str, one: Visa | Claimed | Reason, keys: KeysFor, trust: Trust, us: AbstractSet[str]
) -> Visa | Reason:
    if not isinstance(one, Claimed):
        return one
    sealed = seal_visa(one, keys(one.need), v.check)
    if isinstance(sealed, Visa):
        _keep(v.visas, token, sealed, one, keys(one.need), trust, us)
    return sealed


def _is_strangers(one: object) -> bool:
    return isinstance(one, Reason) and one.code == "PASSPORT-ISSUER-UNTRUSTED"


def _keep(
    memory: Memory[T],
    token: str,
    what: T,
    claimed: Claimed,
    keys: Sequence[Jwk] | None,
    trust: Trust,
    us: AbstractSet[str],
) -> None:
    row, key = trust.of(what.iss), named(keys or (), claimed.need.kid)
    if row is None or key is None:
        return
    who = claimed.who
    begins = Seconds(max(who.iat, claimed.token.payload.get("nbf", who.iat)))
    memory.keep(token, Known(what=what, need=claimed.need, key=key, row=row, us=us, begins=begins, ends=who.exp))


async def _keys(v: Verifier, listed: Iterable[object]) -> KeysFor:
    """Where the keys of each claimed token are found: asked of all issuers at once, so that none waits for another."""
    needs = (one.need for one in listed if isinstance(one, Claimed))
    pairs = {(*need.pair, need.kid) for need in needs if need.pair is not None}
    sets = await v.keys.sets(pairs) if pairs else {}

    def keys(need: Need) -> Sequence[Jwk] | None:
        return need.pinned if need.pair is None else sets.get(need.pair)

    return keys
