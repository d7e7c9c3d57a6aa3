"""The second way in: another broker's access token, whose visas its UserInfo tells us. (AAI C2, C3, C16)

The token is verified as far as it can be read before it is shown to anybody, and then to its own broker alone.
"""

from broker.core.oidc.opaque import stored_id
from broker.core.outcome import Reason
from broker.core.passport.bearer import vouched
from broker.core.passport.userinfo import Bearer, Said, issuer_of, read_answer, read_bearer
from broker.core.rows import Code, RefreshToken, Session
from broker.core.time import Seconds
from broker.flows.authenticate import foreign_caller
from broker.flows.foreign_tokens import visas_of
from broker.flows.oauth.device import DEVICES
from broker.flows.signatures import signer
from broker.flows.verified import Verifier, note
from broker.flows.world import Caller, World
from broker.ports import Endpoints, UpstreamError

USERINFO_SECONDS = 3600
"""What rests on an answer lasts an hour at most, as if a Passport had been issued for it; then it is asked anew."""


def is_foreign(w: World, token: str) -> bool:
    """Does this bearer token ask for the second way in? Whose name it bears is not yet whose it is."""
    trust = w.snapshots.current().trust
    if not trust.by_userinfo:
        return False
    iss = issuer_of(token)
    return trust.opaque() is not None if iss == "" else iss != w.issuer and trust.of(iss) is not None


async def by_userinfo(w: World, v: Verifier, endpoints: Endpoints, token: str) -> Caller | Reason:
    """The person whom the token's broker names, with the visas that it gives for them. As by a Passport of its.

    Steps: 1 read the token, 2 ask its broker, 3 read the answer, 4 verify each visa.
    """
    # 1. Nothing leaves for a token that is unlisted, expired, not Passport-scoped, or not signed by its broker.
    now, trust = w.clock.now(), w.snapshots.current().trust
    read = await _readable(w, v, token, now)
    if isinstance(read, Reason):
        note(v, trust, token, read, now)
        return _told(read)
    bearer, keys = read
    # 2. Its own broker is asked, and nobody else.
    try:
        answer = await endpoints.userinfo(bearer.row.iss, token)
    except UpstreamError:
        return Reason(code="SRV-UPSTREAM")
    if answer is None:
        return Reason(code="AUTH-TOKEN-INVALID")
    # 3. The answer is about the token's own subject, or it is none.
    said = read_answer(answer, bearer, at=now)
    if isinstance(said, Said) and said.signed is not None:
        key = await signer(w, v, said.signed, now)
        said, keys = (key, keys) if isinstance(key, Reason) else (said, (*keys, key))
    if isinstance(said, Reason):
        note(v, trust, token, said, now)
        return said if said.code == "PASSPORT-TOO-MANY-VISAS" else Reason(code="SRV-UPSTREAM")
    if w.snapshots.current().revoked("issuer", bearer.row.iss, now):
        return Reason(code="AUTH-REVOKED")
    # 4. Each visa stands or falls by itself.
    inside, identity = await visas_of(w, v, said.visas, now), (bearer.row.iss, said.sub)
    last = Seconds(now + USERINFO_SECONDS)
    ends = last if bearer.exp is None else min(last, bearer.exp)
    told = vouched(identity, inside.visas, ends, w.snapshots.current().trust)
    return await foreign_caller(w, identity, inside, ends, told, keys)


async def _readable(w: World, v: Verifier, token: str, now: Seconds) -> tuple[Bearer, tuple[str, ...]] | Reason:
    """What the token claims, and the key that signed it, if one did."""
    bearer = read_bearer(token, w.snapshots.current().trust, at=now)
    if isinstance(bearer, Reason):
        return bearer
    if w.snapshots.current().revoked("issuer", bearer.row.iss, now):
        return Reason(code="AUTH-REVOKED")
    if bearer.signed is None:
        return Reason(code="AUTH-TOKEN-INVALID") if await _is_ours(w, token) else (bearer, ())
    key = await signer(w, v, bearer.signed, now)
    return key if isinstance(key, Reason) else (bearer, (key,))


async def _is_ours(w: World, token: str) -> bool:
    """A secret of ours that somebody sends to the wrong door must not be shown to another broker."""
    id = stored_id(token)
    if await w.scratch.get(DEVICES, id, w.clock.now()) is not None:
        return True
    return any([await w.rows.get(kind, id) is not None for kind in (RefreshToken, Code, Session)])


def _told(reason: Reason) -> Reason:
    """In the words of bearer tokens (RFC 6750): what a Passport would be told is for operators."""
    if reason.code.startswith("AUTH-"):
        return reason
    if reason.code == "PASSPORT-KEYS-UNAVAILABLE":
        return Reason(code="SRV-UPSTREAM")
    return Reason(code="AUTH-TOKEN-EXPIRED" if reason.code == "PASSPORT-EXPIRED" else "AUTH-TOKEN-INVALID")
