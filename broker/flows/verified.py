"""Which of these Passports and visas are genuine? Verified once, and believed while all that said yes still does.

The only place where a foreign token becomes a `Passport` or a `Visa` on its way to an answer (core/passport/verify.py).
What was verified is kept under its whole text, with the trust row, the key and the audiences that decided; if one of
them is another object now, or its time is not now, the token is verified anew. So nothing that was kept outlives its
token, its key, its issuer's row or a withdrawal, and no two texts, hence no two people, ever share a place.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
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
from broker.core.time import Seconds
from broker.flows.proofs import Proofs
from broker.ports import IssuerHealth, Keys, TokenReader

T = TypeVar("T", Passport, Visa)

MEMORY_CHARACTERS = 32 * 1024 * 1024
"""Of tokens that are kept, of visas and of Passports each; what was not asked for longest goes first."""


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

    def holds(self, row: TrustRow | None, at: Seconds, us: AbstractSet[str]) -> bool:
        """Would everything but the signature be judged as it was? The row is compared as the object that it is."""
        return self.row is row and self.begins - LEEWAY <= at < self.ends + LEEWAY and self.us == us

    def signed_by(self, keys: Sequence[Jwk] | None) -> bool:
        """Is the key that decided still the one of that name, with all that it says about itself?"""
        key = named(keys, self.need.kid) if keys is not None else None
        return key is self.key or (key is not None and key == self.key)


class Memory(Generic[T]):
    """Tokens that were verified, by their whole text. Bounded; what is forgotten is only verified again."""

    def __init__(self, characters: int = MEMORY_CHARACTERS) -> None:
        self._room = self._characters = characters
        self._known: OrderedDict[str, Known[T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, token: str) -> Known[T] | None:
        """What is known of exactly this text."""
        found = self._known.get(token)
        if found is not None:
            self._known.move_to_end(token)
        return found

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """What it takes to verify tokens: ours by `reader`, everybody's by `keys` and `check`, senders by `proofs`."""

    reader: TokenReader
    keys: Keys
    check: CheckSignature
    proofs: Proofs
    health: IssuerHealth | None = None
    """Who counts refused tokens for operators, if anybody does."""
    passports: Memory[Passport] = field(default_factory=Memory[Passport])
    visas: Memory[Visa] = field(default_factory=Memory[Visa])


KeysFor = Callable[[Need], Sequence[Jwk] | None]


async def verified_passports(
    v: Verifier, tokens: Sequence[str], trust: Trust, at: Seconds, us: AbstractSet[str]
) -> tuple[Passport, ...] | Reason:
    """The Passports of trusted brokers, every one of them good; or why one of them is not (Passport 8.1).

    Those of brokers that nobody trusts are left out (8.3).
    """

    def read(token: str) -> Claimed | Reason:
        return read_passport(token, trust, at=at, us=us)

    listed = [(token, _known(v.passports, token, trust, at, us) or read(token)) for token in tokens]
    for token, one in listed:
        if isinstance(one, Reason):
            note(v, trust, token, one, at)
    trusted = [one for one in listed if not (isinstance(one[1], Reason) and one[1].code == "PASSPORT-ISSUER-UNTRUSTED")]
    for _, one in trusted:
        if isinstance(one, Reason):
            return one
    keys = await _keys(v, (one.need for _, one in trusted if not isinstance(one, Reason)))
    found: list[Passport] = []
    for token, one in trusted:
        if isinstance(one, Known) and one.signed_by(keys(one.need)):
            found.append(one.what)
            continue
        claimed = one if isinstance(one, Claimed) else read(token)
        sealed = claimed if isinstance(claimed, Reason) else seal_passport(claimed, keys(claimed.need), v.check)
        if isinstance(sealed, Reason) or isinstance(claimed, Reason):
            why = sealed if isinstance(sealed, Reason) else Reason(code="PASSPORT-MALFORMED")
            note(v, trust, token, why, at)
            return why
        _keep(v.passports, token, sealed, claimed, keys(claimed.need), trust, us)
        found.append(sealed)
    return tuple(found)


async def verified_visas(
    v: Verifier, tokens: Iterable[str], trust: Trust, at: Seconds, us: AbstractSet[str]
) -> tuple[tuple[str, Visa | Reason], ...]:
    """Each of `tokens`, once, with the visa that it is, or why it is none: one bad visa hinders no other."""

    def read(token: str) -> Claimed | Reason:
        return read_visa(token, trust, at=at, us=us)

    listed = [(token, _known(v.visas, token, trust, at, us) or read(token)) for token in dict.fromkeys(tokens)]
    keys = await _keys(v, (one.need for _, one in listed if not isinstance(one, Reason)))

    def visa(token: str, one: Known[Visa] | Claimed | Reason) -> Visa | Reason:
        if isinstance(one, Known):
            if one.signed_by(keys(one.need)):
                return one.what
            one = read(token)
        if isinstance(one, Reason):
            return one
        sealed = seal_visa(one, keys(one.need), v.check)
        if isinstance(sealed, Visa):
            _keep(v.visas, token, sealed, one, keys(one.need), trust, us)
        return sealed

    return tuple((token, visa(token, one)) for token, one in listed)


def note(v: Verifier, trust: Trust, token: str, reason: Reason, at: Seconds) -> None:
    """Tell operators that a token which names a registered issuer, or nearly, was refused."""
    found = concerns(token, reason, trust) if v.health is not None else None
    if v.health is not None and found is not None:
        v.health.refused(found, at)


def _known(memory: Memory[T], token: str, trust: Trust, at: Seconds, us: AbstractSet[str]) -> Known[T] | None:
    """What is known of `token`, if it would be read today as it was then."""
    known = memory.find(token)
    return known if known is not None and known.holds(trust.of(known.what.iss), at, us) else None


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


async def _keys(v: Verifier, needs: Iterable[Need]) -> KeysFor:
    """Where the keys of each token are found: asked of all issuers at once, so that none waits for another."""
    pairs = {(*need.pair, need.kid) for need in needs if need.pair is not None}
    sets = await v.keys.sets(pairs) if pairs else {}

    def keys(need: Need) -> Sequence[Jwk] | None:
        return need.pinned if need.pair is None else sets.get(need.pair)

    return keys
