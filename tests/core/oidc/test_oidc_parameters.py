"""Queries and forms are read once, and in one way only (T070, B1)."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_FORM, MAX_PARAMETERS, MAX_TARGETS, MAX_VALUE, VALUE_LIMITS
from broker.core.oidc.parameters import Parameters, parse

NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@pytest.mark.row("T070")
@pytest.mark.parametrize(
    ("row", "raw", "error"),
    [
        ("T070 the same name twice", b"scope=a&scope=b", OAuthError.REPEATED),
        ("T070 twice, once empty", b"scope=a&scope=", OAuthError.REPEATED),
        ("T070 twice, once written with an escape", b"scope=a&%73cope=b", OAuthError.REPEATED),
        ("B1 an unknown name twice", b"x=1&x=1", OAuthError.REPEATED),
        ("a NUL", b"state=a%00b", OAuthError.MALFORMED),
        ("a line end, for headers and logs", b"state=a%0d%0aSet-Cookie:x", OAuthError.MALFORMED),
        ("a line end in a name", b"st%0aate=a", OAuthError.MALFORMED),
        ("DEL", b"state=%7f", OAuthError.MALFORMED),
        ("a C1 control", b"state=%c2%85", OAuthError.MALFORMED),
        ("a mark that turns text round", b"login_hint=%e2%80%ae", OAuthError.MALFORMED),
        ("not UTF-8", b"state=%ff", OAuthError.MALFORMED),
        ("overlong UTF-8", b"state=%c0%af", OAuthError.MALFORMED),
        ("a surrogate", b"state=%ed%a0%80", OAuthError.MALFORMED),
        ("a broken escape", b"state=%zz", OAuthError.MALFORMED),
        ("half an escape", b"state=%4", OAuthError.MALFORMED),
        ("bytes that should have been escaped", "state=é".encode(), OAuthError.MALFORMED),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(row: str, raw: bytes, error: OAuthError) -> None:
    assert parse(raw) is error, row


@pytest.mark.row("T070")
def test_an_empty_parameter_counts_as_absent_and_an_unknown_one_does_no_harm() -> None:
    read = parse(b"state=&user_id=1&approved=true&scope=a++b+a")
    assert isinstance(read, Parameters)
    assert read.get("state") is None
    assert read.words("scope") == ("a", "b")


@pytest.mark.row("T070")
def test_only_resource_and_audience_may_repeat() -> None:
    read = parse(b"resource=a&resource=b&audience=c&audience=&resource=a")
    assert isinstance(read, Parameters)
    assert read.all("resource") == ("a", "b", "a")
    assert read.all("audience") == ("c",)
    assert read.get("resource") is None


@pytest.mark.parametrize(
    ("build", "limit"),
    [
        (lambda n: b"state=" + b"a" * n, MAX_VALUE),
        (lambda n: b"nonce=" + b"a" * n, VALUE_LIMITS["nonce"]),
        (lambda n: b"a" * n + b"=1", MAX_VALUE),
        (lambda n: b"&".join(b"p%d=1" % i for i in range(n)), MAX_PARAMETERS),
        (lambda n: b"&".join([b"resource=a"] * n), MAX_TARGETS),
        (lambda n: b"&" * n, MAX_FORM),
    ],
    ids=["value", "nonce", "name", "parameters", "resources", "bytes"],
)
def test_a_limit_holds_at_n_and_at_n_plus_one(build: object, limit: int) -> None:
    assert callable(build)
    assert isinstance(parse(build(limit)), Parameters)
    assert parse(build(limit + 1)) is OAuthError.TOO_LONG


@given(st.dictionaries(NAMES.filter(lambda n: n not in {"resource", "audience"}), VALUES, max_size=8))
def test_what_was_encoded_comes_back(values: dict[str, str]) -> None:
    read = parse(urlencode(values).encode())
    assert isinstance(read, Parameters)
    assert dict(read.one) == values


@pytest.mark.row("T018")
@given(st.binary(max_size=200))
def test_any_bytes_are_parameters_or_a_refusal(raw: bytes) -> None:
    read = parse(raw)
    assert isinstance(read, Parameters) or read in {OAuthError.MALFORMED, OAuthError.REPEATED, OAuthError.TOO_LONG}
