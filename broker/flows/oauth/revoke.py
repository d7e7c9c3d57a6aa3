"""A client gives a token back (RFC 7009). A refresh token takes its whole family with it."""

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.introspect import is_readable
from broker.core.oidc.limits import MAX_TOKEN_FORM
from broker.core.oidc.opaque import stored_id
from broker.core.oidc.own_tokens import ServiceToken
from broker.core.oidc.parameters import parse
from broker.core.rows.change import Put
from broker.core.rows.oauth import Client, RefreshToken
from broker.core.rows.revocation import Revocation, What, revocation_id
from broker.core.rows.tasks import Task
from broker.core.time import Seconds
from broker.flows.oauth.client import client_of
from broker.flows.oauth.deps import About, Deps, deciding_anew
from broker.flows.oauth.introspect import own_service_token, own_token
from broker.flows.oauth.standing import Standing, standing_of
from broker.flows.oauth.tasks import close_task


async def revoke(d: Deps, authorization: str | None, raw: bytes) -> OAuthError | None:
    """None (200) when the token is dead now, whatever it was: unknown, expired, somebody else's (section 2.2).

    `token_type_hint` is not needed: every kind is looked for, so a wrong hint cannot hide one (section 2.1).
    """
    form = parse(raw, MAX_TOKEN_FORM)
    if isinstance(form, OAuthError):
        return form
    caller = await client_of(d, authorization, form)
    if isinstance(caller, OAuthError):
        return caller
    text = form.get("token")
    if text is None:
        return OAuthError.MISSING
    return await deciding_anew(lambda: _revoke(d, caller, text)) if is_readable(text) else None


async def _revoke(d: Deps, caller: Client, text: str) -> None:
    """Steps: 1 gather, 2 decide, 3 record. Only the client to which it was given can give a token back."""
    # 1. Gather.
    now = d.clock.now()
    service = own_service_token(d, text, now)
    if service is not None:
        await _end_service(d, caller, service, now)
        return
    token = own_token(d, text, now)
    row = await d.rows.get(RefreshToken, stored_id(text)) if token is None else None
    family = token.family if token is not None else row.family if row is not None else None
    s = await standing_of(d, family, now) if family is not None else None
    # 2. Decide, 3. record.
    if s is None or s.client.id != caller.id:
        return
    if token is not None and token.kind == "task":
        task = await d.rows.get(Task, token.jti)
        if task is not None and task.ended is None:
            await close_task(d, s.person, task, "given back by its client", now)
    elif token is not None:
        await _end(d, s, "token", token.jti, token.expires, now)
    else:
        await _end(d, s, "family", s.family.id, s.family.expires, now)


async def _end_service(d: Deps, caller: Client, token: ServiceToken, now: Seconds) -> None:
    id = revocation_id("token", token.jti)
    if token.client_id != caller.id or await d.rows.get(Revocation, id) is not None:
        return
    row = Revocation(id=id, since=now, until=token.expires, ground="given back by its client")
    about: About = {"client": caller.id, "what": "token", "value": token.jti}
    await d.ledger.record(d.entry("token.revoked", now, None, about), Put(row))


async def _end(d: Deps, s: Standing, what: What, value: str, expires: Seconds, now: Seconds) -> None:
    id = revocation_id(what, value)
    if await d.rows.get(Revocation, id) is not None:
        return
    row = Revocation(id=id, since=now, until=expires, ground="given back by its client")
    about = {"client": s.client.id, "family": s.family.id, "what": what, "value": value}
    await d.ledger.record(d.entry("token.revoked", now, s.person, about), Put(row))
