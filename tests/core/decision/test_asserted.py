"""What is said of a person counts by who says it, of what kind it is, and from and until when."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision.asserted import accepted, affiliations, certificates, lapsed, registered
from broker.core.decision.entitlement import entitlements
from broker.core.decision.question import Question
from broker.core.decision.weighing import weighed
from broker.core.passport.holdings import REGISTERED_ACCESS
from broker.core.passport.visa import AFFILIATION, GRANT, LINK, RESEARCHER, TERMS, Visa
from broker.core.rows import Row
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_terms_and_registered import ISSUERS, ME, PROFILE, URL, said, terms, visa
from tests.fakes import START
from tests.flows.test_issued_visas import assertion

COURSE = "https://training.example/1"


def shown(*visas: Visa, **changes: Any) -> Question:
    return b.question(visas=visas, identities=ME | b.question().identities, **changes)


def world(*rows: Row, **changes: Any) -> Snapshot:
    return b.snapshot(*ISSUERS, *rows, **changes)


def asked(function: Any, url: str, question: Question, *rows: Row) -> Any:
    snapshot = world(*rows)
    return function(url, question, weighed(question, snapshot), snapshot)


@pytest.mark.parametrize(
    ("type_", "counts"),
    [(TERMS, True), (RESEARCHER, True), (GRANT, False), (LINK, False), (AFFILIATION, False)],
)
def test_what_opens_data_or_says_who_somebody_is_certifies_no_training(type_: str, *, counts: bool) -> None:
    """By a visa, by the home organisation, and by an assertion made here; nobody certifies themselves."""
    by_visa = asked(certificates, COURSE, shown(visa(type_, COURSE, linked=((b.HOME, "ada"),))))
    by_home = asked(certificates, COURSE, b.question(stated=(said(type_, COURSE),)))
    here = asked(certificates, COURSE, b.question(), assertion(id="a", type=type_, value=COURSE, by="so"))
    assert [len(found) for found in (by_visa, by_home, here)] == [int(counts)] * 3
    own = asked(
        certificates, COURSE, shown(visa(type_, COURSE, by="self"), stated=(replace(said(type_, COURSE), by="self"),))
    )
    assert own == ()
    assert asked(certificates, COURSE, shown(visa(type_, f"{COURSE}/2"))) == ()


@pytest.mark.parametrize(("begins", "ends", "counts"), [(0, 1, True), (-9, 9, True), (1, 9, False), (-9, 0, False)])
def test_what_the_home_organisation_said_counts_from_its_second_until_before_its_end(
    begins: int, ends: int, *, counts: bool
) -> None:
    word = replace(said(TERMS, URL), asserted=Seconds(START + begins), ends=Seconds(START + ends))
    question = b.question(stated=(word,))
    assert (asked(certificates, URL, question) == (START + ends,)) is counts
    assert (asked(accepted, URL, question) is not None) is counts
    of_a_place = replace(word, type=AFFILIATION, value="staff@rhine.example")
    found = affiliations(replace(question, stated=(of_a_place,)), weighed(question, world()), world())
    assert ("staff@rhine.example" in found) is counts


def test_a_certificate_that_has_ended_is_told_with_its_end() -> None:
    old = visa(TERMS, COURSE, exp=Seconds(START - 50))
    assert asked(lapsed, COURSE, shown(old)) == (START - 50,)
    assert asked(lapsed, COURSE, shown(replace(old, value=URL))) == ()
    assert asked(lapsed, COURSE, shown(replace(old, sub="somebody-else"))) == ()
    rows = [assertion(id="a", type="Training", value=COURSE, by="so", ends=Seconds(START - 9))]
    rows += [assertion(id="b", type="Training", value=COURSE, by="so", ended=START)]
    rows += [assertion(id="c", type="Training", value=COURSE, by="so")]
    assert sorted(asked(lapsed, COURSE, b.question(), *rows)) == [START - 9, START]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_acceptances_the_longer_counts(turned: bool) -> None:  # noqa: FBT001
    visas = [visa(TERMS, URL, exp=Seconds(START + 60)), visa(TERMS, URL, exp=Seconds(START + 90), jti="w", digest="w")]
    found = asked(accepted, URL, shown(*(visas[::-1] if turned else visas)))
    assert found.ends == START + 90
    own = asked(accepted, URL, shown(visas[0]), terms(ends=Seconds(START + 70)))
    assert own.ends == START + 70


def test_registered_access_lasts_while_both_of_its_parts_do() -> None:
    parts = (
        visa(TERMS, REGISTERED_ACCESS, asserted=Seconds(START - 30), exp=Seconds(START + 90)),
        visa(RESEARCHER, REGISTERED_ACCESS, asserted=Seconds(START - 60), exp=Seconds(START + 50)),
    )
    other = (replace(parts[0], exp=parts[1].exp), replace(parts[1], exp=parts[0].exp))
    later = (replace(parts[0], asserted=parts[1].asserted), replace(parts[1], asserted=parts[0].asserted))
    snapshot = world(dataset=b.dataset(access="registered", registered_profile=PROFILE))
    for visas in (parts, other, later):
        question = shown(*visas, grants=())
        (found,) = entitlements(question, weighed(question, snapshot), snapshot)
        assert (found.begins, found.ends) == (START - 30, START + 50)
        assert asked(registered, REGISTERED_ACCESS, question) is not None


STAFF, GUEST = "staff@rhine.example", "guest@rhine.example"
PLACES: list[tuple[dict[str, Any], tuple[Visa, ...], tuple[Row, ...], set[str]]] = [
    ({}, (), (), set()),
    ({"affiliations": (STAFF,)}, (), (), {STAFF}),
    ({}, (visa(AFFILIATION, GUEST),), (), {GUEST}),
    ({"affiliations": (STAFF,)}, (visa(AFFILIATION, GUEST),), (), {STAFF, GUEST}),
    ({"affiliations": (STAFF,), "stated": (said(AFFILIATION, GUEST),)}, (), (), {STAFF, GUEST}),
    ({"assertions": ("a",)}, (), (assertion(id="a", type=AFFILIATION, value=GUEST),), {GUEST}),
    ({}, (), (assertion(id="a", type=AFFILIATION, value=GUEST),), set()),
    ({"stated": (said(TERMS, GUEST),)}, (visa(AFFILIATION, STAFF),), (), {STAFF}),
    ({"affiliations": (STAFF,), "stated": (said(AFFILIATION, STAFF),)}, (), (), {STAFF}),
]


@pytest.mark.parametrize(("changes", "visas", "rows", "wanted"), PLACES, ids=map(str, range(len(PLACES))))
def test_somebody_is_where_any_of_their_credentials_says(
    changes: dict[str, Any], visas: tuple[Visa, ...], rows: tuple[Row, ...], wanted: set[str]
) -> None:
    """At sign-in, by a visa, by the home organisation, or by an assertion that is shown; each place once."""
    question = shown(*visas, **{"affiliations": ()} | changes)
    snapshot = world(*rows)
    found = affiliations(question, weighed(question, snapshot), snapshot)
    assert (len(found), set(found)) == (len(wanted), wanted)
