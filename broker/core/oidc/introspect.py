"""Who may learn what about a token, and of the permissions behind it? (RFC 7662, RFC 7009)

A token that is unknown, dead, or none of the caller's business is `{"active": false}` and nothing more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from broker.core.oidc.claims import confirmation, how_signed_in
from broker.core.oidc.limits import MAX_TOKEN
from broker.core.oidc.narrowing import AudienceOf
from broker.core.oidc.own_tokens import OwnToken, ServiceToken
from broker.core.time import Seconds

INACTIVE: dict[str, Any] = {"active": False}


class Caller(Protocol):
    """What the rules read of the client that asks."""

    @property
    def id(self) -> str: ...
    @property
    def auth_method(self) -> str: ...
    @property
    def serves(self) -> Sequence[str]:
        """The audiences that this client is: a repository introspects what was issued for it."""
        ...


def is_readable(token: str) -> bool:
    """Is `token` of a length and alphabet that a token of ours can have? Nothing else is looked at."""
    return 0 < len(token) <= MAX_TOKEN and token.isascii() and token.isprintable()


def concerns(caller: Caller, token: OwnToken, owner: str) -> bool:
    """May `caller` know about `token`: because it was given to it (`owner`), or issued for it?"""
    return caller.id == owner or not token.audience.isdisjoint(caller.serves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A grant as a service that keeps data learns of it. `document`: the same, signed (duo-permission+jwt).

    `ends`: until when it opens its dataset at most; consent, evidence or law may end that before the grant itself.
    """

    id: str
    dataset: str
    ends: Seconds
    obligations: tuple[Mapping[str, object], ...]
    document: str
    decided: object = field(default=None, compare=False, repr=False)
    """The change (`Put`) that keeps why it opens its data now; recorded with what tells of it."""


def is_service(caller: Caller, token: OwnToken) -> bool:
    """Was `token` issued for what `caller` serves? Only then may it learn of grants; the token's own client may not.

    A Passport brings its visas along, and those are all that it shows.
    """
    return token.opens_data and not token.audience.isdisjoint(caller.serves)


def may_tell(dataset: str, caller: Caller, asked: Collection[str], audience_of: AudienceOf) -> bool:
    """Is a grant for `dataset` the business of `caller`? `asked`: the resources that it asks about; none: of all.

    Who names datasets among what it serves keeps these alone, even where it serves a whole address.
    """
    kept = {one for one in caller.serves if audience_of(one) not in (None, one)}
    mine = dataset in kept if kept else audience_of(dataset) in caller.serves
    return mine and (not asked or dataset in asked)


def told(permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    """The member `grants` of an answer."""
    return [
        {
            "id": one.id,
            "dataset": one.dataset,
            "exp": one.ends,
            "obligations": list(one.obligations),
            "permission": one.document,
        }
        for one in permissions
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A data ticket or a visa of ours that counts now. `told`: what may be said of it.

    `client`: to which a ticket was given. `dataset`: which it opens; None: a visa that by itself opens none.
    """

    told: Mapping[str, Any]
    dataset: str | None
    client: str | None = None


def about_document(document: Document, caller: Caller, audience_of: AudienceOf) -> dict[str, Any]:
    """The answer about a ticket or a visa: for who keeps its dataset, and for the client to which it was given.

    Nobody is named as the audience of a visa, so one that opens nothing by itself is for everybody who keeps data.
    """
    keeps = may_tell(document.dataset, caller, (), audience_of) if document.dataset is not None else bool(caller.serves)
    return {"active": True, **document.told} if keeps or caller.id == document.client else INACTIVE


def active(
    token: OwnToken, issuer: str, owner: str, *, auth_time: Seconds, acr: str | None, amr: Sequence[str]
) -> dict[str, Any]:
    """The answer about a live signed token (RFC 7662 section 2.2; RFC 9449 section 6.2). Visas are not in it.

    `auth_time`, `acr`, `amr`: how its person signed in, for who asks for a stronger or newer sign-in (RFC 9470 6.2).
    """
    answer: dict[str, Any] = {
        "active": True,
        "iss": issuer,
        "sub": token.sub,
        "aud": sorted(token.audience),
        "client_id": owner,
        "iat": token.issued,
        "exp": token.expires,
        "jti": token.jti,
        **confirmation(token.jkt),
        "auth_time": auth_time,
        **how_signed_in(acr, amr),
    }
    if token.kind in {"access_token", "task"}:
        token_type = "Bearer" if token.jkt is None else "DPoP"
        answer |= {"token_type": token_type, "scope": " ".join(token.scope)}
    return answer


def active_service(token: ServiceToken, issuer: str) -> dict[str, Any]:
    """The answer about a live token of a service: `sub` is the client, and so is everything it can be about."""
    return {
        "active": True,
        "iss": issuer,
        "sub": token.client_id,
        "aud": sorted(token.audience),
        "client_id": token.client_id,
        "iat": token.issued,
        "exp": token.expires,
        "jti": token.jti,
        "token_type": "Bearer" if token.jkt is None else "DPoP",
        "scope": " ".join(token.scope),
        **confirmation(token.jkt),
    }


def active_refresh(*, issuer: str, sub: str, client_id: str, scope: Sequence[str], exp: Seconds) -> dict[str, Any]:
    """The answer about a live refresh token, for the client that holds it."""
    return {
        "active": True,
        "iss": issuer,
        "sub": sub,
        "client_id": client_id,
        "scope": " ".join(scope),
        "exp": exp,
    }
