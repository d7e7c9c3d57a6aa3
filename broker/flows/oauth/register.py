"""A program registers itself, if the operator gave it an initial access token (RFC 7591). Off by default."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from broker.core import strict_json
from broker.core.ids import ClientId, make_id
from broker.core.oidc.bearer import Shown
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_REGISTRATION, SECRET_BYTES
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.plain import digest
from broker.core.rows.change import Put
from broker.core.rows.oauth import Client
from broker.core.self_registration import metadata_of, read_metadata
from broker.flows.oauth.deps import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The new client. Its secret, if it has one, is told this once."""

    client: Client
    secret: str | None = field(repr=False)

    def body(self) -> dict[str, Any]:
        """The JSON members (section 3.2.1); the status is 201. Also needs `Cache-Control: no-store`."""
        told = metadata_of(self.client)
        return told if self.secret is None else told | {"client_secret": self.secret, "client_secret_expires_at": 0}


async def register(d: Deps, shown: Shown | OAuthError, raw: bytes) -> Registered | OAuthError | None:
    """Steps: 1 nothing to gather, 2 decide, 3 record, 4 tell. None: registration is off, there is nothing here."""
    if d.registration is None:
        return None
    # 2. Decide.
    if isinstance(shown, OAuthError):
        return shown
    offered = hashlib.sha256(shown.token.encode()).hexdigest()
    if shown.scheme != "Bearer" or not hmac.compare_digest(offered, d.registration):
        return OAuthError.TOKEN_INVALID
    try:
        said = strict_json.loads(raw, MAX_REGISTRATION)
    except strict_json.StrictJsonError:
        return OAuthError.REGISTER_METADATA
    now, secret = d.clock.now(), opaque(d.entropy.random(SECRET_BYTES))
    id = ClientId(make_id("cli", now, d.entropy.for_id()))
    made = read_metadata(said, id, stored_id(secret), now)
    if isinstance(made, OAuthError):
        return made
    # 3. Record.
    about = {"client": made.id, "via": "registration", "row": digest(made)}
    await d.ledger.record(d.entry("client.registered", now, None, about), Put(made))
    # 4. Tell.
    return Registered(client=made, secret=secret if made.secret is not None else None)
