"""The form of a catalogue file; schemas/catalogue.schema.json is generated from these classes."""

from typing import Annotated, Any, Literal

from pydantic import Field

from broker.adapters.catalogue.form import Part, Sha256, Slug, Text, Url, Word
from broker.adapters.catalogue.limits import LimitsPart
from broker.adapters.catalogue.objects import ObjectPart
from broker.adapters.catalogue.repositories import RepositoryPart
from broker.adapters.catalogue.safeguards import SafeguardsPart

Fact = bool | int | str | list[str]


class EvidencePart(Part):
    id: Text
    """What it is, for example `scc.signed` or `community.approved`."""
    sha256: Sha256 | Literal[""] = ""
    issuer: str = ""
    valid_from: str | None = None
    valid_to: str | None = None
    """RFC 3339 dates or instants: it counts from `valid_from` on, and from `valid_to` on no more."""


class OrganisationPart(Part):
    id: Slug
    name: Text
    scopes: list[Text] = Field(min_length=1)
    """Affiliation scopes of its people: the part after the @ of `faculty@uni.example`."""
    organisation: Literal["non_profit", "for_profit"]
    facts: dict[Text, Fact] = {}
    """`recipient.*` facts for the policy packs, as the registry vouches for them."""
    evidence: list[EvidencePart] = []
    """Among them `security.level:2`: it was found to be at this level."""
    recourse: list[Literal["contract", "funder", "signing_official"]] = []
    """How a custodian abroad could act against it; without any, it gets no copies across a border."""
    checked: str | None = None
    """RFC 3339 date or instant: when somebody last made sure of the facts; decisions show it."""


class ClaimRulePart(Part):
    """What an operator reads into a claim of this provider."""

    claim: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]{1,255}$")]
    equals: Text
    """The claim is this, or is a list that holds it; `true` is JSON's true."""
    type: Literal["AcceptedTermsAndPolicies", "ResearcherStatus"]
    value: Url | None = None
    """The visa's value; left out: what the claim equals."""
    source: Url
    """The organisation that is taken to say it."""
    by: Literal["self", "peer", "system", "so", "dac"] | None = None


class AssuranceRulePart(Part):
    """A sign-in that the provider calls `said_acr`, and that used all of `amr`, is one of kind `acr` for us."""

    acr: Word
    """The kind, for example `https://refeds.org/profile/mfa`."""
    said_acr: Word | None = None
    amr: list[Word] = []


class IdentityProviderPart(Part):
    issuer: Url
    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    """Short name in our addresses; register `<our issuer>/sign-in/<slug>/callback` at the provider."""
    name: Text
    client_id: Text
    client_secret: Text | None = None
    """Our secret at this provider; left out where `token_auth` is `private_key_jwt`."""
    token_auth: Literal["client_secret_basic", "client_secret_post", "private_key_jwt"] | None = None
    """How we prove who we are; left out: by the secret, as its document offers. `private_key_jwt`: by our ES256 key."""
    audience: Literal["researcher", "participant"] = "researcher"
    """`participant`: a consent source whose `sub` is the participant's pseudonym."""
    scopes: list[Text] = []
    """The affiliation scopes that it may speak for."""
    login_hints: list[Text] = []
    """Hints that lead here; one that starts with @ matches the end of a hint."""
    silent_sign_in: bool = False
    """May a login_hint sign in without any page? For demo providers only."""
    internal: bool = False
    """May it have a private address?"""
    request_scopes: list[Word] = ["openid", "profile"]
    """The OAuth scopes that we ask it for."""
    acr_values: list[Word] = []
    """The kinds of sign-in that we always ask it for, the best first."""
    algorithms: list[Literal["RS256", "ES256"]] = Field(default=["RS256", "ES256"], min_length=1)
    """What it may sign with."""
    endpoint_hosts: list[Word] = []
    """Other hosts (`name` or `name:port`) than its issuer's own on which its endpoints and keys may be."""
    hidden: bool = False
    """Not on the page to choose from."""
    assurance: list[AssuranceRulePart] = []
    """What its words about a sign-in mean here; the first rule that fits."""
    status: Literal["active", "suspended"] = "active"
    assert_from_claims: list[ClaimRulePart] = []
    """Claims from which visas are minted while a session lasts; nothing is read into any other claim."""


