"""From the request for data to the bytes: requests, grants, decisions' traces, accesses, deliveries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from broker.core.access.origin import Window
from broker.core.access.states import State
from broker.core.consent.exclusion import Exclusion
from broker.core.duo.terms import Term
from broker.core.ids import (
    ClientId,
    DatasetId,
    DecisionId,
    GrantId,
    Issuer,
    ObjectId,
    PersonId,
    ReceiptId,
    RequestId,
    ReviewId,
)
from broker.core.outcome import Gate
from broker.core.passport.assertions import Stated
from broker.core.passport.bearer import Vouched
from broker.core.passport.visa import Visa
from broker.core.purpose import Modality, Purpose
from broker.core.ranges import Span
from broker.core.rows.assurance import SignIn
from broker.core.rows.obligations import Obligation
from broker.core.time import FOREVER, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An answer to a REFER, given by who may answer that code (ruling 2): `evaluate` reads it as an input.

    `inputs`: digest of what it answered (purpose, codes, consent class, pack version); another digest, or a
    date outside `begins`..`ends`, and the question is open again.
    """

    gate: Gate
    code: str
    dataset: DatasetId
    project: str | None
    role: str
    person: PersonId
    ground: str
    begins: Seconds
    ends: Seconds
    inputs: str
    consent_class: str | None = None
    """Of an ethics committee's answer: the consent form (its id) whose consents it is about, and no others."""
    keys: frozenset[str] = frozenset()
    """Of an answer to CON-SILENT: the answers of which it speaks."""
    approval: str = ""
    """Of an ethics committee's answer: under which reference it was decided."""
    form: str | None = None
    """Of an ethics committee's answer: the SHA-256 of the form's text that it judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A researcher asks a committee for a dataset. `state` changes only by core/access/states.py."""

    KIND: ClassVar[str] = "request"
    id: RequestId
    version: int = 1
    person: PersonId
    dataset: DatasetId
    purpose: Purpose
    statement: str
    """What the researcher wrote for the committee."""
    benefit: str = ""
    """What the use gives to the population that the data come from, in their words; needed across a border."""
    state: State
    created: Seconds
    affiliations: tuple[str, ...] = ()
    location: str | None = None
    foresight: DecisionId
    """The decision that the researcher was told beforehand."""
    review: ReviewId | None = None
    """The application before its committee of which it is a part; None: it was made alone."""
    decisions: tuple[DecisionId, ...] = ()
    """Answers that were corrected, the first first; each is kept with its reasons."""
    findings: tuple[Finding, ...] = ()
    decided_by: PersonId | None = None
    ground: str = ""
    grant: GrantId | None = None
    decision: DecisionId | None = None
    """The decision that the committee's answer made of it, yes or no; None: it waits, or was answered long ago."""
    turn: int = 1
    """Of which papers of its application: the last that were handed in while it waited."""
    instead_of: RequestId | None = None
    """The approved request whose place this one takes, with its grant, if it is approved too."""
    origin: Window | None = None
    """What the place of origin may say, and said. None: it crosses no border, or is older than that."""
    lay: str = ""
    """Of one made alone: what everybody reads of it in the register, if it says so. An application's papers say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A DUO-coded permission: one dataset, one person, one project (ruling 4).

    `document`: the permission signed by the broker (typ `duo-permission+jwt`), for repositories that obey it
    without asking again. Ends at `ends`, or by a Revocation of `grant:<id>`. Its stage: core/grants.py.
    """

    KIND: ClassVar[str] = "grant"
    id: GrantId
    version: int = 1
    request: RequestId
    person: PersonId
    dataset: DatasetId
    duo: tuple[Term, ...]
    purpose: Purpose
    affiliations: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    begins: Seconds
    ends: Seconds
    committee: str
    document: str
    exclusion: Exclusion | None = None
    """Which participants were left out when it was made; None: a grant that a catalogue declared."""
    closed: Seconds | None = None
    """When its holder attested that the copies are destroyed."""
    counts_from: Seconds | None = None
    """Of one that took another's place: since when a time limit of the codes counts. None: since it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything that a decision read and said, in plain values; the log's leaf holds its digest (ruling 12).

    `id` is the DecisionId.
    """

    KIND: ClassVar[str] = "trace"
    id: DecisionId
    version: int = 1
    at: Seconds
    person: PersonId | None
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One permitted access to one object: what a data ticket stands for. Every byte request asks again.

    It keeps what the credentials showed (identities, grants, visas of others, place), so that the same
    question can be asked of every later picture of the world.
    """

    KIND: ClassVar[str] = "access"
    id: str
    version: int = 1
    decision: DecisionId
    person: PersonId
    identities: tuple[tuple[Issuer, str], ...]
    client: ClientId | None
    session: str | None
    family: str | None
    dataset: DatasetId
    object: ObjectId
    grants: tuple[GrantId, ...]
    grant: str | None
    """The grant (or `visa:<iss>:<jti>`) under which it was permitted."""
    modality: Modality
    affiliations: tuple[str, ...] = ()
    location: str | None = None
    visas: tuple[Visa, ...] = ()
    visas_end: Seconds = FOREVER
    expires: Seconds
    vouched: Vouched | None = None
    """What the broker of the visas says about whose they are."""
    assertions: tuple[str, ...] = ()
    stated: tuple[Stated, ...] = ()
    rests_on: tuple[str, ...] = ()
    """Ids of revocations that end it besides: of the token that it was asked with, of the key that signed that."""
    jkt: str | None = None
    """The key whose holder alone may use the ticket (RFC 9449); None: whoever holds the ticket may."""
    let_in: tuple[tuple[str, str], ...] = ()
    """(kind, id) of the rows that let the caller in; none of them may be suspended or removed."""
    sign_in: SignIn | None = None
    """How they had signed in; None: not known."""
    recipient: str | None = None
    """The key of theirs (RecipientKey) for which the bytes are encrypted; None: they leave in the clear."""
    ranges: tuple[tuple[int, int], ...] | None = None
    """The bytes (first, last) that it is for, apart from each other and in order; None: all of the object's."""
    cuts: tuple[tuple[int, int], ...] = ()
    """Virtual offsets (first, end) of what it is for in filtered form, or of regions that leave encrypted; then its
    `ranges` are none.
    """
    left_out: str | None = None
    """The digest of who is taken out of the file on its way: with another list it opens nothing. None: nobody is."""

    @property
    def in_regions(self) -> bool:
        """Is it for regions that leave encrypted? It opens no byte of the object itself."""
        return self.ranges == () and self.left_out is None and self.recipient is not None

    def covers(self, spans: Iterable[Span]) -> bool:
        """Are these bytes, each span of them, within what it is for?"""
        granted = self.ranges
        return granted is None or all(
            any(first <= span.first and span.last <= last for first, last in granted) for span in spans
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Bytes that left, or were about to; opened before the first byte.

    One that stays open after a crash is closed at the next start as `unknown`.
    """

    KIND: ClassVar[str] = "delivery"
    id: str
    version: int = 1
    access: str
    object: ObjectId
    first: int
    last: int
    """The inclusive byte range that was authorised: the upper bound of what can have left."""
    started: Seconds
    state: Literal["open", "complete", "incomplete", "cut", "unknown"] = "open"
    sent: int = 0
    way: Literal["broker", "nginx", "store"] = "broker"
    """Who sends: what others send nobody can stop. How much it was says nginx's log, and of a store nobody."""
    process: str | None = None
    """Which process of the broker sends, where there are many."""
    receipt: ReceiptId | None = None
    """Of the entry that was durable before the first byte; None in rows of before this was kept."""
