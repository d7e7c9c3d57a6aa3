"""The policy that the AuthZEN certification scenario prescribes, behind the port of our own decisions.

For tests alone: nothing in a broker can be configured to decide like this.
"""

from collections.abc import Sequence

from broker.core.authz.asked import Action, Asked, Entity, Fault, Search, Semantic
from broker.core.authz.scope import Asker
from broker.core.outcome import Reason
from broker.flows.repositories.deciding import Answer
from broker.flows.repositories.searching import Found

USERS = {"alice": "user", "bob": "admin"}
RECORDS = {"record-1": "active", "record-2": "archived"}
ACTIONS = ("read", "write", "delete")


def permits(asked: Asked) -> bool:
    """The eight decisions of the fixture, and no to everything else that it does not know."""
    who, what, action = asked.subject, asked.resource, asked.action
    if who.type != "user" or who.id not in USERS or what.type != "record" or what.id not in RECORDS:
        return False
    if what.properties.get("status", RECORDS[what.id]) == "archived" and action.name != "read":
        return bool(who.properties.get("role", USERS[who.id]) == "admin")
    if action.name == "delete":
        return who.id == "alice" and action.properties.get("soft") is True
    return action.name == "read" or (action.name == "write" and who.id == "alice")


class FixturePdp:
    """Answers by the fixture's policy."""

    async def answer(self, asker: Asker, asked: Asked) -> Answer:
        del asker
        return Answer(permits=permits(asked), context={})

    async def answer_all(
        self, asker: Asker, items: Sequence[Asked | Fault], semantic: Semantic
    ) -> Sequence[Answer | Fault] | Reason:
        del semantic
        return [one if isinstance(one, Fault) else await self.answer(asker, one) for one in items]

    async def search(self, asker: Asker, asked: Search) -> Found | Reason:
        del asker
        names = {"subject": USERS, "resource": RECORDS, "action": ("read", "write")}[asked.wanted]
        fitting = [name for name in names if permits(_about(asked, name))]
        rest = [name for name in fitting if name > asked.token]
        shown = rest[: asked.limit]
        return Found(results=tuple(shown), next=shown[-1] if len(rest) > len(shown) else "")


def _about(asked: Search, name: str) -> Asked:
    subject = Entity(type=asked.subject.type, id=name) if asked.wanted == "subject" else asked.subject
    action = Action(name=name) if asked.wanted == "action" else asked.action
    resource = Entity(type=asked.resource.type, id=name) if asked.wanted == "resource" else asked.resource
    return Asked(subject=subject, action=action, resource=resource, context=asked.context)
