"""What the token endpoint answers, and the signing of it (RFC 6749 section 5.1, RFC 8693 section 2.2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from broker.core.oidc import claims
from broker.core.oidc.challenge import Scheme
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import ACCESS_TOKEN_LIFE, ID_TOKEN_LIFE, until
from broker.core.oidc.logout import client_sid
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP, ID_TOKEN_TYP, OPENID
from broker.core.time import Seconds
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.standing import Standing
from broker.ports import Use

_KEYS: Mapping[str, Use] = MappingProxyType({"RS256": "oidc-rs256", "ES256": "oidc-es256"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A yes. `access_token` is whatever was issued, a Passport too.

    `client_id`: for whom, where it was made a client just now (ruling 14).
    """

    access_token: str = field(repr=False)
    expires_in: int
    scope: str | None = None
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    issued_token_type: str | None = None
    token_type: Scheme = "Bearer"  # noqa: S105 (a scheme, not a secret)
    client_id: str | None = None

    def body(self) -> dict[str, Any]:
        """The JSON members. The answer also needs `Cache-Control: no-cache, no-store` and `Pragma: no-cache`."""
        members = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "scope": self.scope,
            "refresh_token": self.refresh_token,
            "id_token": self.id_token,
            "issued_token_type": self.issued_token_type,
            "client_id": self.client_id,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A no at the token endpoint, not recorded yet.

    `standing`: the authorisation that it is about, if it belongs to this client. `end`: end its family.
    """

    error: OAuthError
    standing: Standing | None = None
    end: bool = False
    kind: str = "token.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Tokens that were decided and recorded, and are to be signed. `at`: when they begin; `jkt`: bound to which key."""

    scope: tuple[str, ...]
    resources: tuple[str, ...]
    jti: str
    at: Seconds
    refresh_token: str | None = field(repr=False)
    nonce: str | None = None
    jkt: str | None = None


async def sign(d: Deps, s: Standing, plan: Plan, now: Seconds) -> Tokens:
    """Sign what `plan` says: an access token, and an ID token where `openid` was granted."""
    ends = until(plan.at, ACCESS_TOKEN_LIFE, s.end)
    named = tuple(aud for resource in plan.resources if (aud := d.audience_of(resource)) is not None)
    said = claims.access_token(
        issuer=d.issuer,
        sub=s.person.id,
        client_id=s.client.id,
        audiences=named or (d.issuer,),
        scope=plan.scope,
        family=s.family.id,
        jti=plan.jti,
        auth_time=s.family.auth_time,
        now=plan.at,
        ends=ends,
        jkt=plan.jkt,
        acr=s.session.acr,
        amr=s.session.amr,
    )
    access_token = await d.signer.sign("oidc-es256", ACCESS_TOKEN_TYP, said)
    return Tokens(
        access_token=access_token,
        expires_in=ends - now,
        scope=" ".join(plan.scope),
        refresh_token=plan.refresh_token,
        id_token=await _id_token(d, s, plan, access_token) if OPENID in plan.scope else None,
        token_type="Bearer" if plan.jkt is None else "DPoP",
    )


def known_claims(s: Standing) -> dict[str, Any]:
    """The claims about the person that their session holds."""
    known: dict[str, Any] = {}
    if s.session.name:
        known["name"] = s.session.name
    if s.session.affiliations:
        known["eduperson_scoped_affiliation"] = list(s.session.affiliations)
    return known


async def _id_token(d: Deps, s: Standing, plan: Plan, access_token: str) -> str:
    known = known_claims(s)
    said = claims.id_token(
        issuer=d.issuer,
        sub=s.person.id,
        client_id=s.client.id,
        nonce=plan.nonce,
        sid=client_sid(s.session.id, s.client.id),
        auth_time=s.family.auth_time,
        acr=s.session.acr,
        amr=s.session.amr,
        access_token=access_token,
        personal={name: known[name] for name in s.family.id_token_claims if name in known},
        now=plan.at,
        ends=until(plan.at, ID_TOKEN_LIFE, s.end),
    )
    return await d.signer.sign(_KEYS[s.client.id_token_alg], ID_TOKEN_TYP, said)
