"""Which object a URI names: only one that every server reads alike."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.authz.paths import MOST, below

NAMED = {
    ("/files/obj-1", "/files/"): "obj-1",
    ("/obj-1", "/"): "obj-1",
    ("/a/b/obj~1.bam", "/a/b/"): "obj~1.bam",
    ("/files/x/y", "/files/"): "x/y",
}
REFUSED = [
    "/files/", "/files", "/filesobj-1", "/other/obj-1", "files/obj-1", "//files/obj-1", "/files//obj-1", "/files/./obj-1",
    "/files/../obj-1", "/files/x/../obj-1", "/files/..", "/files/x/..", "/files/obj-1/", "/files/obj-1?x", "/files/obj-1?",
    "/files/obj-1#x", "/files/obj%2d1", "/files/%2e%2e/obj-1", "/files/..%2fobj-1", "/files/x%2f..%2fobj-1",
    "/files/%252e%252e/obj-1", "/files/obj-1%00", "/files/obj-1%20", "/files/obj\\1", "/files/..\\obj-1", "/files/obj-1;v=1",
    "/files/obj 1", "/files/ob\u0458-1", "/files/obj-1\r\n", "https://files.example/files/obj-1", "/files/obj-1:x", "",
    "/files/" + "x" * MOST,
]  # fmt: skip


@pytest.mark.row("RO-PATH", "T103")
def test_a_plain_uri_names_what_follows_the_prefix() -> None:
    assert {key: below(*key) for key in NAMED} == NAMED


@pytest.mark.row("RO-PATH", "T103")
@pytest.mark.parametrize("uri", REFUSED)
def test_what_can_be_read_in_two_ways_names_nothing(uri: str) -> None:
    assert below(uri, "/files/") is None


@pytest.mark.row("RO-PATH")
@pytest.mark.parametrize("prefix", ["", "files/", "/files", "//", "/../", "/files/../", "/%66iles/", "/files/./"])
def test_a_prefix_is_as_plain(prefix: str) -> None:
    assert below(prefix + "obj-1", prefix) is None


@pytest.mark.row("RO-PATH", "T103")
@given(st.text(alphabet="/.%2eEfF\\ab?;~-_ ", max_size=20))
def test_nothing_that_is_named_changes_when_it_is_decoded_or_tidied(rest: str) -> None:
    found = below(f"/files/{rest}", "/files/")
    if found is not None:
        assert found == rest == unquote(rest)
        assert all(part not in {"", ".", ".."} for part in found.split("/"))
