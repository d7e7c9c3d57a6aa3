"""How data are named in publications, and which publications name them: shown on several pages in the same way."""

from collections.abc import Iterable
from typing import Any

from broker.core.attribution import as_asked
from broker.core.ids import DatasetId
from broker.core.rows import Dataset, Organisation, Repository
from broker.core.rows.reports import Publication
from broker.core.snapshot import Snapshot


def how_to_cite(id: DatasetId, snapshot: Snapshot) -> str:
    """The words that a page of the data asks for: who made them, their title, where they are, their id."""
    row = snapshot.get(Dataset, id)
    if row is None:
        return id
    producer, repository = snapshot.get(Organisation, row.producer), snapshot.get(Repository, row.repository)
    parts = (producer.name if producer is not None else row.producer, row.title, repository.name if repository else "")
    return " ".join([*(f"{part}." for part in parts if part), row.id])


def shown_publications(id: DatasetId, found: Iterable[Publication], snapshot: Snapshot) -> list[dict[str, Any]]:
    """Each with whether it names the data as asked; of one of before that was asked, nobody knows."""
    row = snapshot.get(Dataset, id)
    return [
        {
            "doi": one.doi,
            "title": one.title,
            "attribution": one.attribution,
            "named": row is None or not one.doi or as_asked(one, row),
        }
        for one in found
    ]
