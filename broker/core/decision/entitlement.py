"""Under what may this person use this dataset? Grants of ours, and visas of issuers who say what they grant."""

from dataclasses import dataclass, replace

from broker.core.decision.asserted import registered
from broker.core.decision.question import Question
from broker.core.ids import DatasetId, PersonId
from broker.core.passport.bearer import links
from broker.core.passport.counts import revocation_names
from broker.core.passport.evaluate import Accepted, Evaluation
from broker.core.passport.evaluate import evaluate as weigh
from broker.core.passport.polling import lasting
from broker.core.passport.visa import Visa
from broker.core.purpose import Purpose, read_purpose
from broker.core.rows import Dataset, Grant, PolledVisa
from broker.core.rows.access import Finding
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """A grant, or an external visa that stands for one (ruling 3). `purpose` None: it does not say what for."""

    id: str
    person: PersonId | None
    dataset: DatasetId
    purpose: Purpose | None
    findings: tuple[Finding, ...] = ()
    begins: Seconds
    ends: Seconds


def weighed(question: Question, snapshot: Snapshot) -> Evaluation:
    """Which of the question's visas count for this person, by the trust and the revocations of this picture."""
    visas = question.visas
    if any(visa.jku is None for visa in visas):
        visas = tuple(_as_polled(visa, question.at, snapshot) for visa in visas)
    names = (name for visa in visas for name in revocation_names(visa))
    return weigh(
        visas,
        snapshot.trust,
        question.identities,
        question.at,
        not_after=question.visas_end,
        revoked=snapshot.revoked_names(names, question.at),
        vouched=links(question.vouched, snapshot.trust),
    )


def _as_polled(visa: Visa, at: Seconds, snapshot: Snapshot) -> Visa:
    """A Visa Access Token as its issuer last confirmed or updated it: without that it ends an hour after `iat`."""
    row, trusted = snapshot.get(PolledVisa, visa.digest), snapshot.trust.of(visa.iss)
    if row is None or trusted is None or not trusted.polled:
        return lasting(visa, None)
    if row.by is None or snapshot.revoked_names(revocation_names(visa), at):
        return lasting(visa, row.confirmed)  # what is revoked is not saved by an update
    return lasting(row.by, row.confirmed)


def entitlements(question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[Entitlement, ...]:
    """What the credentials show for the dataset, latest end first; if the request names one, that one alone."""
    if question.stage != "use":
        return ()
    shown = [grant for id in dict.fromkeys(question.grants) if (grant := snapshot.get(Grant, id)) is not None]
    held = [_of_grant(grant, grant.ends) for grant in shown]
    for visa in visas.accepted:
        held += _of_visa(visa, question, snapshot)
    held += _registered(question, visas, snapshot)
    fitting = {one.id: one for one in held if one.dataset == question.dataset}
    chosen = (one for one in fitting.values() if question.grant in (None, one.id))
    return tuple(sorted(chosen, key=lambda one: (-one.ends, one.id)))


def _registered(question: Question, visas: Evaluation, snapshot: Snapshot) -> list[Entitlement]:
    """Registered Access: both visas of the version that the dataset asks for, and what that stands for there.

    `registered_profile` is the purpose to which its terms bind everybody. Without one it is not known what the
    data would be used for, as with a visa of an issuer who does not say (ruling 3).
    """
    dataset = snapshot.get(Dataset, question.dataset)
    if dataset is None or dataset.access != "registered":
        return []
    both = registered(dataset.registered_version, question, visas, snapshot)
    if both is None:
        return []
    profile = dataset.registered_profile
    purpose = replace(read_purpose(profile), modality=question.modality) if profile is not None else None
    return [
        Entitlement(
            id=f"registered:{dataset.registered_version}",
            person=question.person,
            dataset=dataset.id,
            purpose=purpose,
            begins=max(one.asserted for one in both),
            ends=min(one.ends for one in both),
        )
    ]


def _of_grant(grant: Grant, ends: Seconds) -> Entitlement:
    return Entitlement(
        id=grant.id,
        person=grant.person,
        dataset=grant.dataset,
        purpose=grant.purpose,
        findings=grant.findings,
        begins=grant.begins,
        ends=min(grant.ends, ends),
    )


def _of_visa(found: Accepted, question: Question, snapshot: Snapshot) -> list[Entitlement]:
    """A visa of ours shows the grants that it was minted from; another issuer's stands for its own."""
    visa = found.visa
    if found.dataset is None:
        return []
    dataset = DatasetId(found.dataset)
    if visa.iss == snapshot.own.iss:
        return [_of_grant(grant, found.ends) for grant in snapshot.grants(PersonId(visa.sub), dataset)]
    row = snapshot.trust.of(visa.iss)
    profile = row.grant_profile if row is not None else None
    purpose = replace(read_purpose(profile), modality=question.modality) if profile is not None else None
    name = visa.jti if visa.jti is not None else visa.digest
    return [
        Entitlement(
            id=f"visa:{visa.iss} {name}",
            person=question.person,
            dataset=dataset,
            purpose=purpose,
            begins=visa.asserted,
            ends=found.ends,
        )
    ]
