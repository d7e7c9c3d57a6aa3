"""A client is told that a session has ended (OpenID Connect Back-Channel Logout section 2.5). One attempt a call."""

from collections.abc import Mapping
from types import MappingProxyType

from broker.core.audit.entry import Value
from broker.core.oidc.logout import LOGOUT_TYP, logout_token
from broker.core.oidc.opaque import base64url
from broker.core.rows import Client, Farewell, Person, Put, changed
from broker.flows.world import World
from broker.ports import Messenger, StaleError, Use
from broker.ports.keys import KeyServiceDownError

_JTI_BYTES = 16
_KEYS: Mapping[str, Use] = MappingProxyType({"RS256": "oidc-rs256", "ES256": "oidc-es256"})


async def waiting(w: World) -> list[str]:
    """Who has still to be told, from before this start: the ids of farewells."""
    return [row.id async for row in w.rows.find(Farewell, "state", "waiting")]


async def tell(w: World, messenger: Messenger, id: str) -> bool:
    """Is there nothing more to do? Steps: 1 gather, 2 decide, 4 tell, 3 record that it was heard.

    Here the act comes before its record: what is recorded is that the client took note. A crash between the two
    tells it twice, which ends nothing twice.
    """
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(Farewell, id)
    if row is None or row.state != "waiting":
        return True
    client, person = await w.rows.get(Client, row.client), await w.rows.get(Person, row.person)
    # 2. Decide.
    address = client.backchannel_logout_uri if client is not None and client.status == "active" else None
    heard = False
    if client is not None and address is not None and now < row.ends:
        # 4. Tell.
        said = logout_token(
            issuer=w.issuer,
            client_id=client.id,
            sub=row.person,
            sid=row.sid,
            jti=base64url(w.entropy.random(_JTI_BYTES)),
            now=now,
        )
        try:
            token = await w.signer.sign(_KEYS[client.id_token_alg], LOGOUT_TYP, said)
        except KeyServiceDownError:
            return False
        heard = await messenger.send(address, {"logout_token": token}, internal=client.internal)
        if not heard:
            return False
    # 3. Record.
    kind, state = ("logout.told", "heard") if heard else ("logout.untold", "given_up")
    about: dict[str, Value] = {"client": row.client, "after": w.clock.now() - row.made}
    try:
        await w.ledger.record(w.entry(kind, w.clock.now(), person, about), Put(changed(row, state=state)))
    except StaleError:
        return False
    return True
