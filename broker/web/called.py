"""What people call a dataset, a committee, somebody, a pack or a disease: the name behind an address or a code."""

from aiohttp import web

from broker.core.committees import known
from broker.core.duo.ontology import label, named
from broker.core.ids import DatasetId, Issuer, ObjectId, PersonId
from broker.core.reasons.language import Tongue
from broker.core.rows import Committee, Dataset, DrsObject, IdentityProvider, Organisation
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


def pack_of(request: web.Request, pack: str) -> str:
    """What people call a policy pack; by its id one that is not in force."""
    row = request.app[BROKER].snapshots.current().rulebook.packs.get(pack)
    return row.title if row is not None else pack


def file_of(request: web.Request, id: str) -> str:
    """What people call a file; by its id one that is in no catalogue any more."""
    row = request.app[BROKER].snapshots.current().get(DrsObject, ObjectId(id))
    return row.name if row is not None and row.name else id


def somebody(request: web.Request, person: str, tongue: Tongue, institution: str = "") -> str:
    """Who somebody is to a reader who may not know their name without its being on record: by where they work.

    `institution`: the id of the one under which they are judged, where that is known; else it is that of their grants.
    """
    snapshot = request.app[BROKER].snapshots.current()
    row = snapshot.get(Organisation, institution) if institution else None
    homes = [row.name] if row is not None else []
    for grant in snapshot.grants_of(PersonId(person)) if not homes and person else ():
        scopes = [one.partition("@")[2] for one in grant.affiliations]
        homes += [one.name for one in snapshot.organisations(scopes)] or scopes
    home = ", ".join(dict.fromkeys(homes))
    return tongue.word("people.of", home=home) if home else tongue.word("people.of_nowhere")


def disease_of(request: web.Request, code: str) -> str:
    """A disease by its name, with its code behind it; by its code alone one that is not in the list."""
    return named(request.app[BROKER].snapshots.current().ontology, code)


def just_named(request: web.Request, code: str) -> str:
    """A disease by its name alone."""
    return label(request.app[BROKER].snapshots.current().ontology, code)
