"""YAML that two people could read in two ways, or that is too much of anything, is not read."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.adapters import yaml_files
from broker.adapters.yaml_files import MAX_BYTES, MAX_DEPTH, MAX_NODES, Document, YamlFileError, load_yaml, read_yaml


def read(text: str, *, anchors: bool = False) -> Document:
    return read_yaml(text.encode(), "file.yaml", anchors=anchors)


def refusal(text: str, *, anchors: bool = False) -> str:
    with pytest.raises(YamlFileError) as caught:
        read(text, anchors=anchors)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("text", "text"),
        ('"NO"', "NO"),
        ("'NO'", "NO"),
        ("NOR", "NOR"),
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T07:00:00Z", "2026-11-21T07:00:00Z"),
        ("2026.11-example.1", "2026.11-example.1"),
        ("1.2.3", "1.2.3"),
        ("42 CFR", "42 CFR"),
        ("0", 0),
        ("-17", -17),
        ("10000", 10000),
        ("1.5", 1.5),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ('"true"', "true"),
        ('"17"', "17"),
        ('""', ""),
        ("[a, [b], {c: d}]", ["a", ["b"], {"c": "d"}]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("MONDO:0005015", "MONDO:0005015"),
    ],
)
def test_what_every_reader_reads_alike_is_read(text: str, value: object) -> None:
    assert read(text).value == value
    assert type(read(text).value) is type(value)


@pytest.mark.parametrize(
    "scalar",
    ["NO", "No", "no", "YES", "yes", "on", "OFF", "True", "TRUE", "False", "Null", "NULL", "012", "00", "+5", "1_000",
     "0x1F", "0o17", "0b11", "1:30", "190:20:30", "1e3", "1.5e3", "1.", ".5", "+1.5", "01.5", ".inf", "-.INF", ".NaN",
     "=", "1234567890123456789012"],
)  # fmt: skip
@pytest.mark.row("PK6")
def test_what_two_readers_read_differently_is_refused_with_its_line(scalar: str) -> None:
    told = f"file.yaml:3: {scalar} means different things to different readers: quote it"
    assert refusal(f"a: 1\nb:\n  - {scalar}\n") == told
    assert read(f'a: 1\nb:\n  - "{scalar}"\n').value["b"] == [scalar]


@pytest.mark.parametrize("text", ["0b8b8b6253b4124eae33", "0o9", "0b", "-0b12", "0bacd"])
def test_a_digest_that_begins_like_a_number_is_text(text: str) -> None:
    assert read(f"digest: {text}\n").value == {"digest": text}


@pytest.mark.parametrize("key", ["NO", "on", "true", "null", "~", "012", "1e3"])
def test_a_key_that_two_readers_read_differently_is_refused(key: str) -> None:
    assert refusal(f"a: 1\n{key}: 2\n") == f"file.yaml:2: {key} as a key: quote it"
    assert read(f'"{key}": 2').value == {key: 2}


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a: 1\na: 2", 2, "a twice"),
        ('a: {"b": 1, b: 2}', 1, "b twice"),
        ("a: !!str 1", 1, "a tag (tag:yaml.org,2002:str)"),
        ("a: !!python/object:os.system {}", 1, "a tag"),
        ("a: ! b", 1, "a tag (!)"),
        ("!!map {a: b}", 1, "a tag"),
        ("!x a: b", 1, "a key that is not plain text"),
        ("[a]: b", 1, "a key that is not plain text"),
        ("? {a: b}\n: c", 1, "a key that is not plain text"),
        ("---\na: 1\n---\nb: 2", 3, "a second document"),
        ("a: [1", 2, "did not find"),
        ("a: b: c", 1, "mapping values are not allowed"),
        ("a: \x01", 1, "a character that readers do not see (U+0001)"),
        ("a: 1\nb: x\x00y", 2, "a character that readers do not see (U+0000)"),
        ("a: b\x85c: d", 1, "a character that readers do not see (U+0085)"),
        ("a: 1\nb: c\u2028d: e", 2, "a character that readers do not see (U+2028)"),
        ('a: "\u202e\u2066ON"', 1, "a character that readers do not see (U+202E)"),
        ("a: 1\n\ufeffb: 2", 2, "a character that readers do not see (U+FEFF)"),
        ("a: 1\nb: \x7f", 2, "a character that readers do not see (U+007F)"),
        ('a: 1\nb: "x\\x01"', 2, "a character that readers do not see (U+0001)"),
        ('a: "x\\u0000y"', 1, "a character that readers do not see (U+0000)"),
        ('"a\\u202e": 1', 1, "a character that readers do not see (U+202E)"),
        ('a: "\\uD800"', 1, "found invalid Unicode character escape code"),
        ("\ta: 1", 1, "found character that cannot start any token"),
        ("a:\n\tb: 1", 2, "found character that cannot start any token"),
        ("%YAML 1.2\n---\na: NO", 3, "NO means different things to different readers"),
        ("%TAG ! tag:x,2000:\n---\na: !b c", 3, "a tag (tag:x,2000:b)"),
    ],
)
@pytest.mark.row("PK6")
def test_what_has_no_place_in_a_file_is_refused(text: str, line: int, why: str) -> None:
    assert refusal(text, anchors=True).startswith(f"file.yaml:{line}: {why}")


def test_a_mark_of_the_byte_order_says_nothing_and_neither_do_windows_line_ends() -> None:
    assert read("\ufeffa: 1\r\nb:\t2\r\n").value == {"a": 1, "b": 2}
    with pytest.raises(YamlFileError, match=r"file\.yaml:1: not UTF-8"):
        read_yaml("a: 1".encode("utf-16"), "file.yaml", anchors=False)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
@pytest.mark.row("PK6")
def test_what_is_nested_a_hundred_thousand_times_is_refused_like_what_is_nested_too_deep(opening: str) -> None:
    assert refusal(opening * 100_000).startswith("file.yaml:1: ")


def test_a_file_that_says_nothing_is_nothing() -> None:
    assert read("").value is None
    assert read("# only a comment\n").value is None


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(YamlFileError, match=r"file\.yaml:2: not UTF-8"):
        read_yaml(b"a: 1\nb: \xff\n", "file.yaml", anchors=False)


@pytest.mark.parametrize(("text", "why"), [("a: &x 1", "an anchor (&x)"), ("a: *x", "an alias (*x)")])
def test_anchors_are_refused_where_they_are_not_wanted(text: str, why: str) -> None:
    assert refusal(text) == f"file.yaml:1: {why}"
    assert refusal("a: {<<: {b: 1}}") == "file.yaml:1: << as a key: quote it"


def test_anchors_aliases_and_merge_keys_are_read_where_they_are() -> None:
    text = """
