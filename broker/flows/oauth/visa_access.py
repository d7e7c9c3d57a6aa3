"""Is a Visa Access Token of ours still good? All that it opens is this answer (AAI v1.0, still referenced by 1.2.1).

200 for one that is, 401 for one that has ended or was revoked, so that a clearinghouse may ask. It is signed with the
key of visas, has its own `typ` and claims, and no `aud`: none of our other doors takes it.
"""

from typing import Any

from broker.core.oidc.bearer import Shown
from broker.core.oidc.claims import VISA_CLAIM
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.own_tokens import OPENID
from broker.core.oidc.release import releasable
from broker.core.passport.assertions import origins
from broker.core.time import Seconds
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.standing import revoked_since, standing_of
from broker.flows.visas import VISA_ACCESS


async def visa_access(d: Deps, shown: Shown | OAuthError, now: Seconds) -> dict[str, Any] | OAuthError | None:
    """What UserInfo answers to a Visa Access Token of ours; None: it is none, and may be something else.

    It is good while the person still holds the visa, and while the authorisation lasts that released it. Nothing
    leaves but whom it is about, which the token says too, so nothing is recorded.
    """
    said = None if isinstance(shown, OAuthError) else d.reader.read(shown.token, VISA_ACCESS)
    visa = said.get(VISA_CLAIM) if said is not None else None
    if said is None or not isinstance(visa, dict):
        return None
    if said.get("iss") != d.issuer or OPENID not in str(said.get("scope")).split(" ") or not now < said.get("exp", 0):
        return OAuthError.TOKEN_INVALID
    s = await standing_of(d, str(said.get("sid")), now)
    if s is None:
        return OAuthError.TOKEN_INVALID
    jti = str(said.get("jti"))
    ended = [await revoked_since(d, "visa", f"{d.issuer} {name}") for name in (jti, *origins(jti))]
    if not s.alive or any(since is not None and now >= since for since in ended):
        return OAuthError.TOKEN_REVOKED
    held = releasable(await d.visas(s.person, s.session, frozenset(), now, s.family.id), s.family.released, now)
    names = {(one.sub or s.person.id, one.type, one.value, one.source) for one in held}
    if (said.get("sub"), visa.get("type"), visa.get("value"), visa.get("source")) not in names:
        return OAuthError.TOKEN_REVOKED
    return {"sub": said["sub"], "iss": d.issuer}
