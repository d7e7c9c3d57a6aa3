"""What people call a dataset, a committee, a home organisation or a disease: the name behind an address or a code."""

from aiohttp import web

from broker.core.committees import known
from broker.core.duo.ontology import label, named
from broker.core.ids import DatasetId, Issuer
from broker.core.rows import Committee, Dataset, IdentityProvider
from broker.web.state import BROKER


def title_of(request: web.Request, dataset: DatasetId) -> str:
    """What people call a dataset; by its address one that is hidden, or in no catalogue any more."""
    row = request.app[BROKER].snapshots.current().get(Dataset, dataset)
    return row.title if row is not None and row.existence != "hidden" else dataset


def about_of(request: web.Request, about: str) -> str:
    """What people call that which a complaint is about; as it was written, if it is neither data nor a committee, or
    one that decides about hidden data alone.
    """
    snapshot, title = request.app[BROKER].snapshots.current(), title_of(request, DatasetId(about))
    if title != about or (snapshot.get(Committee, about) is not None and not known(about, snapshot)):
        return title
    return name_of(request, about)


def name_of(request: web.Request, whose: str) -> str:
    """What people call a committee or a home organisation; by its address one that is not here."""
    snapshot = request.app[BROKER].snapshots.current()
    row = snapshot.get(Committee, whose) or snapshot.get(IdentityProvider, Issuer(whose))
    return row.name if row is not None else whose


def disease_of(request: web.Request, code: str) -> str:
    """A disease by its name, with its code behind it; by its code alone one that is not in the list."""
    return named(request.app[BROKER].snapshots.current().ontology, code)


def just_named(request: web.Request, code: str) -> str:
    """A disease by its name alone."""
    return label(request.app[BROKER].snapshots.current().ontology, code)
