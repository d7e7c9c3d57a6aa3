"""Is one disease a kind of another: the closure, what is obsolete, and what nobody knows."""

import hashlib
import json
import zlib
from array import array
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from broker.core.duo.closure import ClosureError, decode, encode
from broker.core.duo.ontology import Ontology, covers, curie, kind_of, known, named
from broker.core.duo.release import NUMBERS, ReleaseError, Stanza, build
from tests.core.duo.duo_world import ALZHEIMER, CANCER, MELANOMA, NOWHERE, ONTOLOGY


def test_the_purpose_may_be_narrower_than_the_dataset_and_never_broader() -> None:
    assert covers(ONTOLOGY, CANCER, MELANOMA) is True
    assert covers(ONTOLOGY, MELANOMA, CANCER) is False
    assert covers(ONTOLOGY, CANCER, CANCER) is True
    assert covers(ONTOLOGY, CANCER, ALZHEIMER) is False


def test_an_unknown_term_on_either_side_is_neither_yes_nor_no() -> None:
    assert covers(ONTOLOGY, NOWHERE, MELANOMA) is None
    assert covers(ONTOLOGY, CANCER, NOWHERE) is None
    assert covers(ONTOLOGY, NOWHERE, NOWHERE) is None


def test_an_obsolete_term_is_its_replacement_however_many_steps_away() -> None:
    found = build(
        "v",
        [
            Stanza(id="D:1"),
            Stanza(id="D:2", parents=("D:1",)),
            Stanza(id="D:3", obsolete=True, replaced_by=("D:4",)),
            Stanza(id="D:4", obsolete=True, replaced_by=("D:2",)),
        ],
    )
    assert known(found, "D:3") == "D:2"
    assert covers(found, "D:1", "D:3") is True


@pytest.mark.parametrize("replaced_by", [(), ("D:1", "D:2"), ("D:9",), ("D:8",)])
def test_an_obsolete_term_without_one_live_replacement_is_unknown(replaced_by: tuple[str, ...]) -> None:
    stanzas = [Stanza(id="D:1"), Stanza(id="D:2"), Stanza(id="D:8", obsolete=True, replaced_by=replaced_by)]
    assert known(build("v", stanzas), "D:8") is None


def test_a_parent_that_is_obsolete_is_followed() -> None:
    stanzas = [
        Stanza(id="D:1"),
        Stanza(id="D:2", parents=("D:8",)),
        Stanza(id="D:8", obsolete=True, replaced_by=("D:1",)),
    ]
    assert covers(build("v", stanzas), "D:1", "D:2") is True


def test_a_parent_that_the_release_lacks_is_unknown_itself() -> None:
    found = build("v", [Stanza(id="D:2", parents=("D:1",))])
    assert covers(found, "D:1", "D:2") is None


def test_a_term_stated_twice_has_the_parents_of_both() -> None:
    both = [
        Stanza(id="D:1"),
        Stanza(id="D:2"),
        Stanza(id="D:3", parents=("D:1",)),
        Stanza(id="D:3", parents=("D:2",)),
    ]
    found = build("v", both)
    assert covers(found, "D:1", "D:3") is True
    assert covers(found, "D:2", "D:3") is True


def test_a_term_stated_twice_keeps_the_name_that_it_has() -> None:
    for stanzas in ([Stanza(id="D:1", label="a"), Stanza(id="D:1")], [Stanza(id="D:1"), Stanza(id="D:1", label="a")]):
        assert named(build("v", stanzas), "D:1") == "a (D:1)"


def test_an_iri_is_the_term_that_it_names() -> None:
    assert curie("http://purl.obolibrary.org/obo/MONDO_0004992") == CANCER
    assert curie("https://evil.example/MONDO_0004992") != CANCER
    assert named(ONTOLOGY, "http://purl.obolibrary.org/obo/MONDO_0004992") == "cancer (MONDO:0004992)"
    assert named(ONTOLOGY, NOWHERE) == NOWHERE


_names = st.integers(0, 12).map(lambda n: f"D:{n:02}")


def _some(below: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.integers(0, max(below - 1, 0)).map(lambda n: f"D:{n:02}"), max_size=2).map(tuple)


def _stanza(number: int, *, obsolete: bool) -> st.SearchStrategy[Stanza]:
    id, any_name = st.just(f"D:{number:02}"), st.lists(_names, max_size=2).map(tuple)
    if obsolete:
        return st.builds(Stanza, id=id, obsolete=st.just(value=True), replaced_by=any_name)
    mostly_up = st.one_of(_some(number), _some(number), _some(number), any_name)
    synonyms = st.lists(st.sampled_from(["c", "d  e"]), max_size=2).map(tuple)
    return st.builds(
        Stanza, id=id, label=st.sampled_from(["", "a", "b"]), parents=mostly_up, same=any_name, synonyms=synonyms
    )


