"""demo/secrecy.py: nothing that could be used again is printed."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.demo.secrecy import printable, safe_header, safe_json, safe_parameter, safe_text, safe_url

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2lnbmF0dXJl"
OPAQUE = "9tDcLQ2yPpfgrb7HUPjFpUYz1DXDGq2qvTVpZWkNbHM"


@pytest.mark.parametrize(
    "shown",
    [
        safe_text(f"a {JWT} b"),
        safe_text(f"Authorization: Bearer {OPAQUE}"),
        safe_text(f"authorization: dpop\t{OPAQUE}"),
        safe_url(f"http://h/cb?code={OPAQUE}&state={OPAQUE}"),
        safe_url(f"http://h/cb?x={JWT}"),
        safe_url(f"http://h/cb?CODE={OPAQUE}"),
        safe_url(f"http://h/cb#access_token={OPAQUE}"),
        safe_url(f"http://h/data/{JWT}"),
        safe_header("Authorization", f"Bearer {OPAQUE}"),
        safe_header("authorization", OPAQUE),
        safe_header("Cookie", f"session={OPAQUE}"),
        safe_header("Set-Cookie", f"session={OPAQUE}; HttpOnly"),
        safe_header("DPoP", JWT),
        safe_header("X-Other", JWT),
        safe_parameter("client_secret", OPAQUE),
        safe_parameter("subject_token", JWT),
        str(safe_json({"access_token": OPAQUE})),
        str(safe_json({"passports": [JWT, OPAQUE]})),
        str(safe_json([{"a": {"Client_Secret": OPAQUE}}])),
        str(safe_json({"headers": [f"Authorization: Bearer {OPAQUE}"]})),
        str(safe_json({"visas": [JWT]})),
    ],
    ids=count(),
)
def test_a_secret_is_shortened_wherever_it_stands(shown: str) -> None:
    assert OPAQUE not in shown
    assert JWT.split(".")[1] not in shown
    assert "characters)" in shown


@pytest.mark.parametrize(
    "value",
    [
        {"code": "JUR-EU-NO-SAFEGUARD", "state": "approved"},
        {"size": 5, "open": True, "none": None},
        "reads.sorted.dedupped.bam at www.example-university.example.org",
        {"token": {"a": 1}, "passports": [{"b": 2}]},
    ],
    ids=str,
)
def test_what_is_no_secret_stays(value: Any) -> None:
    assert safe_json(value) == value


def test_a_url_keeps_what_makes_it_readable() -> None:
    url = "http://127.0.0.1:8080/oauth2/authorize?client_id=demo&scope=openid%20email&redirect_uri=http://h/cb"
    assert safe_url(url) == url
    assert safe_url("http://h/p") == "http://h/p"


def test_of_a_short_secret_nothing_is_shown() -> None:
    assert safe_parameter("code", "abcdef") == "…(6 characters)"
    assert safe_parameter("code", OPAQUE) == "9tDcLQ…(43 characters)"


def test_control_characters_cannot_reach_the_terminal() -> None:
    assert printable("a\x1b]0;evil\x07b\r\x9b2J\u202e\nc\td") == "a\ufffd]0;evil\ufffdb\ufffd\ufffd2J\ufffd\nc\td"


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    for shown in (safe_text(text), safe_header(text, text), str(safe_json({text: text})), safe_parameter(text, text)):
        assert "\x1b" not in shown
