"""A client or a repository asks whether a token is alive (RFC 7662).

Whether it is gives nobody anything, so it is not recorded. A grant is told to who hands over data by it: each time,
that is on record first, with the decision behind it.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from broker.core.oidc import introspect as rules
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.introspect import INACTIVE
from broker.core.oidc.limits import MAX_TOKEN_FORM
from broker.core.oidc.narrowing import still
from broker.core.oidc.opaque import stored_id
from broker.core.oidc.own_tokens import (
    ACCESS_TOKEN_TYP,
    PASSPORT_TYP,
    TASK_TYP,
    OwnToken,
    ServiceToken,
    read_access_token,
    read_passport,
    read_service_token,
    read_task_token,
)
from broker.core.oidc.parameters import parse
from broker.core.rows.oauth import Client, RefreshToken
from broker.core.time import Seconds
from broker.flows.oauth.client import client_of
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.standing import standing_of, token_revoked
from broker.flows.traces import decided, decisions_of


async def introspect(d: Deps, authorization: str | None, raw: bytes) -> Mapping[str, Any] | OAuthError:
    """The members of the answer; `{"active": false}` for whatever is not the caller's business."""
    form = parse(raw, MAX_TOKEN_FORM)
    if isinstance(form, OAuthError):
        return form
    caller = await client_of(d, authorization, form, public=False)
    if isinstance(caller, OAuthError):
        return caller
    text = form.get("token")
    if text is None:
        return OAuthError.MISSING
    if not rules.is_readable(text):
        return INACTIVE
    now = d.clock.now()
    token = own_token(d, text, now)
    if token is not None:
        return await _signed(d, caller, token, now, form.all("resource"))
    service = own_service_token(d, text, now)
    if service is not None:
        return await _service(d, caller, service, now)
    document = await d.documents(text, now)
    if document is not None:
        return rules.about_document(document, caller, d.audience_of)
    return await _refresh(d, caller, text, now)


def own_token(d: Deps, text: str, now: Seconds) -> OwnToken | None:
    """The live signed token of ours that `text` is: access token, task token or Passport, by its exact `typ`."""
    read = read_access_token(d.reader.read(text, ACCESS_TOKEN_TYP), d.issuer, now)
    if isinstance(read, OAuthError):
        read = read_task_token(d.reader.read(text, TASK_TYP), d.issuer, now)
    if isinstance(read, OAuthError):
        read = read_passport(d.reader.read(text, PASSPORT_TYP), d.issuer, now)
    return None if isinstance(read, OAuthError) else read


def own_service_token(d: Deps, text: str, now: Seconds) -> ServiceToken | None:
    """The live token that `text` is of a service in its own name."""
    read = read_service_token(d.reader.read(text, ACCESS_TOKEN_TYP), d.issuer, now)
    return None if isinstance(read, OAuthError) else read


async def _service(d: Deps, caller: Client, token: ServiceToken, now: Seconds) -> Mapping[str, Any]:
    owner = await d.rows.get(Client, token.client_id)
    if owner is None or owner.status != "active" or await token_revoked(d, token.jti, now):
        return INACTIVE
    if caller.id != owner.id and token.audience.isdisjoint(caller.serves):
        return INACTIVE
    return rules.active_service(token, d.issuer)


async def _signed(d: Deps, caller: Client, token: OwnToken, now: Seconds, asked: Collection[str]) -> Mapping[str, Any]:
    """`asked`: the datasets about whose grants a service asks; none: about all that it keeps."""
    s = await standing_of(d, token.family, now)
    if s is None or not s.alive or s.person.id != token.sub or await token_revoked(d, token.jti, now):
        return INACTIVE
    if not rules.concerns(caller, token, s.client.id):
        return INACTIVE
    answer = rules.active(
        token, d.issuer, s.client.id, auth_time=s.session.auth_time, acr=s.session.acr, amr=s.session.amr
    )
    if not rules.is_service(caller, replace(token, scope=still(token.scope, s.scopes))):
        return answer
    shown = d.grants(s.person, s.session, s.family, now)
    told = [one for one in shown if rules.may_tell(one.dataset, caller, asked, d.audience_of)]
    if told:
        why = decided(told)
        about = decisions_of(why) | {
            "client": caller.id,
            "family": token.family,
            "jti": token.jti,
            "grants": tuple(one.id for one in told),
        }
        await d.ledger.record(d.entry("grants.told", now, s.person, about), *why)
    return answer | {"grants": rules.told(told)}


async def _refresh(d: Deps, caller: Client, text: str, now: Seconds) -> Mapping[str, Any]:
    row = await d.rows.get(RefreshToken, stored_id(text))
    s = await standing_of(d, row.family, now) if row is not None else None
    if row is None or s is None or not s.alive or s.client.id != caller.id:
        return INACTIVE
    if row.spent is not None or now >= row.expires:
        return INACTIVE
    return rules.active_refresh(
        issuer=d.issuer, sub=s.person.id, client_id=s.client.id, scope=s.family.scope, exp=min(row.expires, s.end)
    )
