"""What a record may hold, and how it is read: strictly, and without a place for anybody's identity."""

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest

from broker.core.consent.members import MAX_COUNT, MAX_MEMBERS, MAX_TEXT
from broker.core.consent.model import ApprovedLimit, ConsentVersion, DatasetCertificate, Subject
from broker.core.consent.reading import read_certificate, read_history, read_version
from broker.core.duo.terms import Term
from broker.core.plain import canonical
from tests.core.consent.consent_world import FILE

FULL: dict[str, Any] = {
    "consent_id": "c-71f0",
    "version": 3,
    "level": "participant",
    "subject_ref": "sub_9t2k",
    "custodian": "org-7",
    "model": "opt_out",
    "legal_basis": {"type": "ethics_waiver", "instrument": "decision 7", "approval_ref": "EC-7"},
    "status": "withdrawn",
    "effective_from": "2026-03-01",
    "effective_to": "2027-03-01T12:00:00Z",
    "recorded_at": "2026-03-02",
    "supersedes": {"consent_id": "c-1", "version": 2},
    "grantor": {"kind": "guardian", "ref": "g-1", "valid_to": "2026-12-31", "scope_of_authority": "research"},
    "capacity": "supported",
    "maturity_review_on": "2026-08-01",
    "after_death": "family_decides",
    "deceased_on": "2026-05-01",
    "template": {
        "id": "T12",
        "version": "4",
        "sha256": "ab",
        "language": "fr",
        "reading_level": "B1",
        "cultural_review_ref": "CR-1",
        "duo_clause_ids": ["clause-1"],
    },
    "evidence": {"kind": "paper_scan", "sha256": "cd", "held_by": "org-7"},
    "scope": {
        "permissions": [{"code": "DS", "disease": "MONDO:0005015"}],
        "modifiers": ["NPU"],
        "answers": {
            "linkage": "deny",
            "topic:cloning": "ask",
            "hosting": ["FR"],
            "modalities": ["download"],
            "recipient_countries": [],
            "return_of_results": "actionable",
        },
    },
    "communication": {"wants_updates": True, "language": "fr", "channel": "relay"},
    "withdrawal": {
        "kind": "no_further_access",
        "reason": "somebody told us",
        "approved_limits": [{"what": "published", "approval_ref": "EC-7", "told_in_template_paragraph": "4.2"}],
    },
    "signature": "eyJ…",
    "prev_hash": "ef",
    "family_ref": "fam-1",
    "community_refs": ["com-1"],
    "override": {"law": "Act 7", "authority": "the health data body", "ends": "2027-01-01"},
}
COMMUNITY: dict[str, Any] = {
    "authority": "Council of elders",
    "rule": "two thirds of the council",
    "members": "who is enrolled with the council",
    "decision": "approved",
    "local_only": True,
    "review_on": "2027-01-01",
    "labels": ["provenance", "non_commercial"],
    "label_defaults": [{"label": "non_commercial", "modifiers": ["NCU"], "signature": "eyJ…"}],
    "benefit_terms": "results come back to the council",
    "reached_at": "https://council.example",
}
OF_COMMUNITY: dict[str, Any] = {
    "version": 1,
    "level": "community",
    "community_ref": "com-1",
    "effective_from": "2026-01-01",
    "community": COMMUNITY,
}

RECORD_FIELDS = {
    "ConsentVersion": "consent_id version level subject_ref custodian model legal_basis status effective_from"
    " effective_to recorded_at supersedes grantor capacity maturity_review_on after_death deceased_on template"
    " evidence scope communication withdrawal signature prev_hash"
    " family_ref community_refs override community",
    "LegalBasis": "type instrument approval_ref",
    "Grantor": "kind ref valid_to scope_of_authority",
    "Template": "id version sha256 language reading_level cultural_review_ref duo_clause_ids",
    "ConsentEvidence": "kind sha256 held_by",
    "Scope": "permissions modifiers answers hosting modalities recipient_countries return_of_results",
    "Communication": "wants_updates language",
    "Withdrawal": "kind approved_limits",
    "Override": "law authority ends",
    "LabelDefault": "label modifiers signature",
    "CommunityDecision": "authority rule members decision local_only review_on labels label_defaults benefit_terms"
    " reached_at",
    "ApprovedLimit": "what approval_ref told_in_template_paragraph",
}
IDENTIFYING = {
    *("name", "surname", "forename", "email", "mail", "phone", "mobile", "address", "street", "city", "postcode"),
    *("birth", "born", "dob", "age", "sex", "gender", "passport", "ssn", "nhs", "insurance", "contact", "photo"),
    *("reason", "comment", "note", "text"),
}


