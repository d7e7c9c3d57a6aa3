"""What the gates look at: the registry and the credentials in place of what was written, and nothing made up."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.judge import ConsentOutcome
from broker.core.consent.model import Scope
from broker.core.decision.case import Case, case_of, turns_of_evidence
from broker.core.decision.weighing import weighed
from broker.core.ids import Issuer, SubjectRef
from broker.core.purpose import LADDER, Modality, Purpose
from broker.core.rows import ConsentRow, Evidence, Grant
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_community_gate import decided
from tests.fakes import START

COLOGNE = b.organisation(id="cologne", scopes=frozenset({"cologne.example"}))
BOTH = ("faculty@rhine.example", "guest@cologne.example")


def looked_up(purpose: Purpose | None = b.PURPOSE, *more: Any, world: Any = None, **changes: Any) -> Case:
    question = b.question(**{"stage": "approve", "purpose": purpose, "grants": (), "object": None} | changes)
    snapshot = b.snapshot(COLOGNE, *more, **(world or {}))
    return case_of(question, None, weighed(question, snapshot), snapshot)


def purpose_of(case: Case) -> Purpose:
    assert case.purpose is not None
    return case.purpose


ORGANISATIONS: list[tuple[tuple[str, ...], str | None, str | None]] = [
    (("faculty@rhine.example",), None, "rhine"),
    (BOTH, None, None),
    (BOTH, "rhine", "rhine"),
    (BOTH, "cologne", "cologne"),
    (BOTH, "oxford", None),
    (("faculty@rhine.example",), "cologne", None),
    (("faculty@nowhere.example",), "rhine", None),
    ((), None, None),
]


@pytest.mark.parametrize(("shown", "written", "counts"), ORGANISATIONS, ids=map(str, range(len(ORGANISATIONS))))
def test_one_acts_for_the_one_organisation_that_the_credentials_show(
    shown: tuple[str, ...], written: str | None, counts: str | None
) -> None:
    """Of several, for the one that the purpose names; what is written alone makes nobody a member."""
    case = looked_up(replace(b.PURPOSE, institution=written), affiliations=shown)
    assert (case.organisation.id if case.organisation else None) == counts
    assert purpose_of(case).institution == counts


@pytest.mark.parametrize(
    ("registered", "written", "counts"),
    [
        ("non_profit", None, "non_profit"),
        ("non_profit", "non_profit", "non_profit"),
        ("non_profit", "for_profit", "for_profit"),
        ("for_profit", "non_profit", "for_profit"),
        (None, "non_profit", None),
        (None, "for_profit", "for_profit"),
    ],
)
def test_of_what_is_said_and_what_is_known_of_profit_the_stricter_counts(
    registered: str | None, written: Any, counts: str | None
) -> None:
    rows = {"organisation": b.organisation(organisation=registered)}
    assert purpose_of(looked_up(replace(b.PURPOSE, organisation=written), world=rows)).organisation == counts


@pytest.mark.parametrize(
    ("home", "location", "counts"),
    [
        ("DE", "DE", {"BE", "DE"}),
        ("FR", "CH", {"BE", "FR", "CH"}),
        ("FR", None, {"BE", "FR"}),
        (None, "CH", set()),
    ],
)
def test_the_countries_are_those_stated_and_those_of_the_institution_and_the_person(
    home: str | None, location: str | None, counts: set[str]
) -> None:
    """Where nobody knows the institution's country, nobody knows the countries."""
    facts = {name: value for name, value in b.RECIPIENT_FACTS.items() if name != "recipient.country"}
    facts |= {"recipient.country": home} if home else {}
    case = looked_up(
        replace(b.PURPOSE, countries=frozenset({"BE"})),
        world={"organisation": b.organisation(facts=facts)},
        location=location,
    )
    assert purpose_of(case).countries == counts
    assert case.facts.get("recipient.individual_location") == location


US = {"code": "DUO:0000026", "users": [f"{b.HOME}|ada"]}
USERS: list[tuple[list[Any], Any, str | None]] = [
    ([US], {(b.US, "usr_ada"), (b.HOME, "ada")}, f"{b.HOME}|ada"),
    ([US], {(b.US, "usr_ada"), (Issuer("https://zz.example"), "a")}, f"{b.US}|usr_ada"),
    ([], {(b.US, "usr_ada"), (b.HOME, "ada")}, f"{b.US}|usr_ada"),
    ([US], set(), None),
]


@pytest.mark.parametrize(("codes", "identities", "user"), USERS, ids=map(str, range(len(USERS))))
def test_a_person_is_meant_by_the_identity_that_the_data_name(
    codes: list[Any], identities: Any, user: str | None
) -> None:
    rows = {"dataset": b.dataset(duo=b.codes("DUO:0000042", *codes))}
    assert purpose_of(looked_up(world=rows, identities=frozenset(identities))).user == user


def test_packs_read_what_is_stated_and_nothing_else() -> None:
    flagged = replace(b.PURPOSE, flags=frozenset({"b", "a"}), ai_use="training")
    facts = looked_up(flagged, modality=Modality.STREAM).facts
    assert (facts["request.purpose_flags"], facts["request.ai_use"]) == (("a", "b"), "training")
    assert facts["request.modality"] == "stream"
    assert facts["data.category"] == b.DATA_FACTS["data.category"]
    assert facts["recipient.country"] == "DE"
    assert "request.ai_use" not in looked_up(replace(b.PURPOSE, ai_use=None)).facts
    assert "request.purpose_flags" not in looked_up(None).facts
    assert looked_up(None).purpose is None


