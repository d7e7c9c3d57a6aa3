"""How people and programs outside are told. Both are asked again with the same id: who gets it twice can see that."""

from typing import Literal, Protocol

from broker.core.letters import Letter
from broker.core.time import Seconds

Taken = Literal["taken", "refused", "unreachable"]
"""`refused`: this one was not taken. `unreachable`: nothing can be told at present, to anybody."""


class Mailer(Protocol):
    async def send(self, letter: Letter) -> Taken:
        """Hand a letter over to the mail server. Never raises for what others do."""
        ...


class Hooks(Protocol):
    async def post(self, name: str, id: str, at: Seconds, body: bytes) -> bool:
        """Post to the webhook `name`, signed at `at`: was it taken? Never raises for what others do."""
        ...
