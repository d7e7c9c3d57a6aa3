"""DRS objects, their authorizations and addresses as JSON: what the handlers of one and of many objects share."""

from collections.abc import Callable
from functools import cache
from typing import Any

from aiohttp import web

from broker.core.drs import objects
from broker.core.drs.bulk import Unresolved
from broker.core.drs.identifiers import encode
from broker.core.drs.ways import EVERY, Way, Where, by_regions, ways
from broker.core.handing_on import may_sign
from broker.core.htsget.request import data_type
from broker.core.ids import DatasetId
from broker.core.passport.limits import REQUEST_BYTES
from broker.core.reasons import sentence
from broker.core.reasons.language import Language
from broker.core.rows import Dataset, DrsObject, VisaIssuer
from broker.flows.deliver import repository_of
from broker.flows.see_objects import Seen
from broker.flows.use_data import Ticket
from broker.web.doors import HTSGET
from broker.web.errors import Problem, status_of
from broker.web.state import Broker

MAX_BULK = 1000
"""Objects of one bulk request; of an access request, objects with an access id each."""
BODY_BYTES = REQUEST_BYTES + 64 * 1024
"""Of a request about one object: Passports, and what is around them."""
BULK_BYTES = REQUEST_BYTES + 2 * 1024 * 1024

Json = dict[str, Any]
Authorize = Callable[[str, DatasetId], Json]


def authorizer(broker: Broker) -> Authorize:
    """(object id, dataset) to Authorizations: Passports with visas of ours, or of issuers that may grant the dataset;
    or an access token of ours, or of a broker whose UserInfo we ask.
    """
    snapshot, us = broker.snapshots.current(), broker.world.issuer
    rows = [row for row in snapshot.all(VisaIssuer) if row.status == "active" and row.id != us]
    tokens = [us, *(row.id for row in rows if row.trust.userinfo)]

    @cache
    def issuers(dataset: DatasetId) -> list[str]:
        return [us, *(row.id for row in rows if row.trust.may_grant(dataset))]

    def authorizations(object_id: str, dataset: DatasetId) -> Json:
        return objects.authorizations(
            ["PassportAuth", "BearerAuth"], object_id=object_id, visa_issuers=issuers(dataset), token_issuers=tokens
        )

    return authorizations


def described(broker: Broker, one: Seen, authorize: Authorize, *, expand: bool) -> Json:
    """DrsObject of a file, or of a bundle with as much of its contents as who asks may see."""
    row, whole, base = one.row, one.whole, broker.world.issuer
    bundle = row.is_bundle
    auth = authorize(row.id, row.dataset)
    return objects.drs_object(
        base_url=base,
        object_id=row.id,
        size=whole.size,
        created=row.created,
        updated=row.updated,
        version=row.content_version,
        checksums=whole.checksums,
        name=row.name,
        mime_type=None if bundle else row.mime_type,
        description=row.description or None,
        aliases=row.aliases,
        access_methods=[] if bundle else _methods(broker, row, auth),
        contents=objects.contents(base, whole, expand=expand) if bundle else [],
    )


def _methods(broker: Broker, row: DrsObject, auth: Json) -> list[Json]:
    """In the clear, unless it is stored encrypted and is to be kept so; and by regions, if it has an index."""
    snapshot = broker.snapshots.current()
    dataset, home = snapshot.get(Dataset, row.dataset), repository_of(row, snapshot)
    clear = row.envelope is None or (dataset is not None and dataset.plaintext)
    cloud = home.cloud if home is not None else None
    region = home.region if home is not None and cloud is not None else ""
    where = Where(cloud=cloud, region=region or None, available=row.availability == "online")
    signed = home is not None and may_sign(home, dataset, row)
    found = [way.method(where, auth) for way in ways(clear=clear, sealed=row.envelope is not None, signed=signed)]
    if row.format is not None:
        url = f"{broker.world.issuer}{HTSGET}/{data_type(row.format)}/{encode(row.id)}"
        found.append(by_regions(url, where))
    return found


def way_of(access_id: str) -> Way | None:
    """The way with this access id; None: no object has one."""
    return next((way for way in EVERY if way.access_id == access_id), None)


def address(broker: Broker, ticket: Ticket) -> Json:
    """AccessURL of our own byte endpoint, with the ticket in its header."""
    scheme = "Bearer" if ticket.access.jkt is None else "DPoP"  # a client that cannot prove its key sees at once why
    url = f"{broker.world.issuer}/data/{encode(ticket.access.object)}"
    return objects.access_url(url, [f"Authorization: {scheme} {ticket.token}"])


def expanded(request: web.Request) -> bool:
    """The query's `expand`. Python's clients write `True`."""
    said = request.query.getall("expand", [])
    word = said[0].lower() if said else "false"
    if len(said) > 1 or word not in ("true", "false"):
        raise Problem("REQ-INVALID", problem="expand: true or false")
    return word == "true"


def later(seconds: int) -> web.Response:
    """202: permitted, and not there yet. Ask again, by the same request (DRS 1.5.0)."""
    return web.Response(status=202, headers={"Retry-After": str(seconds), "Cache-Control": "no-store"})


def unresolved(object_id: str, problem: Problem, told_in: Language, access_id: str | None = None) -> Unresolved:
    """An item that alone would have been answered by `problem`."""
    reason = problem.reason
    return Unresolved(
        object_id=object_id,
        access_id=access_id,
        status=status_of(reason.code),
        message=sentence(reason.code, dict(reason.facts), told_in),
        code=reason.code,
        decision=problem.decision,
    )
