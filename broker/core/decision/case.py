"""What the gates look at: the question with everything that the snapshot knows about it, looked up once.

Nothing that the asker wrote about an institution counts here (ruling 5): country, type and security come
from the organisation registry, the rest is missing, and missing is never "no".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.core.consent.judge import ConsentAnswer, ConsentOutcome, judge_communities
from broker.core.copied import copied
from broker.core.decision import asserted
from broker.core.decision.asking import Readings, consent_question, places, text
from broker.core.decision.entitlement import Entitlement
from broker.core.decision.question import Question
from broker.core.decision.received import with_received
from broker.core.jurisdiction.facts import FactValue, by_the_holder
from broker.core.outcome import Reason
from broker.core.passport.evaluate import Evaluation
from broker.core.purpose import Modality, Purpose
from broker.core.rows import Dataset, DrsObject, Evidence, Organisation
from broker.core.rows.access import Finding
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question, for one entitlement (or none), with the rows and facts that concern it."""

    question: Question
    snapshot: Snapshot
    held: Entitlement | None
    findings: tuple[Finding, ...]
    """Answers to open questions: the grant's, or those given so far."""
    visas: Evaluation
    """Which of the visas that came with the question count."""
    affiliations: tuple[str, ...]
    dataset: Dataset | None
    object: DrsObject | None
    organisation: Organisation | None
    """The registered organisation for which the person acts; None: not known, or more than one."""
    purpose: Purpose | None
    facts: Mapping[str, FactValue]
    """What policy packs read, but for the place of processing."""
    readings: tuple[Mapping[str, FactValue], ...]
    """The facts once for every country where data are to be processed; once without, if none was stated."""
    communities: ConsentAnswer | None = None
    """What the communities decided of which a decision is on record; None: there is none."""

    def of_person(self, question: Question, held: Entitlement | None, visas: Evaluation, snapshot: Snapshot) -> "Case":
        """The same case with the credentials of whoever asks."""
        return Case(
            question=question,
            snapshot=snapshot,
            held=held,
            findings=self.findings,
            visas=visas,
            affiliations=self.affiliations,
            dataset=self.dataset,
            object=self.object,
            organisation=self.organisation,
            purpose=self.purpose,
            facts=self.facts,
            readings=self.readings,
            communities=self.communities,
        )


def case_of(question: Question, held: Entitlement | None, visas: Evaluation, snapshot: Snapshot) -> Case:
    """Look everything up."""
    affiliations = asserted.affiliations(question, visas, snapshot)
    dataset = snapshot.get(Dataset, question.dataset)
    target = _target(question, snapshot)
    stated = held.purpose if held is not None else question.purpose
    organisation = _organisation(affiliations, stated, snapshot)
    purpose = _verified(stated, question, organisation, dataset) if stated is not None else None
    facts: Mapping[str, FactValue] = _facts(question, purpose, dataset, organisation)
    if question.stage != "use":
        facts = with_received(facts, dataset, organisation, snapshot, question.at)
    readings = _readings(facts, stated, question.modality)
    communities = _communities(question, purpose, target, readings, snapshot)
    if communities is not None:
        facts = _with_communities(facts, communities)
        readings = _readings(facts, stated, question.modality)
    return Case(
        question=question,
        snapshot=snapshot,
        held=held,
        findings=held.findings if held is not None else question.findings,
        visas=visas,
        affiliations=affiliations,
        dataset=dataset,
        object=target,
        organisation=organisation,
        purpose=purpose,
        facts=facts,
        readings=readings,
        communities=communities,
    )


def _target(question: Question, snapshot: Snapshot) -> DrsObject | None:
    """The object asked for. One of another dataset is none: whatever is open here, it is not."""
    found = snapshot.get(DrsObject, question.object) if question.object is not None else None
    return found if found is not None and found.dataset == question.dataset else None


def _organisation(affiliations: tuple[str, ...], purpose: Purpose | None, snapshot: Snapshot) -> Organisation | None:
    scopes = (affiliation.partition("@")[2] for affiliation in affiliations)
    found = snapshot.organisations(scopes)
    if purpose is not None and purpose.institution is not None:
        found = tuple(org for org in found if org.id == purpose.institution)
    return found[0] if len(found) == 1 else None


