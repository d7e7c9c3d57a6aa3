"""Who has to be told that a session has ended, and by which name a home organisation knows one."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import ClientId, PersonId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """A client that must hear that a session has ended (OpenID Connect Back-Channel Logout). `id`: `farewell_id`.

    In the ledger and not in Scratch: what the session meant to that client ends only when it hears, so this may
    not be lost. Made with the end of the session, in one record; tried until it was heard or `ends` has come.
    """

    KIND: ClassVar[str] = "farewell"
    id: str
    version: int = 1
    client: ClientId
    person: PersonId
    sid: str
    """How the client knows the session."""
    made: Seconds
    ends: Seconds
    state: Literal["waiting", "heard", "given_up"] = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeSession:
    """The session at a home identity provider from which a session of ours came. `id` is that of ours.

    `home`: `home_sid(iss, sid)`, by which the provider's logout finds it.
    """

    KIND: ClassVar[str] = "home_session"
    id: str
    version: int = 1
    home: str
