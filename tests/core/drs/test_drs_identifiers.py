"""core/drs/identifiers.py: ids, how they travel in URLs, and drs:// URIs."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.drs.identifiers import (
    MAX_ID,
    MAX_URI,
    BadUri,
    CompactUri,
    HostUri,
    decode,
    encode,
    is_object_id,
    parse_drs_uri,
    self_uri,
)

ids = st.text(min_size=1, max_size=40).filter(is_object_id)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("314159", True),
        ("a/b:c%d~é", True),
        ("Access", True),
        ("access", False),
        (".", False),
        ("..", False),
        ("...", True),
        ("", False),
        ("a b", False),
        ("a\n", False),
        ("a\x00", False),
        ("a\x85", False),
        ("a\u2028", False),
        ("a\ud800", False),
        ("x" * MAX_ID, True),
        ("x" * (MAX_ID + 1), False),
        ("é" * (MAX_ID // 2 + 1), False),
    ],
)
def test_an_object_id_is_printable_short_and_not_reserved(text: str, *, valid: bool) -> None:
    assert is_object_id(text) is valid


@pytest.mark.parametrize(
    ("object_id", "segment"),
    [
        ("A-z.0_9~", "A-z.0_9~"),
        ("a/b", "a%2Fb"),
        ("a:b", "a%3Ab"),
        ("a%2Fb", "a%252Fb"),
        ("é", "%C3%A9"),
        ("a+b&c=d?e#f", "a%2Bb%26c%3Dd%3Fe%23f"),
    ],
)
def test_an_id_is_percent_encoded_as_one_segment(object_id: str, segment: str) -> None:
    assert encode(object_id) == segment
    assert decode(segment) == object_id


@given(ids)
def test_what_is_encoded_decodes_to_itself_and_stays_one_segment(object_id: str) -> None:
    segment = encode(object_id)
    assert decode(segment) == object_id
    assert not set(segment) & set("/:?#[]@ ")


@pytest.mark.parametrize(
    "segment",
    ["", "a/b", "a:b", "%", "%2", "%zz", "%ff", "%00", "%20", "%61ccess", "access", "é", "a+b", "a\n"],
)
def test_a_segment_that_is_no_id_decodes_to_none(segment: str) -> None:
    assert decode(segment) is None


@pytest.mark.parametrize(
    ("base", "uri"),
    [
        ("https://drs.example.org", "drs://drs.example.org/a%2Fb"),
        ("https://drs.example.org:8443/ga4gh/drs/v1", "drs://drs.example.org/a%2Fb"),
        ("http://127.0.0.1:8080", "drs://127.0.0.1/a%2Fb"),
        ("https://DRS.Example.org:8443", "drs://drs.example.org/a%2Fb"),
    ],
)
def test_self_uri_has_the_host_and_never_the_port(base: str, uri: str) -> None:
    assert self_uri(base, "a/b") == uri


@pytest.mark.parametrize("base", ["https://[::1]:8080", "", "drs.example.org", "https://under_score.example"])
def test_self_uri_needs_a_host_name(base: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        self_uri(base, "a")


@given(ids, st.sampled_from(["https://drs.example.org:8443", "http://127.0.0.1:80"]))
def test_self_uri_reads_back_as_host_and_id(object_id: str, base: str) -> None:
    want = HostUri(host=urlsplit(base).hostname or "", object_id=object_id)
    assert parse_drs_uri(self_uri(base, object_id)) == want


@pytest.mark.parametrize(
    ("uri", "want"),
    [
        ("drs://drs.example.org/314159", HostUri(host="drs.example.org", object_id="314159")),
        ("DRS://Drs.Example.ORG/A", HostUri(host="drs.example.org", object_id="A")),
        ("drs://drs.example.org/a%2Fb%3Ac", HostUri(host="drs.example.org", object_id="a/b:c")),
        ("drs://drs.42:314159", CompactUri(provider=None, namespace="drs.42", accession="314159")),
        ("drs://n2t/drs.42:314159", CompactUri(provider="n2t", namespace="drs.42", accession="314159")),
        ("drs://dg.4DFC:a/b:c%2F", CompactUri(provider=None, namespace="dg.4DFC", accession="a/b:c%2F")),
        ("drs://localhost:8080", CompactUri(provider=None, namespace="localhost", accession="8080")),
        ("drs://drs-1.example.org:8080/1", BadUri),
        ("drs://drs.example.org/1:2/", CompactUri(provider="drs.example.org", namespace="1", accession="2/")),
        ("drs://a/b/c:d", BadUri),
        ("drs://drs.42:", BadUri),
        ("drs://:1", BadUri),
        ("drs://user@host/1", BadUri),
        ("drs://[::1]/1", BadUri),
        ("drs://-a.example/1", BadUri),
        ("drs://a..example/1", BadUri),
        ("drs:///1", BadUri),
        ("drs://host", BadUri),
        ("drs://host/", BadUri),
        ("drs://host/a/b", BadUri),
        ("drs://host/a?expand=true", BadUri),
        ("drs://host/a#b", BadUri),
        ("drs://host/..", BadUri),
        ("drs://host/%2e%2e", BadUri),
        ("drs://host/access", BadUri),
        ("drs://host/a b", BadUri),
        ("drs://host/a\n", BadUri),
        ("drs://ns:a\r\nHost: evil", BadUri),
        ("https://host/1", BadUri),
        ("", BadUri),
        ("drs://host/" + "a" * 256, HostUri(host="host", object_id="a" * 256)),
        ("drs://ns:" + "a" * (MAX_URI - 9), CompactUri),
        ("drs://ns:" + "a" * (MAX_URI - 8), BadUri),
    ],
)
def test_a_drs_uri_means_one_thing_or_nothing(uri: str, want: HostUri | CompactUri | BadUri | type) -> None:
    got = parse_drs_uri(uri)
    assert (type(got) if isinstance(want, type) else got) == want


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("drs://ns:" + "a" * MAX_URI, "longer than 2048 characters"),
        ("https://host/1", "does not begin with drs://"),
        ("drs://host/a b", "has spaces or characters that cannot be printed"),
        ("drs://drs.42:", "has a colon, and is not [provider/]namespace:accession"),
        ("drs://user@host/1", "names no host"),
        ("drs://host/a/b", "the id after the host is not one percent-encoded path segment"),
    ],
)
def test_why_it_means_nothing_is_told(uri: str, why: str) -> None:
    assert parse_drs_uri(uri) == BadUri(why=why)


def test_a_host_uri_resolves_to_https_without_a_port() -> None:
    uri = HostUri(host="drs.example.org", object_id="a/b")
    assert uri.url == "https://drs.example.org/ga4gh/drs/v1/objects/a%2Fb"


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    for uri in (text, f"drs://{text}", f"drs://host/{text}", f"drs://ns:{text}"):
        assert isinstance(parse_drs_uri(uri), HostUri | CompactUri | BadUri)
