"""Templates and the one stylesheet. Everything is escaped; nothing on a page comes from elsewhere."""

import re
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web

from broker.core.reasons.language import Tongue, notes
from broker.core.time import rfc3339
from broker.web.languages import language
from broker.web.middleware import SAFE_HEADERS

_HERE = Path(__file__).parent
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def set_up(app: web.Application) -> None:
    """Make `render` work in `app`."""
    aiohttp_jinja2.setup(
        app,
        filters={
            "xml": _for_xml,
            "day": lambda at: rfc3339(at)[:10],
            "moment": rfc3339,
            "rfc822": lambda at: formatdate(at, usegmt=True),
        },
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _for_xml(text: str) -> str:
    """Without what no XML document can hold, escaped or not (XML 1.0 section 2.2): one title would end the feed."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def render(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """A page, in the visitor's language: `t` is a word or line of it. Never stored by caches: it is one person's."""
    told_in = language(request)
    tongue = Tongue(told_in)
    spoken = {"t": tongue.word, "notes": lambda: notes(tongue), "lang": told_in.tag}
    response = aiohttp_jinja2.render_template(template, request, spoken | values, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


WITH_SCRIPT = f"{SAFE_HEADERS['Content-Security-Policy']}; script-src 'self'"
"""The policy of a page that has a script of ours. No other page may run any."""


KEEPING = f"{WITH_SCRIPT}; connect-src 'self'"
"""That of the one page whose script also sends: what is typed there, back here."""


async def draft_script(_: web.Request) -> web.StreamResponse:
    """The script that keeps a draft while somebody writes."""
    headers = {"Cache-Control": "public, max-age=3600", "Content-Type": "text/javascript; charset=utf-8"}
    return web.FileResponse(_HERE / "static" / "drafts.mjs", headers=headers)


async def receipt_script(_: web.Request) -> web.StreamResponse:
    """The script that checks a receipt in the browser."""
    headers = {"Cache-Control": "public, max-age=3600", "Content-Type": "text/javascript; charset=utf-8"}
    return web.FileResponse(_HERE / "static" / "receipt.mjs", headers=headers)


async def stylesheet(_: web.Request) -> web.StreamResponse:
    """The one stylesheet."""
    return web.FileResponse(_HERE / "static" / "style.css", headers={"Cache-Control": "public, max-age=3600"})
