"""How do consent records and certificates look in a catalogue or case file? (names as in core/consent/model.py)

Unknown members and wrong types are ValueErrors that name the member. Unknown DUO codes and unknown answer
keys are kept: judging holds them, so that a source that knows more than we do is never read as a yes.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from broker.core.consent import model
from broker.core.consent import reading_parts as parts
from broker.core.consent.members import MAX_MEMBERS, Members
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Scope
from broker.core.ids import DatasetId, SubjectRef
from broker.core.purpose import Modality

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


def read_history(raw: object, subject: str, place: str = "consent") -> tuple[ConsentVersion, ...]:
    """Every version of one subject, in the order given. An empty list says that there is no record."""
    if not isinstance(raw, list | tuple) or len(raw) > MAX_MEMBERS:
        raise ValueError(f"{place}: not a list of at most {MAX_MEMBERS} versions")
    return tuple(read_version(one, subject, f"{place}[{index}]") for index, one in enumerate(raw))


def read_version(raw: object, subject: str | None = None, place: str = "consent") -> ConsentVersion:
    """One version. `subject` is whose it is where the record itself does not say; a participant's may not differ.

    A family's record names it as `family_ref`, a community's as `community_ref`, or either as `subject_ref`.
    """
    given = Members(raw, place)
    level = given.word("level", model.Level, "participant")
    ref = _whose(given, level, subject)
    of_a_person, of_a_community = level == "participant", level == "community"
    scope, told_within = _scope(given.take("scope"), f"{place}.scope")
    told = given.take("communication")
    if told is not None and told_within is not None:
        raise given.wrong("communication", "stated twice")
    record = ConsentVersion(
        consent_id=given.text("consent_id") or ref,
        version=given.needed_count("version"),
        level=level,
        subject_ref=SubjectRef(ref),
        custodian=given.text("custodian") or "",
        model=given.word("model", model.ConsentModel, "specific"),
        legal_basis=parts.read_legal_basis(given.take("legal_basis"), f"{place}.legal_basis"),
        status=given.word("status", model.Status, "active"),
        effective_from=given.needed_instant("effective_from"),
        effective_to=given.instant("effective_to"),
        recorded_at=given.instant("recorded_at"),
        supersedes=parts.read_supersedes(given.take("supersedes"), f"{place}.supersedes"),
        grantor=parts.read_grantor(given.take("grantor"), f"{place}.grantor"),
        capacity=given.word("capacity", model.Capacity, "full"),
        maturity_review_on=given.day("maturity_review_on"),
        after_death=given.word("after_death", model.AfterDeath, "continue"),
        deceased_on=given.day("deceased_on"),
        template=parts.read_template(given.take("template"), f"{place}.template"),
        evidence=parts.read_evidence(given.take("evidence"), f"{place}.evidence"),
        scope=scope,
        communication=parts.read_communication(told_within if told is None else told, f"{place}.communication"),
        withdrawal=parts.read_withdrawal(given.take("withdrawal"), f"{place}.withdrawal"),
        signature=given.text("signature"),
        prev_hash=given.text("prev_hash"),
        family_ref=given.text("family_ref") if of_a_person else None,
        community_refs=(given.texts("community_refs") or ()) if of_a_person else (),
        override=parts.read_override(given.take("override"), f"{place}.override"),
        community=parts.read_community(given.take("community"), f"{place}.community") if of_a_community else None,
    )
    given.done()
    if record.override is not None and record.model not in {"waiver", "opt_out"}:
        raise given.wrong("override", "only a waiver or an opt-out can have one")
    if record.override is not None and not record.may_be_overridden:
        raise given.wrong("legal_basis", "an override needs one other than consent, with instrument and approval_ref")
    return _with_labels(record)


def _whose(given: Members, level: str, subject: str | None) -> str:
    if level == "participant":
        ref = given.text("subject_ref") or subject
        if ref is None or subject not in {None, ref}:
            raise given.wrong("subject_ref", "missing, or another subject's")
        return ref
    name = f"{level}_ref"
    ref, other = given.text(name), given.text("subject_ref")
    if ref is not None and other not in {None, ref}:
        raise given.wrong("subject_ref", f"another one than {name}")
    found = ref or other or subject
    if found is None:
        raise given.wrong(name, "missing")
    return found


def _with_labels(record: ConsentVersion) -> ConsentVersion:
    """The record with the modifiers that its labels stand for, where the community signed for that."""
    signed = () if record.community is None else [one for one in record.community.label_defaults if one.signature]
    added = [term for one in signed for term in one.modifiers if term not in record.scope.modifiers]
    if not added:
        return record
    modifiers = tuple(dict.fromkeys((*record.scope.modifiers, *added)))
    return replace(record, scope=replace(record.scope, modifiers=modifiers))


def read_certificate(raw: object, place: str = "certificate") -> DatasetCertificate:
    """What the institution certifies. `filterable` not stated: only files of one participant each are."""
    given = Members(raw, place)
    dataset = given.text("dataset_id")
    granularity = given.word("granularity", model.Granularity, "per_sample")
    filterable, smallest = given.flag("filterable"), given.count("min_group")
    grace = given.count("maturity_grace_months")
    certificate = DatasetCertificate(
        dataset_id=None if dataset is None else DatasetId(dataset),
        permissions=parts.read_terms(given, "permissions"),
        modifiers=parts.read_terms(given, "modifiers"),
        granularity=granularity,
        filterable=granularity == "per_sample" if filterable is None else filterable,
        min_group=5 if smallest is None else smallest,
        family_objection=given.word("family_objection", model.FamilyObjection, "remove_relative"),
        maturity_grace_months=6 if grace is None else grace,
        safeguards=_words(given.take("safeguards"), f"{place}.safeguards"),
        valid_from=given.instant("valid_from"),
        valid_to=given.instant("valid_to"),
        ethics_ref=given.text("ethics_ref"),
        **_answers(given.take("answers"), f"{place}.answers", own=False),
    )
    given.done()
    return certificate


def _scope(raw: object, place: str) -> tuple[Scope, object]:
    """The scope, and what may stand within it or beside it: the member `communication`, not read yet."""
    if raw is None:
        return Scope(), None
    given = Members(raw, place)
    told = given.take("communication")
    scope = Scope(
        permissions=parts.read_terms(given, "permissions"),
        modifiers=parts.read_terms(given, "modifiers"),
        **_answers(given.take("answers"), f"{place}.answers", own=True),
    )
    given.done()
    return scope, told


def _answers(raw: object, place: str, *, own: bool) -> dict[str, Any]:
    """The answers, with the four that are no plain word under names of their own (`own`: a person's)."""
    given = Members({} if raw is None else raw, place)
    modalities = given.texts("modalities")
    if modalities is not None and not set(modalities) <= set(Modality):
        raise given.wrong("modalities", f"not a list of {', '.join(Modality)}")
    members: dict[str, Any] = {
        "hosting": _countries(given, "hosting"),
        "modalities": None if modalities is None else frozenset(Modality(one) for one in modalities),
        "recipient_countries": _countries(given, "recipient_countries"),
    }
    if own:
        members["return_of_results"] = given.word("return_of_results", model.ReturnOfResults, optional=True)
    return {**members, "answers": _words(given.rest(), place)}


def _countries(given: Members, name: str) -> frozenset[str] | None:
    countries = given.texts(name)
    if countries is not None and not all(_COUNTRY.fullmatch(one) for one in countries):
        raise given.wrong(name, "not a list of ISO 3166-1 alpha-2 codes")
    return None if countries is None else frozenset(countries)


def _words(raw: object, place: str) -> Mapping[str, str]:
    given = Members({} if raw is None else raw, place)
    return {name: given.needed(name) for name in sorted(given.names())}