class ClientPart(Part):
    id: Slug
    name: Text
    auth_method: Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    secret_sha256: Sha256 | None = None
    """SHA-256, hexadecimal, of a random secret of at least 32 characters."""
    jwks: list[dict[str, Any]] = []
    """Its public keys, for `private_key_jwt`; or else `jwks_uri`."""
    jwks_uri: Url | None = None
    """Where it publishes its keys; https, and no private address."""
    internal: bool = False
    """May `jwks_uri` and `backchannel_logout_uri` be http, or at a private address?"""
    assertion_audience: Literal["issuer", "legacy"] = "issuer"
    """`legacy`: its assertions may also name the URL of the endpoint as `aud`, as old libraries do."""
    require_par: bool = False
    """Only pushed authorization requests count (RFC 9126)."""
    dpop_required: bool = False
    """Nothing without a DPoP proof (RFC 9449)."""
    dpop_nonce: bool = False
    """Its proofs need a nonce of ours."""
    installs: bool = False
    """May its installations register themselves in the device flow, each with a key of its own?"""
    redirect_uris: list[Url] = []
    post_logout_redirect_uris: list[Url] = []
    """Where a browser may go after signing out; exact."""
    backchannel_logout_uri: Url | None = None
    """Where it is told that a session has ended; https, and no private address unless it is `internal`."""
    backchannel_logout_session_required: bool = False
    grant_types: list[Text] = Field(min_length=1)
    scopes: list[Text] = Field(min_length=1)
    resources: list[Url] = []
    """Audiences for which it may have tokens and Passports."""
    serves: list[Url] = []
    """Audiences that it is itself: a repository may introspect what was issued for it."""
    id_token_alg: Literal["RS256", "ES256"] = "RS256"  # noqa: S105 (an algorithm, not a secret)
    consent: Literal["ask", "remembered"] = "ask"
    """`remembered`: no page, everything is released. For demo clients only."""
    status: Literal["active", "suspended"] = "active"
    visa_style: Literal["document", "access_token"] = "document"
    """`access_token`: our visas are Visa Access Tokens of an hour, for clearinghouses that take no others."""


class GatherPart(Part):
    """How the visas of this issuer come to us, to be handed on as they are."""

    subjects_of: Url | None = None
    """The identity provider whose `sub`s this issuer uses; left out: it has its own."""
    api: Url | None = None
    """Permissions API as REMS has it: `<api>/api/permissions/<sub>` is asked."""
    api_user: str = ""
    """Sent as `x-rems-user-id`."""
    userinfo: bool = False
    """It is an identity provider too, and its UserInfo hands us visas at sign-in."""
    push: bool = False
    """Who has the role `issuer_admin` of `issuer:<it>` brings its visas (`POST /api/v1/visas`)."""


class VisaIssuerPart(Part):
    issuer: Url
    jku: list[Url] = []
    keys: list[dict[str, Any]] = []
    """Pinned JWKs, for issuers without a `jku`."""
    algorithms: list[Literal["ES256", "RS256"]] = ["ES256", "RS256"]
    types: list[Text] | None = None
    sources: list[Url] | None = None
    values: list[Text] = []
    """Datasets that it may grant: exact, or a prefix that ends in /*."""
    may_link: bool = False
    is_broker: bool = False
    vouches: bool = False
    granted_by: list[Literal["self", "peer", "system", "so", "dac"]] = ["dac"]
    """The `by` that its ControlledAccessGrants must carry."""
    link_issuers: list[Text] | None = None
    """Whose identities its LinkedIdentities may join, besides its own; left out: anybody's."""
    link_sources: list[Url] | None = None
    access_tokens: bool = False
    """May its visas come as Visa Access Tokens?"""
    max_lifetime_seconds: Annotated[int, Field(ge=1)] | None = None
    max_asserted_age_seconds: Annotated[int, Field(ge=1)] | None = None
    aliases: dict[Text, Url] = {}
    grant_profile: dict[str, Any] | None = None
    """The purpose that its ControlledAccessGrants stand for."""
    discovery: bool = False
    """Are a broker's keys and endpoints found by OpenID Connect Discovery?"""
    userinfo: bool = False
    """May a broker's access tokens come as bearer tokens at DRS, to be shown to its UserInfo?"""
    userinfo_url: Url | None = None
    """Its UserInfo endpoint; left out: as its discovery document says, on the issuer's own host."""
    userinfo_audiences: list[Text] | None = None
    """Of which `aud` such a token must name one; left out: any."""
    opaque_tokens: bool = False
    """Are its access tokens opaque? At most one issuer may say so."""
    polled: bool = False
    """Are its Visa Access Tokens older than an hour confirmed by asking its UserInfo?"""
    keys_until: str | None = None
    """RFC 3339 date or instant; from then on pinned `keys` do not count."""
    internal: bool = False
    status: Literal["active", "suspended"] = "active"
    gather: GatherPart | None = None
    gather_key: Text | None = None
    """Our key at its permissions API, sent as `x-rems-api-key`."""


