"""What visas are minted from beside grants, and visas of other issuers that we hold for somebody."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from broker.core.ids import Issuer, PersonId
from broker.core.passport.assertions import Clause, CustomClaims, Stated
from broker.core.time import Seconds

Via = Literal["api", "userinfo", "push"]
"""How visas of others come to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A source says something of one identity, (`iss`, `sub`), of a person. Visas of a day are minted from it.

    `source`: the organisation that says it, `entered_by`: who wrote it down here. `evidence`: the SHA-256 of the
    document behind it, which stays with the source. It ends at `ends`, or when somebody who may ends it.
    """

    KIND: ClassVar[str] = "assertion"
    id: str
    version: int = 1
    iss: Issuer
    sub: str
    type: str
    value: str
    source: str
    by: str | None = None
    asserted: Seconds
    ends: Seconds
    conditions: tuple[tuple[Clause, ...], ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    evidence: str = ""
    entered_by: PersonId
    ended: Seconds | None = None

    def is_live(self, at: Seconds) -> bool:
        """Does it hold at `at`?"""
        return self.asserted <= at < self.ends and (self.ended is None or at < self.ended)

    @property
    def said(self) -> Stated:
        """What a visa that is minted from it says."""
        return Stated(
            type=self.type,
            value=self.value,
            source=self.source,
            by=self.by,
            asserted=self.asserted,
            ends=self.ends,
            conditions=self.conditions,
            extra=self.extra,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomType:
    """A visa type that is not of the standard. `id` is its URL.

    `coordination`: where it was agreed with GA4GH (Passport "Custom Visa Types": that MUST happen). `claims`: names
    of claims beside the visa object that its visas may carry; every other one is refused.
    """

    KIND: ClassVar[str] = "custom_type"
    id: str
    version: int = 1
    description: str
    coordination: str
    claims: frozenset[str] = frozenset()

    @property
    def rule(self) -> CustomClaims:
        """What an assertion of this type is held to."""
        return CustomClaims(type=self.id, claims=self.claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Visas about one identity of a person that came in one way from `issuer`, as they were signed.

    `id` is `gathered_id(via, issuer, iss, sub)`. `sealed`: the tokens, encrypted (AAI v1.0: what is stored SHOULD
    be). `fetched`: when this version of them came.
    """

    KIND: ClassVar[str] = "gathered"
    id: str
    version: int = 1
    issuer: Issuer
    iss: Issuer
    sub: str
    sealed: str = field(repr=False)
    fetched: Seconds
    via: Via


def gathered_id(via: Via, issuer: str, iss: str, sub: str) -> str:
    """Under which id visas about (`iss`, `sub`) are stored: a digest, no part can be confused with another."""
    return hashlib.sha256(f"{via}{len(issuer)}:{issuer}{len(iss)}:{iss}{sub}".encode()).hexdigest()
