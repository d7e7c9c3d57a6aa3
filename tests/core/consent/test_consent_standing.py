"""Which version governs: whose place another takes, what a withdrawal leaves behind, and what a running grant is held to."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import ConsentVersion
from broker.core.consent.standing import Standing, as_it_counts, standings
from broker.core.consent.verdict import Verdict
from broker.core.ids import SubjectRef
from broker.core.time import Seconds
from tests.core.consent.consent_world import asking, codes, judged, on, person, record

STOP: dict[str, Any] = {"status": "withdrawn", "withdrawal": {"kind": "no_further_use"}}
QUIET: dict[str, Any] = {"withdrawal": {"kind": "no_further_contact"}}
Since = tuple[str, Seconds]


def version(consent: str, number: int, begins: str = "2024-01-01", **members: Any) -> ConsentVersion:
    after = members.pop("after", None)
    if after is not None:
        members["supersedes"] = {"consent_id": after[0], "version": after[1]}
    return record(consent_id=consent, version=number, effective_from=begins, recorded_at=begins, **members)


def standing(*versions: ConsentVersion) -> dict[str, Since | None]:
    found = standings(versions, asking())
    assert not isinstance(found, Verdict), found
    return {one.version.consent_id: one.withdrawal for one in found}


def refused(*versions: ConsentVersion) -> tuple[str, str, dict[str, str]]:
    found = standings(versions, asking())
    assert isinstance(found, Verdict), found
    return found.reason.code, found.reason.norm.rule if found.reason.norm else "", dict(found.reason.facts)


def test_without_a_record_nothing_governs() -> None:
    assert refused() == ("CON-NO-RECORD", "R1", {})
    assert refused(record(recorded_at="2027-01-01")) == ("CON-NO-RECORD", "R1", {})


def test_who_waits_is_told_the_first_day_on_which_it_begins() -> None:
    two = version("a", 1, "2026-08-01"), version("a", 2, "2026-07-01")
    heard = tuple(
        record(
            consent_id="a", version=one.version, effective_from=f"2026-0{9 - one.version}-01", recorded_at="2026-01-01"
        )
        for one in two
    )
    assert refused(*heard) == ("CON-NOT-YET-EFFECTIVE", "R2", {"date": "2026-07-01T00:00:00Z"})


def test_what_another_consent_takes_the_place_of_is_over_even_if_it_is_the_zeroth() -> None:
    assert standing(version("a", 0), version("b", 1, after=("a", 0))) == {"b": None}
    assert standing(version("a", 1), version("b", 1, after=("a", 0))) == {"a": None, "b": None}


A, STOPPED = version("a", 1), version("a", 2, "2025-03-01", **STOP)
USE, SINCE = "no_further_use", on("2025-03-01")


def test_a_withdrawal_reaches_through_every_consent_that_takes_the_place_of_another() -> None:
    """From the first to the third, as long as none of those between has taken it back."""
    third = version("c", 1, "2026-01-01", after=("b", 1), **QUIET)
    second = version("b", 1, "2025-06-01", after=("a", 2), **QUIET)
    assert standing(A, STOPPED, second, third) == {"c": (USE, SINCE)}
    taken_back = version("b", 1, "2025-06-01", after=("a", 2))
    assert standing(A, STOPPED, taken_back, third) == {"c": ("no_further_contact", on("2026-01-01"))}
    at_last = version("c", 1, "2026-01-01", after=("b", 1))
    assert standing(A, STOPPED, second, at_last) == {"c": None}


def test_consents_that_take_the_place_of_one_another_are_looked_at_once() -> None:
    one = version("a", 1, after=("b", 1), **STOP)
    two = version("b", 1, after=("a", 1), **STOP)
    assert standing(one, two, version("c", 1, "2026-01-01", after=("b", 1), **QUIET)) == {"c": (USE, on("2024-01-01"))}


def test_a_consent_that_goes_on_keeps_its_withdrawal_and_gives_it_to_no_other() -> None:
    """Its second version is not named by the one that takes the place of its first."""
    beside = version("b", 1, "2026-01-01", after=("a", 1), **QUIET)
    assert standing(A, STOPPED, beside) == {"a": (USE, SINCE), "b": ("no_further_contact", on("2026-01-01"))}
    both = (
        version("b", 1, "2025-06-01", after=("a", 2), **QUIET),
        version("b", 2, "2026-01-01", after=("y", 1), **QUIET),
    )
    others = version("y", 1), version("y", 2, "2025-01-01")
    assert standing(A, STOPPED, *both, *others) == {"b": (USE, SINCE), "y": None}


def test_of_several_withdrawals_the_widest_counts_and_of_equals_the_first() -> None:
    quiet = version("b", 1, "2025-01-01", **QUIET), version("b", 2, "2026-02-01", after=("a", 2), **QUIET)
    assert standing(A, STOPPED, *quiet) == {"b": (USE, SINCE)}
    early = version("z", 1, "2024-06-01", **STOP)
    for first, second in ((("a", 2), ("z", 1)), (("z", 1), ("a", 2))):
        one = version("b", 1, "2025-04-01", after=first, **QUIET)
        two = version("b", 2, "2025-05-01", after=second, **QUIET)
        assert standing(A, STOPPED, early, one, two) == {"b": (USE, on("2024-06-01"))}


# What a running grant is held to


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ([None], None),
        (["no_further_contact"], "no_further_contact"),
        (["no_further_use", "no_further_contact"], "no_further_use"),
        (["no_further_contact", "no_further_access"], "no_further_access"),
        (["no_further_use", None, "no_further_contact"], "no_further_contact"),
    ],
    ids=str,
)
def test_a_consent_is_told_with_the_widest_withdrawal_that_counts(kinds: list[str | None], told: str | None) -> None:
    chain = [
        version(
            "c1",
            number,
            f"2024-0{number}-01",
            **({"status": "withdrawn", "withdrawal": {"kind": kind}} if kind else {}),
        )
        for number, kind in enumerate(kinds, 1)
    ]
    found = as_it_counts(chain)
    assert (found.withdrawal.kind if found.withdrawal else None) == told
    assert replace(found, withdrawal=None) == replace(chain[-1], withdrawal=None)


def test_a_withdrawal_of_no_kind_is_told_as_it_stands() -> None:
    bare = replace(version("c1", 1), status="withdrawn")
    assert as_it_counts([bare]) == bare


def said(word: str, **more: str) -> dict[str, Any]:
    return {"scope": {"permissions": ["GRU"], "answers": {"linkage": word} | more}}


NO, YES, YES_TOO = said("deny"), said("permit"), said("permit", recontact="deny")
BEGAN = "2026-02-01"
Made = list[tuple[str, str, dict[str, Any]]]
RUNNING: list[tuple[str, Made, bool]] = [
    # what happened, versions (in force from, known from, what it says), may the grant use the data?
    ("a no that was lifted after it began", [("2024-01-01",) * 2 + (NO,), ("2026-03-01",) * 2 + (YES,)], False),
    ("a no that was lifted as it began", [("2024-01-01",) * 2 + (NO,), (BEGAN,) * 2 + (YES,)], True),
    ("a no that was lifted before, which was heard of later", [("2024-01-01",) * 2 + (NO,), ("2026-01-01", "2026-03-01", YES)], False),
    (
        "a no of long before",
        [("2024-01-01",) * 2 + (NO,), ("2025-01-01",) * 2 + (YES,), ("2026-03-01",) * 2 + (YES_TOO,)], True,
    ),
    (
        "a no until it began",
        [("2024-01-01",) * 2 + (NO,), (BEGAN,) * 2 + (YES,), ("2026-03-01",) * 2 + (YES_TOO,)], True,
    ),
    (
        "a no that was lifted in time and heard of too late",
        [("2024-01-01",) * 2 + (NO,), ("2025-01-01", "2026-02-15", YES), ("2026-03-01",) * 2 + (YES_TOO,)], False,
    ),
    ("a no in the meantime", [("2024-01-01",) * 2 + (YES,), ("2026-02-15",) * 2 + (NO,), ("2026-03-01",) * 2 + (YES,)], False),
    ("a no before anything was known", [("2026-02-10",) * 2 + (NO,), ("2026-03-01",) * 2 + (YES,)], False),
    (
        "a no that was an error",
        [("2024-01-01",) * 2 + (YES,), ("2026-02-15",) * 2 + (NO | {"status": "entered_in_error"},), ("2026-03-01",) * 2 + (YES,)],
        True,
    ),
    (
        "a no that was superseded",
        [("2024-01-01",) * 2 + (YES,), ("2026-02-15",) * 2 + (NO | {"status": "superseded"},), ("2026-03-01",) * 2 + (YES,)], True,
    ),
    (
        "a withdrawal that was an error",
        [("2024-01-01",) * 2 + (YES,), ("2026-02-15",) * 2 + (YES | STOP | {"status": "entered_in_error"},), ("2026-03-01",) * 2 + (YES,)],
        True,
    ),
    (
        "a withdrawal that was taken back",
        [("2024-01-01",) * 2 + (YES,), ("2026-02-15",) * 2 + (YES | STOP,), ("2026-03-01",) * 2 + (YES,)], False,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "made", "used"), RUNNING, ids=[one[0] for one in RUNNING])
def test_a_running_grant_is_held_to_every_no_since_it_began(_what: str, made: Made, *, used: bool) -> None:
    versions = [
        record(version=number, effective_from=begins, recorded_at=heard, **says)
        for number, (begins, heard, says) in enumerate(made, 1)
    ]
    subject = person("s1", *versions)
    running = judged(asking(linkage=True, grant_began=on(BEGAN)), subject)
    assert bool(running.included) is used
    assert judged(asking(linkage=True), subject).included == {"s1"}, "and a new request is not held to it"


CHILD: dict[str, Any] = {"grantor": {"kind": "parent"}, "maturity_review_on": "2025-10-01"}
LAPSED: dict[str, Any] = {"grantor": {"kind": "representative", "valid_to": "2025-10-01"}}
WAITS: dict[str, tuple[dict[str, Any], str]] = {
    "a review": (CHILD, "CON-REAFFIRM-DUE"),
    "capacity regained": ({"capacity": "regained"}, "CON-CAPACITY-REGAINED"),
    "a representative who no longer may": (LAPSED, "CON-REPRESENTATIVE-LAPSED"),
    "a pause": ({"status": "suspended"}, "CON-SUSPENDED"),
}


@pytest.mark.row("RUL-NO-STAYS")
@pytest.mark.parametrize(("waits", "code"), WAITS.values(), ids=WAITS)
@pytest.mark.parametrize("then", [NO, YES], ids=["says the same", "says yes"])
def test_a_no_stays_a_no_while_its_person_waits(waits: dict[str, Any], code: str, then: dict[str, Any]) -> None:
    """It was told as a question that somebody could answer: whoever answers cannot lift it for this grant."""

    def told(before: dict[str, Any], began: str | None) -> tuple[str, bool]:
        subject = person("s1", version("a", 1, **before), version("a", 2, "2026-03-01", **then, **waits))
        asked = asking(linkage=True, grant_began=on(began) if began else None)
        found = judged(asked, subject).verdicts[SubjectRef("s1")]
        assert found.reason is not None
        return found.reason.code, found.held

    assert told(NO, BEGAN) == ("CON-LINKAGE", False)
    assert told(YES, BEGAN) == (code, True)
    assert told(NO, None) == (code, True), "a new request waits, by the rule that fires first"
    assert told(NO, "2026-04-01") == (code, True), "and so does a grant that began later"


@pytest.mark.row("RUL-NO-STAYS")
def test_what_was_said_before_is_judged_by_its_own_words_alone() -> None:
    """Its yes answered what the newest version leaves open, so that its no to every way of access was reached."""
    answers = {"linkage": "permit", "recontact": "permit", "modalities": []}
    before = version("a", 1, scope={"permissions": ["GRU"], "answers": answers})
    after = version("a", 2, "2026-03-01", scope={"permissions": ["GRU"]})
    running = judged(asking(linkage=True, grant_began=on(BEGAN)), person("s1", before, after))
    new = judged(asking(linkage=True), person("s1", before, after))
    assert (codes(running), codes(new)) == (["CON-MODALITY"], ["CON-SILENT"])


@pytest.mark.row("RUL-NO-STAYS")
@pytest.mark.parametrize(
    "waiting", [{"modifiers": ["IRB"]}, {"answers": {"linkage": "ask"}}, {"answers": {"moon": "deny"}}], ids=str
)
def test_what_waited_before_may_end(waiting: dict[str, Any]) -> None:
    scope = {"permissions": ["GRU"], "answers": {"linkage": "permit"}}
    before, after = version("a", 1, scope=scope | waiting), version("a", 2, "2026-03-01", scope=scope)
    asked = asking(linkage=True, grant_began=on(BEGAN))
    assert judged(asked, person("s1", before)).included == frozenset()
    assert judged(asked, person("s1", before, after)).included == {"s1"}


def test_what_the_institution_refuses_is_no_word_of_the_person() -> None:
    """What it refuses is weighed with the newest version, which waits here."""
    before, after = version("a", 1, **YES), version("a", 2, "2026-03-01", **YES, **CHILD)
    asked = asking(kinds=["general"], grant_began=on(BEGAN))
    found = judged(asked, person("s1", before, after), permissions=["HMB"])
    assert codes(found) == ["CON-REAFFIRM-DUE"]


def test_what_waits_is_told_of_a_running_grant_as_of_a_new_request() -> None:
    """A version's own rules give its reason, the first that fires: no mixture of two versions refuses before."""
    before = record(scope={"permissions": ["HMB"]})
    says: dict[str, Any] = {"permissions": ["HMB"], "modifiers": ["IRB"], "answers": {"linkage": "deny"}}
    after = record(version=2, effective_from="2026-03-01", recorded_at="2026-03-01", scope=says)
    new, running = (
        judged(asking(linkage=True, grant_began=began), person("s1", before, after)).verdicts[SubjectRef("s1")]
        for began in (None, on(BEGAN))
    )
    assert new.reason is not None
    assert (new.reason.code, new.held) == ("CON-CONDITION-OPEN", True)
    assert running == new


@pytest.mark.parametrize(
    ("statuses", "paused"),
    [
        (["suspended"], True), (["suspended", "withdrawn"], True), (["suspended", "withdrawn", "withdrawn"], True),
        (["suspended", "active"], False), (["suspended", "active", "withdrawn"], False), (["withdrawn"], False),
    ],
    ids=str,
)  # fmt: skip
def test_a_pause_outlasts_what_is_withdrawn_meanwhile(statuses: list[str], *, paused: bool) -> None:
    less: dict[str, Any] = {"withdrawal": {"kind": "no_further_access"}}
    made = [version("a", n, status=one, **(less if one == "withdrawn" else {})) for n, one in enumerate(statuses, 1)]
    (found,) = standings(made, asking())  # type: ignore[misc]
    assert found.paused is paused


def test_a_standing_is_a_version_and_its_withdrawal() -> None:
    (found,) = standings([A], asking())  # type: ignore[misc]
    assert found == Standing(version=A, withdrawal=None)
