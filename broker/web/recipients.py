"""The Crypt4GH keys of a person (/api/v1/me/keys): for which of them data are encrypted, and how they come and go."""

import base64

from aiohttp import web
from pydantic import Field

from broker.core.crypt4gh.public_keys import MAX_TEXT, fingerprint, write
from broker.core.outcome import Reason
from broker.core.rows import RecipientKey
from broker.core.time import rfc3339
from broker.flows.recipients import begin, confirm, keys_of, remove
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.state import BROKER


class NewKey(Wire):
    public_key: str = Field(min_length=1, max_length=MAX_TEXT)
    name: str = Field(min_length=1, max_length=100)


class Answer(Wire):
    answer: str = Field(min_length=1, max_length=200)


async def list_keys(request: web.Request) -> web.Response:
    """GET /me/keys: the Crypt4GH keys for which data can be encrypted for the caller, the newest last."""
    who, broker = await caller(request), request.app[BROKER]
    return web.json_response({"keys": [_key(row) for row in await keys_of(broker.world, who.person.id)]})


async def post_key(request: web.Request) -> web.Response:
    """POST /me/keys: name a Crypt4GH public key. The answer is a file to read with it; PUT says what is in there."""
    who, body, broker = await caller(request), await json_body(request, NewKey), request.app[BROKER]
    found = await begin(broker.world, broker.envelopes, who, body.public_key, body.name)
    if isinstance(found, Reason):
        raise Problem.of(found)
    told = {"id": found.id, "challenge": base64.b64encode(found.file).decode(), "ends": rfc3339(found.ends)}
    return web.json_response(told, status=201, headers={"Location": f"/api/v1/me/keys/{found.id}"})


async def put_key(request: web.Request) -> web.Response:
    """PUT /me/keys/{key}: show that the key is one's own, by what its file says. From then on it counts."""
    who, body = await caller(request), await json_body(request, Answer)
    row = await confirm(request.app[BROKER].world, who, request.match_info["key"], body.answer)
    if isinstance(row, Reason):
        raise Problem.of(row)
    return web.json_response(_key(row))


async def delete_key(request: web.Request) -> web.Response:
    """DELETE /me/keys/{key}: nothing is encrypted for it any more, and its running downloads end. Twice is once."""
    who = await caller(request)
    refused = await remove(request.app[BROKER].world, who, request.match_info["key"])
    if refused is not None:
        raise Problem.of(refused)
    return web.Response(status=204)


def _key(row: RecipientKey) -> dict[str, str]:
    public = bytes.fromhex(row.public)
    return {
        "id": row.id,
        "name": row.name,
        "public_key": write(public),
        "sha256": fingerprint(public),
        "made": rfc3339(row.made),
    }
