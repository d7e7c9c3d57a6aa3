"""From the parts of a catalogue file to rows. What a part means is read by the core's own strict readers."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from broker.adapters.catalogue import models
from broker.adapters.catalogue.datasets import dataset, evidence_of, facts_of
from broker.adapters.catalogue.form import Part
from broker.adapters.catalogue.objects import drs_object
from broker.adapters.catalogue.repositories import repository, root_of
from broker.core.catalogue import DeclaredGrant
from broker.core.consent.model import ApprovedLimit, Template, TemplateRecord
from broker.core.consent.reading import read_version
from broker.core.ids import ClientId, DatasetId, GrantId, Issuer
from broker.core.inspection import address_fault
from broker.core.passport.assertions import RESERVED_CLAIMS, ClaimRule, wrong_with
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import STANDARD_TYPES
from broker.core.provider_registration import provider_faults
from broker.core.purpose import read_purpose
from broker.core.registration import faults
from broker.core.rows import (
    Client,
    Committee,
    ConsentRow,
    ConsentTemplate,
    CustomType,
    Gather,
    IdentityProvider,
    Organisation,
    Role,
    Row,
    VisaIssuer,
)
from broker.core.rows.catalogue import AssuranceRule
from broker.core.rows.consents import consent_row_id, template_id
from broker.core.time import EPOCH, FOREVER, Seconds, parse_rfc3339

Loc = tuple[int | str, ...]
Blame = Callable[[Loc, str], None]
P = TypeVar("P", bound=Part)


def rows_of(catalogue: models.Catalogue, folder: Path, blame: Blame) -> Iterator[Row]:
    """Every row that the file declares. What a core reader refuses goes to `blame` with its place."""
    roots = {part.id: root_of(part, folder) for part in catalogue.repositories}
    homes = {part.id: part.repository for part in catalogue.datasets}

    def each(name: str, parts: list[P], make: Callable[[P], Row]) -> Iterator[Row]:
        for index, part in enumerate(parts):
            try:
                yield make(part)
            except (ValueError, OSError) as wrong:
                blame((name, index), str(wrong))

    yield from each("organisations", catalogue.organisations, _organisation)
    yield from each("identity_providers", catalogue.identity_providers, identity_provider)
    yield from each("clients", catalogue.clients, client)
    yield from each("visa_issuers", catalogue.visa_issuers, visa_issuer)
    yield from each("visa_types", catalogue.visa_types, _visa_type)
    yield from each("repositories", catalogue.repositories, lambda part: repository(part, roots))
    yield from each("committees", catalogue.committees, _committee)
    yield from each("roles", catalogue.roles, _role)
    yield from each("datasets", catalogue.datasets, dataset)
    yield from each("objects", catalogue.objects, lambda part: drs_object(part, roots, homes))
    yield from each("consent_templates", catalogue.consent_templates, _consent_template)
    yield from each("consents", catalogue.consents, _consent)


def grants_of(catalogue: models.Catalogue, blame: Blame) -> Iterator[DeclaredGrant]:
    """Every grant that the file declares."""
    for index, part in enumerate(catalogue.grants):
        try:
            yield _grant(part)
        except ValueError as wrong:
            blame(("grants", index), str(wrong))


def _grant(part: models.GrantPart) -> DeclaredGrant:
    begins, ends = parse_rfc3339(part.begins), parse_rfc3339(part.ends)
    if ends <= begins:
        raise ValueError("ends: before it begins")
    return DeclaredGrant(
        id=GrantId(part.id),
        iss=Issuer(part.iss),
        sub=part.sub,
        dataset=DatasetId(part.dataset),
        purpose=read_purpose(part.purpose),
        affiliations=tuple(part.affiliations),
        begins=begins,
        ends=ends,
    )


def _organisation(part: models.OrganisationPart) -> Row:
    return Organisation(
        id=part.id,
        name=part.name,
        scopes=frozenset(part.scopes),
        organisation=part.organisation,
        facts=facts_of(part.facts, "institution"),
        evidence=evidence_of(part.evidence),
        recourse=tuple(part.recourse),
        checked=parse_rfc3339(part.checked) if part.checked is not None else None,
    )


def identity_provider(part: models.IdentityProviderPart) -> Row:
    _reachable("issuer", part.issuer, internal=part.internal)
    made = IdentityProvider(
        id=Issuer(part.issuer),
        slug=part.slug,
        name=part.name,
        client_id=part.client_id,
        client_secret=part.client_secret or "",
        audience=part.audience,
        scopes=frozenset(part.scopes),
        login_hints=frozenset(part.login_hints),
        assert_from_claims=tuple(map(_claim_rule, part.assert_from_claims)),
        silent_sign_in=part.silent_sign_in,
        internal=part.internal,
        status=part.status,
        request_scopes=tuple(part.request_scopes),
        acr_values=tuple(part.acr_values),
        token_auth=part.token_auth,
        algorithms=frozenset(part.algorithms),
        endpoint_hosts=frozenset(part.endpoint_hosts),
        hidden=part.hidden,
        assurance=tuple(
            AssuranceRule(acr=one.acr, said_acr=one.said_acr, amr=tuple(one.amr)) for one in part.assurance
        ),
    )
    wrong = provider_faults(made)
    if wrong:
        raise ValueError("; ".join(wrong))
    return made


def _claim_rule(part: models.ClaimRulePart) -> ClaimRule:
    rule = ClaimRule(**part.model_dump())
    wrong = wrong_with(rule)
    if wrong is not None:
        raise ValueError(f"assert_from_claims: {part.claim}: {wrong}")
    return rule


def client(part: models.ClientPart) -> Row:
    made = Client(
        id=ClientId(part.id),
        name=part.name,
        auth_method=part.auth_method,
        secret=part.secret_sha256,
        redirect_uris=tuple(part.redirect_uris),
        grant_types=tuple(part.grant_types),
        scopes=tuple(part.scopes),
        consent=part.consent,
        status=part.status,
        resources=tuple(part.resources),
        serves=tuple(part.serves),
        visa_style=part.visa_style,
        id_token_alg=part.id_token_alg,
        jwks=tuple(part.jwks),
        jwks_uri=part.jwks_uri,
        internal=part.internal,
        assertion_audience=part.assertion_audience,
        require_par=part.require_par,
        dpop_required=part.dpop_required,
        dpop_nonce=part.dpop_nonce,
        installs=part.installs,
        post_logout_redirect_uris=tuple(part.post_logout_redirect_uris),
        backchannel_logout_uri=part.backchannel_logout_uri,
        backchannel_logout_session_required=part.backchannel_logout_session_required,
    )
    wrong = faults(made)
    if wrong:
        raise ValueError("; ".join(wrong))
    return made


def visa_issuer(part: models.VisaIssuerPart) -> Row:
    _reachable("issuer", part.issuer, internal=part.internal)
    for jku in part.jku:
        _reachable("jku", jku, internal=part.internal)
    if part.grant_profile is not None:
        read_purpose(part.grant_profile)  # refused here rather than when somebody shows a visa
    trust = TrustRow(
        iss=part.issuer,
        jku=tuple(part.jku),
        keys=tuple(part.keys),
        algorithms=frozenset(part.algorithms),
        types=_some(part.types),
        sources=_some(part.sources),
        values=tuple(part.values),
        may_link=part.may_link,
        is_broker=part.is_broker,
        vouches=part.vouches,
        granted_by=frozenset(part.granted_by),
        link_issuers=_some(part.link_issuers),
        link_sources=_some(part.link_sources),
        access_tokens=part.access_tokens,
        max_lifetime=Seconds(part.max_lifetime_seconds) if part.max_lifetime_seconds else None,
        max_asserted_age=Seconds(part.max_asserted_age_seconds) if part.max_asserted_age_seconds else None,
        aliases=part.aliases,
        grant_profile=part.grant_profile,
        discovery=part.discovery,
        userinfo=part.userinfo,
        userinfo_url=part.userinfo_url,
        userinfo_audiences=_some(part.userinfo_audiences),
        opaque_tokens=part.opaque_tokens,
        polled=part.polled,
        keys_until=parse_rfc3339(part.keys_until) if part.keys_until is not None else None,
    )
    idle = trust.idle()
    if idle is not None:
        raise ValueError(idle)
    return VisaIssuer(
        id=Issuer(part.issuer),
        trust=trust,
        internal=part.internal,
        status=part.status,
        gather=_gather(part.gather),
        gather_key=part.gather_key or "",
    )


def _gather(part: models.GatherPart | None) -> Gather | None:
    if part is None:
        return None
    if not (part.api or part.userinfo or part.push):
        raise ValueError("gather: by api, userinfo or push")
    subjects_of = Issuer(part.subjects_of) if part.subjects_of is not None else None
    return Gather(subjects_of=subjects_of, **part.model_dump(exclude={"subjects_of"}))


def _visa_type(part: models.VisaTypePart) -> Row:
    if part.id in STANDARD_TYPES or set(part.claims) & RESERVED_CLAIMS:
        raise ValueError("claims: one of them belongs to the standard")
    return CustomType(
        id=part.id, description=part.description, coordination=part.coordination, claims=frozenset(part.claims)
    )


def _reachable(field: str, url: str, *, internal: bool) -> None:
    """ValueError for an address that would never be asked, or that leads inside without anybody having said so."""
    fault = address_fault(url, internal=internal)
    if fault is not None:
        raise ValueError(f"{field}: {url}: {fault}")


def _some(listed: list[str] | None) -> frozenset[str] | None:
    """A list as a set; one that was left out stays left out."""
    return frozenset(listed) if listed is not None else None


def _committee(part: models.CommitteePart) -> Row:
    return Committee(
        id=part.id, name=part.name, contact=part.contact, voters=tuple(part.voters), quorum=part.quorum,
        endorsed=part.endorsed, confirmed=part.confirmed, answer_days=part.answer_days, training=part.training,
    )  # fmt: skip


def _role(part: models.RolePart) -> Row:
    if part.seat is not None and part.role not in ("committee_member", "committee_chair"):
        raise ValueError("seat: only who sits in a committee has one")
    begins = _instant("begins", part.begins, EPOCH)
    ends = _instant("ends", part.ends, FOREVER)
    if (begins, ends) != (EPOCH, FOREVER) and part.role not in ("committee_member", "committee_chair"):
        raise ValueError("ends: only who sits in a committee has a term of office")
    if ends <= begins:
        raise ValueError("ends: it is over before it begins")
    said = f"{part.role}\0{part.scope}\0{part.iss}\0{part.sub}".encode()
    return Role(
        id=hashlib.sha256(said).hexdigest()[:32],
        role=part.role,
        scope=part.scope,
        iss=Issuer(part.iss),
        sub=part.sub,
        status=part.status,
        seat=part.seat,
        begins=begins,
        ends=ends,
    )


def _instant(member: str, said: str | None, otherwise: Seconds) -> Seconds:
    if said is None:
        return otherwise
    try:
        return parse_rfc3339(said)
    except ValueError as wrong:
        raise ValueError(f"{member}: {wrong}") from None


def _consent_template(part: models.ConsentTemplatePart) -> Row:
    said = part.model_dump(exclude={"harms_and_benefits", "approved_limits", "duo_clause_ids"})
    record = TemplateRecord(
        template=Template(**said, duo_clause_ids=tuple(part.duo_clause_ids)),
        harms_and_benefits=part.harms_and_benefits,
        approved_limits=tuple(ApprovedLimit(**limit.model_dump()) for limit in part.approved_limits),
    )
    return ConsentTemplate(id=template_id(part.id, part.version), record=record)


def _consent(part: models.ConsentPart) -> Row:
    version = read_version(part.consent)
    if version.level == "participant" and not part.datasets:
        raise ValueError("datasets: missing; where are this participant's data?")
    return ConsentRow(
        id=consent_row_id(version),
        datasets=frozenset(map(DatasetId, part.datasets)),
        consent=version,
    )
