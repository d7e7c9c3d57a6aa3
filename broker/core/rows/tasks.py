"""Work that a person lets a client go on with after they have signed out: bound to datasets, and to an end."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.ids import ClientId, DatasetId, GrantId, PersonId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task. `id` is the `jti` of its token, and of the row that stands in for a sign-in (`Session.task`).

    `family`: its own authorisation, by which it is revoked and under which its Passports go. It ends at `ends`,
    when its person ends it (`ended`), and with all that it came from, but for the sign-in.
    """

    KIND: ClassVar[str] = "task"
    id: str
    version: int = 1
    person: PersonId
    client: ClientId
    family: str
    datasets: tuple[DatasetId, ...]
    grants: tuple[GrantId, ...]
    made: Seconds
    ends: Seconds
    ended: Seconds | None = None