base: &base {a: 1, b: 2}
also: &also {b: 3, c: 4}
list: [*base, &word w, *word]
one: {<<: *base, b: 9}
two: {b: 8, <<: [*base, *also]}
three: {<<: [*base, *also]}
plain: {"<<": 1}
"""
    value = read(text, anchors=True).value
    assert value["list"] == [{"a": 1, "b": 2}, "w", "w"]
    assert value["one"] == {"a": 1, "b": 9}
    assert value["two"] == {"a": 1, "b": 8, "c": 4}
    assert value["three"] == {"a": 1, "b": 2, "c": 4}
    assert value["plain"] == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: *x", "an alias of what is not there (*x)"),
        ("a: &x [*x]", "an alias of what is not there (*x)"),
        ("a: &x {b: {c: *x}}", "an alias of what is not there (*x)"),
        ("a: {<<: 1}", "<< of something that is no mapping"),
        ("a: {<<: [{b: 1}, 2]}", "<< of something that is no mapping"),
        ("a: {<<: {b: 1}, <<: {c: 1}}", "<< twice"),
        ("&x a: 1", "a key that is not plain text"),
    ],
)
def test_an_alias_stands_for_something_that_is_whole(text: str, why: str) -> None:
    assert refusal(text, anchors=True) == f"file.yaml:1: {why}"


def test_a_few_anchors_do_not_stand_for_a_million_values() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert f"more than {MAX_NODES} values" in refusal("\n".join(lines), anchors=True)


def test_the_limits_hold_at_n_and_not_at_n_plus_1(monkeypatch: pytest.MonkeyPatch) -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read(deepest).value
    assert refusal(f"[{deepest}]").endswith(f"nested deeper than {MAX_DEPTH}")
    assert refusal("[" * 100_000).endswith(f"nested deeper than {MAX_DEPTH}")

    monkeypatch.setattr(yaml_files, "MAX_NODES", 5)  # the list, and four values
    assert read("[a, b, c, d]").value
    assert refusal("[a, b, c, d, e]").endswith("more than 5 values")
    assert read("{a: b, c: d}").value
    assert refusal("{a: b, c: [d]}").endswith("more than 5 values")
    assert refusal("[&x [a], *x, b]", anchors=True).endswith("more than 5 values")

    full = b"#" * MAX_BYTES
    assert read_yaml(full, "f", anchors=False).value is None
    with pytest.raises(YamlFileError, match=f"longer than {MAX_BYTES} bytes"):
        read_yaml(full + b"#", "f", anchors=False)


def test_every_value_has_its_line() -> None:
    document = read("a: 1\nb:\n  - c\n  - d:\n      e\n")
    lines = [document.line(place) for place in [(), ("a",), ("b",), ("b", 0), ("b", 1), ("b", 1, "d")]]
    assert lines == [1, 1, 3, 3, 4, 5]
    assert document.line(("b", 1, "d", "missing")) == 5
    assert document.line(("b", 7)) == 3
    assert document.line(("missing",)) == 1


def test_a_file_is_read_and_named_as_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "law.yaml"
    path.write_text("a: [NO]")
    with pytest.raises(YamlFileError) as caught:
        load_yaml(path, anchors=False)
    assert (caught.value.file, caught.value.line) == (str(path), 1)
    path.write_text("a: 1")
    assert load_yaml(path, anchors=False) == Document(str(path), {"a": 1}, {(): 1, ("a",): 1})
    path.write_bytes(b"#" * (MAX_BYTES + 2))
    with pytest.raises(YamlFileError, match="longer than"):
        load_yaml(path, anchors=False)
    with pytest.raises(FileNotFoundError):
        load_yaml(tmp_path / "other.yaml", anchors=False)


@given(text=st.text(alphabet=st.sampled_from(list("ab:-[]{}&*!|>'\"#, \n<~?%@`1.")), max_size=40))
@settings(max_examples=200)
def test_no_text_is_more_than_a_refusal(text: str) -> None:
    with suppress(YamlFileError):
        read(text, anchors=True)
