"""Under which keys does the picture that decisions read (core/snapshot.py) find a row? One table of kinds."""

from collections.abc import Iterable

from broker.core.rows.access import Grant, Request
from broker.core.rows.applications import Application, Review
from broker.core.rows.assertions import Assertion
from broker.core.rows.cases import Case
from broker.core.rows.catalogue import Dataset, DrsObject, Organisation, Role
from broker.core.rows.change import Row
from broker.core.rows.consents import ConsentRow
from broker.core.rows.linking import IdentityLink
from broker.core.rows.oauth import Client
from broker.core.rows.polled import PolledVisa
from broker.core.rows.reports import Report, publications
from broker.core.rows.sanctions import Sanction

_DAY = 86_400


def keys_of(row: Row) -> Iterable[tuple[str, ...]]:  # noqa: C901, PLR0912 (a table of kinds)
    """Under which keys of the index a row is found."""
    match row:
        case Grant():
            yield ("grant", row.person, row.dataset)
            yield ("person", row.person)
            yield ("begun", str(row.begins // _DAY))
            yield ("ends", row.committee, str(row.ends // _DAY))
            yield from (("given", scope) for scope in {one.partition("@")[2] for one in row.affiliations})
        case Request():
            yield ("requests", row.person)
            yield ("inbox", row.dataset)
        case Application():
            yield from (("applications", person) for person in row.people)
        case Review():
            yield ("desk", row.committee)
            yield from (("invited", one.person) for one in row.invited)
        case Case():
            yield ("cases", row.about)
            if row.person is not None:
                yield ("cases", row.person)
        case Report():
            yield from _report_keys(row)
        case ConsentRow():
            yield ("consent", row.consent.consent_id)
            if row.consent.grantor is not None and row.consent.grantor.ref is not None:
                yield ("grantor", row.consent.grantor.ref)
            yield from _consent_keys(row)
        case DrsObject():
            yield ("dataset", row.dataset)
        case IdentityLink():
            for person in row.persons:
                yield ("link", person)
        case PolledVisa() if row.state == "live":
            yield ("polled",)
        case Assertion() | Role():
            yield (row.KIND, row.iss, row.sub)
            if isinstance(row, Role) and row.status == "active" and (row.role in _SEATS or _is_voice(row)):
                yield ("seats", row.scope)
        case Client():
            yield from _client_keys(row)
        case Organisation():
            for scope in row.scopes:
                yield ("scope", scope)
        case Sanction():
            yield ("sanction", row.kind, row.whom)
            yield ("sanctions",)
        case _:
            pass
    if isinstance(row, Dataset) and row.existence == "listed":
        yield ("decides", row.committee)
    if isinstance(row, Dataset) or row.KIND in _LISTED:
        yield ("all", row.KIND)


def _report_keys(row: Report) -> Iterable[tuple[str, ...]]:
    yield ("reports", row.grant)
    if publications(row.told) or row.told.taken_back:
        yield ("published", row.dataset)
    if row.waits:
        yield ("renewals", row.committee)


def _consent_keys(row: ConsentRow) -> Iterable[tuple[str, ...]]:
    consent = row.consent
    if consent.effective_from > consent.known_from:
        yield ("announced",)
    if consent.level != "participant":
        yield ("layer", consent.level, consent.subject_ref)
        if consent.level == "community":
            yield from (("communities", dataset) for dataset in row.datasets)
        return
    yield ("subject", consent.subject_ref)
    if consent.family_ref is not None:
        yield ("member", "family", consent.family_ref)
    yield from (("member", "community", name) for name in consent.community_refs)


def _client_keys(row: Client) -> Iterable[tuple[str, ...]]:
    if row.jwks_uri is not None:
        yield ("jwks_uri",)
    if row.owner is not None:
        yield ("installation", row.owner)


def _is_voice(role: Role) -> bool:
    """Does it speak for one community? Nobody does for all of them."""
    return role.role == "community_authority" and role.scope.startswith("community:")


_SEATS = frozenset({"committee_chair", "committee_member"})

_LISTED = frozenset(
    {"identity_provider", "visa_issuer", "committee", "organisation", "custom_type", "challenge", "incident"}
)
"""Kinds that are few enough to be listed whole."""
