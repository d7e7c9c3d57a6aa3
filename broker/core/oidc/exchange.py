"""May this access token be exchanged for a Passport, and for whom? (RFC 8693, AAI Profile "Passport Issuers")

The result is never more than the subject token: same person, same authorisation, visas that were released.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from broker.core.oidc.client_auth import RegisteredClient
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.narrowing import AudienceOf, narrowed_scope, targets_allowed, within_targets
from broker.core.oidc.own_tokens import OwnToken
from broker.core.oidc.parameters import Parameters

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
PASSPORT_TYPE = "urn:ga4gh:params:oauth:token-type:passport"
TASK_MIN = 60
_SECONDS = re.compile(r"[0-9]{1,9}")
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (a name, not a secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A well-formed request for a Passport. Nothing is known yet about the subject token."""

    subject_token: str
    resources: tuple[str, ...]
    audiences: tuple[str, ...]
    scope: tuple[str, ...]
    task: bool = False
    life: int | None = None
    """For a task: for how many seconds."""


def read(form: Parameters, client: RegisteredClient, audience_of: AudienceOf) -> Exchange | OAuthError:
    """What the request asks (AAI 3.2 to 3.6), if `client` may ask it."""
    if client.auth_method == "none":
        return OAuthError.CLIENT_PUBLIC
    wanted = form.get("requested_token_type")
    if wanted not in {PASSPORT_TYPE, ACCESS_TOKEN_TYPE}:
        return OAuthError.EXCHANGE_WANTED
    subject_token = form.get("subject_token")
    if subject_token is None:
        return OAuthError.MISSING
    if form.get("subject_token_type") != ACCESS_TOKEN_TYPE:
        return OAuthError.SUBJECT_TYPE
    if form.get("actor_token") is not None or form.get("actor_token_type") is not None:
        return OAuthError.ACTOR
    resources = tuple(dict.fromkeys(form.all("resource")))
    audiences = tuple(dict.fromkeys(form.all("audience")))
    if not targets_allowed(resources, client, audience_of) or not set(audiences) <= set(client.resources):
        return OAuthError.TARGET
    life = form.get("requested_expiry") if wanted == ACCESS_TOKEN_TYPE else None
    if life is not None and (not _SECONDS.fullmatch(life) or int(life) < TASK_MIN):
        return OAuthError.TASK_LIFE
    return Exchange(
        subject_token=subject_token,
        resources=resources,
        audiences=audiences,
        scope=form.words("scope"),
        task=wanted == ACCESS_TOKEN_TYPE,
        life=None if life is None else int(life),
    )


def judge_subject(
    exchange: Exchange, subject: OwnToken | OAuthError, client_id: str, issuer: str
) -> OwnToken | OAuthError:
    """The subject token, if it is a live Passport-Scoped Access Token for us, given to this very client.

    Or a task token, for a Passport of its data: no token comes of it that lasts longer or opens more.

    RFC 8693 section 2.2.2: whatever is wrong with it is `invalid_request`, and always in the same words.
    """
    if isinstance(subject, OAuthError):
        return OAuthError.SUBJECT_TOKEN
    if subject.kind == "task":
        fits = not exchange.task
    else:
        fits = subject.kind == "access_token" and issuer in subject.audience and subject.passport_scoped
    if not fits or subject.client_id != client_id:
        return OAuthError.SUBJECT_TOKEN
    scope = narrowed_scope(exchange.scope, subject.scope)
    return scope if isinstance(scope, OAuthError) else subject


def audience(
    exchange: Exchange,
    client: RegisteredClient,
    granted: Collection[str],
    issuer: str,
    audience_of: AudienceOf,
) -> tuple[str, ...] | OAuthError:
    """For whom the Passport is (`aud`). `granted`: the resources of the authorisation; empty: none was named.

    Nothing asked: the audiences of what was granted, else all that the client is registered for, else we
    alone. A Passport without `aud` would be good everywhere, so there is none.
    """
    asked = (*exchange.resources, *exchange.audiences)
    if granted and not within_targets(asked, granted, audience_of):
        return OAuthError.TARGET
    named = {aud for r in exchange.resources if (aud := audience_of(r)) is not None} | set(exchange.audiences)
    by_grant = {aud for r in granted if (aud := audience_of(r)) is not None}
    return tuple(sorted(named or by_grant or set(client.resources))) or (issuer,)
