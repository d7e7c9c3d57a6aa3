"""How is one row of a consent case file judged? By the product's own rules (`broker check consent`).

A row is either a question (`subjects`, `request`, `dataset`) or a withdrawal with the things that exist
(`withdrawal`, `grants`). It is given without its id, title and expectation: what is not named here is refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from broker.core.consent import reading_parts as parts
from broker.core.consent.judge import judge
from broker.core.consent.members import Members
from broker.core.consent.model import ApprovedLimit, ConsentVersion, Layer, Subject, Withdrawal, WithdrawalKind
from broker.core.consent.question import FAMILY_ANALYSIS, TOPIC, ConsentQuestion
from broker.core.consent.reading import read_certificate, read_history
from broker.core.consent.withdrawal import effects
from broker.core.duo.ontology import Ontology
from broker.core.ids import SubjectRef
from broker.core.purpose import AiUse, Kind, Modality, Organisation, Purpose, Sensitive
from broker.core.time import Seconds

_KINDS: Mapping[str, frozenset[Kind]] = {
    "general": frozenset({Kind.GENERAL}),
    "hmb": frozenset({Kind.HMB}),
    "ds": frozenset({Kind.DISEASE}),
    "poa": frozenset({Kind.ANCESTRY}),
    "methods": frozenset({Kind.METHODS}),
    "clinical": frozenset(),
}
"""The class of a request; `clinical` is clinical care and no research."""

_SUBJECTS = 10_000
"""Participants of one row."""


def judge_case(
    row: Mapping[str, object], defaults: Mapping[str, object], at: Seconds, ontology: Ontology
) -> Mapping[str, object]:
    """What the rules say about `row`: `outcome`, `reasons`, `included`, …; for a withdrawal a code for each thing.

    `defaults`: the file's `request_defaults` and `dataset_defaults`, which the row's own members replace. `at`:
    the file's date. Codes and names are sorted. ValueError names a member that cannot be read.
    """
    given = Members(row, "case")
    request = _over(defaults, "request_defaults", given.take("request"), "request")
    if given.names() & {"withdrawal", "grants"}:
        return _withdrawal(given, request)
    dataset = _over(defaults, "dataset_defaults", given.take("dataset"), "dataset")
    certificate = read_certificate(dataset, "dataset")
    own_at = given.instant("at")
    known_at = given.instant("known_at")
    now = at if own_at is None else own_at
    question = _question(Members(request, "request"), now, now if known_at is None else known_at)
    subjects = _subjects(given.take("subjects"))
    given.done()
    answer = judge(question, subjects, certificate, ontology)
    return {
        "outcome": answer.outcome.value,
        "reasons": sorted(reason.code for reason in answer.reasons),
        "included": sorted(answer.included),
        "excluded": sorted(answer.excluded),
        "held": sorted(answer.held),
    }


def _over(defaults: Mapping[str, object], name: str, own: object, own_name: str) -> Mapping[str, object]:
    """The file's defaults with a row's own members in their place."""
    return {**_object(defaults.get(name), name), **_object(own, own_name)}


def _object(raw: object, name: str) -> Mapping[str, object]:
    return {} if raw is None else Members(raw, name).rest()


def _subjects(raw: object) -> list[Subject]:
    given = Members(raw, "subjects", limit=_SUBJECTS)
    return [_subject(name, read_history(history, name, f"subjects.{name}")) for name, history in given.rest().items()]


def _subject(name: str, versions: tuple[ConsentVersion, ...]) -> Subject:
    """A row writes the records of a person's family and communities beside the person's own: that links them."""
    groups: dict[tuple[Literal["family", "community"], str], tuple[ConsentVersion, ...]] = {}
    own: list[ConsentVersion] = []
    for one in versions:
        if one.level == "participant":
            own.append(one)
        else:
            key = (one.level, str(one.subject_ref))
            groups[key] = (*groups.get(key, ()), one)
    families = [ref for level, ref in groups if level == "family"]
    if len(families) > 1:
        raise ValueError(f"subjects.{name}: records of more than one family")
    family = families[0] if families else None
    written = tuple(ref for level, ref in groups if level == "community")
    linked = tuple(
        replace(
            one,
            family_ref=one.family_ref or family,
            community_refs=tuple(dict.fromkeys((*one.community_refs, *written))),
        )
        for one in own
    )
    layers = [Layer(level=level, ref=ref, versions=history) for (level, ref), history in groups.items()]
    missing = dict.fromkeys(ref for one in linked for ref in one.community_refs if ref not in written)
    return Subject(
        ref=SubjectRef(name),
        versions=linked,
        family=next((one.family_ref for one in linked if one.family_ref), None),
        layers=(*layers, *(Layer(level="community", ref=ref) for ref in missing)),
    )


def _question(request: Members, at: Seconds, known_at: Seconds) -> ConsentQuestion:
    countries = (request.text("recipient_country"), request.text("processing_country"))
    question = ConsentQuestion(
        recipient_country=countries[0],
        processing_country=countries[1],
        at=at,
        known_at=known_at,
        data_generated_on=request.day("data_generated_on"),
        needs_new_data=request.flag("needs_new_data"),
        purpose=_purpose(request, frozenset(one for one in countries if one is not None)),
    )
    request.done()
    return question


def _purpose(request: Members, countries: frozenset[str]) -> Purpose:
    """What a row leaves out is not asked for (so the format says it); what is `null` was not answered: never "no"."""
    asked = request.word("purpose", tuple(_KINDS), optional=True)
    kinds = _KINDS[asked] if asked is not None else frozenset()
    ancestry, genetic = request.flag("ancestry") or False, request.flag("genetic_study") or False
    answered = "topics" not in request.names()
    stated = request.texts("topics")
    answered = answered or stated is not None
    topics = {one.removeprefix(TOPIC) for one in stated or ()}
    sensitive = topics & set(Sensitive)
    flags = {f"{TOPIC}{one}" for one in topics - sensitive}
    return Purpose(
        organisation=request.word("org_type", Organisation, optional=True),
        commercial=_asked(request, "commercial_use"),
        clinical_care=asked == "clinical",
        genetic_data=genetic,
        kinds=kinds | ({Kind.ANCESTRY} if ancestry else set()) | ({Kind.GENETIC} if genetic else set()),
        diseases=frozenset(request.texts("diseases") or ()),
        countries=countries,
        project=request.text("project"),
        institution=request.text("institution"),
        user=request.text("user"),
        duration_months=request.count("duration_months"),
        sensitive=frozenset(Sensitive(one) for one in sensitive) if answered else None,
        ai_use=_ai_use(request),
        linkage=_asked(request, "linkage"),
        recontact=_asked(request, "recontact"),
        modality=Modality(request.word("modality", tuple(Modality), Modality.DOWNLOAD)),
        flags=frozenset(flags | ({FAMILY_ANALYSIS} if request.flag("family_analysis") else set())),
    )


def _asked(request: Members, name: str) -> bool | None:
    return request.flag(name) if name in request.names() else False


def _ai_use(request: Members) -> AiUse | None:
    training, release = _asked(request, "ai_training"), _asked(request, "ai_model_release")
    if release:
        return "model_release"
    if training:
        return "training"
    return "none" if training is False and release is False else None


def _withdrawal(given: Members, request: Mapping[str, object]) -> Mapping[str, object]:
    raw = Members(given.take("withdrawal"), "withdrawal")
    limits = raw.take("approved_limits") or ()
    if not isinstance(limits, list | tuple):
        raise raw.wrong("approved_limits", "not a list")
    withdrawal = Withdrawal(kind=raw.word("kind", WithdrawalKind), approved_limits=tuple(_limit(one) for one in limits))
    raw.done()
    needed = Members(request, "request").flag("needs_new_data")
    things = given.texts("grants") or ()
    given.done()
    return effects(withdrawal, things, needs_new_data=needed is not False)


def _limit(raw: object) -> ApprovedLimit:
    """A row may name a limit by its word alone: it was approved then, and told beforehand."""
    if isinstance(raw, str):
        raw = {"what": raw, "approval_ref": "stated", "told_in_template_paragraph": "stated"}
    return parts.read_limit(raw, "withdrawal.approved_limits")
