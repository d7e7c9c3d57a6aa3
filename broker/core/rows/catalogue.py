"""What a catalogue file declares: who is trusted, who decides, which data there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from broker.core.consent.model import DatasetCertificate
from broker.core.duo.terms import Term
from broker.core.ids import DatasetId, Issuer, ObjectId, SubjectRef
from broker.core.jurisdiction.facts import FactValue
from broker.core.passport.assertions import ClaimRule
from broker.core.passport.holdings import REGISTERED_ACCESS
from broker.core.passport.trust import TrustRow
from broker.core.rows.assurance import Demand
from broker.core.rows.safeguards import FormerTerms, Safeguards
from broker.core.rows.uses import Limits
from broker.core.time import EPOCH, FOREVER, Seconds

_CLOUDS: Mapping[str, str] = {"s3": "aws", "gs": "gcp", "az": "azure"}

TokenAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssuranceRule:
    """A sign-in that the provider calls `said_acr`, or that used all of `amr`, is one of kind `acr` for us."""

    acr: str
    said_acr: str | None = None
    amr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """A home identity provider (OpenID Connect). `id` is its issuer, byte for byte.

    `audience`: `participant` providers are consent sources whose `sub` is the participant's pseudonym; no
    other claim is asked of them. `scopes`: the affiliation scopes (`@scope`) it may speak for. Trusted:
    whoever runs it can sign in as any of its users.
    """

    KIND: ClassVar[str] = "identity_provider"
    id: Issuer
    version: int = 1
    slug: str
    """Its short name in our addresses: each provider has a callback of its own (mix-up defence)."""
    name: str
    client_id: str
    client_secret: str = field(repr=False)
    audience: Literal["researcher", "participant"] = "researcher"
    scopes: frozenset[str] = frozenset()
    login_hints: frozenset[str] = frozenset()
    """A `login_hint` that is one of these, or ends in one that starts with `@`, goes to this provider."""
    silent_sign_in: bool = False
    """May a `login_hint` sign in without any page? For the demo's provider only."""
    internal: bool = False
    """May its host resolve to a private address? Off unless an operator says so by name."""
    status: Literal["active", "suspended", "removed"] = "active"
    assert_from_claims: tuple[ClaimRule, ...] = ()
    """Which of its claims say something from which visas are minted while the session lasts; none unless stated."""
    request_scopes: tuple[str, ...] = ("openid", "profile")
    """The OAuth scopes that we ask it for."""
    acr_values: tuple[str, ...] = ()
    """The kinds of sign-in that we always ask it for, the best first (OpenID Connect Core 3.1.2.1)."""
    token_auth: TokenAuth | None = None
    """How we prove who we are at its token endpoint; None: by our secret, in the way that its document offers."""
    algorithms: frozenset[str] = frozenset({"RS256", "ES256"})
    """What it may sign with."""
    endpoint_hosts: frozenset[str] = frozenset()
    """Other hosts (`name` or `name:port`) than its issuer's own on which its endpoints and keys may be."""
    hidden: bool = False
    """Not on the page to choose from; who knows its address, or is hinted there, can use it."""
    assurance: tuple[AssuranceRule, ...] = ()
    """What its words about a sign-in mean here; the first rule that fits. Nothing is assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """How we come by the visas of another issuer, to hand them on as they are (AAI Brokers 7).

    `subjects_of`: the identity provider whose `sub`s this issuer uses; None: it has its own. `api`: the address of a
    permissions API (`<api>/api/permissions/<sub>`), asked with the row's `gather_key` in the name of `api_user`.
    `userinfo`: it is an identity provider too, whose UserInfo hands us visas at sign-in. `push`: who may speak for it
    sends them. Trusted: whoever has the key can read what that issuer says of anybody.
    """

    subjects_of: Issuer | None = None
    api: str | None = None
    api_user: str = ""
    userinfo: bool = False
    push: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VisaIssuer:
    """A Visa Issuer or Broker that we trust, and for what. `id` is its issuer, byte for byte."""

    KIND: ClassVar[str] = "visa_issuer"
    id: Issuer
    version: int = 1
    trust: TrustRow
    internal: bool = False
    status: Literal["active", "suspended", "removed"] = "active"
    gather: Gather | None = None
    gather_key: str = field(default="", repr=False)
    """Our key at its permissions API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A signed or certified item, for example `scc.signed`. Never the document: who holds it, and its hash."""

    id: str
    sha256: str = ""
    issuer: str = ""
    valid_from: Seconds = EPOCH
    valid_to: Seconds = FOREVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A row of the organisation registry: the source of facts about a recipient that the asker cannot write."""

    KIND: ClassVar[str] = "organisation"
    id: str
    version: int = 1
    name: str
    scopes: frozenset[str]
    """The affiliation scopes (`faculty@<scope>`) of its people."""
    organisation: Literal["non_profit", "for_profit"]
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    """`recipient.*` facts: country, institution_type, security_level, can_sign_scc, …"""
    evidence: tuple[Evidence, ...] = ()
    recourse: tuple[str, ...] = ()
    """How a custodian abroad could act against it: by a contract, its funder, its signing official."""
    checked: Seconds | None = None
    """When somebody last made sure of the facts. None: nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role of one identity, in one scope. Roles are granted here, never taken from a claim.

    `scope`: `service`, `committee:<id>`, `dataset:<id>` or `repository:<id>`.
    """

    KIND: ClassVar[str] = "role"
    id: str
    version: int = 1
    role: str
    scope: str
    iss: Issuer
    sub: str
    status: Literal["active", "ended"] = "active"
    seat: str | None = None
    """Of a committee's member: as what they sit there, `expert`, `lay`, `community:<ref>` or `origin:<country>`."""
    begins: Seconds = EPOCH
    ends: Seconds = FOREVER
    """Of a committee's member: their term of office, to the second before `ends`."""

    def holds(self, at: Seconds) -> bool:
        """Is it somebody's at `at`?"""
        return self.status == "active" and self.begins <= at < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """A data access committee. `id` is a URL: the `source` of its ControlledAccessGrants visas."""

    KIND: ClassVar[str] = "committee"
    id: str
    version: int = 1
    name: str
    contact: str
    voters: tuple[str, ...] = ()
    """The organisations that have a vote. One whose only voter is the producer of the data is not independent."""
    quorum: int = 1
    """How many of its members must have voted before it answers. 1: whoever answers has voted by that."""
    endorsed: bool = False
    """Does it want the signing official of the applicant's institution to endorse an application first?"""
    confirmed: bool = False
    """Does it want the IT director of that institution to confirm where and how the data will be kept?"""
    answer_days: int = 14
    """Within how many days it means to answer."""
    training: str | None = None
    """URL of the training without which nobody votes or answers in it."""

    @property
    def wants_papers(self) -> bool:
        """Is a request without an application too little for it?"""
        return self.quorum > 1 or self.vouched

    @property
    def vouched(self) -> bool:
        """Must somebody of the applicant's institution answer for an application before it comes here?"""
        return self.endorsed or self.confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where bytes lie. Trusted: whoever writes there changes the data.

    `root`: a folder of this machine; or `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix`,
    `https://host/path`.
    """

    KIND: ClassVar[str] = "repository"
    id: str
    version: int = 1
    name: str
    root: str
    region: str = ""
    endpoint: str = ""
    """Of a store that speaks a cloud's protocol elsewhere: its own address. Empty: the cloud's."""
    credentials: str = ""
    """Name of the credentials; `ambient`: those of the machine; empty: none are needed. Never the credentials."""
    internal: bool = False
    """May be at a private address, and without TLS."""
    signs: bool = False
    """May callers be given addresses that the store signs, where a dataset's owner allows it (core/handing_on.py)?"""

    @property
    def is_remote(self) -> bool:
        """Are the bytes had over HTTP?"""
        return "://" in self.root

    @property
    def cloud(self) -> str | None:
        """The cloud in which the bytes lie, by DRS' name for it. None: in none, or elsewhere by a cloud's protocol."""
        return None if self.endpoint else self.cloud_protocol

    @property
    def cloud_protocol(self) -> str | None:
        """The cloud whose protocol its store speaks, wherever that is."""
        return _CLOUDS.get(self.root.partition("://")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Data under one set of rules. `id` is a URL.

    `access`: `open` needs nothing, `registered` the two Registered Access visas, `controlled` a grant.
    `existence`: `hidden` datasets answer as if they did not exist until a visa or grant names them.
    """

    KIND: ClassVar[str] = "dataset"
    id: DatasetId
    version: int = 1
    title: str
    description: str = ""
    committee: str
    repository: str
    access: Literal["open", "registered", "controlled"] = "controlled"
    existence: Literal["listed", "hidden"] = "listed"
    duo: tuple[Term, ...]
    certificate: DatasetCertificate
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    """`data.*` facts for the policy packs."""
    terms_of_use: str | None = None
    """URL of terms that a user must have accepted (AcceptedTermsAndPolicies). Another version has another URL."""
    terms_sha256: str | None = None
    """Of their text, so that they can be accepted here, in that very text."""
    former_terms: tuple[FormerTerms, ...] = ()
    """Versions before, each with the day until which it is enough to have accepted it."""
    grant_months: int = 12
    """How long a grant lasts unless its codes say less."""
    evidence: tuple[Evidence, ...] = ()
    """Evidence that belongs to the data, for example `community.approved`."""
    registered_version: str = REGISTERED_ACCESS
    """Which version of Registered Access both visas must name, where `access` is `registered`."""
    registered_profile: Mapping[str, Any] | None = None
    """The purpose to which the terms of that version bind everybody; None: it is not known."""
    assurance: Demand | None = None
    """How somebody must have signed in to use the data."""
    safeguards: Safeguards = field(default_factory=Safeguards)
    """What was put on record before the data are opened."""
    producer: str = ""
    """The organisation that produced the data."""
    security_level: int | None = None
    """What an institution must have shown to get copies: 0 to 3. None: the policy packs alone speak of it."""
    training: str | None = None
    """URL of the training without which nobody uses the data."""
    plaintext: bool = False
    """May files that are stored encrypted (Crypt4GH) be decrypted on their way out? Else they leave encrypted only."""
    uninterruptible_delivery: int | None = None
    """Seconds for which bytes may go on leaving that the broker can stop no more. None: not for one (ruling 23)."""
    limits: Limits = field(default_factory=Limits)
    """From when on people are told of a use under one grant."""
    origin_days: int | None = None
    """Working days in which the place of origin may comment on a request across a border. None: as many as usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The Crypt4GH file in which an object is stored: its content is what is in there, edit list applied.

    `header`: bytes before the segments. `size`, `sha256`: of the file as it lies there, header and all.
    """

    header: int
    size: int
    sha256: str
    header_sha256: str = ""
    """Of the header alone: another one is not used, and this one is not read every time. Empty: it was not noted."""


Availability = Literal["online", "staging", "offline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What a bundle holds: another object, under a name that nothing else in the bundle has."""

    name: str
    object: ObjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """The index of a file of reads or variants, as it was when the object was registered. Another one is not used."""

    kind: Literal["BAI", "CSI", "TBI", "CRAI"]
    path: str
    """Below the repository's root."""
    size: int
    sha256: str
    envelope: Envelope | None = None
    """None: the file is the index. Size and digest are always those of the index itself."""
    layout_sha256: str = ""
    """Of what was found at the beginning of the file that it is the index of (core/htsget/layout.py): with another one
    it is not used. Empty: it was not noted.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class DrsObject:
    """One DRS object: a file of a dataset, and whose data it holds; or a bundle of other objects, without bytes."""

    KIND: ClassVar[str] = "drs_object"
    id: ObjectId
    version: int = 1
    dataset: DatasetId
    name: str
    path: str
    """Below the repository's root; empty for a bundle."""
    size: int
    checksums: Mapping[str, str]
    """IANA hash name (`sha-256`, `md5`) to lower-case hexadecimal. A bundle has none: they follow from its members."""
    mime_type: str
    created: Seconds
    description: str = ""
    subjects: frozenset[SubjectRef] = frozenset()
    """The participants whose data are in the file; all of them must be includable."""
    unrestricted: bool = False
    """A file without personal data (a README, a schema): no subject needs to be asked."""
    aliases: tuple[str, ...] = ()
    """Names by which others speak of it: accessions, identifiers of other systems."""
    content_version: str | None = None
    """Which version of the content this is, in the words of whoever made it."""
    updated: Seconds | None = None
    """When the content was updated last, where it has another date than `created`."""
    members: tuple[Member, ...] = ()
    """What a bundle holds, other bundles too; empty for a file."""
    availability: Availability = "online"
    """`online`: the bytes are there. `staging`: they are being brought. `offline`: nobody has begun to bring them."""
    ready: Seconds | None = None
    """When they are expected to be there. None: nobody said."""
    envelope: Envelope | None = None
    """None: the file is the content. Size, checksums and type of the object are always those of its content."""
    format: Literal["BAM", "CRAM", "VCF", "BCF"] | None = None
    """What its content is, if regions of it can be asked for (htsget)."""
    index: IndexFile | None = None
    """Where the regions of it are; has every object that has a `format`."""
    source_tag: str = ""
    """The entity tag, without quotation marks, under which a store over HTTP holds it: another tag, another content."""
    samples: Mapping[str, SubjectRef] = field(default_factory=dict)
    """Whose each genotype column of a VCF or BCF is, by its name. Then participants can be taken out on its way."""

    @property
    def is_bundle(self) -> bool:
        return bool(self.members)
