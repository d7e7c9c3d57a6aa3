"""What these stories need from the world, and two ways of asking it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from broker.core.audit.entry import Entry, Value
from broker.core.ids import PersonId
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.introspect import Document, Permission
from broker.core.oidc.narrowing import AudienceOf
from broker.core.oidc.release import MintedVisa
from broker.core.passport.verify import CheckSignature
from broker.core.quota import Rates
from broker.core.rows.identity import Person, Session
from broker.core.rows.oauth import Client, Family
from broker.core.time import Seconds
from broker.flows.entries import entry
from broker.flows.proofs import Proofs
from broker.ports import Clock, Entropy, Keys, Ledger, Rows, Scratch, Signer, StaleError, TokenReader

T = TypeVar("T")
About = dict[str, Value]
"""What an entry says, in the making."""
ATTEMPTS = 5
"""How often a step is decided anew after it lost a race."""


class VisasOf(Protocol):
    """Which visas does a person hold, ready to leave?"""

    async def __call__(
        self, person: Person, session: Session, resources: frozenset[str], now: Seconds, access_of: str | None = None
    ) -> tuple[MintedVisa, ...]:
        """Those needed for `resources` (none named: all), whether released to anybody or not. Records nothing."""
        ...


class GrantsShown(Protocol):
    """Which grants does an authorisation show?"""

    def __call__(self, person: Person, session: Session, family: Family, now: Seconds) -> tuple[Permission, ...]:
        """Those that were released to its client, are for its data, and open these now."""
        ...


def none_shown(person: Person, session: Session, family: Family, now: Seconds) -> tuple[Permission, ...]:
    """Where nothing is known of grants."""
    del person, session, family, now
    return ()


Documents = Callable[[str, Seconds], Awaitable[Document | None]]
"""The data ticket or visa of ours that a text is, if it counts at that time."""


async def no_documents(_: str, __: Seconds) -> Document | None:
    """Where there are neither tickets nor visas."""
    return None


InstalledBy = Callable[[PersonId], Sequence[Client]]
"""The clients that a person made of their own computers, removed ones too."""


def nobodys(_: PersonId) -> Sequence[Client]:
    """Nobody has connected a computer."""
    return ()


LinkedTo = Callable[[PersonId, Seconds], frozenset[PersonId]]
KnownAs = Callable[[PersonId], frozenset[PersonId]]
"""Who else is this person now?"""


def nobody_but(person: PersonId) -> frozenset[PersonId]:
    """Where no identities are linked."""
    return frozenset({person})


def nobody_else(_: PersonId, __: Seconds) -> frozenset[PersonId]:
    """Where nothing is known of links."""
    return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """The outside world, passed in by app.py and by tests.

    `issuer`: our `iss`. `scopes`: those that we support. `audience_of`: to which service a resource URI
    belongs. `refresh_key`: 32 bytes or more, the same in every process; whoever holds them and a used refresh
    token can compute its successor. `keys` and `check`: the keys that clients publish (by client id and address),
    and whether a signature is a key's own. `installed`: the clients that a person made. `require_par`: only pushed
    authorization requests count. `proofs`: what judges DPoP proofs. `rates`: how often a client may ask.
    `linked`: whom a person is linked with. `known_as`: the person and whoever was ever shown to be them. `grants`:
    those that an authorisation shows. `documents`: tickets and visas that count. `registration`: SHA-256 of the
    initial access token with which clients may register themselves; None: they may not.
    """

    issuer: str
    scopes: frozenset[str]
    clock: Clock
    entropy: Entropy
    ledger: Ledger
    rows: Rows
    scratch: Scratch
    signer: Signer
    reader: TokenReader
    visas: VisasOf
    audience_of: AudienceOf
    refresh_key: bytes
    keys: Keys
    check: CheckSignature
    proofs: Proofs
    require_par: bool = False
    installed: InstalledBy = nobodys
    rates: Rates = field(default_factory=Rates)
    registration: str | None = None
    linked: LinkedTo = nobody_else
    known_as: KnownAs = nobody_but
    grants: GrantsShown = none_shown
    documents: Documents = no_documents

    def entry(self, kind: str, now: Seconds, person: Person | None, about: Mapping[str, Value]) -> Entry:
        """An entry of the log."""
        return entry(kind, now, self.entropy, self.issuer, person, about)


async def deciding_anew(step: Callable[[], Awaitable[T]]) -> T | OAuthError:
    """The result of `step`, which gathers, decides and records; anew whenever it lost a race; BUSY at last."""
    for _ in range(ATTEMPTS):
        try:
            return await step()
        except StaleError:
            continue
    return OAuthError.BUSY
