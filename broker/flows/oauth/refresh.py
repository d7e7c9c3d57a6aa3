"""A client renews its tokens (RFC 6749 section 6): rotation, a grace window, and an end for what is stolen."""

from broker.core.oidc import refresh as rules
from broker.core.oidc.errors import OAuthError, Penalty
from broker.core.oidc.narrowing import narrowed_scope, still, within_targets
from broker.core.oidc.opaque import stored_id
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.refresh import Rotate
from broker.core.rows.change import Put, changed
from broker.core.rows.oauth import Client, RefreshToken
from broker.core.time import Seconds
from broker.flows.oauth.answers import Plan, Refused, Tokens, sign
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.spend import told
from broker.flows.oauth.standing import standing_of
from broker.flows.oauth.targets import foreign_grant
from broker.ports.faults import fault


async def refresh(d: Deps, client: Client, form: Parameters, now: Seconds, jkt: str | None) -> Tokens | Refused:
    """Steps: 1 gather, 2 decide, 3 record, 4 act. StaleError: it was rotated meanwhile; decide again."""
    # 1. Gather.
    text = form.get("refresh_token")
    if text is None:
        return Refused(error=OAuthError.MISSING)
    row = await d.rows.get(RefreshToken, stored_id(text))
    s = await standing_of(d, row.family, now) if row is not None else None
    # 2. Decide.
    owner = s.family.client if s is not None else None
    verdict = rules.judge(row, owner=owner, client_id=client.id, alive=s is not None and s.alive, now=now)
    if row is None or s is None or verdict is OAuthError.REFRESH_UNKNOWN:
        return Refused(error=OAuthError.REFRESH_UNKNOWN)
    if isinstance(verdict, Penalty):
        return Refused(error=verdict.error, standing=s, end=True)
    if isinstance(verdict, OAuthError):
        return Refused(error=verdict, standing=s)
    if row.jkt is not None and row.jkt != jkt:  # whoever has the token without its key changes nothing
        return Refused(error=OAuthError.DPOP_KEY, standing=s)
    scope = narrowed_scope(form.words("scope"), still(s.family.scope, s.scopes))
    if isinstance(scope, OAuthError):
        return Refused(error=scope, standing=s)
    resources = tuple(dict.fromkeys(form.all("resource")))
    if form.all("audience") or not within_targets(resources, s.family.resources, d.audience_of):
        return Refused(error=OAuthError.TARGET, standing=s)
    foreign = await foreign_grant(d, resources, s.person, s.family.released)
    if foreign is not None:
        return Refused(error=foreign, standing=s)
    # 3. Record. Within the grace window nothing changes, yet tokens leave: an entry alone.
    plan = Plan(
        scope=scope,
        resources=resources,
        jti=rules.access_token_id(d.refresh_key, text, scope, resources, jkt),
        at=verdict.at,
        refresh_token=rules.successor(d.refresh_key, text),
        jkt=jkt,
    )
    puts = _rotation(row, plan, now) if isinstance(verdict, Rotate) else ()
    await d.ledger.record(d.entry("token.issued", now, s.person, told(s, plan)), *puts)
    fault("token.recorded")
    # 4. Act.
    return await sign(d, s, plan, now)


def _rotation(row: RefreshToken, plan: Plan, now: Seconds) -> tuple[Put, ...]:
    """`row` spent, and its successor in its place."""
    after = RefreshToken(id=stored_id(plan.refresh_token or ""), family=row.family, expires=row.expires, jkt=plan.jkt)
    return Put(changed(row, spent=now)), Put(after)
