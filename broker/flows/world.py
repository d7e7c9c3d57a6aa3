"""What the stories need from the world, and who is asking in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.core.audit.entry import Entry, Value
from broker.core.decision.names import Names
from broker.core.ids import ClientId, DatasetId, GrantId, Issuer, make_id
from broker.core.passport.assertions import Stated
from broker.core.passport.bearer import Vouched
from broker.core.passport.left_out import LeftOut
from broker.core.passport.visa import Visa
from broker.core.questions import Form
from broker.core.reasons.language import ENGLISH, Language
from broker.core.rows import Person, Role
from broker.core.rows.assurance import SignIn
from broker.core.time import FOREVER, Seconds
from broker.flows.entries import entry
from broker.ports import Clock, Entropy, Ledger, Rows, Scratch, Signer, Snapshots
from broker.ports.alone import Alone


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports, passed in by app.py and by tests. `issuer`: our own `iss`, without a final slash."""

    issuer: Issuer
    clock: Clock
    entropy: Entropy
    ledger: Ledger
    rows: Rows
    scratch: Scratch
    snapshots: Snapshots
    signer: Signer
    names: Names
    alone: Alone
    process: str | None = None
    """Our name among the processes of this broker; None: there is but one."""
    form: Form | None = None
    """The form of applications; None: there is none, and nothing is asked besides what decisions read."""
    languages: Mapping[str, Language] = field(default_factory=lambda: {ENGLISH.tag: ENGLISH})
    """By tag: in which something may have been told."""
    consultation_days: int = 0
    """For how many days at least people are asked before a reviewed pack comes into force; 0: they need not be."""
    seat_percent: int = 10
    """Above which part of all people in the holdings a population wants a seat."""

    def new_id(self, prefix: str, now: Seconds) -> str:
        return make_id(prefix, now, self.entropy.for_id())

    def entry(self, kind: str, now: Seconds, who: Person | None, about: Mapping[str, Value] | None = None) -> Entry:
        """An entry of the log about what `who` did at `now`."""
        return entry(kind, now, self.entropy, self.issuer, who, about or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, as far as verified credentials say. Made in flows/authenticate.py only.

    `grants`: the grants that an access token shows; `visas`: verified visas that came in Passports.
    """

    person: Person
    identities: frozenset[tuple[Issuer, str]]
    session: str | None = None
    family: str | None = None
    client: ClientId | None = None
    scopes: frozenset[str] = frozenset()
    affiliations: tuple[str, ...] = ()
    location: str | None = None
    sign_in: SignIn | None = None
    grants: tuple[GrantId, ...] = ()
    visas: tuple[Visa, ...] = ()
    visas_end: Seconds = FOREVER
    roles: tuple[Role, ...] = ()
    assertions: tuple[str, ...] = ()
    stated: tuple[Stated, ...] = ()
    """What an access token shows besides: assertions of ours, and what the home identity provider said."""
    shown: frozenset[str] | None = frozenset()
    """By an access token: the visas that its person released to its client (`None`: all of them)."""
    rests_on: tuple[str, ...] = ()
    """Ids of revocations that end what rests on these credentials: of the token itself, of the key that signed it."""
    jkt: str | None = None
    """The key to which what the caller is given is bound (RFC 9449); None: whoever holds it may use it."""
    ends: Seconds
    """When the credentials end: nothing that rests on them lasts longer."""
    left_out: tuple[LeftOut, ...] = ()
    """Visas that came and are none of a trusted issuer: for the record and for who sent them, for nothing else."""
    let_in: tuple[tuple[str, str], ...] = ()
    """(kind, id) of the rows that let the caller in: client, identity provider, broker. None may be suspended."""
    within: frozenset[DatasetId] | None = None
    """The data that a task is for, and no others."""
    recipient: str | None = None
    """The key of theirs for which the bytes that they ask for will be encrypted (flows/recipients.py)."""
    vouched: Vouched | None = None
    """What the broker that sent the visas says about whose they are."""

    def has_role(self, role: str, scope: str) -> bool:
        """Does this person hold `role` in exactly `scope`, or for the whole service? A chair is a member too."""
        enough = (role, "committee_chair") if role == "committee_member" else (role,)
        return any(held.role in enough and held.scope in (scope, "service") for held in self.roles)

    def shows(self, visa: str) -> bool:
        """Was the visa with this id released to the client that calls?"""
        return self.shown is None or visa in self.shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCaller:
    """Which service asks in its own name (ruling 20: a bot is a client with a role). Made in flows/authenticate.py.

    `person` is None wherever an entry names who acted; the entry says `client` instead.
    """

    client: ClientId
    scopes: frozenset[str]
    roles: tuple[Role, ...] = ()
    ends: Seconds

    @property
    def person(self) -> None:
        return None

    def has_role(self, role: str, scope: str) -> bool:
        """Does this service hold `role` in exactly `scope`, or for the whole service?"""
        return any(held.role == role and held.scope in (scope, "service") for held in self.roles)
