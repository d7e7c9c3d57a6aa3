"""Files beside an application: sent in by a form, and given out so that no browser runs what is in them."""

from aiohttp import hdrs, web
from multidict import MultiDict

from broker.core.attachments import LARGEST
from broker.core.ids import ApplicationId
from broker.core.multipart import parts
from broker.core.outcome import Reason
from broker.flows.applications.attach import attach, read, remove
from broker.web import forms
from broker.web.attached import given_out
from broker.web.bodies import form_body, raw
from broker.web.errors import Problem
from broker.web.pages.applying import said, shown_application
from broker.web.pages.here import signed_in
from broker.web.state import BROKER

_BODY = LARGEST + 16 * 1024
"""Bytes of a form with a file in it."""


async def sent(request: web.Request) -> web.Response:
    """POST /applications/{application}/files: attach one."""
    who = await signed_in(request)
    form, name, content = await _upload(request)
    forms.own(request, form)
    broker, id = request.app[BROKER], ApplicationId(request.match_info["application"])
    done = await attach(broker.world, broker.scanner, who, id, name, content)
    if isinstance(done, Reason):
        if done.code == "REQ-NOT-FOUND":
            raise Problem.of(done)
        return await shown_application(request, wrong=said(done, request))
    raise web.HTTPSeeOther(f"/applications/{id}")


async def taken(request: web.Request) -> web.Response:
    """GET /applications/{application}/files/{file}: the bytes, to be saved and never shown as a page of ours."""
    who, broker = await signed_in(request), request.app[BROKER]
    id, file = ApplicationId(request.match_info["application"]), request.match_info["file"]
    found = await read(broker.world, who, id, file)
    if isinstance(found, Reason):
        raise Problem.of(found)
    return given_out(*found)


async def removed(request: web.Request) -> web.Response:
    """POST /applications/{application}/files/{file}: remove it."""
    who = await signed_in(request)
    forms.own(request, await form_body(request))
    id = ApplicationId(request.match_info["application"])
    done = await remove(request.app[BROKER].world, who, id, request.match_info["file"])
    if isinstance(done, Reason):
        raise Problem.of(done)
    raise web.HTTPSeeOther(f"/applications/{id}")


async def _upload(request: web.Request) -> tuple[MultiDict[str], str, bytes]:
    """The fields, the name of the one file, and its bytes. Problem: media type, size, or not as it must be."""
    if request.content_type != "multipart/form-data":
        raise Problem("REQ-MEDIA-TYPE", wanted="multipart/form-data")
    try:
        found = parts(request.headers.get(hdrs.CONTENT_TYPE, ""), await raw(request, _BODY))
        fields = MultiDict((one.name, one.content.decode("utf-8")) for one in found if one.filename is None)
    except ValueError:
        raise Problem("REQ-MALFORMED", problem="not a form with a file") from None
    files = [one for one in found if one.filename is not None]
    if len(files) != 1:
        raise Problem("REQ-MALFORMED", problem="not a form with one file")
    return fields, files[0].filename or "", files[0].content
