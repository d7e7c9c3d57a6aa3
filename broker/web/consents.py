"""Consents over the API: what participants see, choose and keep (/me/consents), what sources send (/consents)."""

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.consent.choices import Act, Choice
from broker.core.consent.importing import Fault
from broker.core.consent.maturity import Invitation
from broker.core.consent.model import Communication
from broker.core.consent.record_files import read_records, written
from broker.core.consent.writing import write_version
from broker.core.outcome import Reason
from broker.core.plain import plain
from broker.core.purpose import Modality, purpose_json
from broker.core.rows import ConsentRow
from broker.core.time import rfc3339
from broker.flows import choose_consent, exchange_consents
from broker.flows.consent_receipts import receipt_of
from broker.flows.invite import to_invite
from broker.flows.withdraw_consent import Withdrawn, withdraw
from broker.web.bodies import Wire, json_body
from broker.web.callers import actor, caller
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.paging import page
from broker.web.state import BROKER
from broker.web.versions import etag, expected, is_known

SCOPE = "consents:write"
READ = "consents:read"
_LARGE = 2 * 1024 * 1024
"""Bytes of an import; what is larger goes in by the command, while the broker is stopped."""
AT_ONCE = 500
"""Versions of one import here: other requests wait while they are read."""
_MOST = 300
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_:]{0,63}$")]


class WithdrawalBody(Wire):
    kind: Literal["no_further_contact", "no_further_access", "no_further_use"]


class CommunicationPart(Wire):
    wants_updates: bool
    language: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,35}$")] = ""


class ChoiceBody(Wire):
    """What is to change; what is left out stays. A list that is null sets no limit any more."""

    act: Literal["choose", "affirm", "pause", "resume", "reopen"] = "choose"
    answers: dict[Key, Literal["permit", "deny", "ask"]] = Field(default_factory=dict, max_length=_MOST)
    hosting: list[Country] | None = Field(default=None, max_length=_MOST)
    modalities: list[str] | None = Field(default=None, max_length=len(Modality))
    recipient_countries: list[Country] | None = Field(default=None, max_length=_MOST)
    return_of_results: Literal["none", "actionable", "all", "childhood_actionable_only"] | None = None
    communication: CommunicationPart | None = None


class AnswerBody(Wire):
    answer: Literal["permit", "deny"]


class ImportBody(Wire):
    """Records of a consent source. `datasets`: where the data lie of those whose records do not say."""

    format: Literal["native", "fhir"]
    records: dict[str, Any]
    datasets: list[Annotated[str, Field(max_length=255)]] = Field(default_factory=list, max_length=_MOST)
    plan: bool = False
    """Only say what would happen."""


async def my_consents(request: web.Request) -> web.Response:
    """GET /me/consents: every version of one's own consents, and of those for whom one speaks."""
    who, broker = await caller(request), request.app[BROKER]
    if who.person.subject is None:
        raise Problem("AUTH-NOT-YOURS", roles="participant")
    now = broker.world.clock.now()
    held = choose_consent.all_held(broker.snapshots.current(), who.person.subject, now)
    return web.json_response({"consents": [_version(row, one) for one in held for row in one.rows]})


async def my_consent(request: web.Request) -> web.Response:
    """GET /me/consents/{id}: the version that is the newest, with its ETag."""
    one = await _held(request)
    version = one.newest.consent.version
    if is_known(request, version):
        return web.Response(status=304, headers={"ETag": etag(version)})
    return web.json_response(_version(one.newest, one), headers={"ETag": etag(version)})


async def choose(request: web.Request) -> web.Response:
    """PUT /me/consents/{id}: a new version with other choices. Less holds at once, more for new requests."""
    who, body = await caller(request), await json_body(request, ChoiceBody)
    id, act = request.match_info["consent"], body.act
    done = await choose_consent.change(request.app[BROKER].world, who, id, act, expected(request), _choice(body, act))
    return _changed(done)


async def withdraw_consent(request: web.Request) -> web.Response:
    """POST /me/consents/withdrawal: a participant withdraws. No reason is asked for."""
    who, body = await caller(request), await json_body(request, WithdrawalBody)
    return _withdrawn(await withdraw(request.app[BROKER].world, who, body.kind))


async def withdraw_one(request: web.Request) -> web.Response:
    """POST /me/consents/{id}/withdrawal: withdraw one consent. No reason is asked for."""
    who, body = await caller(request), await json_body(request, WithdrawalBody)
    return _withdrawn(await withdraw(request.app[BROKER].world, who, body.kind, request.match_info["consent"]))


async def my_receipt(request: web.Request) -> web.Response:
    """GET /me/consents/{id}/receipt: one's consent in plain words, to keep; after a withdrawal also what it reached."""
    one = await _held(request)
    return web.json_response(await receipt_of(request.app[BROKER].world, one, language(request)))


async def my_questions(request: web.Request) -> web.Response:
    """GET /me/questions: open requests for something that one wants to be asked about."""
    who, broker = await caller(request), request.app[BROKER]
    if who.person.subject is None:
        raise Problem("AUTH-NOT-YOURS", roles="participant")
    found = choose_consent.open_questions(broker.snapshots.current(), who.person.subject, broker.world.clock.now())
    told = [
        {
            "id": one.id,
            "consent": one.consent_id,
            "dataset": one.dataset,
            "purpose": purpose_json(one.purpose),
            "about": list(one.keys),
            "since": rfc3339(one.since),
        }
        for one in found
    ]
    return web.json_response({"questions": told})


