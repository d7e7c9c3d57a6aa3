"""GA4GH DRS 1.5.0 for single objects: metadata, authorizations, and access by token or by Passports."""

from typing import Any

from aiohttp import hdrs, web

from broker.core.drs import objects, service_info
from broker.core.drs.identifiers import encode
from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.passport.limits import REQUEST_BYTES
from broker.core.reasons import sentence
from broker.core.rows import Dataset, DrsObject, VisaIssuer
from broker.flows.recipients import to_read_sealed
from broker.flows.use_data import Ticket, ask
from broker.flows.world import Caller
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller_by_passports, caller_for_data
from broker.web.errors import Problem, headers, status_of, why
from broker.web.languages import language
from broker.web.middleware import REQUEST_ID
from broker.web.state import BROKER, Broker
from broker.web.telling import refused

ACCESS_ID = "https"
SEALED_ID = "crypt4gh"
"""The way of access by which the bytes come encrypted, for the newest key that the person registered."""
MAX_BULK = 1
"""Bulk requests come with a later version; one object a request is what is answered."""


class ObjectBody(Wire):
    expand: bool | None = None
    passports: list[str] | None = None


class AccessBody(Wire):
    passports: list[str]


def error(request: web.Request, problem: Problem) -> web.Response:
    """A problem in DRS's own form (`msg`, `status_code`), with our code and decision beside (ruling 13)."""
    # The specification knows no 415: what is not JSON is a bad request there. A coding is HTTP's (RFC 9110 8.4).
    bad = problem.reason.code == "REQ-MEDIA-TYPE" and hdrs.CONTENT_ENCODING not in request.headers
    status = 400 if bad else status_of(problem.reason.code)
    reason, told_in = problem.reason, language(request)
    body = objects.error(
        status, sentence(reason.code, dict(reason.facts), told_in), code=reason.code, decision=problem.decision
    )
    members = why(reason, status, told_in) | problem.extra
    response = web.json_response({**body, **members, "request_id": request[REQUEST_ID]}, status=status)
    headers(response, status, problem.decision)
    response.headers.update(problem.headers)
    return response


async def get_service_info(request: web.Request) -> web.Response:
    """GET /service-info: who answers here, and which parts of DRS (GA4GH service-info 1.0)."""
    broker = request.app[BROKER]
    rows = [row for dataset in broker.snapshots.current().all(Dataset) for row in _objects(broker, dataset)]
    return web.json_response(
        service_info.service_info(
            service_id="org.ga4gh.access-broker",
            name="GA4GH access broker",
            version=broker.version,
            operator=service_info.Operator(name="Operator of this broker", url=broker.world.issuer),
            max_bulk=MAX_BULK,
            object_count=len(rows),
            total_size=sum(row.size for row in rows),
        )
    )


def _objects(broker: Broker, dataset: Dataset) -> tuple[DrsObject, ...]:
    """What the public may count: objects of listed datasets."""
    return broker.snapshots.current().objects(dataset.id) if dataset.existence == "listed" else ()


async def options_object(request: web.Request) -> web.Response:
    """OPTIONS: what to show. A browser's preflight never comes here (cors.py)."""
    row = _listed(request)
    return web.json_response(_authorizations(request.app[BROKER], row))


async def get_object(request: web.Request) -> web.Response:
    """GET: metadata of a listed object, which is public (ruling 24)."""
    return web.json_response(_described(request, _listed(request)))


async def post_object(request: web.Request) -> web.Response:
    """POST: the same, for who shows Passports: what is hidden shows itself to those whom a grant names."""
    body = await json_body(request, ObjectBody, REQUEST_BYTES + 4096)
    broker = request.app[BROKER]
    if body.passports is not None:
        shown = await caller_by_passports(request, body.passports)
        row = _object(request)
        if row is None or _is_hidden(broker, row):  # an unknown id costs what a hidden one does
            answer = await ask(broker.world, shown, ObjectId(request.match_info["object_id"]))
            if row is not None and isinstance(answer, Ticket):
                return web.json_response(_described(request, row))
    return web.json_response(_described(request, _listed(request)))


