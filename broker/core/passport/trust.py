"""Whom do we believe, and in what? One row per issuer (AAI 1.2.1 "Clearinghouses" 5.3, FAQ; Passport 8.3).

An issuer without a row is nobody. A row trusts its issuer only within its types, sources and values.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.core import jws
from broker.core.time import Seconds

ALGORITHMS = frozenset({"ES256", "RS256"})
"""All that GA4GH allows (AAI "Signing Algorithms")."""

Jwk = jws.Jwk

_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://[^/*]+/|[^/*]+[/:])(?:[^*]*[/:])?\*")
"""A scheme, a whole host or first name, whole segments, and the star."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRow:
    """One trusted issuer. Trusted: whoever holds its keys can say everything that the row lets it say.

    Everything is compared byte by byte, nothing is normalised. ValueError for a row that could mean nothing.
    """

    iss: str
    jku: tuple[str, ...] = ()
    """Addresses of its keys; a token's `jku` is one of these. The first serves tokens that name none."""
    keys: tuple[Jwk, ...] = ()
    """Keys exchanged out of band (members of a JWK Set). If there are any, nothing is fetched."""
    algorithms: frozenset[str] = ALGORITHMS
    types: frozenset[str] | None = None
    """Visa types it may issue; `None`: the five standard ones. A custom type counts only if listed here."""
    sources: frozenset[str] | None = None
    """Organisations that it may speak for (the visa's `source`); `None`: any."""
    values: tuple[str, ...] = ()
    """Datasets that it may grant: each exact, or a prefix that ends in `/*` or `:*`. Empty: none."""
    granted_by: frozenset[str] = frozenset({"dac"})
    """What `by` its ControlledAccessGrants must say."""
    may_link: bool = False
    """May its LinkedIdentities visas join identities? Apart from everything else that it may say."""
    link_issuers: frozenset[str] | None = None
    """Whose identities it may join, besides its own; `None`: anybody's."""
    link_sources: frozenset[str] | None = None
    """The `source` that its LinkedIdentities must carry; `None`: as `sources`."""
    is_us: bool = False
    """Our own row: our visas are minted from our grants, and only a live grant behind one opens anything."""
    is_broker: bool = False
    """May it issue Passports?"""
    vouches: bool = False
    """Do its Passports say whose the visas inside are? Off: each visa must name its bearer."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What this issuer calls a dataset -> the dataset's id."""
    access_tokens: bool = False
    """May its visas come as Visa Access Tokens (`scope` with `openid`, no `jku`), as those of NIH RAS do?"""
    grant_profile: Mapping[str, Any] | None = None
    """What its ControlledAccessGrants stand for: purpose, conditions, who reviewed (ruling 3)."""
    max_lifetime: Seconds | None = None
    """Longest `exp - iat` of its visas, in seconds; `None`: as in `limits.py`."""
    max_asserted_age: Seconds | None = None
    """maxAuthzTTL: its visas end this many seconds after `asserted`, if not before (Passport, Option A)."""
    discovery: bool = False
    """Are its keys and endpoints found by OpenID Connect Discovery (AAI FAQ, key source b)? Never for others."""
    userinfo: bool = False
    """May its access tokens come as bearer tokens at our doors, to be shown to its UserInfo (AAI C2, C3)?"""
    userinfo_url: str | None = None
    """Its UserInfo endpoint; `None`: as its discovery document says, on the issuer's own host."""
    userinfo_audiences: frozenset[str] | None = None
    """Of which `aud` such a token must name one; `None`: any, since `aud` names the client it was issued to."""
    opaque_tokens: bool = False
    """Are its access tokens not to be read? At most one issuer may say so: nothing else tells whose they are."""
    polled: bool = False
    """Are its Visa Access Tokens older than an hour confirmed by asking its UserInfo (AAI 1.2.1 section 8)?"""
    keys_until: Seconds | None = None
    """Until when pinned `keys` count: for places that cannot ask. `None`: until the row changes."""

    def __post_init__(self) -> None:
        if not self.iss:
            raise ValueError("a trust row names its issuer")
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise ValueError("GA4GH tokens are signed with ES256 or RS256")
        if not all(_is_value(value) for value in self.values):
            raise ValueError("a value is exact, or a prefix with a host that ends in /* or :*")

    def idle(self) -> str | None:
        """A member that does nothing in this row, and what it lacks: for who writes rows. None: each has its use."""
        asks, found = self.userinfo or self.polled, self.discovery or self.userinfo_url is not None
        idle = {
            "userinfo and polled need discovery, or a userinfo_url": asks and not found,
            "userinfo is for brokers": self.userinfo and not self.is_broker,
            "discovery is for brokers and issuers of Visa Access Tokens": self.discovery
            and not (self.is_broker or self.access_tokens),
            "opaque_tokens needs userinfo": self.opaque_tokens and not self.userinfo,
            "polled needs access_tokens": self.polled and not self.access_tokens,
            "keys_until needs keys": self.keys_until is not None and not self.keys,
        }
        return next((why for why, holds in idle.items() if holds), None)

    def may_grant(self, dataset: str) -> bool:
        """Is `dataset` among what this issuer may open? `a/*` covers `a/b`, but neither `ab` nor `a/`."""
        return self.is_us or any(_covers(value, dataset) for value in self.values)

    def dataset_of(self, value: str) -> str:
        """The dataset that a visa's `value` means: itself, or what the row says it means."""
        return self.aliases.get(value, value)


def _is_value(value: str) -> bool:
    return bool(value) and ("*" not in value or _PREFIX.fullmatch(value) is not None)


def _covers(value: str, dataset: str) -> bool:
    if not value.endswith("*"):
        return value == dataset
    prefix = value[:-1]
    return len(dataset) > len(prefix) and dataset.startswith(prefix)


def covered(values: Iterable[str], datasets: Sequence[str]) -> set[str]:
    """Those of `datasets`, which are in order, that `values` of an issuer cover. Nobody looks through all of them."""
    found = set[str]()
    for value in values:
        prefix = value.removesuffix("*")
        if prefix == value:
            begin, end = bisect_left(datasets, value), bisect_right(datasets, value)
        else:
            begin, end = bisect_right(datasets, prefix), bisect_left(datasets, prefix[:-1] + chr(ord(prefix[-1]) + 1))
        found.update(datasets[begin:end])
    return found


class Trust:
    """The trust rows by issuer. ValueError for two rows of one issuer: two answers are none."""

    __slots__ = ("_opaque", "_rows", "by_userinfo")

    def __init__(self, rows: Iterable[TrustRow]) -> None:
        listed = tuple(rows)
        self._rows = {row.iss: row for row in listed}
        if len(self._rows) != len(listed):
            raise ValueError("two trust rows for one issuer")
        opaque = [row for row in listed if row.opaque_tokens and row.userinfo and row.is_broker]
        self._opaque = opaque[0] if len(opaque) == 1 else None
        self.by_userinfo = any(row.userinfo for row in listed)
        """May anybody's access tokens come at all?"""

    def of(self, iss: object) -> TrustRow | None:
        """The row of exactly this issuer, or None: not trusted (and so is what is not even a string)."""
        return self._rows.get(iss) if isinstance(iss, str) else None

    def opaque(self) -> TrustRow | None:
        """The one broker whose access tokens may be opaque; None if there is none, or more than one."""
        return self._opaque
