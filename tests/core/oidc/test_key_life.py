"""The life of a key: published, signing, retired, gone; at every second (T034)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc.key_life import JWKS_SECONDS, LIVES, PREPUBLISH, State, Term, signing, terms
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP, PASSPORT_TYP, TASK_TYP
from broker.core.time import FOREVER, Seconds

TERM = Term(kid="a", begins=Seconds(1000), ends=Seconds(2000))


@pytest.mark.row("T034")
@pytest.mark.parametrize(
    ("now", "state"),
    [
        (0, State.PUBLISHED),
        (999, State.PUBLISHED),
        (1000, State.SIGNING),
        (1999, State.SIGNING),
        (2000, State.RETIRED),
        (2099, State.RETIRED),
        (2100, State.GONE),
        (10**9, State.GONE),
    ],
)
def test_a_key_s_state_is_told_by_the_clock(now: int, state: State) -> None:
    assert TERM.state(Seconds(now), 100) is state


def test_others_have_read_a_new_key_before_it_signs() -> None:
    assert PREPUBLISH >= 2 * JWKS_SECONDS


def test_what_lives_longest_is_believed_longest() -> None:
    assert LIVES[ACCESS_TOKEN_TYP] < LIVES[PASSPORT_TYP] < LIVES[TASK_TYP]


KEYS = st.lists(st.tuples(st.text("abc", min_size=1), st.integers(1, 5000)), min_size=1, max_size=6)


@pytest.mark.row("T034")
@given(KEYS, st.integers(0, 10_000))
def test_at_every_second_exactly_one_key_signs(keys: list[tuple[str, int]], now: int) -> None:
    found = terms((kid, Seconds(begins)) for kid, begins in keys)
    states = [term.state(Seconds(now), 100) for term in found]
    active = [term for term, state in zip(found, states, strict=True) if state is State.SIGNING]
    assert active == [signing(found, Seconds(now))]
    assert found[-1].ends == FOREVER
    assert [term.begins for term in found] == sorted(term.begins for term in found)


@pytest.mark.row("T034")
@given(KEYS, st.integers(0, 10_000), st.integers(1, 1000), st.integers(0, 1000))
def test_whatever_was_signed_is_believed_until_it_ends(
    keys: list[tuple[str, int]], at: int, life: int, later: int
) -> None:
    found = terms((kid, Seconds(begins)) for kid, begins in keys)
    signer = signing(found, Seconds(at))
    state = signer.state(Seconds(at + min(later, life - 1)), life)
    assert state in (State.SIGNING, State.RETIRED)
