"""What ids are made of: nobody can guess them, and those of one second are in the order in which they were made."""

import uuid
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.entropy import SystemEntropy
from broker.core.ids import is_made_id, make_id


class Steady:
    """A clock that goes on a little at each look."""

    def __init__(self, at: float, step: float) -> None:
        self.at, self.step = at, step

    def __call__(self) -> float:
        self.at += self.step
        return self.at


def test_ids_of_one_second_are_in_the_order_in_which_they_were_made() -> None:
    entropy = SystemEntropy(Steady(77.0, 0.001))
    made = [make_id("rcp", 1_800_000_000, entropy.for_id()) for _ in range(900)]
    assert all(first < second for first, second in pairwise(made))


def test_behind_the_order_an_id_is_as_random_as_anything_else() -> None:
    entropy = SystemEntropy(lambda: 5.25)
    drawn = [entropy.for_id() for _ in range(2_000)]
    assert {each[:2] for each in drawn} == {(4_096 // 4).to_bytes(2, "big")}
    assert {len(each) for each in drawn} == {10}
    assert len({each[2:] for each in drawn}) == 2_000
    assert all(len({each[place] for each in drawn}) > 200 for place in range(2, 10))


@given(st.binary(min_size=10, max_size=10), st.integers(0, 2**38))
def test_an_id_is_a_uuid_of_version_7_at_its_second(random: bytes, now: int) -> None:
    made = make_id("rcp", now, random)
    number = uuid.UUID(made.removeprefix("rcp_"))
    assert is_made_id(made, "rcp")
    assert (number.version, number.variant, number.int >> 80) == (7, uuid.RFC_4122, now * 1000)
    assert number.int & (1 << 62) - 1 == int.from_bytes(random[2:]) & (1 << 62) - 1
    assert number.int >> 64 & 0xFFF == int.from_bytes(random[:2]) & 0xFFF
