"""Did its issuer really sign this visa, or this Passport? The only maker of `Visa` and `Passport`.

`read.py` says what a token claims and which registered keys decide; here the key is found by its `kid` and the
signature checked. The check is an argument (adapters/jose.py has it), so that this stays pure.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from broker.core import jws
from broker.core.outcome import Reason
from broker.core.passport import limits
from broker.core.passport.claims import text
from broker.core.passport.keys import named, thumbprint
from broker.core.passport.read import Claimed, Pair, read_passport, read_visa
from broker.core.passport.trust import Jwk, Trust
from broker.core.passport.visa import Passport, Visa, VisaObject
from broker.core.time import Seconds

CheckSignature = jws.CheckSignature
KeysOf = Mapping[Pair, Sequence[Jwk]]
"""What the registered addresses served. A pair that is missing could not be had."""


def verify_visa(
    token: str,
    trust: Trust,
    keys_of: KeysOf,
    *,
    at: Seconds,
    us: AbstractSet[str],
    check: CheckSignature,
    leeway: Seconds = limits.LEEWAY,
) -> Visa | Reason:
    """`read_visa` and `seal_visa` in one, for who has all keys at hand."""
    claimed = read_visa(token, trust, at=at, us=us, leeway=leeway)
    return claimed if isinstance(claimed, Reason) else seal_visa(claimed, _keys(claimed, keys_of), check)


def verify_passport(
    token: str,
    trust: Trust,
    keys_of: KeysOf,
    *,
    at: Seconds,
    us: AbstractSet[str],
    check: CheckSignature,
    leeway: Seconds = limits.LEEWAY,
) -> Passport | Reason:
    """`read_passport` and `seal_passport` in one, for who has all keys at hand."""
    claimed = read_passport(token, trust, at=at, us=us, leeway=leeway)
    return claimed if isinstance(claimed, Reason) else seal_passport(claimed, _keys(claimed, keys_of), check)


def _keys(claimed: Claimed, keys_of: KeysOf) -> Sequence[Jwk] | None:
    pair = claimed.need.pair
    return claimed.need.pinned if pair is None else keys_of.get(pair)


def seal_visa(claimed: Claimed, keys: Sequence[Jwk] | None, check: CheckSignature) -> Visa | Reason:
    """The verified visa, or why its signature does not count.

    `keys`: what the registered address of `claimed.need.pair` served; None if it could not be had.
    """
    said = claimed.said
    if not isinstance(said, VisaObject):
        raise TypeError("a Passport is not a visa")
    key = _signing_key(claimed, keys, check)
    if isinstance(key, Reason):
        return key
    who = claimed.who
    return Visa(
        iss=who.iss,
        sub=who.sub,
        jti=who.jti,
        type=said.type,
        value=said.value,
        source=said.source,
        by=said.by,
        asserted=said.asserted,
        iat=who.iat,
        exp=who.exp,
        conditions=said.conditions,
        linked=said.linked,
        jku=claimed.token.header.get("jku"),
        kid=claimed.need.kid,
        key=key,
        algorithm=claimed.algorithm,
        digest=claimed.token.digest,
    )


def seal_passport(claimed: Claimed, keys: Sequence[Jwk] | None, check: CheckSignature) -> Passport | Reason:
    """The verified Passport, or why its signature does not count. `keys` as for `seal_visa`."""
    visas = claimed.said
    if isinstance(visas, VisaObject):
        raise TypeError("a visa is not a Passport")
    key = _signing_key(claimed, keys, check)
    if isinstance(key, Reason):
        return key
    who, confirmation = claimed.who, claimed.token.payload.get("cnf")
    return Passport(
        iss=who.iss,
        sub=who.sub,
        jti=who.jti,
        iat=who.iat,
        exp=who.exp,
        visas=visas,
        kid=claimed.need.kid,
        key=key,
        digest=claimed.token.digest,
        sid=text(claimed.token.payload.get("sid")),
        jkt=text(confirmation.get("jkt")) if isinstance(confirmation, dict) else None,
    )


def _signing_key(claimed: Claimed, keys: Sequence[Jwk] | None, check: CheckSignature) -> str | Reason:
    """The thumbprint of the one key with that `kid`, if it made the signature."""
    usable = claimed.need.pinned or keys
    if usable is None:
        return Reason(code=f"{claimed.kind}-KEYS-UNAVAILABLE")
    key = named(usable, claimed.need.kid)
    if key is None:
        return Reason(code=f"{claimed.kind}-KEY-UNKNOWN")
    token = claimed.token
    if not check(claimed.algorithm, key, token.signing_input, token.signature):
        return Reason(code=f"{claimed.kind}-SIGNATURE")
    return thumbprint(key)