def evidence(name: str, begins: int, ends: int) -> Evidence:
    return Evidence(id=name, valid_from=Seconds(START + begins), valid_to=Seconds(START + ends))


def test_evidence_counts_from_its_second_until_before_its_end_and_its_turns_are_known() -> None:
    of_data = (evidence("d.now", 0, 1), evidence("d.over", -9, 0), evidence("d.coming", 5, 9))
    of_place = (evidence("o.now", -9, 7), evidence("o.coming", 1, 9))
    rows = {"dataset": b.dataset(evidence=of_data), "organisation": b.organisation(evidence=of_place)}
    case = looked_up(world=rows)
    assert case.facts["evidence"] == ("d.now", "o.now")
    assert sorted(turns_of_evidence(case)) == [START + 1, START + 1, START + 5, START + 7, START + 9, START + 9]
    assert turns_of_evidence(looked_up(world={"organisation": None})) == ()


@pytest.mark.parametrize("way", LADDER)
def test_copies_go_to_every_country_and_milder_ways_stay_where_the_data_lie(way: Modality) -> None:
    case = looked_up(replace(b.PURPOSE, countries=frozenset({"FR", "CH"})), modality=way)
    places = [facts.get("request.processing_country") for facts in case.readings]
    assert places == (["CH", "FR"] if way in (Modality.DOWNLOAD, Modality.STREAM) else ["DE"])
    nowhere = looked_up(replace(b.PURPOSE, countries=frozenset()), modality=Modality.DOWNLOAD)
    assert ["request.processing_country" in facts for facts in nowhere.readings] == [False]


def governed(allowed: str, decision: Any = "approved", **scope: Any) -> tuple[ConsentRow, ...]:
    """One community that lets data be processed in `allowed` only, and another that decided so."""
    where = Scope(hosting=frozenset({allowed}), **scope)
    other = decided(decision=decision)
    second = replace(other.consent, consent_id="con-com_2", subject_ref=SubjectRef("com_2"))
    return decided(scope=where), replace(other, id="con-com_2/1", consent=second)


@pytest.mark.parametrize("allowed", ["CH", "FR"])
@pytest.mark.parametrize("decision", ["approved", "undecided"])
def test_what_a_community_refuses_in_one_country_it_refuses(allowed: str, decision: str) -> None:
    """Of several countries the strictest answer counts, whichever comes first."""
    two = replace(b.PURPOSE, countries=frozenset({"FR", "CH"}))
    found = looked_up(two, *governed(allowed, decision)).communities
    assert found is not None
    assert (found.outcome, found.reasons[0].code) == (ConsentOutcome.DENY, "COM-REFUSED")
    here = looked_up(replace(b.PURPOSE, countries=frozenset({allowed})), *governed(allowed, decision)).communities
    assert here is not None
    assert here.outcome is (ConsentOutcome.PERMIT if decision == "approved" else ConsentOutcome.HOLD)


@pytest.mark.parametrize(("country", "outcome"), [("DE", ConsentOutcome.PERMIT), ("FR", ConsentOutcome.DENY)])
def test_a_community_may_say_to_which_country_its_data_go(country: str, outcome: ConsentOutcome) -> None:
    only = decided(scope=Scope(recipient_countries=frozenset({"DE"})))
    place = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": country})
    found = looked_up(b.PURPOSE, only, world={"organisation": place}).communities
    assert found is not None
    assert found.outcome is outcome


def test_without_a_purpose_a_community_has_nothing_to_agree_to() -> None:
    found = looked_up(None, decided()).communities
    assert found is not None
    assert (found.outcome, [one.code for one in found.reasons]) == (ConsentOutcome.HOLD, ["COM-APPROVAL-NEEDED"])
    assert looked_up(b.PURPOSE).communities is None


US_PEOPLE = {**b.DATA_FACTS, "data.us_person_count_12m": 60}


@pytest.mark.parametrize(("stage", "people"), [("foresee", 120), ("approve", 120), ("use", 60)])
def test_what_an_institution_had_before_is_counted_when_a_grant_is_asked_for_and_not_while_it_runs(
    stage: Any, people: int
) -> None:
    other = b.dataset(id="https://bank.example/datasets/other", facts=US_PEOPLE)
    had: Grant = b.grant(id="grt_9", dataset=other.id, affiliations=("staff@rhine.example",))
    rows = {"dataset": b.dataset(facts=US_PEOPLE)}
    assert looked_up(b.PURPOSE, other, had, world=rows, stage=stage).facts["data.us_person_count_12m"] == people


@pytest.mark.parametrize(
    ("decision", "evidence"),
    [
        ("approved", {"community.approved"}),
        ("undecided", set()),
        ("refused", {"community.approved", "community.refused"}),
    ],
)
def test_what_the_holder_notes_of_a_community_gives_way_to_its_record(decision: str, evidence: set[str]) -> None:
    """A note of a yes is none while the community waits; beside its no it is a note, and the no counts."""
    noted = b.dataset(evidence=(Evidence(id="community.approved"),))
    facts = looked_up(b.PURPOSE, decided(decision=decision), world={"dataset": noted}).facts
    assert facts["evidence"] == tuple(sorted(evidence))
    assert facts["data.community_governed"] is True
