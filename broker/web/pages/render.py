"""Templates and the one stylesheet. Everything is escaped; nothing on a page comes from elsewhere."""

import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import escape

from broker.core.reasons.language import Tongue, notes
from broker.core.time import rfc3339
from broker.web import forms
from broker.web.bodies import SENT
from broker.web.called import about_of, file_of, just_named, name_of, pack_of, somebody, title_of
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.middleware import SAFE_HEADERS
from broker.web.pages import local
from broker.web.pages.places import countries

_HERE = Path(__file__).parent
_LOOKED_THROUGH = 20_000_000
"""Characters that are compared to tell whether a page has what was typed; where it takes more, all of it is given."""
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def set_up(app: web.Application) -> None:
    """Make `render` work in `app`."""
    aiohttp_jinja2.setup(
        app,
        filters=_FILTERS,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _for_xml(text: str) -> str:
    """Without what no XML document can hold, escaped or not (XML 1.0 section 2.2): one title would end the feed."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


_FILTERS: Mapping[str, Callable[..., str]] = {
    "xml": _for_xml,
    "iso": rfc3339,
    "begun": lambda text: text[:1].upper() + text[1:],
    "rfc822": lambda at: formatdate(at, usegmt=True),
    **local.FILTERS,
}


def render(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """A page, in the visitor's language: `t` is a word or line of it. Never stored by caches: it is one person's."""
    told_in = language(request)
    tongue = Tongue(told_in)
    spoken = {
        "t": tongue.word,
        "notes": lambda: notes(tongue),
        "lang": told_in.tag,
        local.TONGUE: tongue,
        "countries": lambda: countries(told_in),
        "title_of": lambda dataset: title_of(request, dataset),
        "about_of": lambda about: about_of(request, about),
        "just_named": lambda code: just_named(request, code),
        "name_of": lambda committee: name_of(request, committee),
        "list_of": lambda name: tongue.thing("list", name).replace("_", " "),
        "pack_of": lambda pack: pack_of(request, pack),
        "file_of": lambda file: file_of(request, file),
        "somebody": lambda person, institution="": somebody(request, person, tongue, institution),
    }
    response = aiohttp_jinja2.render_template(template, request, spoken | {"lost": ()} | values, status=status)
    refused = status >= 400 and "lost" not in values  # noqa: PLR2004 (RFC 9110: it was not done)
    if refused and (lost := _lost(request, response.text or "")):
        response = aiohttp_jinja2.render_template(template, request, spoken | values | {"lost": lost}, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _lost(request: web.Request, page: str) -> list[str]:
    """What somebody typed, and would find nowhere on the page that says no: its form may not be there any more."""
    told, form = page.replace("\r\n", "\n"), request.get(SENT)
    if form is None or not forms.is_from_here(request):
        return []
    sent = (value.replace("\r\n", "\n").strip() for name, value in form.items() if forms.is_text(name, value))
    texts = list(dict.fromkeys(sent))
    if len(texts) * len(told) > _LOOKED_THROUGH:
        return texts
    return [text for text in texts if escape(text) not in told]


WITH_SCRIPT = f"{SAFE_HEADERS['Content-Security-Policy']}; script-src 'self'"
"""The policy of a page that has a script of ours. No other page may run any."""


def scripted(response: web.Response) -> web.Response:
    """A page with a script that asks nobody anything."""
    response.headers["Content-Security-Policy"] = WITH_SCRIPT
    return response


ASKING = f"{WITH_SCRIPT}; connect-src 'self'"
"""That of a page whose script also asks us: what is typed there is kept, or searched for."""
_SCRIPT = "text/javascript; charset=utf-8"
_STATIC = {
    "style.css": "text/css; charset=utf-8", "receipt.mjs": _SCRIPT, "drafts.mjs": _SCRIPT, "live.mjs": _SCRIPT,
    "beside.mjs": _SCRIPT,
    "pick.mjs": _SCRIPT, "htmx.min.js": _SCRIPT,
}  # fmt: skip
"""The one stylesheet, our scripts, and htmx as its makers publish it (htmx.LICENSE.txt); each with its type."""


def asking(response: web.Response) -> web.Response:
    """A page whose script asks us."""
    response.headers["Content-Security-Policy"] = ASKING
    return response


async def static(request: web.Request) -> web.StreamResponse:
    """GET /static/NAME: one of our files, and no other."""
    name = request.match_info["name"]
    if name not in _STATIC:
        raise Problem("REQ-NOT-FOUND")
    headers = {"Cache-Control": "public, max-age=3600", "Content-Type": _STATIC[name]}
    return web.FileResponse(_HERE / "static" / name, headers=headers)