def record_types(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Every dataclass of ours that a record of type `kind` can hold."""
    for part in (kind, *get_args(kind)):
        if part is not kind:
            record_types(part, found)
        elif is_dataclass(part) and isinstance(part, type) and part is not Term and part.__name__ not in found:
            found[part.__name__] = part
            for hint in get_type_hints(part).values():
                record_types(hint, found)
    return found


def test_the_list_of_what_a_record_can_hold_is_closed() -> None:
    found = {
        name: " ".join(one.name for one in fields(kind)) for name, kind in record_types(ConsentVersion, {}).items()
    }
    assert found == RECORD_FIELDS


@pytest.mark.row("WHO-3.5-3")
def test_no_member_of_a_record_can_say_who_somebody_is() -> None:
    kinds = [*record_types(ConsentVersion, {}).values(), Subject, DatasetCertificate]
    words = {word for kind in kinds for one in fields(kind) for word in one.name.split("_")}
    assert not words & IDENTIFYING


def test_a_full_record_is_read_whole() -> None:
    record = read_version(FULL)
    default = read_version({"version": 1, "effective_from": "2024-01-01"}, "s1")
    same = {one.name for one in fields(record) if getattr(record, one.name) == getattr(default, one.name)}
    assert same == {"level", "community"}
    assert (record.family_ref, record.community_refs) == ("fam-1", ("com-1",))
    assert record.supersedes == ("c-1", 2)
    assert record.scope.recipient_countries == frozenset()
    assert dict(record.scope.answers) == {"linkage": "deny", "topic:cloning": "ask"}
    assert record.scope.return_of_results == "actionable"
    assert record.communication.wants_updates


def test_the_reason_of_a_withdrawal_is_not_kept() -> None:
    assert b"somebody told us" not in canonical(read_version(FULL))


def test_what_is_not_stated_is_the_safe_or_the_empty_value() -> None:
    record = read_version({"version": 1, "effective_from": "2024-01-01"}, "s1")
    assert (record.known_from, record.consent_id) == (record.effective_from, "s1")
    assert (record.scope.permissions, record.scope.hosting, record.grantor) == ((), None, None)
    one_each, joint = read_certificate({}), read_certificate({"granularity": "multi_sample"})
    assert (one_each.filterable, joint.filterable, one_each.min_group) == (True, False, 5)


NAMED = {
    "override": "authority",
    "model": "(model|override)",
    "supersedes": "version",
    "grantor": "kind",
    "template": "version",
    "withdrawal.approved_limits": "(what|approved_limits)",
    "scope.answers": "(answers|linkage|hosting|modalities|return_of_results)",
}
"""The member that the message names, where it is not the one that was changed."""


def changed(path: str, value: object) -> dict[str, Any]:
    top, _, rest = path.partition(".")
    return {**FULL, top: {**FULL[top], rest: value} if rest else value}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("birth_date", "1990-01-01"),
        ("override", {"law": "x"}),
        ("override.ends", "soon"),
        ("override.ends", None),
        ("override.scope", "x"),
        ("model", "broad"),
        ("family_ref", 7),
        ("family_refs", ["fam-1"]),
        ("community_refs", "com-1"),
        ("community_ref", "com-1"),
        ("community", COMMUNITY),
        ("scope.communication", {"wants_updates": True}),
        ("version", "3"),
        ("version", True),
        ("version", -1),
        ("version", MAX_COUNT + 1),
        ("version", None),
        ("effective_from", None),
        ("effective_from", "2026-13-01"),
        ("effective_from", "2026-01-01T00:00:00"),
        ("effective_from", 20260101),
        ("status", "deleted"),
        ("level", "tribe"),
        ("model", 7),
        ("maturity_review_on", "soon"),
        ("custodian", ""),
        ("custodian", "x" * (MAX_TEXT + 1)),
        ("legal_basis", "consent"),
        ("legal_basis.type", "whim"),
        ("supersedes", {"consent_id": "c-1"}),
        ("grantor", {"ref": "g"}),
        ("grantor.kind", "friend"),
        ("grantor.valid_to", 2026),
        ("grantor.surname", "x"),
        ("template", {"id": "T12"}),
        ("template.duo_clause_ids", "clause-1"),
        ("evidence.kind", "rumour"),
        ("evidence.held_by", None),
        ("communication.channel", "sms"),
        ("communication.wants_updates", "yes"),
        ("withdrawal.kind", "everything"),
        ("withdrawal.approved_limits", [{"what": "moon"}]),
        ("withdrawal.approved_limits", {"what": "published"}),
        ("scope.permissions", "GRU"),
        ("scope.modifiers", [{"code": "TS", "months": "12"}]),
        ("scope.answers", ["linkage"]),
        ("scope.answers", {"linkage": True}),
        ("scope.answers", {"hosting": ["fr"]}),
        ("scope.answers", {"hosting": ["FRA"]}),
        ("scope.answers", {"hosting": "FR"}),
        ("scope.answers", {"modalities": ["telepathy"]}),
        ("scope.answers", {"return_of_results": "some"}),
        ("scope.answers", {f"topic:{n}": "ask" for n in range(MAX_MEMBERS + 1)}),
        ("scope.sample", "x"),
    ],
)
def test_a_strange_record_is_refused_and_the_member_named(path: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"\b{NAMED.get(path, path.rpartition('.')[2])}\b|more than {MAX_MEMBERS} "):
        read_version(changed(path, value))


@pytest.mark.parametrize("member", ["authority", "rule", "members", "decision", "local_only"])
def test_a_communitys_decision_says_who_decided_what_by_which_rule(member: str) -> None:
    left_out = {name: value for name, value in COMMUNITY.items() if name != member}
    with pytest.raises(ValueError, match=rf"community\.{member}"):
        read_version({**OF_COMMUNITY, "community": left_out})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("decision", "perhaps"),
        ("local_only", "yes"),
        ("review_on", "soon"),
        ("labels", "provenance"),
        ("label_defaults", {"label": "x"}),
        ("label_defaults", [{"modifiers": ["NCU"]}]),
        ("label_defaults", [{"label": "x", "modifiers": "NCU"}]),
        ("label_defaults", [{"label": "x", "signed": True}]),
        ("elders", ["x"]),
    ],
)
def test_a_strange_decision_of_a_community_is_refused_and_the_member_named(member: str, value: object) -> None:
    named = {"label_defaults": "(label_defaults|label|modifiers|signed)"}.get(member, member)
    with pytest.raises(ValueError, match=rf"\b{named}\b"):
        read_version({**OF_COMMUNITY, "community": {**COMMUNITY, member: value}})


def test_a_label_stands_for_modifiers_only_where_the_community_signed_for_it() -> None:
    unsigned = [{"label": "non_commercial", "modifiers": ["NCU"]}]
    silent = read_version({**OF_COMMUNITY, "community": {**COMMUNITY, "label_defaults": unsigned}})
    assert [term.name for term in read_version(OF_COMMUNITY).scope.modifiers] == ["NCU"]
    assert silent.scope.modifiers == ()
    assert silent.community is not None
    assert silent.community.labels == ("provenance", "non_commercial")


@pytest.mark.parametrize(
    ("members", "ref"),
    [
        ({"level": "family", "family_ref": "f1"}, "f1"),
        ({"level": "family", "subject_ref": "f1"}, "f1"),
        ({"level": "family", "subject_ref": "f1", "family_ref": "f1"}, "f1"),
        ({"level": "community", "community_ref": "c1"}, "c1"),
        ({"level": "family", "family_ref": "f1", "subject_ref": "f2"}, None),
        ({"level": "family", "community_ref": "c1", "subject_ref": "f1"}, None),
        ({"level": "family"}, None),
    ],
)
def test_the_record_of_a_group_says_which_group(members: dict[str, Any], ref: str | None) -> None:
    raw = {"version": 1, "effective_from": "2026-01-01", **members}
    if ref is None:
        with pytest.raises(ValueError, match="_ref"):
            read_version(raw)
    else:
        assert read_version(raw).subject_ref == ref


def test_whether_somebody_wants_news_may_stand_in_the_scope() -> None:
    raw = {"version": 1, "effective_from": "2026-01-01", "scope": {"communication": {"wants_updates": True}}}
    assert read_version(raw, "s1").communication.wants_updates


def test_the_message_never_repeats_the_value() -> None:
    with pytest.raises(ValueError, match="status") as caught:
        read_version(changed("status", "Erika Mustermann"))
    assert "Erika" not in str(caught.value)


def test_limits_hold_at_n_and_not_at_n_plus_one() -> None:
    assert read_version(changed("custodian", "x" * MAX_TEXT)).custodian
    assert read_version(changed("version", MAX_COUNT)).version == MAX_COUNT
    answers = {f"topic:{n}": "ask" for n in range(MAX_MEMBERS)}
    assert len(read_version(changed("scope.answers", answers)).scope.answers) == MAX_MEMBERS
    one = {"version": 1, "effective_from": "2024-01-01"}
    assert len(read_history([one] * MAX_MEMBERS, "s1")) == MAX_MEMBERS
    with pytest.raises(ValueError, match="at most"):
        read_history([one] * (MAX_MEMBERS + 1), "s1")


def test_a_record_cannot_be_read_as_somebody_elses() -> None:
    with pytest.raises(ValueError, match="subject_ref"):
        read_version(FULL, "s1")
    with pytest.raises(ValueError, match="subject_ref"):
        read_version({"version": 1, "effective_from": "2024-01-01"})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("granularity", "per_person"),
        ("filterable", "yes"),
        ("min_group", -1),
        ("min_group", 2.0),
        ("family_objection", "sue"),
        ("maturity_grace_months", "6"),
        ("safeguards", {"dac": True}),
        ("valid_from", "today"),
        ("valid_to", "2026-06-01T00:00"),
        ("permissions", [{"kode": "GRU"}]),
        ("answers", {"return_of_results": ["x"]}),
        ("minimum", 5),
    ],
)
def test_a_strange_certificate_is_refused_and_the_member_named(member: str, value: object) -> None:
    with pytest.raises(ValueError, match=member if member != "answers" else "return_of_results"):
        read_certificate({"permissions": ["GRU"], member: value})


def test_a_certificate_is_read_whole() -> None:
    raw = {
        "dataset_id": "https://data.example/d1",
        "permissions": ["GRU"],
        "modifiers": ["NCU"],
        "answers": {"linkage": "deny", "hosting": ["FR"]},
        "granularity": "multi_sample",
        "filterable": True,
        "min_group": 7,
        "family_objection": "block_family",
        "maturity_grace_months": 0,
        "safeguards": {"dac": "yes"},
        "valid_from": "2024-01-01",
        "valid_to": "2030-01-01",
        "ethics_ref": "EC-1",
    }
    found, default = read_certificate(raw), DatasetCertificate(permissions=())
    same = {one.name for one in fields(found) if getattr(found, one.name) == getattr(default, one.name)}
    assert same == {"modalities", "recipient_countries"}


def test_every_history_of_the_case_file_has_a_plain_form() -> None:
    for row in FILE["cases"]:
        for ref, history in row.get("subjects", {}).items():
            assert canonical(read_history(history, ref))


@pytest.mark.parametrize(("approval", "told", "applies"), [("a", "b", True), ("a", "", False), ("", "b", False)])
@pytest.mark.row("WHO-3.1-2")
def test_a_limit_applies_only_if_it_was_approved_and_told(approval: str, told: str, applies: bool) -> None:  # noqa: FBT001 (a table's column)
    limit = ApprovedLimit(what="published", approval_ref=approval, told_in_template_paragraph=told)
    assert limit.applies is applies
