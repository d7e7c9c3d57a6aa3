"""Under what may this person use this dataset? Grants of ours, and visas of issuers who say what they grant."""

from dataclasses import dataclass, replace

from broker.core.decision.asserted import registered
from broker.core.decision.joined import by_people
from broker.core.decision.question import Question
from broker.core.ids import DatasetId, PersonId
from broker.core.passport.evaluate import Accepted, Evaluation
from broker.core.purpose import Purpose, read_purpose
from broker.core.rows import Dataset, Grant
from broker.core.rows.access import Finding
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds

REGISTERED, EXTERNAL = "registered:", "visa:"
"""How the ids of entitlements by Registered Access, and by visas of other issuers, begin: no committee of ours decided
about them one by one."""


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
    confirmed_until: Seconds = FOREVER
    """Of a visa that its issuer has to confirm again and again: until when it did. That end is ours, without leeway."""

    @property
    def by_visas(self) -> bool:
        """Does it rest on visas of others alone, and on no grant of ours?"""
        return self.id.startswith((REGISTERED, EXTERNAL))

    def is_over(self, at: Seconds) -> bool:
        """Visas of others have been weighed already, in the leeway of other people's clocks too (ruling 16)."""
        return self.confirmed_until <= at or (self.ends <= at and not self.by_visas)


def entitlements(question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[Entitlement, ...]:
    """What the credentials show for the dataset, latest end first; if the request names one, that one alone."""
    if question.stage != "use":
        return ()
    shown = [grant for id in question.grants if (grant := snapshot.get(Grant, id)) is not None]
    held = [_of_grant(grant, grant.ends, snapshot) for grant in shown if grant.dataset == question.dataset]
    for visa in visas.accepted:
        if visa.dataset == question.dataset:
            held += _of_visa(visa, question, snapshot)
    held += _registered(question, visas, snapshot)
    if not held:
        return ()
    fitting = {one.id: one for one in held if one.dataset == question.dataset}
    chosen = [one for one in fitting.values() if question.grant is None or question.grant == one.id]
    return tuple(sorted(chosen, key=_latest_first))


def tried(question: Question, visas: Evaluation, snapshot: Snapshot) -> tuple[Entitlement, ...]:
    """Those under which a use is judged: the live ones (ruling 3). If none lives, all of them, to be told why not."""
    found = entitlements(question, visas, snapshot)
    return tuple(one for one in found if _lives(one, question.at, snapshot)) or found


def _lives(one: Entitlement, at: Seconds, snapshot: Snapshot) -> bool:
    return one.begins <= at and not one.is_over(at) and not snapshot.revoked("grant", one.id, at)


def _latest_first(one: Entitlement) -> tuple[int, str]:
    return -one.ends, one.id


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
            id=f"{REGISTERED}{dataset.registered_version}",
            person=question.person,
            dataset=dataset.id,
            purpose=purpose,
            begins=max(one.asserted for one in both),
            ends=min(one.ends for one in both),
            confirmed_until=min((one.ends for one in both if one.confirmed), default=FOREVER),
        )
    ]


def _of_grant(grant: Grant, ends: Seconds, snapshot: Snapshot) -> Entitlement:
    return Entitlement(
        id=grant.id,
        person=grant.person,
        dataset=grant.dataset,
        purpose=grant.purpose,
        findings=by_people(grant.findings, snapshot) if grant.findings else (),
        begins=grant.begins,
        ends=min(grant.ends, ends),
    )


def _of_visa(found: Accepted, question: Question, snapshot: Snapshot) -> list[Entitlement]:
    """A visa of ours shows the grants that it was minted from; another issuer's stands for its own."""
    visa = found.visa
    dataset = question.dataset
    if visa.iss == snapshot.own.iss:
        return [_of_grant(grant, found.ends, snapshot) for grant in snapshot.grants(PersonId(visa.sub), dataset)]
    row = snapshot.trust.of(visa.iss)
    profile = row.grant_profile if row is not None else None
    purpose = replace(read_purpose(profile), modality=question.modality) if profile is not None else None
    name = visa.jti if visa.jti is not None else visa.digest
    return [
        Entitlement(
            id=f"{EXTERNAL}{visa.iss} {name}",
            person=question.person,
            dataset=dataset,
            purpose=purpose,
            begins=visa.asserted,
            ends=found.ends,
            confirmed_until=found.ends if visa.jku is None else FOREVER,
        )
    ]