class VisaTypePart(Part):
    id: Url
    """The custom type: a URL (Passport "Custom Visa Types")."""
    description: Text
    """What it says of somebody, in plain words: the consent page shows it."""
    coordination: Text
    """Where it was agreed with GA4GH, which the standard demands."""
    claims: list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")]] = []
    """Claims beside the visa object that its visas may carry."""


class CommitteePart(Part):
    id: Url
    name: Text
    contact: Text
    voters: list[Text] = []
    """The organisations that have a vote. One that is the producer of the data, alone, is warned of."""
    quorum: int = Field(default=1, ge=1, le=100)
    """How many members must have voted before the chair answers an application. 1: any member answers it."""
    endorsed: bool = False
    """Must the signing official of the applicant's institution endorse an application before it comes here?"""
    confirmed: bool = False
    """Must the IT director of that institution confirm where and how the data will be kept?"""
    answer_days: int = Field(default=14, ge=1, le=366)
    """Within how many days it means to answer."""
    training: Url | None = None
    """The training without which nobody votes or answers in it: the value of an assertion that others make."""


RoleName = Literal[
    "committee_member",
    "committee_chair",
    "handler",
    "signing_official",
    "it_director",
    "admin",
    "auditor",
    "issuer_admin",
    "custodian",
    "legal_officer",
    "ethics_committee",
    "complaints_officer",
    "appeal_panel",
    "community_authority",
    "repository",
]


class RolePart(Part):
    role: RoleName
    scope: Text
    """`service`; or committee:, dataset:, repository:, source:, organisation:, issuer: or community:, and its id."""
    iss: Url
    sub: Text
    status: Literal["active", "ended"] = "active"
    seat: Annotated[str, Field(pattern=r"^(expert|lay|community:.{1,255}|origin:[A-Z]{2})$")] | None = None
    """As what somebody sits in a committee: `expert`, `lay`, `community:<ref>` or `origin:<country>`."""
    begins: Text | None = None
    ends: Text | None = None
    """RFC 3339: from when on and until when somebody sits in a committee, their term of office."""


class DemandPart(Part):
    """How somebody must have signed in: one of the kinds `acr`, all methods of `amr`, and not longer ago than this."""

    acr: list[Word] = []
    """For example `https://refeds.org/profile/mfa`."""
    amr: list[Word] = []
    max_age: Annotated[int, Field(ge=1, le=31_536_000)] | None = None
    """Seconds. A running download ends when the sign-in gets older."""


class FormerTermsPart(Part):
    """Terms of use that others took the place of."""

    url: Url
    until: str
    """The day until which it is enough to have accepted them, for example `2026-12-31`."""


