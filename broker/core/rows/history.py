"""What is kept of the versions of a row, so that a decision can be made again as things stood then (ruling 12).

Every version of every row that decisions read, but for what no decision may read: secrets, and signed documents,
which would stay usable in the history.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from broker.core.rows.access import Grant, Request
from broker.core.rows.applications import Application, Review
from broker.core.rows.cases import Case
from broker.core.rows.catalogue import IdentityProvider, Role, VisaIssuer
from broker.core.rows.change import Row
from broker.core.rows.incidents import Incident
from broker.core.rows.oauth import Client
from broker.core.rows.polled import PolledVisa
from broker.core.rows.reports import Report

NOT_KEPT: frozenset[type[Row]] = frozenset({Application, Case, Incident, Report, Request, Review, Role})
"""Kinds of the picture that name persons or tell stories, and that no decision reads (tested)."""

LEFT_OUT: Mapping[type[Row], Mapping[str, Any]] = MappingProxyType({
    Client: {"secret": None},
    Grant: {"document": ""},
    IdentityProvider: {"client_secret": ""},
    PolledVisa: {"token": ""},
    VisaIssuer: {"gather_key": ""},
})  # fmt: skip
"""Members that are not kept, and what stands in their place."""

KEPT = ".kept"
"""Ends the kind of an effect that is about a row as it is kept, where that is not the row as it was stored."""


def as_kept(row: Row) -> Row:
    """The row as history has it."""
    left_out = LEFT_OUT.get(type(row))
    return replace(row, **left_out) if left_out is not None else row  # type: ignore[type-var]
