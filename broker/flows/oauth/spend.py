"""A code, of a browser or of a device, is spent and the first tokens of its family are issued."""

from broker.core.oidc.limits import ACCESS_TOKEN_LIFE, SECRET_BYTES, until
from broker.core.oidc.narrowing import still
from broker.core.oidc.opaque import base64url, opaque, stored_id
from broker.core.rows.change import Put, changed
from broker.core.rows.oauth import Code, RefreshToken
from broker.core.time import Seconds
from broker.flows.oauth.answers import Plan, Tokens, sign
from broker.flows.oauth.deps import About, Deps
from broker.flows.oauth.standing import Standing

_JTI_BYTES = 16


async def spend(d: Deps, s: Standing, code: Code, resources: tuple[str, ...], now: Seconds, jkt: str | None) -> Tokens:
    """Steps 3 and 4 of a redemption that was decided: record, then sign. StaleError: somebody was first."""
    # 3. Record: the code is spent, and what it buys exists, in one go.
    plan = Plan(
        scope=still(s.family.scope, s.scopes),
        resources=tuple(dict.fromkeys(resources)),
        jti=base64url(d.entropy.random(_JTI_BYTES)),
        at=now,
        refresh_token=opaque(d.entropy.random(SECRET_BYTES)) if "refresh_token" in s.client.grant_types else None,
        nonce=s.family.nonce,
        jkt=jkt,
    )
    puts = [Put(changed(code, spent=now))]
    if plan.refresh_token is not None:
        kept = RefreshToken(id=stored_id(plan.refresh_token), family=s.family.id, expires=s.end, jkt=jkt)
        puts.append(Put(kept))
    await d.ledger.record(d.entry("token.issued", now, s.person, told(s, plan)), *puts)
    # 4. Act.
    return await sign(d, s, plan, now)


def told(s: Standing, plan: Plan) -> About:
    """What the log says of tokens: never the tokens."""
    return {
        "client": s.client.id,
        "family": s.family.id,
        "jti": plan.jti,
        "scope": plan.scope,
        "until": until(plan.at, ACCESS_TOKEN_LIFE, s.end),
    }
