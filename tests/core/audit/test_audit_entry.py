"""What the log remembers, what it must not, and in which bytes."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.audit.entry import (
    MAX_BYTES,
    MAX_VALUE,
    Effect,
    Entry,
    EntryTooLargeError,
    Value,
    _assert_harmless,
    added,
    decode,
    effects_digest,
    encode,
    is_loggable,
    loggable,
    outline,
    pseudonym,
    receipts_of,
    says,
)
from broker.core.audit.kinds import GROUPS, KINDS, grouped
from broker.core.ids import ReceiptId, make_id
from broker.core.time import Seconds

RECEIPT = ReceiptId(make_id("rcp", 1_800_000_000, bytes(10)))
NONCE, WHO, DIGEST = "0a" * 16, "b1" * 16, "c2" * 32
JWS = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
MUST_NOT_BE_REMEMBERED = [
    JWS,
    f"token {JWS}",
    "eyJhbGciOiJub25lIn0.e30.",
    "ewogICJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d",
    "Bearer abc",
    "bearer\tabc",
    "DPoP abc",
    "Basic YTpi",
    "-----BEGIN PRIVATE KEY-----",
    "client_secret=hunter2",
    "https://idp.example.org/cb?access_token=abc",
    "Authorization: x",
    "Cookie: x",
    "ada@example.org",
    "faculty@example.org",
    "mailto:ada@example.org",
    "0000-0002-1825-0097",
    "https://orcid.org/0000-0002-1825-009X",
    "192.0.2.7",
    "2001:db8::1",
    "::1",
    "two\nlines",
    "two\rlines",
    "a\tb",
    "nul\0",
    "esc\x1b[0m",
    "left\u202eright",
    "line\u2028separator",
    "\ud800",
    "x" * (MAX_VALUE + 1),
]
MAY_BE_REMEMBERED = [
    "",
    "https://data.example.org/datasets/1",
    "https://sub-domain-one.sub-domain-two.example.org/a.b.c",
    RECEIPT,
    "JUR-NO-PACK",
    "CON-LEFT-OUT",
    "DUO:0000007",
    "MONDO:0005015",
    "1.2.3",
    "2026-11-21T07:00:00Z",
    "obj-1",
    "sample.cram",
    "grant:grt_1",
    DIGEST,
    "é",
    "x" * MAX_VALUE,
    "a b",
    "token",
    "eyes.of.tiger",
]


def entry(**members: Any) -> Entry:
    return Entry(**{"id": RECEIPT, "at": Seconds(5), "kind": "decision.made", "nonce": NONCE, **members})


@pytest.mark.row("F77", "F80")
@pytest.mark.parametrize("text", MUST_NOT_BE_REMEMBERED)
def test_secrets_addresses_and_control_characters_are_refused_and_never_quoted(text: str) -> None:
    for about in ({"x": text}, {"x": ("fine", text)}):
        with pytest.raises(ValueError, match="must not remember") as refusal:
            entry(about=about)
        assert len(text) < 4 or text not in str(refusal.value)


@pytest.mark.parametrize("text", MUST_NOT_BE_REMEMBERED)
def test_what_a_stranger_chose_is_remembered_by_its_digest(text: str) -> None:
    entry(about={"x": loggable(text)})
    assert loggable(text).startswith("sha256:")


@pytest.mark.parametrize("text", MUST_NOT_BE_REMEMBERED)
def test_what_was_refused_is_kept_nowhere_in_memory(text: str) -> None:
    before = _assert_harmless.cache_info().currsize
    assert not is_loggable(text)
    assert _assert_harmless.cache_info().currsize <= before


@pytest.mark.parametrize("text", MAY_BE_REMEMBERED)
def test_ids_digests_codes_and_urls_are_remembered_as_they_are(text: str) -> None:
    assert loggable(text) == text
    assert decode(encode(entry(about={"x": text, "y": (text,)}))).entry.about == {"x": text, "y": (text,)}


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "something.else"},
        {"id": "rcp_1"},
        {"id": make_id("dec", 1, bytes(10))},
        {"nonce": "0a" * 15},
        {"nonce": "0A" * 16},
        {"who": "person-1"},
        {"who": WHO + "00"},
        {"at": -1},
        {"at": 1.5},
        {"at": True},
        {"at": 2**53},
        {"about": {"Big": "x"}},
        {"about": {"with space": "x"}},
        {"about": {"": "x"}},
        {"about": {"a" * 41: "x"}},
        {"about": {"x": True}},
        {"about": {"x": 1.5}},
        {"about": {"x": None}},
        {"about": {"x": ["list"]}},
        {"about": {"x": (1,)}},
        {"about": {"x": {"y": "z"}}},
        {"about": {"x": 2**53}},
        {"about": {"x": b"bytes"}},
    ],
)
def test_an_entry_of_another_form_cannot_be_made(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any refusal will do)
        entry(**members)


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x1F600, exclude_categories=["C", "Z"]), max_size=12)
VALUES: st.SearchStrategy[Value] = st.one_of(
    TEXTS.map(loggable), st.integers(-(2**53) + 1, 2**53 - 1), st.lists(TEXTS.map(loggable), max_size=3).map(tuple)
)
ENTRIES = st.builds(
    entry,
    at=st.integers(0, 2**40),
    kind=st.sampled_from(sorted(KINDS)),
    nonce=st.sampled_from([NONCE, DIGEST[:32]]),
    who=st.none() | st.just(WHO),
    about=st.dictionaries(st.sampled_from(["a", "b_1", "ab", "at", "id", "kind", "v", "who"]), VALUES, max_size=4),
)
ROW_IDS = st.sampled_from(["", "é", "grt"])
EFFECTS = st.lists(
    st.builds(Effect, kind=st.just("grant"), id=ROW_IDS, version=st.integers(1, 9), digest=st.just(DIGEST)), max_size=3
)


@pytest.mark.row("F80")
@given(ENTRIES, EFFECTS)
@settings(max_examples=120)
def test_entries_are_canonical_json_come_back_equal_and_can_be_outlined(one: Entry, effects: list[Effect]) -> None:
    raw = encode(one, effects)
    assert rfc8785.dumps(json.loads(raw)) == raw
    recorded, told = decode(raw), outline(raw)
    changes = effects_digest(effects) if effects else None
    assert (recorded.entry, recorded.changes) == (one, changes)
    assert told is not None
    assert (told.id, told.at, told.kind, told.changes) == (one.id, one.at, one.kind, changes)
    assert says(raw, one.id, one.at, one.kind, changes)
    assert not says(raw, one.id, one.at + 1, one.kind, changes)
    assert not says(raw, "rcp_x", one.at, one.kind, changes)
    assert not says(raw, one.id, one.at, "x", changes)
    assert not says(raw, one.id, one.at, one.kind, None if changes else DIGEST)
    twice = [(one.at, one.kind, raw)] * 2
    assert receipts_of(twice, [changes] * 2) == 2 * bytes.fromhex(one.id[4:].replace("-", ""))
    assert receipts_of([(one.at + 1, one.kind, raw)], [changes]) is None
    assert receipts_of([(one.at, "x", raw)], [changes]) is None
    assert receipts_of([(one.at, one.kind, raw)], [None if changes else DIGEST]) is None
    assert receipts_of([(one.at, one.kind, raw + b" ")], [changes]) is None


def test_the_encoding_never_changes() -> None:
    """Old receipts must verify for ever: these bytes are a promise."""
    one = entry(who=WHO, about={"b": ("x", "é"), "a": 1})
    assert encode(one).decode() == (
        f'{{"about":{{"a":1,"b":["x","é"]}},"at":5,"id":"{RECEIPT}","kind":"decision.made",'
        f'"nonce":"{NONCE}","v":1,"who":"{WHO}"}}'
    )
    effect = Effect(kind="grant", id="grt_1", version=2, digest=DIGEST)
    expected = hashlib.sha256(f'[["grant","grt_1",2,"{DIGEST}"]]'.encode()).hexdigest()
    assert json.loads(encode(one, [effect]))["changes"] == expected


def test_the_order_in_which_changes_are_listed_does_not_matter() -> None:
    effects = [Effect(kind="grant", id=str(n), version=n, digest=DIGEST) for n in range(1, 4)]
    assert effects_digest(effects) == effects_digest(effects[::-1])
    assert effects_digest(effects) != effects_digest(effects[:2])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"about":1}',
        encode(entry()).replace(b'"v":1', b'"v":2'),
        encode(entry()).replace(b'"v":1', b'"v":1,"z":1'),
        encode(entry()).replace(b",", b", "),
        encode(entry()) + b" ",
        encode(entry()).replace(b"decision.made", b"decision.other"),
        encode(entry()).replace(b'"at":5', b'"at":5.0'),
        encode(entry(about={"x": "a"})).replace(b'"a"', b'"\\u0061"'),
        encode(entry(), [Effect(kind="a", id="b", version=1, digest="c")]).replace(b'"changes":"', b'"changes":"X'),
    ],
)
def test_other_bytes_are_no_entry(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any refusal will do)
        decode(raw)


def test_an_entry_may_have_65535_bytes_and_not_one_more() -> None:
    plenty = {f"a{n}": ("x" * 1_000,) * 9 for n in range(7)}
    room = MAX_BYTES - len(encode(entry(about={**plenty, "z": ("", "", "")})))
    fill = ("y" * 1_000, "y" * 1_000, "y" * (room - 2_000))
    full = entry(about={**plenty, "z": fill})
    assert len(encode(full)) == MAX_BYTES
    with pytest.raises(EntryTooLargeError):
        encode(entry(about={**plenty, "z": (*fill[:2], fill[2] + "y")}))
    with pytest.raises(EntryTooLargeError):
        encode(full, [Effect(kind="grant", id="g", version=1, digest=DIGEST)])


def test_a_pseudonym_is_keyed_and_tells_identities_apart() -> None:
    key = "07" * 32
    expected = hmac.new(bytes.fromhex(key), b"audit-v1\0https://idp\0ada", hashlib.sha256).hexdigest()[:32]
    assert pseudonym(key, "https://idp", "ada") == expected
    others = [pseudonym("08" * 32, "https://idp", "ada"), pseudonym(key, "https://idp", "bob"), pseudonym(key, "", "")]
    assert len({expected, *others}) == 4


@pytest.mark.parametrize(
    ("key", "iss", "sub"),
    [("", "i", "s"), ("07" * 31, "i", "s"), ("07" * 32, "i\0", "s"), ("07" * 32, "i", "\0s"), ("zz", "i", "s")],
)
def test_no_pseudonym_without_a_whole_key_or_with_a_nul_in_the_identity(key: str, iss: str, sub: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any refusal will do)
        pseudonym(key, iss, sub)


def test_every_kind_says_what_it_means() -> None:
    assert all(meaning and "." in kind for kind, meaning in KINDS.items())
    assert {"log.created", "clock.step", "download.authorised", "consent.withdrawn"} <= KINDS.keys()


def test_every_kind_is_in_one_group_and_no_group_is_empty() -> None:
    assert sorted(kind for kinds in grouped().values() for kind in kinds) == sorted(KINDS)
    begins = {kind.partition(".")[0] for kind in KINDS}
    assert sorted(begin for group in GROUPS.values() for begin in group) == sorted(begins)


@given(one=ENTRIES, number=st.integers(0, 99))
def test_an_entry_with_one_value_more_is_the_one_that_is_made_with_it(one: Entry, number: int) -> None:
    again = added(one, "http_request", f"req-{number}")
    assert again == replace(one, about={**one.about, "http_request": f"req-{number}"})
    assert encode(again) == encode(replace(again))


@pytest.mark.parametrize("text", MUST_NOT_BE_REMEMBERED)
def test_what_is_added_is_looked_at_too(text: str) -> None:
    with pytest.raises(ValueError, match="must not remember"):
        added(Entry(id=RECEIPT, at=Seconds(1), kind="decision.made", nonce=NONCE), "http_request", text)
