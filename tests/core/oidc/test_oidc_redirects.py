"""T063 (redirect_uri) and T056 (return_to): strings are compared, browsers are sent to no stranger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc.redirects import is_registered, local_path, registrable, with_parameters

REGISTERED = (
    "https://app.example/cb",
    "https://app.example/cb?tenant=1",
    "http://127.0.0.1/cb",
    "http://[::1]/cb",
    "http://127.0.0.1:8080/fixed",
    "org.example.app:/cb",
)


@pytest.mark.row("T063")
@pytest.mark.parametrize("uri", [
    *REGISTERED, "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://[::1]:49152/cb",
])  # fmt: skip
def test_registered_addresses_and_any_port_of_a_loopback_one_are_accepted(uri: str) -> None:
    assert is_registered(uri, REGISTERED)


@pytest.mark.row("T063", "B12")
@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "https://app.example/cb/",
        "https://app.example/c",
        "https://app.example/cbx",
        "https://app.example/cb/../evil",
        "https://app.example/%2e%2e/cb",
        "https://app.example/CB",
        "HTTPS://app.example/cb",
        "https://APP.example/cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "https://app.example/cb#x",
        "https://app.example/cb#",
        "https://app.example/cb?x=1",
        "https://app.example/cb?tenant=1&x=1",
        "https://app.example/cb?tenant=2",
        "https://app.example.evil/cb",
        "https://app.example@evil/cb",
        "https://evil/https://app.example/cb",
        "https://app.example\\@evil/cb",
        "//app.example/cb",
        "http://app.example/cb",
        "https://app.example/cb\n",
        "https://app.example/cb ",
        "https://äpp.example/cb",
        "http://localhost/cb",
        "http://localhost:8080/cb",
        "http://127.0.0.2/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:80x/cb",
        "http://127.0.0.1:٨٠/cb",
        "http://127.0.0.1:80/cb/",
        "http://127.0.0.1:80/cb?x=1",
        "http://127.0.0.1:80@evil/cb",
        "http://127.0.0.1.evil/cb",
        "http://127.0.0.1:8081/fixed",
        "http://127.0.0.1/fixed",
        "org.example.app:/cb/x",
        "org.example.app2:/cb",
        "org.example.app://evil/cb",
        "javascript:alert(1)",
    ],
)
def test_anything_else_is_not(uri: str | None) -> None:
    assert not is_registered(uri, REGISTERED)


@pytest.mark.row("T063")
@pytest.mark.parametrize("uri", [
    "https://app.example/cb#x", "https://app.example/*", "https://*.example/cb", "https://u:p@app.example/",
    "http://app.example/cb", "javascript:alert(1)", "data:text/html,x", "myapp:/cb", "org.example.app://host/cb", "https:///cb", "/cb",
    "https://app.example/a/../b", "https://app.example/%2E./b", "https://app.example/ü", "http://localhost/cb",
    "https://app.example:99999/cb", "https://[::1/cb", "http://127.0.0.1:0/cb",
])  # fmt: skip
def test_what_could_mean_another_place_cannot_even_be_registered(uri: str) -> None:
    assert not registrable(uri)
    assert not is_registered(uri, (uri,))


@pytest.mark.row("T063")
@given(st.text(max_size=40))
def test_nothing_but_the_registered_address_passes_for_it(uri: str) -> None:
    assert is_registered(uri, REGISTERED[:2]) == (uri in REGISTERED[:2])


def test_parameters_are_added_to_a_query_that_is_there() -> None:
    assert with_parameters("https://a/cb", {"x": "1", "y": None}) == "https://a/cb?x=1"
    assert with_parameters("https://a/cb?t=1", {"x": "& #"}) == "https://a/cb?t=1&x=%26+%23"


@pytest.mark.row("T056")
@pytest.mark.parametrize("path", ["/", "/a/b?c=d", "/a?next=//evil", "/%2f/evil"])
def test_a_path_of_ours_is_returned_to(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.row("T056")
@pytest.mark.parametrize("path", [
    None, "", "//evil", "/\\evil", "\\/evil", "https:evil", "https://good@evil", "javascript:alert(1)", "evil",
    "/a\r\nSet-Cookie: x", "/a\tb", "/a b", "///evil", "/ä", " /a",
])  # fmt: skip
def test_nothing_else_is(path: str | None) -> None:
    assert local_path(path) == "/"
