"""What handlers get from app.py: the flows' world and the few things that only the edge needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from broker.core.audit.witness import Witness
from broker.core.drs.service_info import Operator
from broker.core.equity import IncomeGroups
from broker.core.jobs import Jobs
from broker.core.jurisdiction.rulebook import Mode
from broker.core.reasons.language import Language
from broker.core.rights import Rights
from broker.core.searched import Searched
from broker.flows.figures import Figures
from broker.flows.gather import Gathering
from broker.flows.inspect import Tools
from broker.flows.notices.send import Post
from broker.flows.oauth.deps import Deps
from broker.flows.repositories.feed import Changes
from broker.flows.representation import Seats
from broker.flows.verified import Verifier
from broker.flows.world import World
from broker.ports import (
    Endpoints,
    Forms,
    IdentityProviders,
    IssuerHealth,
    Snapshots,
    TrustedProviders,
)
from broker.ports.envelopes import Envelopes
from broker.ports.log import AuditReads
from broker.ports.packs import PackSets
from broker.ports.regions import Regions
from broker.ports.scanner import NoScanner, Scanner
from broker.ports.sources import Sources
from broker.ports.tracing import UNTRACED, Tracer
from broker.web.streams import LiveStreams
from broker.web.trials import Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """What the administration of issuers, clients and providers needs besides the world."""

    forms: Forms
    tools: Tools
    mode: Mode
    operator: Operator = field(default_factory=Operator)
    """Who runs this broker, as its service-info says."""
    figures: Figures = field(default_factory=lambda: Figures(IncomeGroups()))
    """The public figures; without a list of income groups every country is in none."""
    rights: Rights = field(default_factory=Rights)
    """What the law of each place gives people."""
    seats: Seats = field(default_factory=Seats)
    """Who sits in the committees, against those whose data they decide about."""
    jobs: Jobs = field(default_factory=Jobs)
    """What this process does again and again."""
    sets: PackSets | None = None
    """The sets of policy packs; None: none can be written here."""
    trials: Trials = field(default_factory=Trials)
    log_key: str = ""
    """The log's public key, as notes name it (`name+id+key`); for pages on which a receipt is checked."""


class Log(AuditReads, Changes, Protocol):
    """The log: for who checks it, and as what changed, for repositories."""

    @property
    def first(self) -> int: ...
    async def ended(self) -> Sequence[AuditReads]:
        """The logs before this one, the oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Plain values and ports; never Settings."""

    world: World
    oauth: Deps
    verifier: Verifier
    gathering: Gathering
    idps: IdentityProviders
    providers: TrustedProviders
    snapshots: Snapshots
    sources: Sources
    envelopes: Envelopes
    regions: Regions
    streams: LiveStreams
    audit: Log
    receipt_checker: bytes
    """The program with which anybody checks a receipt (config/tools/verify_receipt.py)."""
    witnesses: tuple[Witness, ...] = ()
    issuers: IssuerHealth
    endpoints: Endpoints
    jwks: Callable[[], dict[str, object]]
    visa_jwks: Callable[[], dict[str, object]]
    version: str
    languages: Mapping[str, Language]
    """In which reasons can be told, by tag; English is always among them."""
    post: Post
    """How letters go out."""
    administration: Administration
    tracer: Tracer = UNTRACED
    scanner: Scanner = field(default_factory=NoScanner)
    """What looks at files that people attach."""
    searched: Searched = field(default_factory=Searched)
    """In what the catalogue is searched."""


BROKER = web.AppKey("broker", Broker)


class Readiness:
    """Whether new work may come in."""

    def __init__(self, ledger_writes: Callable[[], bool]) -> None:
        self.ledger_writes = ledger_writes
        self.draining = False
        self.rehearsed = float("-inf")
        """When (monotonic) a download was last rehearsed with success."""


READY = web.AppKey("readiness", Readiness)
