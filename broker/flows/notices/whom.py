"""Who stands behind a receiver now, and who gets letters? A role is whoever holds it when the letter goes out."""

from broker.core.happened import person_box, role_box, subject_box
from broker.core.ids import PersonId
from broker.core.rows import Identity, Mailbox, Notice, Role
from broker.core.rows.identity import identity_id
from broker.flows.world import Caller, World


class Addressees:
    """Looks each receiver up once; for one round of letters."""

    def __init__(self, w: World) -> None:
        self._w = w
        self._known: dict[str, list[Mailbox]] = {}
        self._holders: dict[str, list[PersonId]] | None = None

    async def of(self, row: Notice) -> list[Mailbox]:
        """The mailboxes of those who are told; nobody twice, and nobody who is left out under another identity."""
        if row.to not in self._known:
            self._known[row.to] = await self._boxes(row.to)
        snapshot, out = self._w.snapshots.current(), set(row.but)
        return [box for box in self._known[row.to] if not out & snapshot.ever_linked(box.id)]

    async def _boxes(self, to: str) -> list[Mailbox]:
        if to.startswith(subject_box("")):
            return [box async for box in self._w.rows.find(Mailbox, "subject", to.removeprefix(subject_box("")))]
        if to.startswith(person_box(PersonId(""))):
            people = _themselves(self._w, PersonId(to.removeprefix(person_box(PersonId("")))))
        else:
            people = frozenset((await self._by_role()).get(to, ()))
        found = [await self._w.rows.get(Mailbox, one) for one in sorted(people)]
        return [box for box in found if box is not None]

    async def _by_role(self) -> dict[str, list[PersonId]]:
        """Who holds which role. Roles are few; this is read only when somebody is told by one."""
        if self._holders is None:
            self._holders, now = {}, self._w.clock.now()
            async for role in self._w.rows.scan(Role):
                known = await self._w.rows.get(Identity, identity_id(role.iss, role.sub)) if role.holds(now) else None
                if known is not None:
                    for box in _boxes_of(role):
                        self._holders.setdefault(box, []).append(known.person)
        return self._holders


def boxes_of(w: World, caller: Caller) -> tuple[str, ...]:
    """Every receiver that the caller is: themselves, under each identity; whose data they are; their roles."""
    people = [person_box(one) for one in sorted(_themselves(w, caller.person.id))]
    subject = [subject_box(caller.person.subject)] if caller.person.subject is not None else []
    return tuple(dict.fromkeys((*people, *subject, *(box for role in caller.roles for box in _boxes_of(role)))))


def _boxes_of(role: Role) -> tuple[str, ...]:
    """A chair is a member too."""
    own = role_box(role.role, role.scope)
    return (own, role_box("committee_member", role.scope)) if role.role == "committee_chair" else (own,)


def _themselves(w: World, person: PersonId) -> frozenset[PersonId]:
    """The person under every identity that is joined now; from one that was parted nothing is read any more."""
    linked = w.snapshots.current().linked(person, w.clock.now())
    return frozenset({person, *(one.person for one in linked)})
