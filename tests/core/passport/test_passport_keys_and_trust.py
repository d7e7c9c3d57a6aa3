"""JWK Sets from strangers, names of keys, and trust rows (adversarial T025)."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.jose import public_jwk
from broker.core.passport import counts, limits
from broker.core.passport.keys import holds, named, read_set, thumbprint, usable
from broker.core.passport.trust import Trust, TrustRow, covered
from broker.core.passport.visa import Visa
from broker.core.time import Seconds
from tests.core.passport.visa_builders import (
    EC,
    ISSUER,
    JKU,
    KEYS,
    NOW,
    OTHER_EC,
    RSA,
    code,
    issuer_row,
    verify,
    visa_token,
)

ONE, TWO = public_jwk(EC, "one", "ES256"), public_jwk(RSA, "two", "RS256")


def test_the_usable_keys_are_read() -> None:
    assert read_set(json.dumps({"keys": [ONE, TWO], "more": 1}).encode()) == (ONE, TWO)
    assert read_set(b'{"keys": []}') == ()


@pytest.mark.row("T025")
@pytest.mark.parametrize(
    "key",
    [
        {**ONE, "d": "AAAA"},
        {**TWO, "kid": "three", "p": "AAAA"},
        {"kty": "oct", "k": "AAAA", "kid": "o"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "e"},
        {name: value for name, value in ONE.items() if name != "kid"},
        {**ONE, "kid": 1},
        {**ONE, "kid": ""},
        {**ONE, "kid": "a\nb"},
        {**ONE, "kty": ["EC"]},
        {name: value for name, value in ONE.items() if name != "y"},
        {**TWO, "kid": "three", "n": 5},
        [],
        None,
        "key",
    ],
)
def test_a_key_that_cannot_be_used_is_left_out_and_the_others_stay(key: Any) -> None:
    assert usable({"keys": [key, TWO]}) == (TWO,)


@pytest.mark.row("T025")
def test_keys_that_share_a_name_are_all_left_out() -> None:
    other = public_jwk(OTHER_EC, "one", "ES256")
    assert usable({"keys": [ONE, TWO, other]}) == (TWO,)
    assert usable({"keys": [ONE, TWO, {"kty": "oct", "kid": "one", "k": "AAAA"}]}) == (TWO,)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"keys": {}}', b"<html>", b'{"keys": [], "keys": []}', b"\xff"])
def test_a_document_that_is_no_key_set_is_no_empty_key_set(raw: bytes) -> None:
    assert read_set(raw) is None


@pytest.mark.row("T025")
def test_100_keys_and_256_kib_are_read_and_no_more() -> None:
    many = [{**ONE, "kid": str(number)} for number in range(limits.KEYS + 1)]
    assert len(usable({"keys": many[:-1]}) or ()) == limits.KEYS
    assert usable({"keys": many}) is None
    text = b'{"keys": [], "x": ""}'
    whole = text.replace(b'""', b'"' + b"x" * (limits.KEY_SET_BYTES - len(text)) + b'"')
    assert len(whole) == limits.KEY_SET_BYTES
    assert read_set(whole) == ()
    assert read_set(whole.replace(b'"x": ', b'"x":  ')) is None


@pytest.mark.row("T018", "T025")
@given(st.binary(max_size=60))
def test_any_bytes_are_answered(raw: bytes) -> None:
    assert read_set(raw) in (None, ())


def test_a_key_is_found_by_its_name_if_only_one_has_it() -> None:
    assert named([ONE, TWO], "two") == TWO
    assert named([ONE, TWO], "three") is None
    assert named([ONE, {**TWO, "kid": "one"}], "one") is None


def test_a_thumbprint_names_the_key_and_nothing_around_it() -> None:
    """RFC 7638 section 3.1, with its own example."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
        "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
        "nqDKgw"
    )
    key = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(key) == thumbprint({"kty": "RSA", "n": n, "e": "AQAB"})
    assert urlsafe_b64encode(bytes.fromhex(thumbprint(key))) == b"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs="


@pytest.mark.row("T030")
def test_a_key_that_was_replaced_under_its_name_is_another() -> None:
    assert holds([ONE, TWO], "one", thumbprint(ONE))
    assert not holds([public_jwk(OTHER_EC, "one", "ES256")], "one", thumbprint(ONE))
    assert not holds([TWO], "one", thumbprint(ONE))


@pytest.mark.row("T107")
@pytest.mark.parametrize(
    ("value", "dataset", "wanted"),
    [
        ("https://d.example/a", "https://d.example/a", True),
        ("https://d.example/a", "https://d.example/a/b", False),
        ("https://d.example/a/*", "https://d.example/a/b", True),
        ("https://d.example/a/*", "https://d.example/a/b/c", True),
        ("https://d.example/a/*", "https://d.example/a/", False),
        ("https://d.example/a/*", "https://d.example/ab", False),
        ("https://d.example/a/*", "https://d.example/A/b", False),
        ("urn:data:*", "urn:data:1", True),
        ("urn:data:*", "urn:dataset", False),
    ],
)
def test_an_issuer_may_grant_what_its_row_lists(value: str, dataset: str, wanted: object) -> None:
    assert issuer_row(values=(value,)).may_grant(dataset) is wanted
    assert covered([value], [dataset]) == ({dataset} if wanted else set())