class DatasetPart(Part):
    id: Url
    title: Text
    description: str = ""
    committee: Url
    repository: Slug
    access: Literal["open", "registered", "controlled"] = "controlled"
    existence: Literal["listed", "hidden"] = "listed"
    duo: list[dict[str, Any] | Text] = Field(min_length=1)
    """DUO codes with their parameters: `DUO:0000042`, or `{code: DUO:0000007, diseases: [MONDO:…]}`."""
    certificate: dict[str, Any] = {}
    """What the institution certifies besides the codes: answers, granularity, min_group, …"""
    facts: dict[Text, Fact] = {}
    """`data.*` facts for the policy packs, and the terms on which the data are handed out: `request.consideration`,
    `request.transaction_type`, `request.us_gov_funded`, … Those that a pack in force needs must be there.
    """
    grant_months: int = Field(default=12, ge=1, le=120)
    terms_of_use: Url | None = None
    """Terms that everybody must have accepted: an AcceptedTermsAndPolicies visa, or `POST /api/v1/me/terms`.

    Another version has another URL: who accepted the one before has not accepted this.
    """
    terms_sha256: Sha256 | None = None
    """Of their text: with it they can be accepted on the page of a grant."""
    former_terms: list[FormerTermsPart] = []
    """Versions before, each with a day until which it is enough to have accepted it."""
    registered_version: Url | None = None
    """Which version of Registered Access both visas must name; left out: that of the standard."""
    registered_profile: dict[str, Any] | None = None
    """The purpose to which the terms of Registered Access bind everybody; without one nobody is let in."""
    evidence: list[EvidencePart] = []
    assurance: DemandPart | None = None
    """How somebody must have signed in to use the data."""
    safeguards: SafeguardsPart = SafeguardsPart()
    producer: str = ""
    """The organisation that produced the data."""
    security_level: Annotated[int, Field(ge=0, le=3)] | None = None
    """What an institution must have shown to get copies; above 1 by evidence that has not ended."""
    plaintext: bool = False
    """May files that are stored encrypted be decrypted on their way out? Else they leave encrypted only."""
    uninterruptible_delivery: Annotated[int, Field(ge=1, le=3600)] | None = None
    """Seconds for which a proxy may go on sending after a right has ended; left out: the broker sends everything."""
    limits: LimitsPart = LimitsPart()
    training: Url | None = None
    """The training without which nobody uses the data: the value of a visa or assertion that others make."""
    origin_days: Annotated[int, Field(ge=1, le=60)] | None = None
    """Working days in which the place of origin may comment on a request across a border; left out: 10."""


class ApprovedLimitPart(Part):
    """Something that a withdrawal does not reach. Without both references it would count for nothing."""

    what: Literal["published", "aggregate_result", "model_trained"]
    approval_ref: Text
    """The decision of the ethics committee that approved it."""
    told_in_template_paragraph: Text
    """Where the form tells of it."""


class ConsentTemplatePart(Part):
    """A version of a consent form: which text it is, and what it told people."""

    id: Slug
    version: Slug
    sha256: Sha256
    """Of the text that people were given."""
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
    """BCP 47, for example `de`."""
    reading_level: Text
    """For whom it is written, for example `B1` or `grade 8`."""
    cultural_review_ref: Text
    """Who looked at it for the people whom it addresses: the reference of that review."""
    harms_and_benefits: Text
    """Where the form speaks of both."""
    duo_clause_ids: list[Text] = []
    approved_limits: list[ApprovedLimitPart] = []
    """What a withdrawal will not reach, approved and told beforehand."""


class ConsentPart(Part):
    datasets: list[Url] = []
    """Which datasets hold the participant's data. A community governs the ones that it names as a whole; with none, it
    speaks for its members only, as a family does.
    """
    consent: dict[str, Any]
    """One version of a participant's, family's or community's record (docs/reference/consent-rules.md)."""


class GrantPart(Part):
    id: Slug
    iss: Url
    sub: Text
    dataset: Url
    purpose: dict[str, Any]
    affiliations: list[Text] = []
    begins: str
    ends: str


class Catalogue(Part):
    """A catalogue file: what there is, who is trusted, who decides. Parts that are left out stay as they are."""

    schema_: Literal["broker.catalogue/1"] = Field(alias="schema")
    organisations: list[OrganisationPart] = []
    identity_providers: list[IdentityProviderPart] = []
    clients: list[ClientPart] = []
    visa_issuers: list[VisaIssuerPart] = []
    visa_types: list[VisaTypePart] = []
    repositories: list[RepositoryPart] = []
    committees: list[CommitteePart] = []
    roles: list[RolePart] = []
    datasets: list[DatasetPart] = []
    objects: list[ObjectPart] = []
    consent_templates: list[ConsentTemplatePart] = []
    consents: list[ConsentPart] = []
    grants: list[GrantPart] = []