async def get_access(request: web.Request) -> web.Response:
    """GET …/access/{access_id}: an address and a data ticket, for an access token."""
    return await _access(request, await caller_for_data(request))


async def post_access(request: web.Request) -> web.Response:
    """POST …/access/{access_id}: an address and a data ticket, for Passports."""
    body = await json_body(request, AccessBody, REQUEST_BYTES + 4096)
    return await _access(request, await caller_by_passports(request, body.passports))


async def _access(request: web.Request, who: Caller) -> web.Response:
    broker = request.app[BROKER]
    if request.match_info["access_id"] not in (ACCESS_ID, SEALED_ID):
        raise Problem("REQ-NOT-FOUND")
    if request.match_info["access_id"] == SEALED_ID:
        sealed = await to_read_sealed(broker.world, who)
        if isinstance(sealed, Reason):
            raise Problem.of(sealed)
        who = sealed
    answer = await ask(broker.world, who, ObjectId(request.match_info["object_id"]))
    if isinstance(answer, Reason):
        raise Problem.of(answer)
    if not isinstance(answer, Ticket):
        raise refused(answer, language(request))
    scheme = "Bearer" if answer.access.jkt is None else "DPoP"  # a client that cannot prove its key sees at once why
    url = f"{broker.world.issuer}/data/{encode(answer.access.object)}"
    response = web.json_response(objects.access_url(url, [f"Authorization: {scheme} {answer.token}"]))
    response.headers["X-Audit-Receipt"] = answer.receipt
    headers(response, 200, answer.access.decision)
    return response


def _object(request: web.Request) -> DrsObject | None:
    return request.app[BROKER].snapshots.current().get(DrsObject, ObjectId(request.match_info["object_id"]))


def _listed(request: web.Request) -> DrsObject:
    """The object, if its existence is public; the answer for a hidden one is that for an unknown one."""
    row = _object(request)
    if row is None or _is_hidden(request.app[BROKER], row):
        raise Problem("REQ-NOT-FOUND")
    return row


def _is_hidden(broker: Broker, row: DrsObject) -> bool:
    dataset = broker.snapshots.current().get(Dataset, row.dataset)
    return dataset is None or dataset.existence == "hidden"


def _described(request: web.Request, row: DrsObject) -> dict[str, Any]:
    broker = request.app[BROKER]
    return objects.drs_object(
        base_url=broker.world.issuer,
        object_id=row.id,
        size=row.size,
        created=row.created,
        checksums=row.checksums,
        name=row.name,
        mime_type=row.mime_type,
        description=row.description or None,
        access_methods=[
            objects.access_method(kind="https", access_id=id, auth=_authorizations(broker, row))
            for id in _ways(broker, row)
        ],
    )


def _ways(broker: Broker, row: DrsObject) -> tuple[str, ...]:
    """In which forms an object can be had: encrypted always, in the clear unless its owner wants it kept encrypted."""
    dataset = broker.snapshots.current().get(Dataset, row.dataset)
    clear = row.envelope is None or (dataset is not None and dataset.plaintext)
    return (ACCESS_ID, SEALED_ID) if clear else (SEALED_ID,)


def _authorizations(broker: Broker, row: DrsObject) -> dict[str, Any]:
    """Passports with visas of ours, or of issuers whose row may grant this dataset; or our access token."""
    snapshot = broker.snapshots.current()
    others = (issuer.id for issuer in snapshot.all(VisaIssuer) if issuer.trust.may_grant(row.dataset))
    return objects.authorizations(
        ["PassportAuth", "BearerAuth"],
        object_id=row.id,
        visa_issuers=[broker.world.issuer, *others],
        token_issuers=[broker.world.issuer],
    )
