"""Persons, the identities by which they sign in, and their sessions."""

import hashlib
from dataclasses import dataclass, field
from typing import ClassVar

from broker.core.ids import Issuer, PersonId, SubjectRef
from broker.core.passport.assertions import Stated
from broker.core.rows.assurance import SignIn
from broker.core.time import EPOCH, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom the broker has met. `id` is our `sub`; there is no name here.

    `log_key`: 32 random bytes, hexadecimal; keys this person's pseudonym in the log. Destroying it makes
    their entries unlinkable and leaves every proof intact.
    """

    KIND: ClassVar[str] = "person"
    id: PersonId
    version: int = 1
    log_key: str = field(repr=False)
    created: Seconds
    subject: SubjectRef | None = None
    """Set for participants: who they are to their consent source (ruling: no other claim is kept)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One identity of a person: the pair (`iss`, `sub`) at a home identity provider.

    `id` is `identity_id(iss, sub)`; the pair, never one half of it, is what is compared.
    """

    KIND: ClassVar[str] = "identity"
    id: str
    version: int = 1
    person: PersonId
    iss: Issuer
    sub: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in of a person at this broker. `id` is the SHA-256 of the cookie's secret.

    `claims`: what the identity provider vouched for and we keep: affiliation, display name. `location`:
    the country that was attested at sign-in, ISO 3166-1 alpha-2.
    """

    KIND: ClassVar[str] = "session"
    id: str
    version: int = 1
    person: PersonId
    idp: Issuer
    identities: tuple[tuple[Issuer, str], ...]
    """Every (iss, sub) that was known to be this person at sign-in."""
    auth_time: Seconds
    expires: Seconds
    name: str = ""
    affiliations: tuple[str, ...] = ()
    location: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    ended: Seconds | None = None
    stated: tuple[Stated, ...] = ()
    """What the provider's claims say besides, as its row maps them; visas are minted from it while it lasts."""
    task: bool = False
    """Not somebody who signed in, but what a task rests on (core/rows/tasks.py)."""
    began: Seconds = EPOCH
    """When the person came here; `auth_time` is when they signed in at home."""

    @property
    def sign_in(self) -> SignIn:
        """How and when they signed in."""
        return SignIn(acr=self.acr, amr=self.amr, at=self.auth_time)


def identity_id(iss: Issuer, sub: str) -> str:
    """The id under which (`iss`, `sub`) is stored: a digest of both, so that no half can be confused."""
    return hashlib.sha256(f"{len(iss)}:{iss}{sub}".encode()).hexdigest()
