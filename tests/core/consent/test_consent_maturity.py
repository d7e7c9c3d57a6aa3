"""Who is asked to decide for themselves, from when on, and who is not."""

from typing import Any

import pytest

from broker.core.consent.maturity import invitations
from broker.core.consent.model import ConsentVersion
from broker.core.ids import DatasetId
from broker.core.time import Day, Seconds
from tests.core.consent.consent_world import on, record

DAY = "2026-12-31"
CHILD: dict[str, Any] = {"grantor": {"kind": "parent"}, "maturity_review_on": DAY}
HEART = frozenset({DatasetId("https://bank.example/heart")})


def asked(*versions: ConsentVersion, at: Seconds) -> list[tuple[str, bool]]:
    return [(one.id, one.overdue) for one in invitations([(one, HEART) for one in versions], at)]


@pytest.mark.row("RUL-MATURITY")
@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (on("2026-06-29"), []),
        (Seconds(on("2026-06-30") - 1), []),
        (on("2026-06-30"), [("s1", False)]),  # the last day of the month where it is shorter
        (Seconds(on(DAY) - 1), [("s1", False)]),
        (on(DAY), [("s1", True)]),
        (on("2030-01-01"), [("s1", True)]),
    ],
)
def test_from_half_a_year_before_and_until_they_have_answered(at: Seconds, wanted: list[tuple[str, bool]]) -> None:
    assert asked(record("s1", **CHILD), at=at) == wanted


@pytest.mark.row("RUL-MATURITY")
@pytest.mark.parametrize(
    "later",
    [
        {"grantor": {"kind": "self"}},  # they have answered
        {"grantor": {"kind": "self"}, "effective_from": DAY, "recorded_at": "2026-07-01"},  # and it waits for its day
        {**CHILD, "maturity_review_on": None},
        {**CHILD, "maturity_review_on": "2029-01-01"},
        {**CHILD, "status": "withdrawn"},
        {**CHILD, "status": "entered_in_error"},
        {**CHILD, "withdrawal": {"kind": "no_further_contact"}},
        {**CHILD, "effective_to": "2026-08-01"},
        {**CHILD, "effective_to": "2026-09-01"},  # since this second
        {**CHILD, "deceased_on": "2026-07-01"},
        {**CHILD, "deceased_on": "2026-09-01"},
        {"grantor": {"kind": "self"}, "recorded_at": "2026-09-01"},  # known since this second
        {"grantor": {"kind": "representative"}, "maturity_review_on": DAY},
        {"grantor": None, "maturity_review_on": DAY},
    ],
    ids=str,
)
def test_who_is_not_asked(later: dict[str, Any]) -> None:
    first, second = record("s1", **CHILD), record("s1", version=2, **later)
    assert asked(first, second, at=on("2026-09-01")) == []


@pytest.mark.row("RUL-MATURITY")
@pytest.mark.parametrize("kind", ["parent", "guardian"])
@pytest.mark.parametrize("status", ["active", "suspended"])
def test_who_is_asked_all_the_same(kind: str, status: str) -> None:
    version = record("s1", grantor={"kind": kind}, maturity_review_on=DAY, status=status)
    unknown = record("s1", version=2, grantor={"kind": "self"}, recorded_at="2026-10-01")
    assert asked(version, unknown, at=on("2026-09-01")) == [("s1", False)]


def test_a_consent_whose_place_another_takes_asks_nobody() -> None:
    other = record("s1", consent_id="new", supersedes={"consent_id": "s1", "version": 1}, grantor={"kind": "self"})
    assert asked(record("s1", **CHILD), other, at=on("2026-09-01")) == []


def test_a_version_that_names_the_one_before_it_takes_no_consents_place() -> None:
    again = record("s1", version=2, supersedes={"consent_id": "s1", "version": 1}, **CHILD)
    assert asked(record("s1", **CHILD), again, at=on("2026-09-01")) == [("s1", False)]


def test_an_invitation_says_by_pseudonym_whom_about_what_and_until_when() -> None:
    form = {"id": "T12", "version": "4", "sha256": "ab"}
    (one,) = invitations([(record("s1", template=form, **CHILD), HEART)], on("2026-09-01"))
    assert (one.subject, one.on, one.since, one.datasets) == ("s1", Day(2026, 12, 31), on("2026-06-30"), HEART)
    assert one.template is not None
    assert one.template.id == "T12"
