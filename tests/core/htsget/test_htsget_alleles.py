"""core/htsget/alleles.py: alleles are written as if who is gone had never been looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.htsget.alleles import MAX_MOVE, Alleles, alleles_left, shortest

WRITTEN = [
    # alleles, who is carried; what is left of them, and by how much the record moves
    ("AT GT", {1}, "A G", 0),
    ("ATT GTT CTT", {1, 2}, "A C G", 0),
    ("AT A", {1}, "AT A", 0),
    ("TT T", {1}, "TT T", 0),
    ("AT AT", {1}, "A A", 0),
    ("CAT CGAT", {1}, "C CG", 0),
    ("N T", {1}, "N T", 0),
    ("at AG", {1}, "t G", 1),
    ("ATT A ATC", {2}, "T C", 2),
    ("ATT A ATC", {1, 2}, "ATT A ATC", 0),
    ("ATT A ATC", {1}, "ATT A", 0),
    ("CCAT CCGAT C", {1}, "C CG", 1),
    ("CAAA CAA GAAA", {1}, "CA C", 0),
    ("A *", {1}, None, 0),
    ("A <NON_REF> <*>", {1, 2}, None, 0),
    ("A", {0}, None, 0),
    ("A C", {0}, None, 0),
    ("AT GT * C", {1, 2}, "A G *", 0),
    ("AT * GT C", {1, 2}, "A G *", 0),
    ("ATG ATC * C", {1, 2}, None, 0),
    ("ATG ATC * C", {1, 3}, "ATG ATC C", 0),
    ("A C <NON_REF>", {0, 1}, "A C", 0),
    ("AT GT <NON_REF>", {1}, "A G", 0),
]


@pytest.mark.row("HT-LEFT-OUT")
@pytest.mark.parametrize(("alleles", "carried", "left", "moved"), WRITTEN)
def test_how_alleles_are_written_that_are_left(alleles: str, carried: set[int], left: str | None, moved: int) -> None:
    found = alleles_left(alleles.encode().split(), carried)
    if left is None:
        assert found is None
    else:
        assert found is not None
        assert (b" ".join(found.written).decode(), found.moved, found.structural) == (left, moved, False)


@pytest.mark.row("HT-LEFT-OUT")
@pytest.mark.parametrize("structural", [b"<DEL>", b"A]2:7]", b"[2:7[A", b".A", b"<DUP:TANDEM>"])
def test_a_structural_allele_stays_with_all_the_others_or_not_at_all(structural: bytes) -> None:
    """What tells where it ends speaks of all alleles of the record."""
    alone = alleles_left([b"AT", structural], {1})
    assert alone == Alleles(stay=(0, 1), written=(b"AT", structural), moved=0, structural=True)
    beside = [b"AT", b"AG", structural]
    assert alleles_left(beside, {1, 2}) == Alleles(stay=(0, 1, 2), written=tuple(beside), moved=0, structural=True)
    assert alleles_left(beside, {2}) is None
    assert alleles_left([b"A", structural, b"*"], {1}) is None
    assert alleles_left(beside, {1}) == Alleles(stay=(0, 1), written=(b"T", b"G"), moved=1, structural=False)


@pytest.mark.parametrize("far", [MAX_MOVE, MAX_MOVE + 1])
def test_a_record_does_not_move_far(far: int) -> None:
    found = alleles_left([b"A" * far + b"C", b"A" * far + b"G"], {1})
    assert (found is not None) == (far == MAX_MOVE)


bases = st.text("ACgt", min_size=1, max_size=6).map(str.encode)
several = st.lists(bases, min_size=2, max_size=4)


@given(several)
def test_the_shortest_form_says_the_same_and_none_is_shorter(alleles: list[bytes]) -> None:
    begin, short = shortest(alleles)
    assert all(one[begin : begin + len(now)] == now for one, now in zip(alleles, short, strict=True))
    ends = {one[begin + len(now) :].upper() for one, now in zip(alleles, short, strict=True)}
    assert (len({one[:begin].upper() for one in alleles}), len(ends)) == (1, 1)
    assert min(map(len, short)) >= 1
    if min(map(len, short)) > 1:
        assert len({one[:1].upper() for one in short}) > 1
        assert len({one[-1:].upper() for one in short}) > 1


@pytest.mark.row("HT-LEFT-OUT")
@given(several, st.lists(bases, max_size=2), st.data())
def test_alleles_that_nobody_left_carries_change_nothing(
    alleles: list[bytes], others: list[bytes], data: st.DataObject
) -> None:
    """Neither by being there, nor by their place in the list, nor by how many they are."""
    ref, *carried = alleles
    mixed = data.draw(st.permutations([*((one, True) for one in carried), *((one, False) for one in others)]))
    given_alleles = [ref, *(one for one, _ in mixed)]
    found = alleles_left(given_alleles, {at for at, (_, is_carried) in enumerate(mixed, 1) if is_carried})
    plain = alleles_left(alleles, range(1, len(alleles)))
    assert found is not None
    assert plain is not None
    assert (found.written, found.moved) == (plain.written, plain.moved)
    assert sorted(given_alleles[at] for at in found.stay[1:]) == sorted(carried)
