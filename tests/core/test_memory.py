"""What is remembered is bounded, and found again only for the very same witnesses."""

from broker.core.memory import Memory


def test_a_value_is_found_again_for_the_same_key_and_witnesses() -> None:
    memory: Memory[str] = Memory(10)
    witness = object()
    memory.keep("key", (witness,), "value")
    assert memory.recall("key", (witness,)) == "value"
    assert memory.recall("key", (object(),)) is None
    assert memory.recall("other", (witness,)) is None


def test_what_came_first_goes_first_when_all_together_is_too_heavy() -> None:
    memory: Memory[int] = Memory(10)
    for n in range(4):
        memory.keep(n, (), n, weight=3)
    assert [memory.recall(n, ()) for n in range(4)] == [None, 1, 2, 3]


def test_a_value_that_is_put_again_weighs_once() -> None:
    memory: Memory[int] = Memory(10)
    for _ in range(100):
        memory.keep("again", (), 1, weight=9)
    memory.keep("small", (), 2, weight=1)
    assert (memory.recall("again", ()), memory.recall("small", ())) == (1, 2)


def test_what_is_heavier_than_everything_is_not_kept_and_throws_nothing_out() -> None:
    memory: Memory[int] = Memory(10)
    memory.keep("small", (), 1)
    memory.keep("huge", (), 2, weight=11)
    assert (memory.recall("small", ()), memory.recall("huge", ())) == (1, None)
    assert len(memory) == 1


def test_a_heavier_successor_that_is_not_kept_leaves_no_old_value_behind() -> None:
    memory: Memory[int] = Memory(10)
    memory.keep("key", (), 1)
    memory.keep("key", (), 2, weight=11)
    assert memory.recall("key", ()) is None
