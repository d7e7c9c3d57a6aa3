"""A Visa Access Token whose issuer is asked whether it still holds (AAI 1.2.1 section "Access Token Polling")."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from broker.core.passport.visa import Visa
from broker.core.time import Seconds

Polling = Literal["live", "idle", "replaced", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolledVisa:
    """`id` is the digest of the visa that came. `live`: its issuer is asked again; `idle`: nobody needs it now.

    `ended`: the issuer said no, and a Revocation stands beside. `replaced`: by one that needs no asking.
    """

    KIND: ClassVar[str] = "polled_visa"
    id: str
    version: int = 1
    visa: Visa
    token: str = field(repr=False)
    """The token to ask with, encrypted under a key of the server, bound to `id`."""
    next: Seconds
    """Not asked before."""
    needed: Seconds
    """Until when something may rest on it: somebody showed it."""
    confirmed: Seconds | None = None
    """When its issuer was last asked and said yes."""
    failures: int = 0
    """Attempts since then without an answer."""
    state: Polling = "live"
    by: Visa | None = None
    """The updated visa that the issuer gave: it counts instead."""
