"""Which versions may go on record: chains, forms, limits, speakers. Each fault by its member."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.importing import Fault, Incoming, Plan, plan
from broker.core.consent.model import ApprovedLimit, ConsentVersion, Template, TemplateRecord
from broker.core.consent.reading import read_version
from broker.core.consent.withdrawal import effects
from broker.core.consent.writing import version_hash
from broker.core.ids import SubjectRef
from tests.core.consent.consent_world import NOW, on

SHA = "ab" * 32
LIMIT = ApprovedLimit(what="published", approval_ref="EC-7", told_in_template_paragraph="4.2")
FORM = TemplateRecord(
    template=Template(id="T12", version="4", sha256=SHA, language="de", reading_level="B1", cultural_review_ref="CR-1"),
    approved_limits=(LIMIT,),
)
RECORD: dict[str, Any] = {
    "consent_id": "c-1",
    "version": 1,
    "subject_ref": "s1",
    "effective_from": "2024-01-01",
    "grantor": {"kind": "self"},
    "template": {"id": "T12", "version": "4", "sha256": SHA},
    "scope": {"permissions": ["GRU"]},
}


def version(**members: Any) -> ConsentVersion:
    return read_version({name: value for name, value in (RECORD | members).items() if value is not None})


def planned(*versions: ConsentVersion, stored: tuple[ConsentVersion, ...] = ()) -> Plan:
    def history(consent_id: str) -> list[ConsentVersion]:
        return [one for one in stored if one.consent_id == consent_id]

    def templates(id: str, number: str) -> TemplateRecord | None:
        return FORM if (id, number) == ("T12", "4") else None

    incoming = [Incoming(place=f"line {place}", version=one) for place, one in enumerate(versions)]

    def custodians(subject: SubjectRef) -> set[str]:
        return {one.custodian for one in stored if one.subject_ref == subject}

    return plan(incoming, history, templates, custodians, NOW)


def problems(*versions: ConsentVersion, stored: tuple[ConsentVersion, ...] = ()) -> list[str]:
    return [fault.problem.partition(":")[0] for fault in planned(*versions, stored=stored).faults]


def test_when_the_broker_learned_of_it_is_not_for_the_source_to_say() -> None:
    found = planned(version(recorded_at="2020-01-01"))
    assert [one.version.recorded_at for one in found.new] == [NOW]
    assert found.new[0].version.effective_from == on("2024-01-01")


def test_the_same_again_is_kept_and_other_content_is_a_conflict() -> None:
    stored = replace(version(), recorded_at=on("2025-01-01"))
    again = planned(version(), stored=(stored,))
    assert (again.new, len(again.kept), again.faults) == ((), 1, ())
    other = version(scope={"permissions": ["NRES"]})
    assert problems(other, stored=(stored,)) == ["version"]
    assert problems(version(), other) == ["version"]


def test_one_fault_and_nothing_is_taken_and_every_fault_is_told() -> None:
    found = planned(version(), version(consent_id="c-2", template=None), version(consent_id="c-3", template=None))
    assert (found.new, found.kept) == ((), ())
    assert [fault.place for fault in found.faults] == ["line 1", "line 2"]
    assert str(Fault("line 1", "x")) == "line 1: x"


ONE = version()
STOPPED = version(version=2, status="withdrawn", withdrawal={"kind": "no_further_use"}, template=None)
CHOSEN = version(version=2, prev_hash=version_hash(ONE), scope={"permissions": ["GRU"], "answers": {"linkage": "deny"}})


def instead(number: int, **members: Any) -> ConsentVersion:
    """Another consent, in the place of that version of the first."""
    return version(**{"consent_id": "c-2", "supersedes": {"consent_id": "c-1", "version": number}} | members)


CHAINS: dict[str, tuple[tuple[ConsentVersion, ...], ConsentVersion, list[str]]] = {
    "a change": ((ONE,), version(version=2, scope={"permissions": ["HMB"]}), []),
    "a change that names what was before": ((ONE,), version(version=2, prev_hash=version_hash(ONE)), []),
    "a change that names something else": ((ONE,), version(version=2, prev_hash="00"), ["prev_hash"]),
    "a change of what somebody chose here, unawares": ((ONE, CHOSEN), version(version=3), ["prev_hash"]),
    "a withdrawal of what somebody chose here, unawares": (
        (ONE, CHOSEN), version(version=3, status="withdrawn", template=None), [],
    ),
    "a change of what somebody chose here": ((ONE, CHOSEN), version(version=3, prev_hash=version_hash(CHOSEN)), []),
    "a beginning that names something before": ((), version(prev_hash="00"), ["prev_hash"]),
    "an older version after a newer one": ((version(version=3),), version(version=2), ["version"]),
    "somebody else's chain": ((ONE,), version(version=2, subject_ref="s2"), ["subject_ref"]),
    "another level": ((ONE,), version(version=2, level="family"), ["subject_ref"]),
    "another custodian's chain": ((ONE,), version(version=2, custodian="b"), ["subject_ref"]),
    "another custodian's participant": ((ONE,), version(consent_id="c-2", custodian="b"), ["subject_ref"]),
    "a withdrawal": ((ONE,), STOPPED, []),
    "after a withdrawal, unawares": ((ONE, STOPPED), version(version=3), ["prev_hash"]),
    "after a withdrawal, knowingly": ((ONE, STOPPED), version(version=3, prev_hash=version_hash(STOPPED)), []),
    "after a pause, unawares": ((version(version=2, status="suspended"),), version(version=3), ["prev_hash"]),
    "in the place of another": ((ONE,), version(consent_id="c-2", supersedes={"consent_id": "c-1", "version": 1}), []),
    "in the place of an older version": ((ONE, version(version=2)), instead(1), ["supersedes"]),
    "in the place of a withdrawal, by the version before it": ((ONE, STOPPED), instead(1), ["supersedes"]),
    "in the place of a withdrawal, unawares": ((ONE, STOPPED), instead(2), ["supersedes"]),
    "in the place of a withdrawal, knowingly": ((ONE, STOPPED), instead(2, prev_hash=version_hash(STOPPED)), []),
    "in the place of a withdrawal, first as an error": (
        (ONE, STOPPED), instead(2, status="entered_in_error"), ["supersedes"],
    ),
    "in the place of a withdrawal, by a later version": (
        (ONE, STOPPED, version(consent_id="c-2")), instead(2, version=2), ["supersedes"],
    ),
    "in the place of what somebody chose here, unawares": ((ONE, CHOSEN), instead(2), ["supersedes"]),
    "in the place of nothing": ((), version(consent_id="c-2", supersedes={"consent_id": "c-1", "version": 1}), ["supersedes"]),
    "in the place of somebody else's": (
        (ONE,), version(consent_id="c-2", subject_ref="s2", supersedes={"consent_id": "c-1", "version": 1}), ["supersedes"],
    ),
}  # fmt: skip


@pytest.mark.row("WHO-3.1-2")
@pytest.mark.parametrize("case", CHAINS)
def test_a_chain_holds_together(case: str) -> None:
    stored, incoming, wanted = CHAINS[case]
    assert problems(incoming, stored=stored) == wanted


def test_a_whole_chain_comes_in_one_file_in_any_order() -> None:
    assert problems(version(version=2, prev_hash=version_hash(ONE)), ONE) == []


WAIVER = {"type": "ethics_waiver", "approval_ref": "EC-9"}
OLD_LIMIT = {"what": "published", "approval_ref": "EC-7", "told_in_template_paragraph": "4.2"}
SPOKEN = {"kind": "representative", "ref": "r-1", "scope_of_authority": "research", "valid_to": "2027-01-01"}


def withdrawn(**limit: Any) -> ConsentVersion:
    said = {name: value for name, value in (OLD_LIMIT | limit).items() if value is not None}
    return version(status="withdrawn", withdrawal={"kind": "no_further_use", "approved_limits": [said]})


GROUNDS: dict[str, tuple[ConsentVersion, list[str]]] = {
    "no form": (version(template=None), ["template"]),
    "a form that is not registered": (version(template={"id": "T13", "version": "4", "sha256": SHA}), ["template"]),
    "a form with another text": (version(template={"id": "T12", "version": "4", "sha256": "cd" * 32}), ["template.sha256"]),
    "a form by half a hash": (version(template={"id": "T12", "version": "4", "sha256": "ab"}), ["template.sha256"]),
    "a waiver": (version(template=None, legal_basis=WAIVER), []),
    "a waiver by nobody": (version(template=None, legal_basis={"type": "ethics_waiver"}), ["legal_basis.approval_ref"]),
    "a law": (version(template=None, legal_basis={"type": "public_interest_law", "instrument": "Law 7"}), []),
    "no law": (version(template=None, legal_basis={"type": "opt_out"}), ["legal_basis.instrument"]),
    "nothing is permitted, so no form is needed": (version(template=None, status="suspended"), []),
    "a partial withdrawal permits, so a form is needed": (
        version(template=None, status="withdrawn", withdrawal={"kind": "no_further_access"}), ["template"],
    ),
    "a withdrawal without its kind stops everything": (version(template=None, status="withdrawn"), []),
    "it ends before it begins": (version(effective_to="2023-01-01"), ["effective_to"]),
    "a limit as the form has it": (withdrawn(), []),
    "a limit that nobody approved": (withdrawn(approval_ref=None), ["withdrawal.approved_limits[0].approval_ref"]),
    "a limit that nobody was told": (
        withdrawn(told_in_template_paragraph=None), ["withdrawal.approved_limits[0].told_in_template_paragraph"],
    ),
    "a limit that the form has not": (withdrawn(what="model_trained"), ["withdrawal.approved_limits[0]"]),
    "who speaks, in writing, until a day": (version(grantor=SPOKEN), []),
    "who speaks, without a name": (version(grantor=SPOKEN | {"ref": None}), ["grantor.ref"]),
    "who speaks, without a scope": (version(grantor=SPOKEN | {"scope_of_authority": None}), ["grantor.scope_of_authority"]),
    "who speaks, for ever": (version(grantor=SPOKEN | {"valid_to": None}), ["grantor.valid_to"]),
    "a parent, until maturity": (version(grantor={"kind": "parent"}, maturity_review_on="2030-01-01"), []),
    "a parent, for ever": (version(grantor={"kind": "parent"}), ["maturity_review_on"]),
    "a guardian of an adult": (version(grantor=SPOKEN | {"kind": "guardian"}), []),
}  # fmt: skip


@pytest.mark.row("WHO-3.1-2")
@pytest.mark.row("WHO-3.1-3d")
@pytest.mark.row("WHO-3.1-11")
@pytest.mark.parametrize("case", GROUNDS)
def test_what_permits_says_on_what_it_rests(case: str) -> None:
    incoming, wanted = GROUNDS[case]
    assert problems(incoming) == wanted


THINGS = ("request_open", "visa_issued", "stream_running", "tre_workspace", "downloaded", "model_trained", "published")
EFFECTS: dict[str, tuple[ConsentVersion, dict[str, str]]] = {
    "W01 full, the limit approved and told": (withdrawn(), dict.fromkeys(THINGS, "RGT-W-STOP") | {"published": "RGT-W-LIMIT"}),
    "W02 full, no limit on record": (
        version(status="withdrawn", withdrawal={"kind": "no_further_use"}),
        dict.fromkeys(THINGS, "RGT-W-STOP") | {"published": "RGT-W-LIMIT-MISSING"},
    ),
    "W03 full, a limit that nobody was told": (
        withdrawn(told_in_template_paragraph=None),
        dict.fromkeys(THINGS, "RGT-W-STOP") | {"published": "RGT-W-LIMIT-MISSING"},
    ),
    "W04 no new data": (
        version(status="withdrawn", withdrawal={"kind": "no_further_access"}),
        dict.fromkeys(THINGS, "RGT-W-NO-NEW-DATA") | {"request_open": "RGT-W-STOP"},
    ),
    "W05 no contact": (version(withdrawal={"kind": "no_further_contact"}), dict.fromkeys(THINGS, "RGT-W-CONTACT-ONLY")),
}  # fmt: skip


@pytest.mark.row("WHO-3.1-2")
@pytest.mark.parametrize("case", EFFECTS)
def test_a_withdrawal_reaches_what_no_approved_limit_protects(case: str) -> None:
    found, wanted = EFFECTS[case]
    assert found.withdrawal is not None
    assert effects(found.withdrawal, THINGS) == wanted


def test_what_follows_a_version_that_is_there_already_is_taken() -> None:
    stored = replace(version(), recorded_at=on("2025-01-01"))
    found = planned(version(), version(version=2), stored=(stored,))
    assert ([one.version.version for one in found.new], len(found.kept)) == ([2], 1)


@pytest.mark.parametrize("ids", [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")])
def test_a_consent_may_come_in_one_sending_with_the_one_that_takes_its_place(ids: tuple[str, str, str]) -> None:
    """Whatever the ids are called and in whatever order they come."""
    one, two, three = ids
    sent = [
        version(consent_id=one),
        version(consent_id=one, version=2),
        version(consent_id=two, supersedes={"consent_id": one, "version": 2}),
        version(consent_id=two, version=2, supersedes={"consent_id": two, "version": 1}),
        version(consent_id=three, supersedes={"consent_id": two, "version": 2}),
    ]
    for order in (sent, sent[::-1]):
        found = planned(*order)
        assert found.faults == ()
        assert [(each.version.consent_id, each.version.version) for each in found.new] == [
            (one, 1), (one, 2), (two, 1), (two, 2), (three, 1),
        ]  # fmt: skip


def test_of_two_consents_that_each_take_the_others_place_none_is_taken() -> None:
    one = version(consent_id="a", supersedes={"consent_id": "b", "version": 1})
    two = version(consent_id="b", supersedes={"consent_id": "a", "version": 1})
    assert problems(one, two) == ["supersedes"]


def test_consents_are_taken_in_the_order_of_their_ids_and_versions() -> None:
    sent = [version(consent_id=id, version=number) for id in ("b", "a") for number in (2, 1)]
    found = [(each.version.consent_id, each.version.version) for each in planned(*sent).new]
    assert found == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_a_withdrawal_without_a_kind_must_be_named_too() -> None:
    stopped = version(version=2, status="withdrawn", template=None)
    assert problems(version(version=3), stored=(ONE, stopped)) == ["prev_hash"]


def test_a_consent_holds_for_a_second_at_least() -> None:
    assert problems(version(effective_to="2024-01-01")) == ["effective_to"]
    assert problems(version(effective_to="2024-01-01T00:00:01Z")) == []


@pytest.mark.parametrize("kind", ["public_interest_law", "opt_out"])
def test_who_rests_on_a_law_names_it(kind: str) -> None:
    members: dict[str, Any] = {"template": None, "legal_basis": {"type": kind, "approval_ref": "A-7"}}
    if kind == "opt_out":
        members["model"] = "opt_out"
    assert problems(version(**members)) == ["legal_basis.instrument"]
    named = members["legal_basis"] | {"instrument": "Act 7"}
    assert problems(version(**members | {"legal_basis": named})) == []


WRITTEN = {"ref": "g", "scope_of_authority": "research", "valid_to": "2030-01-01"}


@pytest.mark.parametrize(
    ("grantor", "members", "wanted"),
    [
        ({"kind": "guardian"}, {}, ["grantor.ref", "grantor.scope_of_authority", "grantor.valid_to"]),
        ({"kind": "guardian", **WRITTEN}, {}, []),
        ({"kind": "guardian"}, {"maturity_review_on": "2030-01-01"}, []),
        ({"kind": "parent"}, {"maturity_review_on": "2030-01-01"}, []),
        ({"kind": "parent"}, {}, ["maturity_review_on"]),
        (
            {"kind": "representative"}, {"maturity_review_on": "2030-01-01"},
            ["grantor.ref", "grantor.scope_of_authority", "grantor.valid_to"],
        ),
    ],
)  # fmt: skip
def test_who_speaks_for_a_child_does_so_until_it_is_mature_and_for_others_within_a_scope(
    grantor: dict[str, Any], members: dict[str, Any], wanted: list[str]
) -> None:
    assert problems(version(grantor=grantor, **members)) == wanted
