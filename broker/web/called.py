"""What people call a dataset, a committee or a home organisation: the name of the row behind an address."""

from aiohttp import web

from broker.core.ids import DatasetId, Issuer
from broker.core.rows import Committee, Dataset, IdentityProvider
from broker.web.state import BROKER


def title_of(request: web.Request, dataset: DatasetId) -> str:
    """What people call a dataset; by its address one that is hidden, or in no catalogue any more."""
    row = request.app[BROKER].snapshots.current().get(Dataset, dataset)
    return row.title if row is not None and row.existence != "hidden" else dataset


def name_of(request: web.Request, whose: str) -> str:
    """What people call a committee or a home organisation; by its address one that is not here."""
    snapshot = request.app[BROKER].snapshots.current()
    row = snapshot.get(Committee, whose) or snapshot.get(IdentityProvider, Issuer(whose))
    return row.name if row is not None else whose
