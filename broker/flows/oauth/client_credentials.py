"""A service asks for a token in its own name (RFC 6749 section 4.4): no person, no scope about one, no refresh."""

from broker.core.oidc import claims
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import ACCESS_TOKEN_LIFE, until
from broker.core.oidc.narrowing import narrowed_scope
from broker.core.oidc.opaque import base64url
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.service_scopes import granted
from broker.core.rows.oauth import Client
from broker.core.time import Seconds
from broker.flows.oauth.answers import Refused, Tokens
from broker.flows.oauth.deps import About, Deps

_JTI_BYTES = 16


async def client_credentials(
    d: Deps, client: Client, form: Parameters, now: Seconds, jkt: str | None
) -> Tokens | Refused:
    """Steps: 1 nothing to gather, 2 decide, 3 record, 4 act. The token is for ourselves and for nobody else."""
    # 2. Decide.
    if client.auth_method == "none":
        return Refused(error=OAuthError.CLIENT_PUBLIC)
    may = granted(client.scopes)
    scope = narrowed_scope(form.words("scope"), may)
    if isinstance(scope, OAuthError) or not may:
        return Refused(error=OAuthError.SCOPE)
    if form.all("audience") or any(d.audience_of(resource) != d.issuer for resource in form.all("resource")):
        return Refused(error=OAuthError.TARGET)
    jti, ends = base64url(d.entropy.random(_JTI_BYTES)), until(now, ACCESS_TOKEN_LIFE)
    # 3. Record.
    about: About = {"client": client.id, "jti": jti, "scope": scope, "until": ends}
    await d.ledger.record(d.entry("token.issued", now, None, about))
    # 4. Act.
    said = claims.service_token(issuer=d.issuer, client_id=client.id, scope=scope, jti=jti, now=now, ends=ends, jkt=jkt)
    signed = await d.signer.sign("oidc-es256", ACCESS_TOKEN_TYP, said)
    return Tokens(
        access_token=signed,
        expires_in=ends - now,
        scope=" ".join(scope),
        token_type="Bearer" if jkt is None else "DPoP",
    )
