"""Is what a broker signed for us really its own: its access tokens, and the answers of its UserInfo?"""

from collections.abc import Sequence

from broker.core.outcome import Reason
from broker.core.passport.keys import named, thumbprint
from broker.core.passport.trust import Jwk
from broker.core.passport.userinfo import Signed
from broker.core.time import Seconds
from broker.flows.verified import Verifier
from broker.flows.world import World


async def refuted(w: World, v: Verifier, signed: Signed, now: Seconds) -> Reason | None:
    """Why this signature does not count; None if it does."""
    found = await signer(w, v, signed, now)
    return found if isinstance(found, Reason) else None


async def signer(w: World, v: Verifier, signed: Signed, now: Seconds) -> str | Reason:
    """The thumbprint of the key that signed this, for what rests on it; or why the signature does not count."""
    need = signed.need
    keys: Sequence[Jwk] | None = need.pinned
    if need.pair is not None:
        keys = (await v.keys.sets([(*need.pair, need.kid)])).get(need.pair)
    if keys is None:
        return Reason(code="PASSPORT-KEYS-UNAVAILABLE")
    key = named(keys, need.kid)
    if key is None:
        return Reason(code="PASSPORT-KEY-UNKNOWN")
    if not v.check(signed.algorithm, key, signed.token.signing_input, signed.token.signature):
        return Reason(code="PASSPORT-SIGNATURE")
    found = thumbprint(key)
    return Reason(code="AUTH-REVOKED") if w.snapshots.current().revoked("key", found, now) else found
