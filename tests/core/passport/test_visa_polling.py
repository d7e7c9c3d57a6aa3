"""When is the issuer of a Visa Access Token asked, and what counts until when? (AAI C7, section 8)"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.passport import polling
from broker.core.passport.visa import Visa
from broker.core.time import Seconds
from tests.core.passport.visa_builders import NOW
from tests.core.passport.visa_holders import grant

HOUR = 3600


def access_token(**changes: object) -> Visa:
    made = replace(grant(exp=30 * 86_400), jku=None, iat=NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.row("C7")
@pytest.mark.parametrize(
    ("confirmed", "ends"),
    [
        (None, NOW + HOUR),
        (NOW - 1000, NOW + HOUR),
        (NOW + 10, NOW + 10 + polling.CONFIRMED_FOR),
        (NOW + 9 * HOUR, NOW + 9 * HOUR + polling.CONFIRMED_FOR),
    ],
)
def test_it_counts_an_hour_from_iat_or_from_the_last_yes(confirmed: int | None, ends: int) -> None:
    assert polling.lasting(access_token(), None if confirmed is None else Seconds(confirmed)).exp == ends


def test_no_yes_makes_it_outlive_its_exp() -> None:
    visa = access_token(exp=Seconds(NOW + 50))
    assert polling.lasting(visa, Seconds(NOW + 49)).exp == NOW + 50


def test_a_document_is_left_as_it_is() -> None:
    visa = grant(exp=30 * 86_400)
    assert polling.lasting(visa, None) is visa


@pytest.mark.parametrize(
    ("age", "first"), [(0, HOUR - polling.EARLY), (HOUR - polling.EARLY, 0), (HOUR, 0), (10 * HOUR, 0)]
)
def test_the_first_question_comes_before_the_hour_is_over(age: int, first: int) -> None:
    assert polling.first(access_token(iat=Seconds(NOW - age)), NOW) == NOW + first


@given(st.integers(1, 10_000), st.integers(0, polling.RANDOM - 1))
def test_retries_are_later_and_later_up_to_a_bound_and_never_at_once(failures: int, random: int) -> None:
    after = polling.retry(NOW, failures, random) - NOW
    longest = min(polling.RETRY_FIRST * 2 ** min(failures - 1, 10), polling.RETRY_MOST)
    assert longest // 2 <= after <= longest


def test_jitter_takes_the_whole_second_half() -> None:
    assert polling.retry(NOW, 1, 0) - NOW == polling.RETRY_FIRST // 2
    assert polling.retry(NOW, 1, polling.RANDOM - 1) - NOW == polling.RETRY_FIRST
    assert polling.retry(NOW, 20, 0) - NOW == polling.RETRY_MOST // 2


@pytest.mark.parametrize(
    ("status", "final"),
    [(400, True), (401, True), (403, True), (404, True), (410, True), (499, True)]
    + [(status, False) for status in (0, 301, 302, 399, 408, 425, 429, 500, 502, 503, 599)],
)
def test_which_answers_are_a_no_for_good(status: int, final: object) -> None:
    assert polling.is_final(status) is final


def test_an_update_says_the_same_of_the_same_person() -> None:
    old = access_token()
    same, longer = replace(old, digest="b"), replace(old, digest="c", exp=Seconds(old.exp + 1))
    others = [
        replace(old, digest=str(number), **changes)  # type: ignore[arg-type]
        for number, changes in enumerate([
            {"sub": "mallory"}, {"iss": "https://other.example/"}, {"value": "https://data.example/x"},
            {"type": "ResearcherStatus"}, {"source": "https://x.example/"}, {"by": "self"},
        ])
    ]  # fmt: skip
    assert polling.update(old, [("o", one) for one in others]) is None
    assert polling.update(old, []) is None
    assert polling.update(old, [*(("o", one) for one in others), ("s", same), ("l", longer)]) == ("l", longer)