def _verified(
    stated: Purpose, question: Question, organisation: Organisation | None, dataset: Dataset | None
) -> Purpose:
    """The stated purpose with what the registry and the credentials say in place of what was written."""
    kind = organisation.organisation if organisation is not None else None
    if stated.organisation == "for_profit":
        kind = "for_profit"  # the stricter of what was said and what is known
    home = organisation.facts.get("recipient.country") if organisation is not None else None
    places = {place for place in (home, question.location) if isinstance(place, str)}
    return copied(
        stated,
        organisation=kind,
        institution=organisation.id if organisation is not None else None,
        user=_user(question, dataset),
        countries=stated.countries | places if home is not None else frozenset(),
        modality=question.modality,
    )


def _user(question: Question, dataset: Dataset | None) -> str | None:
    """`iss|sub`: the identity that a user-specific code lists, if one of this person's is listed."""
    names = sorted(f"{iss}|{sub}" for iss, sub in question.identities)
    listed = {user for term in (dataset.duo if dataset is not None else ()) for user in term.users}
    return next((name for name in names if name in listed), names[0] if names else None)


def _facts(
    question: Question, purpose: Purpose | None, dataset: Dataset | None, organisation: Organisation | None
) -> dict[str, FactValue]:
    """The facts that policy packs read. A fact that nobody vouched for is absent."""
    facts: dict[str, FactValue] = {}
    evidence: tuple[Evidence, ...] = ()
    if dataset is not None:
        facts |= dataset.facts
        evidence += dataset.evidence
    if organisation is not None:
        facts |= organisation.facts
        evidence += organisation.evidence
    if question.location is not None:
        facts["recipient.individual_location"] = question.location
    facts["evidence"] = tuple(sorted(item.id for item in evidence if _live(item, question.at)))
    facts["request.modality"] = str(question.modality)
    if purpose is not None:
        facts["request.purpose_flags"] = tuple(sorted(purpose.flags))
        if purpose.ai_use is not None:
            facts["request.ai_use"] = purpose.ai_use
    return facts


def _readings(facts: Mapping[str, FactValue], stated: Purpose | None, modality: Modality) -> Readings:
    """Milder ways are computed where the data lie; copies go to every country that the purpose states."""
    places = sorted(stated.countries) if stated is not None else []
    copies = tuple({**facts, "request.processing_country": place} for place in places) or (facts,)
    return copies if modality in (Modality.DOWNLOAD, Modality.STREAM) else (by_the_holder(facts, modality),)


def _communities(
    question: Question,
    purpose: Purpose | None,
    target: DrsObject | None,
    readings: Readings,
    snapshot: Snapshot,
) -> ConsentAnswer | None:
    """What the communities say of which a decision about the dataset is on record, in every country of processing."""
    layers = snapshot.communities(question.dataset)
    if not layers:
        return None
    if purpose is None:
        return ConsentAnswer(outcome=ConsentOutcome.HOLD, reasons=(Reason(code="COM-APPROVAL-NEEDED"),))
    home = text(readings[0].get("recipient.country"))
    answers = [
        judge_communities(
            consent_question(question, purpose, home=home, place=place, target=target),
            layers,
            snapshot.ontology,
        )
        for place in places(readings)
    ]
    return max(answers, key=lambda answer: _MILDEST_FIRST.index(answer.outcome))  # each is good until the same second


_MILDEST_FIRST = tuple(ConsentOutcome)


def _with_communities(facts: Mapping[str, FactValue], said: ConsentAnswer) -> Mapping[str, FactValue]:
    """The facts with what the communities decided, as policy packs read it: a record outweighs a note of the holder."""
    codes = {reason.code for reason in said.reasons}
    held = facts.get("evidence", ())
    evidence = set(held if isinstance(held, tuple) else ())
    if said.outcome is ConsentOutcome.HOLD:
        evidence.discard("community.approved")
    elif "COM-REFUSED" in codes:
        evidence.add("community.refused")
    else:
        evidence.add("community.approved")
    local = {"data.community_local_only": True} if "COM-LOCAL-ONLY" in codes else {}
    return {**facts, "data.community_governed": True, "evidence": tuple(sorted(evidence)), **local}


def _live(item: Evidence, at: Seconds) -> bool:
    return item.valid_from <= at < item.valid_to


def turns_of_evidence(case: Case) -> tuple[Seconds, ...]:
    """When evidence that counts stops counting, or evidence that does not count yet begins to."""
    rows = (case.dataset, case.organisation)
    turns = (
        turn for row in rows if row is not None for item in row.evidence for turn in (item.valid_from, item.valid_to)
    )
    return tuple(turn for turn in turns if turn > case.question.at)
