"""The addresses of pages that people look at beside the work on applications; part of the one table of routes.py."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from broker.web.pages import administering, mine, my_data

Address = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]
"""Method, path, handler."""

SIGNED_IN: tuple[Address, ...] = (
    ("GET", "/me", mine.home),
    ("POST", "/me", mine.acted),
    ("GET", "/decisions/{decision}", mine.decision),
    ("GET", "/admin", administering.home),
    ("GET", "/admin/sanctions", administering.punished),
    ("POST", "/admin/sanctions", administering.lifted),
    ("GET", "/admin/log", administering.log),
    ("GET", "/admin/{noun}", administering.new),
    ("POST", "/admin/{noun}", administering.added),
    ("GET", "/admin/{noun}/{name}", administering.row),
    ("POST", "/admin/{noun}/{name}", administering.acted),
    ("GET", "/my-data", my_data.home),
    ("POST", "/my-data", my_data.answered),
    ("GET", "/my-data/withdrawal", my_data.withdrawal),
    ("POST", "/my-data/withdrawal", my_data.withdrawn),
    ("GET", "/my-data/consents/{consent}", my_data.consent),
    ("POST", "/my-data/consents/{consent}", my_data.chosen),
    ("GET", "/my-data/consents/{consent}/receipt", my_data.receipt),
    ("GET", "/my-data/consents/{consent}/withdrawal", my_data.withdrawal),
    ("POST", "/my-data/consents/{consent}/withdrawal", my_data.withdrawn),
)
"""For who is signed in in this browser."""

FAMILIES = ("/my-data", "/me/", "/decisions/", "/admin")
"""How paths begin whose errors are pages."""