async def answer_question(request: web.Request) -> web.Response:
    """POST /me/questions/{id}: answer with permit or deny; a new version, which answers it for every request."""
    who, body = await caller(request), await json_body(request, AnswerBody)
    world = request.app[BROKER].world
    return _changed(await choose_consent.answer(world, who, request.match_info["question"], body.answer))


async def post_consents(request: web.Request) -> web.Response:
    """POST /consents: a consent source sends versions; all of them are taken, or none."""
    who = await actor(request, SCOPE)
    body = await json_body(request, ImportBody, _LARGE)
    incoming, faults = read_records(body.records, body.format, lambda _: "records")
    if len(incoming) + len(faults) > AT_ONCE:
        raise Problem("REQ-TOO-LARGE", limit=f"more than {AT_ONCE} versions")
    done = faults or await exchange_consents.take_in(
        request.app[BROKER].world, who, incoming, body.datasets, write=not body.plan
    )
    if isinstance(done, Reason):
        raise Problem.of(done)
    if not isinstance(done, exchange_consents.Imported):
        raise _refused(tuple(done))
    told = {"new": list(done.new), "kept": done.kept, "waiting_for_review": list(done.review)}
    return web.json_response(told, status=200 if body.plan else 201)


async def get_consents(request: web.Request) -> web.Response:
    """GET /consents?custodian=…&format=native|fhir: a consent source takes its versions out again, a page at a time."""
    who, world = await actor(request, READ), request.app[BROKER].world
    format = request.query.get("format", "native")
    if format not in ("native", "fhir"):
        raise Problem("REQ-INVALID", problem="format: native or fhir")
    found = await exchange_consents.take_out(world, who, request.query.get("custodian"))
    if isinstance(found, Reason):
        raise Problem.of(found)
    shown, after = page(request, sorted(found, key=lambda row: row.id))
    versions = [(row.consent, sorted(row.datasets)) for row in shown]
    told: dict[str, Any] = {"records": written(versions, "fhir" if format == "fhir" else "native")}
    return web.json_response(told | ({"next_page_token": after} if after is not None else {}))


async def get_invitations(request: web.Request) -> web.Response:
    """GET /consents/invitations?custodian=…: whom a consent source must invite to decide for themselves."""
    who, world = await actor(request, READ), request.app[BROKER].world
    found = await to_invite(world, who, request.query.get("custodian"))
    if isinstance(found, Reason):
        raise Problem.of(found)
    shown, after = page(request, found)
    told: dict[str, Any] = {"invitations": [_invitation(one) for one in shown]}
    return web.json_response(told | ({"next_page_token": after} if after is not None else {}))


def _invitation(one: Invitation) -> dict[str, Any]:
    form = one.template
    return {
        "consent_id": one.id,
        "subject_ref": one.subject,
        "decides_from": one.on.isoformat(),
        "invite_from": rfc3339(one.since),
        "overdue": one.overdue,
        "template": None if form is None else {"id": form.id, "version": form.version, "language": form.language},
        "datasets": sorted(one.datasets),
    }


def _refused(faults: tuple[Fault, ...]) -> Problem:
    fields = [{"field": fault.place, "problem": fault.problem} for fault in faults[:100]]
    return Problem("REQ-CONSENT-RECORD", extra={"fields": fields}, problem=str(faults[0]), n=str(len(faults)))


async def _held(request: web.Request) -> choose_consent.Held:
    who, broker = await caller(request), request.app[BROKER]
    now = broker.world.clock.now()
    found = choose_consent.held(broker.snapshots.current(), who, request.match_info["consent"], now)
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


def _choice(body: ChoiceBody, act: Act) -> Choice:
    """The choice; a pause and its end change nothing else."""
    named = [name for name in ("hosting", "modalities", "recipient_countries") if name in body.model_fields_set]
    communication = body.communication
    choice = Choice(
        answers=body.answers,
        lists={name: None if (entries := getattr(body, name)) is None else frozenset(entries) for name in named},
        return_of_results=body.return_of_results,
        communication=Communication(**communication.model_dump()) if communication is not None else None,
    )
    if not set(body.modalities or ()) <= set(Modality):
        raise Problem("REQ-INVALID", problem=f"modalities: not among {', '.join(Modality)}")
    if act in ("pause", "resume", "reopen") and choice != Choice():
        raise Problem("REQ-INVALID", problem=f"{act}: changes nothing else; choose in a request of its own")
    return choice


def _changed(done: choose_consent.Changed | Reason) -> web.Response:
    if isinstance(done, Reason):
        raise Problem.of(done)
    version = done.row.consent
    told = {"consent": write_version(version), "for_new_requests_only": list(done.more)}
    return web.json_response(told, headers={"ETag": etag(version.version)})


def _withdrawn(done: Withdrawn | Reason) -> web.Response:
    if isinstance(done, Reason):
        raise Problem.of(done)
    told = {
        "kind": done.kind,
        "consents": list(done.consents),
        "at": rfc3339(done.at),
        "receipt": done.receipt,
        "reached": [plain(one) for one in done.reached],
    }
    return web.json_response(told, headers={"X-Audit-Receipt": done.receipt})


def _version(row: ConsentRow, one: choose_consent.Held) -> dict[str, Any]:
    return {"datasets": sorted(row.datasets), "made_by": row.by, "you": one.speaks, **plain(row.consent)}