_stanzas = st.lists(st.booleans(), max_size=12).flatmap(
    lambda gone: st.tuples(*(_stanza(number, obsolete=one) for number, one in enumerate(gone))).map(list)
)


def _all(found: Ontology) -> dict[str, set[str]]:
    return {term: {term, *kind_of(found, term)} for term in found.names}


def _built(stanzas: list[Stanza]) -> Ontology:
    try:
        return build("v", stanzas)
    except ReleaseError:
        reject()


@given(stanzas=_stanzas)
def test_any_graph_is_closed_transitively_or_refused(stanzas: list[Stanza]) -> None:
    found = _built(stanzas)
    every = _all(found)
    for term, wider in every.items():
        assert all(every[one] <= wider for one in wider)
        assert {other for other in found.names if covers(found, other, term)} == wider
    assert not found.others.keys() & found.numbers.keys()


@given(stanzas=_stanzas)
def test_the_closure_says_what_walking_up_one_step_at_a_time_says(stanzas: list[Stanza]) -> None:
    found = _built(stanzas)
    parents: dict[str, set[str]] = {}
    for stanza in stanzas:
        if not stanza.obsolete:
            parents.setdefault(stanza.id, set()).update(known(found, one) or "?" for one in stanza.parents)
    for term in found.names:
        seen, ends = {term}, [term]
        while ends:
            ends += parents.get(ends.pop(), set()) - seen
            seen.update(ends)
        for wide in found.names:
            assert covers(found, wide, term) is (True if wide in seen else None if "?" in seen else False)


@given(stanzas=_stanzas)
def test_the_order_of_a_release_does_not_matter(stanzas: list[Stanza]) -> None:
    one, other = _built(stanzas), _built(stanzas[::-1])
    assert _all(one) == _all(other)
    assert (one.others, one.labels, one.open_ends) == (other.others, other.labels, other.open_ends)


@given(stanzas=_stanzas)
def test_a_closure_comes_back_as_it_was(stanzas: list[Stanza]) -> None:
    one = _built(stanzas)
    other = decode(encode(one, "s"), "s")
    assert [getattr(one, name) for name in Ontology.__slots__] == [getattr(other, name) for name in Ontology.__slots__]


@given(stanzas=_stanzas, data=st.data())
def test_a_closure_that_is_not_as_it_was_written_is_not_read(stanzas: list[Stanza], data: st.DataObject) -> None:
    raw = encode(_built(stanzas), "s")
    place = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(ClosureError):
        decode(raw[:place], "s")
    body = raw.index(b"\n") + 1
    flipped = data.draw(st.integers(body, len(raw) - 1))
    with pytest.raises(ClosureError):
        decode(raw[:flipped] + bytes([raw[flipped] ^ 1]) + raw[flipped + 1 :], "s")
    with pytest.raises(ClosureError):
        decode(raw, "another source")
    with pytest.raises(ClosureError):
        decode(raw.replace(b'"format": 2', b'"format": 0'), "s")


def _signed(head: dict[str, Any], body: bytes) -> bytes:
    """A closure that says of itself that it is whole."""
    whole = head | {"digest": hashlib.sha256(body).hexdigest()}
    return json.dumps(whole).encode() + b"\n" + body


def test_a_closure_whose_digest_is_right_and_whose_parts_are_wrong_is_not_read() -> None:
    raw = encode(build("v", [Stanza(id="D:1"), Stanza(id="D:2", parents=("D:1",))]), "s")
    line, _, body = raw.partition(b"\n")
    head = json.loads(line)
    assert decode(_signed(head, body), "s").names == ("D:1", "D:2")
    plain = zlib.decompress(body)
    harmed = [
        (head, body[:-1]),
        (head, b""),
        (head, b"not compressed"),
        ({name: value for name, value in head.items() if name != "terms"}, body),
        (head | {"terms": 1}, body),
        (head | {"text": 5}, body),
        (head | {"text": "5"}, body),
        (head, zlib.compress(plain[:-4])),
        (head, zlib.compress(plain + bytes(4))),
        (head, zlib.compress(plain[:-5])),
        (head, zlib.compress(plain.replace(b'"D:2"]', b'"D:1"]', 1))),
        (head, zlib.compress(plain.replace(b'"labels":["",""]', b'"labels":["" ]  ', 1))),
        (head, zlib.compress(plain[: head["text"]] + b"\1" + plain[head["text"] + 1 :])),
    ]
    for changed, rest in harmed:
        with pytest.raises(ClosureError):
            decode(_signed(changed, rest), "s")


def _with_parts(
    names: list[str], labels: list[str], starts: list[int], ancestors: list[int], synonyms: list[str] | None = None
) -> bytes:
    raw = encode(build("v", [Stanza(id="D:1")]), "s")
    words = {"names": names, "labels": labels, "synonyms": synonyms or [], "others": {}, "open_ends": []}
    text = json.dumps(words).encode()
    head = json.loads(raw.partition(b"\n")[0]) | {"terms": len(starts) - 1, "text": len(text)}
    return _signed(head, zlib.compress(text + array(NUMBERS, [*starts, *ancestors]).tobytes()))


