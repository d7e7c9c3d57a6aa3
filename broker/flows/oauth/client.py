"""The first step of every endpoint but the authorization endpoint: which client is this?"""

from broker.core.oidc.client_auth import authenticate, credentials
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.parameters import Parameters
from broker.core.rows.oauth import Client
from broker.flows.oauth.deps import Deps


async def client_of(
    d: Deps, authorization: str | None, form: Parameters, *, public: bool = True
) -> Client | OAuthError:
    """The authenticated client. `public`: may it be one that keeps no secret and only says its id?"""
    given = credentials(authorization, form)
    if isinstance(given, OAuthError):
        return given
    client = await d.rows.get(Client, given.client_id)
    refused = authenticate(client, given)
    if client is None or refused is not None:
        return refused or OAuthError.CLIENT_FAILED
    return client if public or given.method != "none" else OAuthError.CLIENT_PUBLIC