_SEGMENTS = st.lists(st.sampled_from(["", "a", "ab", "b", "A", "é", "0", "~", "\U0010ffff"]), max_size=3)


@pytest.mark.row("T107")
@given(
    st.sets(_SEGMENTS.map(lambda said: "https://d.example/" + "/".join(said))),
    st.lists(
        st.sampled_from(
            ["https://d.example/*", "https://d.example/a/*", "https://d.example/a", "https://d.example/a/b"]
        )
    ),
)
def test_what_an_issuer_opens_of_many_is_what_it_may_grant_one_by_one(datasets: set[str], values: list[str]) -> None:
    row = issuer_row(values=tuple(values))
    assert covered(values, sorted(datasets)) == {one for one in datasets if row.may_grant(one)}


@pytest.mark.parametrize(
    "members",
    [
        {"iss": ""},
        {"algorithms": frozenset()},
        {"algorithms": frozenset({"HS256", "ES256"})},
        {"values": ("*",)},
        {"values": ("https://*",)},
        {"values": ("https:///*",)},
        {"values": ("urn:*",)},
        {"values": ("https://d.example/a*",)},
        {"values": ("https://*.example/a/*",)},
        {"values": ("",)},
        {"values": ("/*",)},
    ],
)
def test_a_row_that_would_mean_too_much_or_nothing_is_not_made(members: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        issuer_row(**members)


@pytest.mark.row("C1", "C12")
def test_one_issuer_has_one_row_and_who_has_none_is_nobody() -> None:
    trust = Trust([issuer_row()])
    assert trust.of(ISSUER) == issuer_row()
    assert trust.of(ISSUER.rstrip("/")) is None
    assert trust.of([ISSUER]) is None
    assert trust.of(None) is None
    with pytest.raises(ValueError, match="two trust rows"):
        Trust([issuer_row(), TrustRow(iss=ISSUER)])


@pytest.mark.parametrize(
    "members",
    [
        {"userinfo": True, "is_broker": True},
        {"polled": True, "access_tokens": True},
        {"userinfo": True, "userinfo_url": "https://a.example/u"},
        {"discovery": True},
        {"opaque_tokens": True, "is_broker": True},
        {"polled": True, "discovery": True, "is_broker": True},
        {"keys_until": 7},
    ],
)
def test_a_member_that_does_nothing_is_told(members: dict[str, Any]) -> None:
    assert TrustRow(iss="a", **members).idle() is not None


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"userinfo": True, "is_broker": True, "discovery": True, "opaque_tokens": True},
        {"userinfo": True, "is_broker": True, "userinfo_url": "https://a.example/u"},
        {"polled": True, "access_tokens": True, "discovery": True},
        {"keys": ({},), "keys_until": 7},
    ],
)
def test_and_one_that_does_something_is_not(members: dict[str, Any]) -> None:
    assert TrustRow(iss="a", **members).idle() is None


def test_one_issuer_at_most_has_opaque_tokens() -> None:
    def row(iss: str, **members: Any) -> TrustRow:
        return TrustRow(**{"iss": iss, "is_broker": True, "userinfo": True, "opaque_tokens": True, **members})

    assert Trust([row("a"), row("b", opaque_tokens=False)]).opaque() == row("a")
    assert Trust([row("a"), row("b")]).opaque() is None
    assert Trust([row("a", userinfo=False)]).opaque() is None
    assert Trust([row("a", is_broker=False)]).opaque() is None
    assert Trust([]).opaque() is None


@pytest.mark.row("C8")
def test_pinned_keys_may_have_an_end() -> None:
    """For places that cannot ask: until `keys_until` they count without any question, then not at all."""
    row = issuer_row(jku=(), keys=KEYS[ISSUER, JKU], keys_until=NOW + 100)
    trust = Trust([row])
    assert isinstance(verify(visa_token(), trust, NOW + 99, keys_of={}), Visa)
    assert code(verify(visa_token(), trust, NOW + 100, keys_of={})) == "VISA-KEYS-UNAVAILABLE"
    visa = verify(visa_token(), trust, keys_of={})
    assert isinstance(visa, Visa)
    assert counts.ends(visa, row) == NOW + 100
    assert isinstance(counts.refusal(visa, trust, Seconds(NOW + 99), Seconds(30), frozenset()), TrustRow)
    assert code(counts.refusal(visa, trust, Seconds(NOW + 100), Seconds(30), frozenset())) == "VISA-KEYS-UNAVAILABLE"
