"""Grants over HTTP (/api/v1/grants): one's own, those of one's committees, and every step of their life."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from broker.core.access.grants import GrantCommand, GrantPart, reminder
from broker.core.attribution import LONGEST, entered
from broker.core.duo.terms import public
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.plain import plain
from broker.core.purpose import purpose_json
from broker.core.rows import Grant, Report
from broker.core.rows.reports import Publication, Told, publications
from broker.core.time import Seconds, rfc3339
from broker.flows.decide_request import NotPossible
from broker.flows.grants.desk import Held, at_grant, ending, own, waiting
from broker.flows.grants.end import Stopping, close, stop
from broker.flows.grants.publish import publish, take_back
from broker.flows.grants.renew import MOST_MONTHS, ask_renewal, decline, extend
from broker.flows.world import Caller
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.obligations import owed_json
from broker.web.state import BROKER
from broker.web.telling import not_possible

_TEXT = 20_000
Text = Annotated[str, Field(min_length=1, max_length=_TEXT)]
Maybe = Annotated[str, Field(max_length=_TEXT)]


class PublicationBody(Wire):
    """`attribution`: the words by which it names the data."""

    doi: Annotated[str, Field(min_length=1, max_length=300)]
    title: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    attribution: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class MistakenBody(Wire):
    doi: Annotated[str, Field(min_length=1, max_length=300)]


Publications = Annotated[list[PublicationBody], Field(max_length=100)]


class RenewalBody(Wire):
    """`none_yet`: why nothing is published yet; where nothing was entered, it must be said."""

    months: int = Field(ge=1, le=MOST_MONTHS)
    summary: Text
    publications: Publications = Field(default_factory=list)
    none_yet: Maybe = ""
    incidents: Maybe = ""
    changes: Maybe = ""


class ClosingBody(Wire):
    """`destroyed`: the attestation, which copies were destroyed and how."""

    summary: Text
    publications: Publications = Field(default_factory=list)
    none_yet: Maybe = ""
    incidents: Maybe = ""
    destroyed: Text
    kept: Maybe = ""


class StopBody(Wire):
    ground: Text


class RenewalAnswer(Wire):
    answer: Literal["extend", "decline"]
    ground: Text
    answers: dict[str, str] = Field(default_factory=dict)


async def list_grants(request: web.Request) -> web.Response:
    """GET /grants: one's own, as far as one released their visas to the client that asks."""
    who, broker = await caller(request), request.app[BROKER]
    now = broker.world.clock.now()
    found = own(who, broker.snapshots.current(), now)
    return web.json_response({"grants": [held_json(one, now) for one in found]})


async def get_grant(request: web.Request) -> web.Response:
    """GET /grants/{grant}: the signed, DUO-coded permission itself; as a JWT where that is asked for."""
    found = await _seen(request)
    if request.headers.get("Accept", "") == "application/duo-permission+jwt":
        return web.Response(text=found.grant.document, content_type="application/duo-permission+jwt")
    return web.json_response(held_json(found, request.app[BROKER].world.clock.now()))


async def list_renewals(request: web.Request) -> web.Response:
    """GET /renewals: the calendar of one's committees: what waits for an answer, and what ends in the next months."""
    who, broker = await caller(request), request.app[BROKER]
    now, snapshot = broker.world.clock.now(), broker.snapshots.current()
    asked, soon = waiting(who, snapshot, now), ending(who, snapshot, now)
    return web.json_response({"waiting": _all(asked, now), "ending": _all(soon, now)})


async def post_renewal(request: web.Request) -> web.Response:
    """POST /grants/{grant}/renewals: report what was done, and ask for a later end."""
    who, body = await caller(request), await json_body(request, RenewalBody)
    told = Told(
        summary=body.summary, entered=_entered(body.publications), none_yet=body.none_yet, incidents=body.incidents,
        changes=body.changes,
    )  # fmt: skip
    made = await ask_renewal(request.app[BROKER].world, who, _id(request), body.months, told)
    return await _done(request, made, status=201)


async def post_publication(request: web.Request) -> web.Response:
    """POST /grants/{grant}/publications: enter what was published; everybody reads it in the register."""
    who, body = await caller(request), await json_body(request, PublicationBody)
    world = request.app[BROKER].world
    made = await publish(world, who, _id(request), body.doi, body.title, body.attribution)
    return await _done(request, made, status=201)


async def post_publication_taken_back(request: web.Request) -> web.Response:
    """POST /grants/{grant}/publications/taken-back: it was entered by mistake, and nobody reads it any more."""
    who, body = await caller(request), await json_body(request, MistakenBody)
    return await _done(request, await take_back(request.app[BROKER].world, who, _id(request), body.doi))


