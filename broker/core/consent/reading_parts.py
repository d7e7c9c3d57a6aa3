"""The parts of a consent record, read strictly: who gave it, on which form, with which proof, how far withdrawn.

Each takes the part's plain mapping and its place for messages; `None` where the record does not have the part.
"""

from broker.core.consent import model
from broker.core.consent.members import MAX_MEMBERS, Members
from broker.core.duo.terms import Term, parse_terms


def read_withdrawal(raw: object, place: str = "withdrawal") -> model.Withdrawal | None:
    """How far somebody withdrew, or `None`. A reason is accepted and dropped: none is asked, none is kept."""
    if raw is None:
        return None
    given = Members(raw, place)
    given.take("reason")
    kind = given.word("kind", model.WithdrawalKind)
    limits = given.take("approved_limits") or ()
    if not isinstance(limits, list | tuple) or len(limits) > MAX_MEMBERS:
        raise given.wrong("approved_limits", f"not a list of at most {MAX_MEMBERS}")
    given.done()
    read = tuple(read_limit(one, f"{place}.approved_limits[{index}]") for index, one in enumerate(limits))
    return model.Withdrawal(kind=kind, approved_limits=read)


def read_limit(raw: object, place: str) -> model.ApprovedLimit:
    given = Members(raw, place)
    limit = model.ApprovedLimit(
        what=given.word("what", model.LimitWhat),
        approval_ref=given.text("approval_ref") or "",
        told_in_template_paragraph=given.text("told_in_template_paragraph") or "",
    )
    given.done()
    return limit


def read_legal_basis(raw: object, place: str) -> model.LegalBasis:
    if raw is None:
        return model.LegalBasis()
    given = Members(raw, place)
    basis = model.LegalBasis(
        type=given.word("type", model.BasisType, "consent"),
        instrument=given.text("instrument") or "",
        approval_ref=given.text("approval_ref"),
    )
    given.done()
    return basis


def read_supersedes(raw: object, place: str) -> tuple[str, int] | None:
    if raw is None:
        return None
    given = Members(raw, place)
    replaced = (given.needed("consent_id"), given.needed_count("version"))
    given.done()
    return replaced


def read_grantor(raw: object, place: str) -> model.Grantor | None:
    if raw is None:
        return None
    given = Members(raw, place)
    grantor = model.Grantor(
        kind=given.word("kind", model.GrantorKind),
        ref=given.text("ref"),
        valid_to=given.day("valid_to"),
        scope_of_authority=given.text("scope_of_authority") or "",
    )
    given.done()
    return grantor


def read_template(raw: object, place: str) -> model.Template | None:
    if raw is None:
        return None
    given = Members(raw, place)
    template = model.Template(
        id=given.needed("id"),
        version=given.needed("version"),
        sha256=given.needed("sha256"),
        language=given.text("language") or "",
        reading_level=given.text("reading_level") or "",
        cultural_review_ref=given.text("cultural_review_ref"),
        duo_clause_ids=given.texts("duo_clause_ids") or (),
    )
    given.done()
    return template


def read_evidence(raw: object, place: str) -> model.ConsentEvidence | None:
    if raw is None:
        return None
    given = Members(raw, place)
    evidence = model.ConsentEvidence(
        kind=given.word("kind", model.EvidenceKind),
        sha256=given.needed("sha256"),
        held_by=given.needed("held_by"),
    )
    given.done()
    return evidence


def read_communication(raw: object, place: str) -> model.Communication:
    if raw is None:
        return model.Communication()
    given = Members(raw, place)
    if given.text("channel") not in {None, "relay"}:
        raise given.wrong("channel", "not relay")
    communication = model.Communication(
        wants_updates=given.flag("wants_updates") or False, language=given.text("language") or ""
    )
    given.done()
    return communication


def read_override(raw: object, place: str) -> model.Override | None:
    """A law's override of an opt-out: all three members, or none of it."""
    if raw is None:
        return None
    given = Members(raw, place)
    override = model.Override(
        law=given.needed("law"), authority=given.needed("authority"), ends=given.needed_instant("ends")
    )
    given.done()
    return override


def read_community(raw: object, place: str) -> model.CommunityDecision | None:
    """What a community's authority decided; who decides, by which rule, about whom, and what, must be said."""
    if raw is None:
        return None
    given = Members(raw, place)
    local_only = given.flag("local_only")
    if local_only is None:
        raise given.wrong("local_only", "missing")
    defaults = given.take("label_defaults") or ()
    if not isinstance(defaults, list | tuple) or len(defaults) > MAX_MEMBERS:
        raise given.wrong("label_defaults", f"not a list of at most {MAX_MEMBERS}")
    decision = model.CommunityDecision(
        authority=given.needed("authority"),
        rule=given.needed("rule"),
        members=given.needed("members"),
        decision=given.word("decision", model.CommunityWord),
        local_only=local_only,
        review_on=given.day("review_on"),
        labels=given.texts("labels") or (),
        label_defaults=tuple(_label(one, f"{place}.label_defaults[{n}]") for n, one in enumerate(defaults)),
        benefit_terms=given.text("benefit_terms") or "",
        reached_at=given.text("reached_at") or "",
    )
    given.done()
    return decision


def _label(raw: object, place: str) -> model.LabelDefault:
    given = Members(raw, place)
    label = model.LabelDefault(
        label=given.needed("label"), modifiers=read_terms(given, "modifiers"), signature=given.text("signature")
    )
    given.done()
    return label


def read_terms(given: Members, name: str) -> tuple[Term, ...]:
    """The DUO codes of one member; none where it is missing."""
    raw = given.take(name)
    try:
        return parse_terms([] if raw is None else raw)
    except ValueError as error:
        raise given.wrong(name, str(error)) from None
