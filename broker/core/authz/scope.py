"""Which data may a repository ask about? Those that lie with it, and no others.

A repository is a client with the role `repository` in the scope `repository:<id>`. A role for the whole service is
none: nobody asks about everybody's data.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from broker.core.ids import ClientId, DatasetId, ObjectId
from broker.core.rows import Dataset, DrsObject, Role
from broker.core.snapshot import Snapshot

ROLE = "repository"
_SCOPE = "repository:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The service that asks. `repositories`: whose data it may ask about. `serves`: audiences that are itself."""

    client: ClientId
    repositories: frozenset[str]
    serves: frozenset[str] = frozenset()

    def dataset(self, id: DatasetId, snapshot: Snapshot) -> Dataset | None:
        """The dataset, if it lies with this repository; None for any other, and for none."""
        found = snapshot.get(Dataset, id)
        return found if found is not None and found.repository in self.repositories else None

    def object(self, id: ObjectId, snapshot: Snapshot) -> DrsObject | None:
        """The object, if it lies with this repository; None for any other, and for none."""
        found = snapshot.get(DrsObject, id)
        return found if found is not None and self.dataset(found.dataset, snapshot) is not None else None

    def datasets(self, snapshot: Snapshot) -> Iterator[Dataset]:
        """Its datasets, in order of id."""
        return (row for row in snapshot.all(Dataset) if row.repository in self.repositories)


def repositories_of(roles: Iterable[Role]) -> frozenset[str]:
    """The repositories for which a service with these roles speaks."""
    scopes = (role.scope for role in roles if role.role == ROLE and role.scope.startswith(_SCOPE))
    return frozenset(scope.removeprefix(_SCOPE) for scope in scopes)
