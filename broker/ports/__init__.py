"""What the flows need from the world. Each Protocol is as small as its callers need.

Adapters implement these and tests/fakes.py does in memory; the same conformance suite runs on both.
Every method says what is durable when it returns, and what raising means. Where bytes come from: `ports/sources.py`.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from broker.core.audit.entry import Entry
from broker.core.ids import Issuer
from broker.core.oidc.provider_metadata import ProviderMetadata
from broker.core.passport.health import Concerns, IssuerReport
from broker.core.passport.userinfo import Answer
from broker.core.provider_health import ProviderHealth
from broker.core.rows import Change, IdentityProvider, Row
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds

R = TypeVar("R", bound=Row)

Use = Literal["oidc-rs256", "oidc-es256", "visa", "visa-access", "ticket"]
"""Which key signs: ID tokens by default; other tokens, Passports and permissions; visas; data tickets.

`visa-access` is the key of visas, without the address of its key set: for Visa Access Tokens."""


class Clock(Protocol):
    def now(self) -> Seconds:
        """Read once per decision, and passed on."""
        ...

    async def give_way(self) -> None:
        """Let others have their turn, in the middle of long work."""
        ...


class Entropy(Protocol):
    def random(self, nbytes: int) -> bytes:
        """`nbytes` that nobody can guess."""
        ...

    def for_id(self) -> bytes:
        """Ten bytes for `core.ids.make_id`: two that keep ids of one second in order, eight that nobody can guess."""
        ...


class StaleError(Exception):
    """A row was changed by somebody else first; nothing was stored. Load again and decide again."""


class LedgerDownError(Exception):
    """The record could not be written, or nobody knows whether it was. Hand nothing out; answer 503."""


class Ledger(Protocol):
    """The only way to write what gives, uses, changes or ends a right."""

    async def record(self, entry: Entry, *changes: Change) -> int | None:
        """Store entry and changes together or not at all; durable on return. Returns the entry's index, or None where
        many processes write: then it has one a moment later. The log knows it by its id.

        StaleError: a change's precondition failed, or the receipt id is taken; nothing of this record was stored,
        and other records are not touched. LedgerDownError: nobody knows whether it was stored. ValueError: it can
        never be stored (an entry or row that is too large, a kind without a table); nothing was done.
        Rows of a commit reach those who follow it before any caller gets its answer. A cancelled caller loses
        its answer, never its entry.
        """
        ...

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[Change]]]) -> None:
        """Each as by `record`, for itself, and all side by side; durable on return. Raises what one of them raised:
        then some may be stored, and nothing may be handed out on the strength of any.
        """
        ...


class Rows(Protocol):
    """Reads of what the ledger stored: always the last committed version. LedgerDownError: it cannot be asked now."""

    async def get(self, kind: type[R], id: str) -> R | None: ...

    def scan(self, kind: type[R]) -> AsyncIterator[R]:
        """Every row of a kind, in order of id."""
        ...

    def find(self, kind: type[R], member: str, value: str) -> AsyncIterator[R]:
        """The rows whose `member`, one that rows of this kind are found by, is `value`; in order of id."""
        ...

    def newest(self, kind: type[R], member: str, value: str, most: int) -> AsyncIterator[R]:
        """As `find`, the last ids first, and no more than `most`: what came last, where ids are made in order."""
        ...

    def newest_of(self, kind: type[R], member: str, values: Sequence[str], most: int) -> AsyncIterator[R]:
        """As `newest` for each of `values` (500 at most, ValueError for more), in their order; one read for all."""
        ...

    def after(self, kind: type[R], id: str, most: int) -> AsyncIterator[R]:
        """The rows whose id comes after `id`, in order of id, and no more than `most`: what came since, where ids are
        made in order.
        """
        ...

    def each(self, kind: type[R], ids: Sequence[str]) -> AsyncIterator[R]:
        """The rows with these ids (500 at most, ValueError for more) that are there, in order of id; one read."""
        ...


class Scratch(Protocol):
    """What may be lost without anybody gaining or losing a right: unfinished sign-ins, pages, replay sets.

    Bounded (the oldest goes first) and expiring. Never read by core/decision (ruling 27). `kind` is a word of our
    own, never one from outside. LedgerDownError: the store cannot be used now; answer 503.
    """

    async def put(self, kind: str, id: str, value: Mapping[str, Any], expires: Seconds) -> None:
        """Replaces what was there.

        ValueError for a value above 64 KiB, an id above 512 characters, a kind that is not at most 40 of `a-z0-9_.`.
        """
        ...

    async def add(self, kind: str, id: str, value: Mapping[str, Any], expires: Seconds, now: Seconds) -> bool:
        """Was it not there yet? Then it is now: of many who add the same, one hears yes.

        For replay sets: what was added is never dropped to make room. LedgerDownError where there is none left.
        Never `put` and `add` into one kind. ValueError as for `put`.
        """
        ...

    async def get(self, kind: str, id: str, now: Seconds) -> Mapping[str, Any] | None:
        """The value, or None if there is none or `now >= expires`."""
        ...

    async def take(self, kind: str, id: str, now: Seconds) -> Mapping[str, Any] | None:
        """Like `get`, and gone afterwards: of two takers one gets it."""
        ...

    async def ending(self, kind: str, now: Seconds, before: Seconds) -> Sequence[tuple[str, Seconds]]:
        """The ids of what expires after `now` and before `before`, and when; the next one first."""
        ...


class Snapshots(Protocol):
    """The picture in force."""

    def current(self) -> Snapshot:
        """Everything that was committed by now. LedgerDownError: nobody knows what was; decide nothing."""
        ...


class Signer(Protocol):
    """Signs with keys that nobody else sees."""

    async def sign(self, use: Use, typ: str, claims: Mapping[str, Any]) -> str:
        """A compact JWS with header `typ`, signed by the current key of `use`.

        ports.keys.KeyServiceDownError if whoever keeps the key does not sign now: hand nothing out.
        """
        ...


class TokenReader(Protocol):
    """Verifies tokens of our own."""

    def read(self, token: str, typ: str) -> Mapping[str, Any] | None:
        """The claims of a token with exactly this `typ`, signed by a key of ours; None for anything else.

        Signature, `typ`, algorithm and strict JSON are checked; times, audience and revocation are not.
        """
        ...


class Keys(Protocol):
    """The keys that registered issuers publish."""

    async def sets(
        self, needs: Collection[tuple[str, str, str]]
    ) -> Mapping[tuple[str, str], Sequence[Mapping[str, Any]] | None]:
        """The JWK Set of each registered (`iss`, `jku`) among `needs` (`iss`, `jku`, `kid`), all at once.

        Fetched anew if the `kid` is not in it and it is not too soon. None: not registered, or not to be had now.
        """
        ...


class KeysAtHand(Keys, Protocol):
    """Keys, and which of them are known without asking anybody."""

    def at_hand(self, iss: str, jku: str, kid: str) -> Mapping[str, Any] | None:
        """The key called `kid` of the registered (`iss`, `jku`), if `sets` would give its set without asking now."""
        ...


class IssuerHealth(Protocol):
    """How the registered issuers are doing. For operators: nothing that decides may read it."""

    def reports(self) -> Sequence[IssuerReport]:
        """Every registered issuer, in the order of registration."""
        ...

    def refused(self, concerns: Concerns, at: Seconds) -> None:
        """Count a refused token. Bounded: issuers that are not registered are not counted."""
        ...

    async def refresh(self, iss: str) -> IssuerReport | None:
        """Ask all addresses of this issuer now and believe the answers. None: not registered."""
        ...


class Endpoints(Protocol):
    """What registered issuers answer to tokens of their own. Nothing is sent to anybody else."""

    async def userinfo(self, iss: str, token: str) -> Answer | None:
        """What the UserInfo endpoint of the registered issuer `iss` says to `token`; None: it refuses the token.

        An answer may be up to a minute old; it is that to this very token. UpstreamError: not to be had now.
        """
        ...

    async def poll(self, iss: str, token: str) -> Answer | int:
        """The same, asked now; or the status of an answer that was none (0: there was no answer at all)."""
        ...


class Vault(Protocol):
    """Keeps secrets that must be used again from whoever reads the database."""

    def shut(self, secret: str, about: str) -> str:
        """`secret`, encrypted; it opens only for the same `about`."""
        ...

    def open(self, shut: str, about: str) -> str | None:
        """What was shut; None if it was not shut here, not for this, or with a key that is gone."""
        ...


class UpstreamError(Exception):
    """A home identity provider did not answer, or not as it must. The message holds nothing that it sent."""


class IdentityProviders(Protocol):
    """Home identity providers, as their rows name them. The first four methods may raise UpstreamError."""

    async def metadata(self, idp: IdentityProvider) -> ProviderMetadata:
        """Its discovery document, checked to be its own, with addresses that its row allows. Kept for a while."""
        ...

    async def redeem(self, idp: IdentityProvider, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """The token response for a code. Our credentials go to this provider's own token endpoint and nowhere else."""
        ...

    async def verified(self, idp: IdentityProvider, id_token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Header and claims of an ID token that it really signed; nothing else about it is checked."""
        ...

    async def userinfo(
        self, idp: IdentityProvider, access_token: str
    ) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
        """What its UserInfo endpoint says; nothing where it has none. With a header if the answer was a JWT that
        it really signed: nothing else about that is checked.
        """
        ...

    async def refresh(self, idp: IdentityProvider) -> ProviderHealth:
        """Ask for its document and its keys now, whatever is remembered. Never raises: what failed is in the answer."""
        ...

    def health(self, idps: Iterable[IdentityProvider]) -> tuple[ProviderHealth, ...]:
        """How each does, as far as it was asked by now."""
        ...


class Messenger(Protocol):
    """Tells others by a form that is posted to an address that they registered."""

    async def send(self, url: str, form: Mapping[str, str], *, internal: bool) -> bool:
        """Was it taken (200 or 204)? No, too, for an address that cannot be asked; never raises for what others do."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The visas of one issuer about one of its subjects, at its permissions API."""

    issuer: Issuer
    sub: str
    api: str
    api_key: str = field(repr=False)
    api_user: str
    internal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How one issuer's API does. `age`: seconds since its last good answer; `error`: why the last attempt failed."""

    issuer: str
    age: float | None = None
    error: str | None = None


class VisaSources(Protocol):
    """Permissions APIs of other issuers."""

    async def visas(self, wanted: Collection[Wanted]) -> Mapping[Wanted, tuple[str, ...]]:
        """What each of them answered within the last minutes, asked now if need be, all at once.

        Who has no recent answer, or is not back in time, is not in it: then what was stored before counts. Nobody
        waits longer than a second or two, whoever is slow.
        """
        ...

    def health(self) -> Sequence[SourceHealth]:
        """Every issuer that was asked since the start. For operators: nothing that decides may read it."""
        ...


class TrustedProviders(Protocol):
    """Which home identity providers may sign people in (docs/decisions/0011-who-is-trusted.md).

    Whoever this names can sign in as any of its users. A provider is named under one slug for ever, because the slug is
    in the redirect URI that it knows; suspended and removed ones are never named. An implementation that learns of
    providers elsewhere records each as a row before it names it: sessions, suspension and replays read rows.
    """

    def known(self) -> Sequence[IdentityProvider]:
        """Those that are at hand without asking anybody: for pages, and for what hints are compared with."""
        ...

    async def called(self, slug: str) -> IdentityProvider | None:
        """The one with this short name; None if nobody trusted has it."""
        ...

    async def named(self, issuer: str) -> IdentityProvider | None:
        """The one with exactly this issuer; None if it is not trusted."""
        ...


class FormError(Exception):
    """What was sent is no such row. `faults`: (field, what is wrong) each, without what was sent."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in faults))
        self.faults = tuple(faults)


class Forms(Protocol):
    """A row as people write it: the same members in a catalogue file, a command and the API."""

    def read(self, kind: type[R], said: Mapping[str, Any], *, secret: str | None = None) -> R:
        """The row. `secret`: as stored, for who says none. FormError, with every fault."""
        ...

    def write(self, row: Row) -> dict[str, Any]:
        """What would be read as this row, but for secrets, which are never shown."""
        ...

    def schema(self, kind: type[Row]) -> dict[str, Any]:
        """The JSON Schema of what `read` takes; what it refers to is in `#/components/schemas`."""
        ...


class Probe(Protocol):
    """One look at an address, for an administrator who wants to know what comes of it."""

    async def look(self, url: str, *, internal: bool) -> bytes | str:
        """The JSON document there, or why there is none, without anything that the server sent."""
        ...
