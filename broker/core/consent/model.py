"""What is known of somebody's consent: immutable versions under pseudonyms, and what the institution certifies.

A change is a new version, never an edit. Valid time (`effective_from`, `effective_to`) says when a version
holds; transaction time (`recorded_at`) says when the broker learned of it, so that any past decision can be
replayed. No member can hold a name, a contact, a birth date or a national id: contact goes through the
source's relay, age logic uses `maturity_review_on`. Dates mean 00:00 UTC; every end is exclusive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from broker.core.duo.terms import Term
from broker.core.ids import DatasetId, SubjectRef
from broker.core.purpose import Modality
from broker.core.time import Seconds

Level = Literal["participant", "family", "community"]
ConsentModel = Literal["specific", "broad", "tiered", "dynamic", "waiver", "opt_out"]
BasisType = Literal["consent", "ethics_waiver", "public_interest_law", "opt_out"]
Status = Literal["active", "suspended", "withdrawn", "superseded", "entered_in_error"]
GrantorKind = Literal["self", "parent", "guardian", "representative", "community_authority", "committee"]
Capacity = Literal["full", "supported", "lacking", "regained"]
AfterDeath = Literal["continue", "stop", "family_decides"]
ReturnOfResults = Literal["none", "actionable", "all", "childhood_actionable_only"]
EvidenceKind = Literal["e-signature", "paper_scan", "audio", "committee_minutes"]
WithdrawalKind = Literal["no_further_contact", "no_further_access", "no_further_use"]
LimitWhat = Literal["published", "aggregate_result", "model_trained"]
MadeBy = Literal["source", "person", "representative"]
"""Who made a version: the consent source, the person here, or who speaks for them."""
Granularity = Literal["per_sample", "multi_sample"]
FamilyObjection = Literal["remove_relative", "block_family"]
CommunityWord = Literal["approved", "refused", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """On what the version rests. `waiver` and `opt_out` are judged by the same rules as consent."""

    type: BasisType = "consent"
    instrument: str = ""
    """The law or the committee's decision, as it is cited."""
    approval_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grantor:
    """Who gave the consent. `valid_to`: the first day on which their authority to speak is over."""

    kind: GrantorKind
    ref: str | None = None
    """Opaque, minted by the consent source."""
    valid_to: date | None = None
    scope_of_authority: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The consent form that was used. `id` names the class of consents that an ethics committee may judge."""

    id: str
    version: str
    sha256: str
    language: str = ""
    reading_level: str = ""
    cultural_review_ref: str | None = None
    duo_clause_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvidence:
    """Proof that consent was given: its digest and who keeps it, never the file."""

    kind: EvidenceKind
    sha256: str
    held_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is agreed to: any of the permissions, under all of the modifiers, as the answers say.

    `answers`: `permit`, `deny` or `ask` by key (core/consent/answers); a missing key was never asked. The
    three lists are allow-lists, literal; `None` sets no limit, an empty one allows nothing.
    """

    permissions: tuple[Term, ...] = ()
    modifiers: tuple[Term, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    hosting: frozenset[str] | None = None
    """ISO 3166-1 alpha-2: where the data may be processed."""
    modalities: frozenset[Modality] | None = None
    recipient_countries: frozenset[str] | None = None
    return_of_results: ReturnOfResults | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication:
    """Whether the person wants news, and in which language; always through the source's relay."""

    wants_updates: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedLimit:
    """Something that a withdrawal does not reach. It counts only if it was approved and told beforehand."""

    what: LimitWhat
    approval_ref: str = ""
    told_in_template_paragraph: str = ""

    @property
    def applies(self) -> bool:
        """Are both the approval and the paragraph that told of it on record?"""
        return bool(self.approval_ref) and bool(self.told_in_template_paragraph)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRecord:
    """A consent form as it is registered: what its text is, and which limits it told of beforehand.

    `harms_and_benefits`: where the form speaks of them; `cultural_review_ref` of the template says who reviewed it.
    """

    template: Template
    harms_and_benefits: str = ""
    approved_limits: tuple[ApprovedLimit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """How far somebody withdrew. No reason is recorded: none is required."""

    kind: WithdrawalKind
    approved_limits: tuple[ApprovedLimit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Where a law lets a refusal under `waiver` or `opt_out` not count: which law, who used it, until when (exclusive).

    It reaches answers, never a withdrawal; a consent (any other model) knows none. It counts only where the legal basis
    is named, with its approval.
    """

    law: str
    authority: str
    ends: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDefault:
    """What a community means by a label. It enforces its modifiers only where the community signed for it."""

    label: str
    modifiers: tuple[Term, ...]
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityDecision:
    """What the authority of a community decided. For which purposes, and how, is the version's `scope`.

    `members`: whom it covers, as a rule and not as a list of names. `labels` inform, they decide nothing.
    `review_on`: the day on which it must be decided anew; from then on it is undecided.
    """

    authority: str
    rule: str
    """By which rule the authority decides, for example a quorum."""
    members: str
    decision: CommunityWord
    local_only: bool
    """The data stay with the community; only analyses that come to them are possible."""
    review_on: date | None = None
    labels: tuple[str, ...] = ()
    label_defaults: tuple[LabelDefault, ...] = ()
    benefit_terms: str = ""
    reached_at: str = ""
    """Where the authority, as a body, is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentVersion:
    """One version of one consent. Immutable; the next version replaces it from its `effective_from` on."""

    consent_id: str
    version: int
    level: Level = "participant"
    subject_ref: SubjectRef
    """The participant; for the other levels the family or community."""
    custodian: str = ""
    model: ConsentModel = "specific"
    legal_basis: LegalBasis = field(default_factory=LegalBasis)
    status: Status = "active"
    effective_from: Seconds
    effective_to: Seconds | None = None
    recorded_at: Seconds | None = None
    """When the broker learned of it; not stated: at `effective_from`."""
    supersedes: tuple[str, int] | None = None
    """(consent id, version) of what it takes the place of, where that is another consent."""
    grantor: Grantor | None = None
    capacity: Capacity = "full"
    maturity_review_on: date | None = None
    after_death: AfterDeath = "continue"
    deceased_on: date | None = None
    template: Template | None = None
    evidence: ConsentEvidence | None = None
    scope: Scope = field(default_factory=Scope)
    communication: Communication = field(default_factory=Communication)
    withdrawal: Withdrawal | None = None
    signature: str | None = None
    """Detached JWS of the consent source."""
    prev_hash: str | None = None
    """SHA-256 of the version before."""
    family_ref: str | None = None
    """Of a participant: the family whose record lies above this one."""
    community_refs: tuple[str, ...] = ()
    """Of a participant: the communities whose records lie above this one."""
    override: Override | None = None
    community: CommunityDecision | None = None

    @property
    def may_be_overridden(self) -> bool:
        """Does it rest on a law or an ethics committee's decision that is named, with its approval?

        Of any other model, and of what rests on consent, a refusal is a person's word: no law speaks over that here.
        """
        basis = self.legal_basis
        lawful = self.model in {"waiver", "opt_out"} and basis.type != "consent"
        return lawful and bool(basis.instrument.strip()) and bool((basis.approval_ref or "").strip())

    @property
    def known_from(self) -> Seconds:
        """The first second at which a decision could have known this version."""
        return self.effective_from if self.recorded_at is None else self.recorded_at


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCertificate:
    """What the institution certifies for a whole dataset; its answers stand in where a person was not asked.

    `filterable`: can a participant be taken out of the files? `min_group`: fewer people than this, after
    somebody was left out, and a person must decide. `maturity_grace_months`: how long a running grant may
    go on after a participant's maturity review came due.
    """

    dataset_id: DatasetId | None = None
    permissions: tuple[Term, ...]
    modifiers: tuple[Term, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    hosting: frozenset[str] | None = None
    modalities: frozenset[Modality] | None = None
    recipient_countries: frozenset[str] | None = None
    granularity: Granularity = "per_sample"
    filterable: bool = False
    min_group: int = 5
    family_objection: FamilyObjection = "remove_relative"
    maturity_grace_months: int = 6
    safeguards: Mapping[str, str] = field(default_factory=dict)
    valid_from: Seconds | None = None
    valid_to: Seconds | None = None
    ethics_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Everything that is on record of one family or one community; `versions` may be empty."""

    level: Literal["family", "community"]
    ref: str
    versions: tuple[ConsentVersion, ...] = ()

    def __post_init__(self) -> None:
        """ValueError where a record lies with a group whose it is not."""
        if any((one.level, one.subject_ref) != (self.level, self.ref) for one in self.versions):
            raise ValueError("a layer is the history of one family or one community")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A participant as they are asked about: own versions, and the families and communities that these name.

    `family`: relatives share it. A layer counts where the version that governs names it.
    """

    ref: SubjectRef
    versions: tuple[ConsentVersion, ...]
    family: str | None = None
    layers: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        """ValueError where a record lies with somebody whose it is not: a misfiled withdrawal must not be lost."""
        if any(one.level != "participant" or one.subject_ref != self.ref for one in self.versions):
            raise ValueError("a version of somebody else's consent")
