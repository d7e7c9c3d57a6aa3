"""core/drs/resolving.py: a `drs://` address leads to a server of the table, or nowhere."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.drs.resolving import Table, locate, table_fault
from broker.core.outcome import Reason

OWN = "https://broker.example:8443"
TABLE = Table(
    hosts=frozenset({"drs.example.org"}),
    prefixes={
        "dg.4503": "https://gen.example/ga4gh/drs/v1/objects/{$id}",
        "aws/drs.x": "https://cloud.example/objects/{$id}/",
    },
)

LEADS = [
    ("drs://drs.example.org/a", "https://drs.example.org/ga4gh/drs/v1/objects/a"),
    ("DRS://DRS.Example.ORG/a%2Fb", "https://drs.example.org/ga4gh/drs/v1/objects/a%2Fb"),
    ("drs://broker.example/x", f"{OWN}/ga4gh/drs/v1/objects/x"),
    ("drs://dg.4503:abc-1", "https://gen.example/ga4gh/drs/v1/objects/abc-1"),
    ("drs://DG.4503:dg.4503/abc", "https://gen.example/ga4gh/drs/v1/objects/dg.4503%2Fabc"),
    ("drs://dg.4503:a:b?c#d%2F", "https://gen.example/ga4gh/drs/v1/objects/a%3Ab%3Fc%23d%252F"),
    ("drs://aws/drs.x:7", "https://cloud.example/objects/7/"),
]


@pytest.mark.parametrize(("text", "url"), LEADS)
@pytest.mark.row("DR10")
def test_both_kinds_of_address_lead_to_the_listed_server(text: str, url: str) -> None:
    assert locate(text, TABLE, OWN) == url


NOWHERE = [
    ("drs://elsewhere.example/a", "REQ-DRS-UNLISTED"),
    ("drs://127.0.0.1/a", "REQ-DRS-UNLISTED"),
    ("drs://169.254.169.254/latest", "REQ-DRS-UNLISTED"),
    ("drs://drs.example.org.evil.example/a", "REQ-DRS-UNLISTED"),
    ("drs://unknown:1", "REQ-DRS-UNLISTED"),
    ("drs://drs.x:7", "REQ-DRS-UNLISTED"),
    ("drs://drs.example.org:443/a", "REQ-DRS-UNLISTED"),
    ("drs://dg.4503:..", "REQ-DRS-URI"),
    ("drs://dg.4503:access", "REQ-DRS-URI"),
    ("drs://user@drs.example.org/a", "REQ-DRS-URI"),
    ("drs://drs.example.org/a/b", "REQ-DRS-URI"),
    ("drs://drs.example.org/..", "REQ-DRS-URI"),
    ("drs://drs.example.org/%2e%2e", "REQ-DRS-URI"),
    ("drs://[::1]/a", "REQ-DRS-URI"),
    ("https://drs.example.org/a", "REQ-DRS-URI"),
    ("drs://", "REQ-DRS-URI"),
    ("drs://drs.example.org/a b", "REQ-DRS-URI"),
]


@pytest.mark.parametrize(("text", "code"), NOWHERE)
@pytest.mark.row("DR10")
def test_what_the_table_does_not_name_is_never_asked(text: str, code: str) -> None:
    found = locate(text, TABLE, OWN)
    assert isinstance(found, Reason)
    assert found.code == code


TOLD = [
    ("drs://Elsewhere.example/a", ("server", "elsewhere.example")),
    ("drs://Aws/Drs.y:7", ("server", "aws/drs.y")),
    ("drs://dg.4503:..", ("problem", "no object can have this accession")),
    ("drs://user@drs.example.org/a", ("problem", "names no host")),
]


@pytest.mark.parametrize(("text", "fact"), TOLD)
def test_a_refusal_names_the_server_or_the_problem(text: str, fact: tuple[str, str]) -> None:
    found = locate(text, TABLE, OWN)
    assert isinstance(found, Reason)
    assert found.facts == (fact,)


@given(
    st.text(max_size=60), st.sampled_from(["drs://", "drs://drs.example.org", "drs://dg.4503:", "drs://dg.4503", ""])
)
def test_whatever_is_asked_the_server_is_one_of_the_table(text: str, begins: str) -> None:
    found = locate(begins + text, TABLE, OWN)
    if isinstance(found, str):
        parts = urlsplit(found)
        assert (parts.scheme, parts.hostname) in {
            ("https", host) for host in ("drs.example.org", "gen.example", "cloud.example", "broker.example")
        }
        assert "/objects/" in parts.path
        assert (parts.query, parts.fragment) == ("", "")
        assert ".." not in parts.path.split("/")


@pytest.mark.parametrize(
    "table",
    [
        Table(hosts=frozenset({"drs.example.org:443"})),
        Table(hosts=frozenset({"DRS.example.org"})),
        Table(hosts=frozenset({"a/b"})),
        Table(prefixes={"DG": "https://a.example/{$id}"}),
        Table(prefixes={"a/b/c": "https://a.example/{$id}"}),
        Table(prefixes={"a": "http://a.example/{$id}"}),
        Table(prefixes={"a": "https://{$id}.example/"}),
        Table(prefixes={"a": "https://a.example/{$id}/{$id}"}),
        Table(prefixes={"a": "https://a.example/"}),
        Table(prefixes={"a": "https://a.example/?x={$id}"}),
        Table(prefixes={"a": "https://u:p@a.example/{$id}"}),
    ],
)
def test_a_table_that_could_lead_elsewhere_is_refused(table: Table) -> None:
    assert table_fault(table)


def test_a_good_table_is_taken() -> None:
    assert table_fault(TABLE) is None
