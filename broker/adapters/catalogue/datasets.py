"""From the part of a catalogue file that declares a dataset to its row, and facts and evidence of any row."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from broker.adapters.catalogue import models
from broker.adapters.catalogue.limits import limits
from broker.adapters.catalogue.safeguards import safeguards
from broker.core.consent.reading import read_certificate
from broker.core.duo.terms import Term, parse_terms
from broker.core.duo.vocabulary import TermKind
from broker.core.ids import DatasetId
from broker.core.jurisdiction.facts import FactValue
from broker.core.jurisdiction.needs import Answerer, answerer
from broker.core.passport.holdings import REGISTERED_ACCESS
from broker.core.plain import plain
from broker.core.purpose import read_purpose
from broker.core.rows import Dataset, Evidence, Row
from broker.core.rows.assurance import Demand
from broker.core.rows.safeguards import FormerTerms
from broker.core.time import FOREVER, Seconds, parse_rfc3339


def dataset(part: models.DatasetPart) -> Row:
    """The row of a declared dataset. ValueError names the member that is wrong."""
    if part.registered_profile is not None:
        read_purpose(part.registered_profile)  # refused here rather than when somebody asks
    terms = parse_terms(part.duo)
    certificate = _codes_of(terms) | {"dataset_id": part.id} | part.certificate
    return Dataset(
        id=DatasetId(part.id),
        title=part.title,
        description=part.description,
        committee=part.committee,
        repository=part.repository,
        access=part.access,
        existence=part.existence,
        duo=terms,
        certificate=read_certificate(certificate),
        facts=facts_of(part.facts, "custodian"),
        grant_months=part.grant_months,
        terms_of_use=part.terms_of_use,
        terms_sha256=part.terms_sha256,
        former_terms=tuple(map(_former_terms, part.former_terms)),
        registered_version=part.registered_version or REGISTERED_ACCESS,
        registered_profile=part.registered_profile,
        evidence=evidence_of(part.evidence),
        assurance=_demand(part.assurance) if part.assurance is not None else None,
        safeguards=safeguards(part.safeguards),
        producer=part.producer,
        security_level=part.security_level,
        training=part.training,
        plaintext=part.plaintext,
        uninterruptible_delivery=part.uninterruptible_delivery,
        limits=limits(part.limits),
        origin_days=part.origin_days,
    )


def _former_terms(part: models.FormerTermsPart) -> FormerTerms:
    try:
        return FormerTerms(url=part.url, until=date.fromisoformat(part.until))
    except ValueError:
        raise ValueError(f"former_terms.until: {part.until} is no day") from None


def _demand(part: models.DemandPart) -> Demand:
    if not part.acr and not part.amr and part.max_age is None:
        raise ValueError("assurance: demands nothing; leave it out, or say acr, amr or max_age")
    return Demand(acr=tuple(part.acr), amr=tuple(part.amr), max_age=part.max_age)


def _codes_of(terms: tuple[Term, ...]) -> dict[str, Any]:
    """The certificate's permissions and modifiers are the dataset's codes: said once, so that they agree."""
    permissions = [plain(term) for term in terms if term.kind is TermKind.PERMISSION]
    modifiers = [plain(term) for term in terms if term.kind is not TermKind.PERMISSION]
    return {"permissions": permissions, "modifiers": modifiers}


_TOLD: Mapping[Answerer, str] = {
    "custodian": "data.* facts, and the terms on which data are handed out (request.consideration and the like),",
    "institution": "recipient.* facts",
}


def facts_of(given: dict[str, models.Fact], by: Answerer) -> dict[str, FactValue]:
    """Stated facts, each of which is `by`'s to answer."""
    for name in given:
        if answerer(name) != by:
            raise ValueError(f"facts.{name}: only {_TOLD[by]} can be stated here")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def evidence_of(parts: list[models.EvidencePart]) -> tuple[Evidence, ...]:
    """Evidence with the time in which it counts."""
    return tuple(
        Evidence(
            id=part.id,
            sha256=part.sha256,
            issuer=part.issuer,
            valid_from=parse_rfc3339(part.valid_from) if part.valid_from else Seconds(0),
            valid_to=parse_rfc3339(part.valid_to) if part.valid_to else FOREVER,
        )
        for part in parts
    )
