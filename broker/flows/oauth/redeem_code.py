"""A client turns an authorization code into tokens (RFC 6749 section 4.1.3). Exactly one redemption can win."""

from broker.core.oidc.errors import OAuthError, Penalty
from broker.core.oidc.narrowing import within_targets
from broker.core.oidc.opaque import stored_id
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.redeem import judge
from broker.core.rows.oauth import Client, Code
from broker.core.time import Seconds
from broker.flows.oauth.answers import Refused, Tokens
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.spend import spend
from broker.flows.oauth.standing import standing_of
from broker.flows.oauth.targets import foreign_grant


async def redeem_code(d: Deps, client: Client, form: Parameters, now: Seconds, jkt: str | None) -> Tokens | Refused:
    """Steps: 1 gather, 2 decide, 3 record, 4 act. StaleError: the code was spent meanwhile; decide again."""
    # 1. Gather.
    text = form.get("code")
    if text is None:
        return Refused(error=OAuthError.MISSING)
    code = await d.rows.get(Code, stored_id(text))
    s = await standing_of(d, code.family, now) if code is not None else None
    # 2. Decide.
    refused = judge(
        code,
        owner=s.family.client if s is not None else None,
        client_id=client.id,
        redirect_uri=form.get("redirect_uri"),
        verifier=form.get("code_verifier"),
        alive=s is not None and s.alive,
        now=now,
        jkt=jkt,
    )
    if code is None or s is None or refused is OAuthError.CODE_UNKNOWN:
        return Refused(error=OAuthError.CODE_UNKNOWN)
    if isinstance(refused, Penalty):
        return Refused(error=refused.error, standing=s, end=True)
    if refused is not None:
        return Refused(error=refused, standing=s)
    resources = form.all("resource")
    if form.all("audience") or not within_targets(resources, s.family.resources, d.audience_of):
        return Refused(error=OAuthError.TARGET, standing=s)
    foreign = await foreign_grant(d, resources, s.person, s.family.released)
    if foreign is not None:
        return Refused(error=foreign, standing=s)
    # 3. Record, 4. act.
    return await spend(d, s, code, resources, now, jkt)
