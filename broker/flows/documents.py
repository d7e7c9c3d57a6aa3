"""Does a data ticket or a visa of ours count now? For who keeps data, and was shown one (RFC 7662).

The answer is what our own doors would say at this moment. Nothing is recorded: nobody is given anything by it.
"""

from collections.abc import Mapping
from typing import Any

from broker.core import shut_out
from broker.core.ids import DatasetId, PersonId
from broker.core.oidc.claims import VISA_CLAIM, confirmation
from broker.core.oidc.introspect import Document
from broker.core.passport.assertions import origins
from broker.core.passport.visa import GRANT
from broker.core.rows import Access, DrsObject, Person
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.deliver import opens
from broker.flows.use_data import TICKET_TYPE
from broker.flows.visas import VISA_TYPE
from broker.flows.world import World
from broker.ports import TokenReader


async def document(w: World, reader: TokenReader, text: str, now: Seconds) -> Document | None:
    """What `text` is: a ticket or a visa that counts now; None for anything else."""
    ticket = reader.read(text, TICKET_TYPE)
    if ticket is not None:
        return await _ticket(w, ticket, now)
    visa = reader.read(text, VISA_TYPE)
    return await _visa(w, visa, now) if visa is not None else None


async def _ticket(w: World, said: Mapping[str, Any], now: Seconds) -> Document | None:
    """A ticket counts as long as it would open its object at our own door."""
    access = await w.rows.get(Access, str(said.get("jti")))
    person = await w.rows.get(Person, access.person) if access is not None else None
    snapshot = w.snapshots.current()
    if access is None or person is None or snapshot.get(DrsObject, access.object) is None:
        return None
    if not opens(access, person, snapshot, now):
        return None
    told: dict[str, Any] = {
        "iss": w.issuer,
        "sub": access.person,
        "aud": said.get("aud"),
        "iat": said.get("iat"),
        "exp": access.expires,
        "jti": access.id,
        "token_type": "Bearer" if access.jkt is None else "DPoP",
        **confirmation(access.jkt),
        "object": access.object,
        "dataset": access.dataset,
    }
    if access.client is not None:
        told["client_id"] = access.client
    if access.ranges is not None and access.left_out is None:
        told["ranges"] = [list(one) for one in access.ranges]
    if access.left_out is not None:  # which columns are gone only our own door knows
        told["filtered"] = True
    return Document(client=access.client, dataset=access.dataset, told=told)


async def _visa(w: World, said: Mapping[str, Any], now: Seconds) -> Document | None:
    """A visa counts until it ends, or what it says is taken back: it, what it was minted from, or who it is about."""
    visa, jti, sub, exp = said.get(VISA_CLAIM), said.get("jti"), said.get("sub"), said.get("exp")
    if not isinstance(visa, dict) or not isinstance(exp, int) or now >= exp or said.get("iss") != w.issuer:
        return None
    person = await w.rows.get(Person, str(sub))
    snapshot = w.snapshots.current()
    ended = [f"{w.issuer} {name}" for name in (str(jti), *origins(str(jti)))]
    if person is None or person.log_key == "" or shut_out.revoked(snapshot, person.id, now):
        return None
    if any(snapshot.revoked("visa", name, now) for name in ended):
        return None
    dataset = DatasetId(str(visa.get("value"))) if visa.get("type") == GRANT else None
    if dataset is not None and not _is_granted(snapshot, person.id, dataset, now):
        return None
    told = {"iss": w.issuer, "sub": person.id, "jti": jti, "iat": said.get("iat"), "exp": exp}
    return Document(dataset=dataset, told=told)


def _is_granted(snapshot: Snapshot, person: PersonId, dataset: DatasetId, now: Seconds) -> bool:
    live = (one for one in snapshot.grants(person, dataset) if one.begins <= now < one.ends)
    return any(not snapshot.revoked("grant", one.id, now) for one in live)
