"""The token endpoint: one request in, tokens or a refusal out (RFC 6749 section 3.2).

Order: form, client, grant type, then the grant's own story. A refusal of a known client or about a known
authorisation is recorded before it is told; one by somebody unknown is only counted, elsewhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from broker.core.oidc import device as device_rules
from broker.core.oidc import exchange as exchange_rules
from broker.core.oidc import service_scopes
from broker.core.oidc.dpop import NOTHING, Sent
from broker.core.oidc.errors import TRANSIENT, OAuthError
from broker.core.oidc.parameters import Parameters, parse
from broker.core.rows.change import Put
from broker.core.rows.oauth import Client
from broker.core.rows.revocation import Revocation, revocation_id
from broker.core.time import Seconds
from broker.flows.oauth.answers import Refused, Tokens
from broker.flows.oauth.client import client_of, proved_key
from broker.flows.oauth.client_credentials import client_credentials
from broker.flows.oauth.deps import Deps, deciding_anew
from broker.flows.oauth.device import redeem_device
from broker.flows.oauth.exchange import exchange
from broker.flows.oauth.redeem_code import redeem_code
from broker.flows.oauth.refresh import refresh

Story = Callable[[Deps, Client, Parameters, Seconds, str | None], Awaitable[Tokens | Refused]]
"""The last argument is the key that the client proved (its thumbprint): what it is given is bound to that key."""

STORIES: Mapping[str, Story] = MappingProxyType({
    "authorization_code": redeem_code,
    "refresh_token": refresh,
    exchange_rules.GRANT_TYPE: exchange,
    device_rules.GRANT_TYPE: redeem_device,
    service_scopes.GRANT_TYPE: client_credentials,
})  # fmt: skip
"""Every grant type there is."""


async def token(d: Deps, authorization: str | None, raw: bytes, sent: Sent = NOTHING) -> Tokens | OAuthError:
    """The answer to a POST. `authorization`: the header's value; `raw`: the form-encoded body; `sent`: its proof."""
    form = parse(raw)
    if isinstance(form, OAuthError):
        return form
    client = await client_of(d, authorization, form)
    if isinstance(client, OAuthError):
        return client
    proved = await proved_key(d, client, sent)  # once, however often the rest is decided anew
    if proved is None and client.dpop_required:
        proved = OAuthError.DPOP_NEEDED
    return await deciding_anew(lambda: _answer(d, client, form, proved))


async def _answer(d: Deps, client: Client, form: Parameters, proved: str | OAuthError | None) -> Tokens | OAuthError:
    """One go at it: tell the story, and record what it refuses."""
    now = d.clock.now()
    told = Refused(error=proved) if isinstance(proved, OAuthError) else await _tell(d, client, form, now, proved)
    if isinstance(told, Tokens):
        return told
    await _record(d, client, told, now)
    return told.error


async def _tell(d: Deps, client: Client, form: Parameters, now: Seconds, jkt: str | None) -> Tokens | Refused:
    grant_type = form.get("grant_type")
    if grant_type is None:
        return Refused(error=OAuthError.MISSING)
    story = STORIES.get(grant_type)
    if story is None:
        return Refused(error=OAuthError.GRANT_TYPE)
    if grant_type not in client.grant_types:
        return Refused(error=OAuthError.CLIENT_GRANT)
    return await story(d, client, form, now, jkt)


async def _record(d: Deps, client: Client, refused: Refused, now: Seconds) -> None:
    """A refusal, and the end of the family where something was used twice."""
    known = client.auth_method != "none" or refused.standing is not None
    if refused.error in TRANSIENT or not known:
        return
    about = {"client": client.id, "code": refused.error.code}
    s = refused.standing
    if s is None:
        await d.ledger.record(d.entry(refused.kind, now, None, about))
        return
    about["family"] = s.family.id
    id = revocation_id("family", s.family.id)
    if not refused.end or await d.rows.get(Revocation, id) is not None:
        await d.ledger.record(d.entry(refused.kind, now, s.person, about))
        return
    ended = Revocation(id=id, since=now, until=s.family.expires, ground=refused.error.code)
    await d.ledger.record(d.entry("token.replayed", now, s.person, about), Put(ended))