@pytest.mark.parametrize(
    ("names", "labels", "starts", "ancestors"),
    [
        (["a", "b", "b"], ["", ""], [0, 1, 2], [0, 1]),
        (["a", "b"], [""], [0, 1, 2], [0, 1]),
        (["a", "b"], ["", ""], [0, 2], [0, 1]),
        (["a", "b"], ["", ""], [0, 1, 2], [0, 1, 1]),
        (["a", "b"], ["", ""], [1, 1, 2], [0, 1]),
    ],
)
def test_a_closure_whose_parts_do_not_belong_together_is_not_read(
    names: list[str], labels: list[str], starts: list[int], ancestors: list[int]
) -> None:
    assert decode(_with_parts(["a", "b"], ["", ""], [0, 1, 2], [0, 1]), "s").names == ("a", "b")
    with pytest.raises(ClosureError, match="belong together"):
        decode(_with_parts(names, labels, starts, ancestors), "s")


def test_a_closure_with_other_names_for_some_of_its_terms_alone_is_not_read() -> None:
    parts: tuple[list[str], list[str], list[int], list[int]] = (["a", "b"], ["", ""], [0, 1, 2], [0, 1])
    assert decode(_with_parts(*parts, synonyms=["c", ""]), "s").synonyms == ("c", "")
    with pytest.raises(ClosureError, match="belong together"):
        decode(_with_parts(*parts, synonyms=["c"]), "s")


def test_a_first_line_is_read_up_to_its_limit() -> None:
    def of(length: int) -> bytes:
        padding = length - encode(build("", []), "s").index(b"\n")
        return encode(build("v" * padding, []), "s")

    assert len(decode(of(10_000), "s").version) > 9_000
    with pytest.raises(ClosureError, match="not a closure"):
        decode(of(10_001), "s")


@pytest.mark.parametrize(
    ("stanzas", "term", "said"),
    [
        ([Stanza(id="D:1", parents=("D:1",))], "D:1", "a kind of itself"),
        (
            [
                Stanza(id="D:0", parents=("D:2",)),
                Stanza(id="D:1", parents=("D:2",)),
                Stanza(id="D:2", parents=("D:3", "D:4")),
                Stanza(id="D:3", parents=("D:2",)),
                Stanza(id="D:4"),
            ],
            "D:2",
            "a kind of itself",
        ),
        ([Stanza(id="D:4"), Stanza(id="D:4", obsolete=True)], "D:4", "both in use and obsolete"),
    ],
)
def test_a_release_that_contradicts_itself_is_refused_and_says_where(
    stanzas: list[Stanza], term: str, said: str
) -> None:
    with pytest.raises(ReleaseError, match=said) as caught:
        build("v", stanzas)
    assert caught.value.term == term


def test_under_a_parent_that_nobody_has_what_is_stated_holds_and_the_rest_is_unknown() -> None:
    stanzas = [
        Stanza(id="D:0"),
        Stanza(id="D:1"),
        Stanza(id="D:2", parents=("D:1", "D:9")),
        Stanza(id="D:3", parents=("D:2",)),
    ]
    found = build("v", stanzas)
    for under in ("D:2", "D:3"):
        assert covers(found, "D:1", under) is True
        assert covers(found, "D:0", under) is None
    assert covers(found, "D:0", "D:1") is False


def test_another_id_of_a_term_is_that_term_unless_two_claim_it() -> None:
    stanzas = [
        Stanza(id="D:1", same=("OMIM:1", "OMIM:2", "D:7", "D:2")),
        Stanza(id="D:2", parents=("D:1",), same=("OMIM:2", "Orphanet:5")),
        Stanza(id="D:3", obsolete=True, replaced_by=("D:7",)),
        Stanza(id="D:4", obsolete=True, replaced_by=("D:2",), same=("OMIM:9",)),
    ]
    found = build("v", stanzas)
    asked = ["OMIM:1", "MIM:1", "https://omim.org/entry/1", "D:7", "D:3"]
    assert [known(found, one) for one in asked] == ["D:1"] * len(asked)
    assert [known(found, one) for one in ("ORPHA:5", "http://www.orpha.net/ORDO/Orphanet_5", "D:2")] == ["D:2"] * 3
    assert [known(found, one) for one in ("OMIM:2", "OMIM:9", "Orphanet:6")] == [None] * 3


def test_a_release_of_30000_terms_is_closed_whole() -> None:
    size = 30_000
    tree = (Stanza(id=f"D:{n:05}", parents=(f"D:{n // 4:05}",) if n else ()) for n in range(size))
    found = build("v", tree)
    assert len(found.names) == size
    assert covers(found, "D:00000", f"D:{size - 1}") is True
    assert covers(found, f"D:{size - 1}", "D:00000") is False
    assert len(encode(found, "s")) < 1_000_000
