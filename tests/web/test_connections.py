"""How many may be connected, and who goes when more come, all in one turn of the event loop."""

from dataclasses import dataclass

import pytest

from broker.web.connections import BATCH, EACH, RESERVED, Everybody, connections_for


@dataclass(eq=False)
class Caller:
    """What is done to it is noted; it is closed only later, as real connections are."""

    is_idle: bool
    dropped: int = 0
    turned_away: int = 0

    def drop(self) -> None:
        self.dropped += 1

    def turn_away(self) -> None:
        self.turned_away += 1


MOST = 5


def came(callers: list[Caller]) -> None:
    everybody = Everybody()
    for one in callers:
        everybody.came(one, MOST)


@pytest.mark.row("F24", "F39")
def test_of_a_crowd_of_idle_callers_the_last_ones_stay_and_each_of_the_others_goes_once() -> None:
    callers = [Caller(is_idle=True) for _ in range(10 * BATCH)]
    came(callers)
    assert [one.dropped for one in callers] == [1] * (len(callers) - MOST) + [0] * MOST
    assert not any(one.turned_away for one in callers)


@pytest.mark.row("F24", "F39")
def test_who_is_served_stays_and_of_the_newcomers_only_a_few_wait_for_their_answer() -> None:
    served = [Caller(is_idle=False) for _ in range(MOST)]
    crowd = [Caller(is_idle=False) for _ in range(10 * BATCH)]
    came([*served, *crowd])
    assert not any(one.dropped or one.turned_away for one in served)
    assert [one.turned_away for one in crowd] == [1] * len(crowd)
    assert [one.dropped for one in crowd] == [1] * (len(crowd) - BATCH) + [0] * BATCH


def test_who_has_left_takes_no_place() -> None:
    everybody, stays = Everybody(), Caller(is_idle=True)
    everybody.came(stays, MOST)
    for one in [Caller(is_idle=False) for _ in range(10 * MOST)]:
        everybody.came(one, MOST)
        everybody.left(one)
    assert not stays.dropped


@pytest.mark.row("F24")
@pytest.mark.parametrize(("allowed", "most"), [(0, 0), (RESERVED, 0), (RESERVED + 1, 0), (1024, 464), (65_536, 32_720)])
def test_each_connection_finds_the_descriptors_that_it_needs(allowed: int, most: int) -> None:
    assert connections_for(allowed) == most
    assert RESERVED + EACH * most <= max(allowed, RESERVED)
