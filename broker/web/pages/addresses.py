"""The addresses of pages that people look at beside the work on applications; part of the one table of routes.py."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from broker.web.pages import (
    adding,
    administering,
    attaching,
    catalogue,
    changing,
    consulting,
    for_community,
    joining,
    keeping,
    looking,
    mending,
    mine,
    my_data,
    our_keys,
    packs,
    picking,
    punishing,
    returning,
    rights,
    running,
    standing,
    transparency,
    watched,
)

Address = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]
"""Method, path, handler."""

PUBLIC: tuple[Address, ...] = (
    ("GET", "/datasets", catalogue.datasets),
    ("GET", "/dataset", catalogue.dataset),
    ("GET", "/use", looking.what_for),
    ("GET", "/pick/{what}", picking.found),
    ("GET", "/register", transparency.register_page),
    ("GET", "/policies", transparency.policies),
    ("GET", "/policies/{pack}", transparency.policy),
    ("GET", "/policies/{pack}/{version}", transparency.former),
    ("GET", "/consultations/{consultation}", consulting.show),
    ("GET", "/rights", rights.rights),
    ("GET", "/figures", transparency.figures),
    ("GET", "/status", standing.status),
)
"""For everybody."""

SIGNED_IN: tuple[Address, ...] = (
    ("POST", "/use", looking.for_me),
    ("POST", "/consultations/{consultation}", consulting.acted),
    ("POST", "/applications/drafts", keeping.kept),
    ("GET", "/me", mine.home),
    ("POST", "/me", mine.acted),
    ("GET", "/me/receipts/{receipt}", mine.receipt),
    ("GET", "/decisions/{decision}", mine.decision),
    ("GET", "/applications/{application}/edit", mending.edit),
    ("POST", "/applications/{application}/edit", mending.mended),
    ("POST", "/applications/{application}/begun", mending.kept),
    ("POST", "/applications/{application}/files", attaching.sent),
    ("GET", "/applications/{application}/files/{file}", attaching.taken),
    ("POST", "/applications/{application}/files/{file}", attaching.removed),
    ("GET", "/applications/{application}/amend", joining.amending),
    ("POST", "/applications/{application}/amend", joining.amended),
    ("POST", "/applications/{application}/people", joining.people),
    ("GET", "/join", joining.enter),
    ("POST", "/join", joining.entered),
    ("GET", "/admin", administering.home),
    ("GET", "/admin/sanctions", punishing.listed),
    ("POST", "/admin/sanctions", punishing.acted),
    ("GET", "/admin/log", administering.log),
    ("GET", "/admin/keys", our_keys.listed),
    ("GET", "/admin/running", running.now),
    ("POST", "/admin/running", running.acted),
    ("GET", "/admin/data", running.data),
    ("GET", "/admin/packs", packs.listed),
    ("POST", "/admin/packs", packs.begun),
    ("GET", "/admin/packs/{proposal}", packs.show),
    ("POST", "/admin/packs/{proposal}", packs.acted),
    ("GET", "/admin/packs/{proposal}/effects", packs.effects),
    ("GET", "/admin/{noun}", adding.new),
    ("POST", "/admin/{noun}", adding.added),
    ("GET", "/admin/{noun}/{name}", administering.row),
    ("POST", "/admin/{noun}/{name}", administering.acted),
    ("GET", "/admin/{noun}/{name}/change", changing.shown),
    ("POST", "/admin/{noun}/{name}/change", changing.changed),
    ("GET", "/alerts", watched.listing),
    ("POST", "/alerts", watched.closed),
    ("GET", "/findings", returning.desk),
    ("POST", "/findings", returning.acted),
    ("GET", "/grants/{grant}/findings", returning.form),
    ("POST", "/grants/{grant}/findings", returning.reported),
    ("GET", "/community", for_community.home),
    ("POST", "/community", for_community.decided),
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

FAMILIES = (
    "/my-data", "/me/", "/decisions/", "/admin", "/dataset", "/use", "/register", "/policies", "/status", "/figures",
    "/join", "/community", "/alerts", "/findings", "/consultations", "/rights",
)  # fmt: skip
"""How paths begin whose errors are pages."""
