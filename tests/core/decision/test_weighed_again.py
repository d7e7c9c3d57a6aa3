"""Visas that were weighed before count again only while nothing that decides about them has changed (weighing.py)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.decision import Question, evaluate
from broker.core.memory import Memory
from broker.core.passport.bearer import Vouched
from broker.core.passport.limits import LEEWAY
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import TERMS, Visa
from broker.core.rows import Row, VisaIssuer
from broker.core.snapshot import Snapshot, follow
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_terms_and_registered import ISSUERS, ONE, TWO, URL, visa
from tests.fakes import START

ENDS = Seconds(START + 100)


def picture(*rows: Row) -> Snapshot:
    return b.snapshot(*ISSUERS, *rows, dataset=b.dataset(terms_of_use=URL))


def shown(*visas: Visa, **changes: Any) -> Question:
    identities = frozenset({(b.US, str(b.ADA)), (b.HOME, "ada"), (ONE, "ada"), (TWO, "ada")})
    return b.question(**{"visas": visas or (accepted(),), "identities": identities, **changes})


def accepted(**changes: Any) -> Visa:
    return visa(TERMS, URL, **{"exp": ENDS, **changes})


def asked(snapshot: Snapshot, at: int = 0, **changes: Any) -> bool:
    """Is it permitted, and is that what would be said without any memory?"""
    time = Seconds(START + at)
    question = shown(**{"at": time, "known_at": time, **changes})
    fresh = evaluate(question, replace(snapshot, memory=Memory(0)))
    found = evaluate(question, snapshot)
    assert found == fresh
    return found.permits


def trusted(**changes: Any) -> Row:
    return VisaIssuer(id=ONE, version=2, trust=TrustRow(iss=ONE, jku=(f"{ONE}/jwks",), **changes))


LATER: list[tuple[str, Callable[[], Row]]] = [
    ("the visa is revoked", lambda: b.revocation(f"visa:{accepted().digest}")),
    ("the visa is revoked by its jti", lambda: b.revocation(f"visa:{ONE} {accepted().jti}")),
    ("its key is revoked", lambda: b.revocation(f"key:{accepted().key}")),
    ("its issuer is revoked", lambda: b.revocation(f"issuer:{ONE}")),
    ("its issuer may say less", lambda: trusted(types=frozenset())),
    ("its issuer is suspended", lambda: replace(trusted(), status="suspended")),  # type: ignore[type-var]
]


@pytest.mark.parametrize(("_what", "row"), LATER, ids=[what for what, _ in LATER])
def test_what_ends_a_visa_ends_it_although_it_was_weighed_before(_what: str, row: Callable[[], Row]) -> None:
    snapshot = picture()
    assert asked(snapshot)
    assert not asked(follow(snapshot, [row()]))


def test_a_visa_ends_by_itself() -> None:
    snapshot = picture()
    assert [asked(snapshot, at) for at in (0, 99 + LEEWAY, 100 + LEEWAY)] == [True, True, False]


def test_a_visa_that_was_too_new_counts_later() -> None:
    young = accepted(iat=Seconds(START + 50))
    snapshot = picture()
    assert [asked(snapshot, at, visas=(young,)) for at in (0, 49 - LEEWAY, 50 - LEEWAY)] == [False, False, True]


def test_a_revocation_that_begins_later_begins_then() -> None:
    snapshot = picture(b.revocation(f"issuer:{ONE}", since=Seconds(START + 10)))
    assert [asked(snapshot, at) for at in (0, 9, 10)] == [True, True, False]


def test_the_greatest_age_of_what_was_asserted_is_reached() -> None:
    snapshot = follow(picture(), [trusted(max_asserted_age=150)])
    assert [asked(snapshot, at) for at in (0, 49, 50)] == [True, True, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"visas": (accepted(sub="bao"),)},
        {"identities": frozenset({(b.US, str(b.ADA)), (b.HOME, "ada")})},
        {"visas_end": START},
        {"visas": (accepted(), visa(TERMS, "https://other.example", iss=TWO))},
    ],
)
def test_other_credentials_are_weighed_anew(changes: dict[str, Any]) -> None:
    snapshot = picture()
    assert asked(snapshot)
    asked(snapshot, **changes)
    assert asked(snapshot)


def test_what_a_broker_vouched_for_once_is_not_taken_for_granted() -> None:
    """The same visa of another identity: once with the word of a broker that it is the caller's, once without."""
    theirs = visa(TERMS, URL, iss=TWO, sub="eve", exp=ENDS)
    word = Vouched(iss=ONE, members=((ONE, "ada"), (TWO, "eve")), ends=ENDS)
    snapshot = follow(picture(), [trusted(is_broker=True, vouches=True)])
    assert [asked(snapshot, visas=(theirs,), vouched=said) for said in (word, None, word)] == [True, False, True]


times = st.lists(st.integers(0, 300), min_size=1, max_size=6)
visas = st.lists(
    st.builds(
        lambda iat, life, issuer, n: visa(
            TERMS,
            URL,
            iss=issuer,
            jti=f"v{n}",
            digest=f"d{n}",
            iat=Seconds(START + iat),
            exp=Seconds(START + iat + life),
        ),
        st.integers(-50, 150),
        st.integers(0, 200),
        st.sampled_from((ONE, TWO)),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one.digest,
)
ended = st.lists(
    st.tuples(st.sampled_from(("visa:d0", f"issuer:{ONE}", "session:other")), st.integers(0, 200)), max_size=2
)


@given(visas, times, ended)
def test_at_every_time_it_is_what_would_be_said_anew(
    held: list[Visa], at: list[int], revoked: list[tuple[str, int]]
) -> None:
    snapshot = picture(*{id: b.revocation(id, since=Seconds(START + since)) for id, since in revoked}.values())
    for one in at:
        asked(snapshot, one, visas=tuple(held))