async def post_renewal_answer(request: web.Request) -> web.Response:
    """POST /grants/{grant}/renewals/answer: the committee extends the grant, or does not; every gate is asked again."""
    who, body = await caller(request), await json_body(request, RenewalAnswer)
    world = request.app[BROKER].world
    if body.answer == "decline":
        return await _done(request, await decline(world, who, _id(request), body.ground))
    made = await extend(world, who, _id(request), body.ground, body.answers)
    if isinstance(made, NotPossible):
        raise not_possible(made, body.ground, language(request))
    return await _done(request, made)


async def post_suspension(request: web.Request) -> web.Response:
    """POST /grants/{grant}/suspension: nothing is used under it until it is resumed; what runs is cut."""
    who, body = await caller(request), await json_body(request, StopBody)
    return await _stopped(request, who, GrantCommand.SUSPEND, body)


async def post_resumption(request: web.Request) -> web.Response:
    """POST /grants/{grant}/resumption: a suspended grant may be used again."""
    who, body = await caller(request), await json_body(request, StopBody)
    return await _stopped(request, who, GrantCommand.RESUME, body)


async def post_end(request: web.Request) -> web.Response:
    """POST /grants/{grant}/revocation: end it for good; what runs is cut."""
    who, body = await caller(request), await json_body(request, StopBody)
    return await _stopped(request, who, GrantCommand.REVOKE, body)


async def post_closing(request: web.Request) -> web.Response:
    """POST /grants/{grant}/closing: its holder is done, and attests that the copies are destroyed."""
    who, body = await caller(request), await json_body(request, ClosingBody)
    told = Told(
        summary=body.summary, entered=_entered(body.publications), none_yet=body.none_yet, incidents=body.incidents,
        destroyed=body.destroyed, kept=body.kept,
    )  # fmt: skip
    return await _done(request, await close(request.app[BROKER].world, who, _id(request), told))


def grant_json(row: Grant, now: Seconds) -> dict[str, Any]:
    """The permission that a grant is."""
    return {
        "id": row.id,
        "dataset": row.dataset,
        "codes": plain(tuple(public(term) for term in row.duo)),
        "purpose": purpose_json(row.purpose),
        "obligations": [owed_json(one, now) for one in row.obligations],
        "begins": rfc3339(row.begins),
        "ends": rfc3339(row.ends),
        "committee": row.committee,
        "permission": row.document,
    }


def held_json(one: Held, now: Seconds) -> dict[str, Any]:
    """A grant with its stage, what whoever asks may do with it, and what its holder reported."""
    return {
        **grant_json(one.grant, now),
        "stage": one.stage.value,
        "reminder": reminder(one.grant.ends, now) if one.live else None,
        "parts": sorted(part.value for part in one.parts),
        "may": sorted(command.value for command in one.may),
        "life": [{"did": each.did, "at": rfc3339(each.at), "by": each.by or None} for each in one.life],
        "reports": [_report(each, one) for each in one.reports],
    }


def _report(row: Report, one: Held) -> dict[str, Any]:
    """What was reported and answered. Who answered is told to the committee's side alone."""
    told: dict[str, Any] = {
        "id": row.id,
        "kind": row.kind,
        "at": rfc3339(row.at),
        "months": row.months,
        "answer": row.answer,
        "ground": row.ground,
        "decision": row.decision,
        **{name: value for name, value in plain(row.told).items() if name != "entered"},
        "publications": [plain(each) for each in publications(row.told)],
    }
    inside = GrantPart.HOLDER not in one.parts
    return told | ({"answered_by": row.answered_by} if inside else {})


def _entered(said: Sequence[PublicationBody]) -> tuple[Publication, ...]:
    found = []
    for one in said:
        made = entered(one.doi, one.title, one.attribution)
        if isinstance(made, Reason):
            raise Problem.of(made)
        found.append(made)
    return tuple(found)


def _all(found: Sequence[Held], now: Seconds) -> list[dict[str, Any]]:
    return [held_json(one, now) for one in found]


def _id(request: web.Request) -> GrantId:
    return GrantId(request.match_info["grant"])


async def _seen(request: web.Request) -> Held:
    who, broker = await caller(request), request.app[BROKER]
    now = broker.world.clock.now()
    found = at_grant(who, _id(request), GrantCommand.SEE, broker.snapshots.current(), now)
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


async def _stopped(request: web.Request, who: Caller, command: Stopping, body: StopBody) -> web.Response:
    return await _done(request, await stop(request.app[BROKER].world, who, _id(request), command, body.ground))


async def _done(request: web.Request, made: object, status: int = 200) -> web.Response:
    if isinstance(made, Reason):
        raise Problem.of(made)
    return web.json_response(held_json(await _seen(request), request.app[BROKER].world.clock.now()), status=status)
