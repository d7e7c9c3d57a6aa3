"""Other DRS servers: the file that names them, what is believed of their answers, and the command."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from broker.__main__ import cli
from broker.adapters.drs_servers import MAX_OBJECT, HttpDrsServers, read_table
from broker.adapters.outgoing import FetchError, Outgoing
from broker.core.drs.resolving import Table
from broker.core.outcome import Reason
from broker.flows.resolve_drs import NoObjectError, Resolved, resolve
from tests.web.drs_world import file
from tests.web.site import site

OWN = "https://broker.example"
TABLE = Table(hosts=frozenset({"drs.example.org"}))
SHIPPED = Path(__file__).parents[2] / "config" / "drs-servers.yaml"


class Fetcher:
    """Answers what it is told to, and notes what it was asked."""

    def __init__(self, answer: bytes | FetchError) -> None:
        self.answer, self.asked = answer, list[tuple[str, dict[str, Any]]]()

    async def fetch(self, url: str, **how: Any) -> bytes:
        self.asked.append((url, how))
        if isinstance(self.answer, FetchError):
            raise self.answer
        return self.answer


async def test_a_listed_server_is_asked_as_a_stranger_would_be() -> None:
    fetcher = Fetcher(b'{"id": "a", "size": 1}')
    found = await resolve(HttpDrsServers(fetcher, OWN), TABLE, OWN, "drs://drs.example.org/a")
    assert found == Resolved(url="https://drs.example.org/ga4gh/drs/v1/objects/a", object={"id": "a", "size": 1})
    assert fetcher.asked[0][1] == {"limit": MAX_OBJECT, "types": ("application/json",), "internal": False}


async def test_an_unlisted_server_is_never_asked() -> None:
    fetcher = Fetcher(b"{}")
    found = await resolve(HttpDrsServers(fetcher, OWN), TABLE, OWN, "drs://169.254.169.254/latest")
    assert isinstance(found, Reason)
    assert fetcher.asked == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"<html>", "SRV-UPSTREAM"),
        (b"[]", "SRV-UPSTREAM"),
        (b'{"id": 1}', "SRV-UPSTREAM"),
        (b'{"id": "a", "id": "b"}', "SRV-UPSTREAM"),
        (FetchError("not a public address"), "SRV-UPSTREAM"),
        (FetchError("status 302", 302), "SRV-UPSTREAM"),
        (FetchError("status 404", 404), "REQ-NOT-FOUND"),
        (FetchError("status 202", 202), "REQ-LATER"),
    ],
)
async def test_what_is_no_object_is_told_as_it_is(answer: bytes | FetchError, code: str) -> None:
    found = await resolve(HttpDrsServers(Fetcher(answer), OWN), TABLE, OWN, "drs://drs.example.org/a")
    assert isinstance(found, Reason)
    assert found.code == code


async def test_a_name_that_leads_inside_is_not_followed() -> None:
    """The table names a server whose name leads to this machine: the connection itself is refused."""
    outgoing = Outgoing(seconds=5)
    try:
        servers = HttpDrsServers(outgoing, OWN)
        found = await resolve(servers, Table(hosts=frozenset({"localhost"})), OWN, "drs://localhost/a")
    finally:
        await outgoing.close()
    assert isinstance(found, Reason)
    assert found.code == "SRV-UPSTREAM"


async def test_our_own_objects_are_found_under_ids_of_any_characters(tmp_path: Path) -> None:
    ids = ["plain", "a/b", "50%", "x:y", "Größe"]
    async with site(tmp_path, *map(file, ids)) as s:
        own = str(s.http.make_url("")).rstrip("/")
        outgoing = Outgoing(seconds=5)
        try:
            for id in ids:
                told = await (await s.http.post("/ga4gh/drs/v1/objects", json={"bulk_object_ids": [id]})).json()
                uri = told["resolved_drs_object"][0]["self_uri"].replace("broker.example", "127.0.0.1")
                found = await resolve(HttpDrsServers(outgoing, own), Table(), own, uri)
                assert isinstance(found, Resolved), (id, found)
                assert found.object["id"] == id
        finally:
            await outgoing.close()


async def test_no_answer_is_not_an_object() -> None:
    with pytest.raises(NoObjectError):
        await HttpDrsServers(Fetcher(FetchError("status 500", 500)), OWN).object("https://drs.example.org/x")


def test_the_shipped_table_names_nobody() -> None:
    assert read_table(SHIPPED) == Table()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hosts: []", "schema"),
        ("schema: broker.drs-servers/1\nhost: []", "host"),
        ("schema: broker.drs-servers/1\nhosts: ['a:1']", "without a port"),
        ("schema: broker.drs-servers/1\nprefixes: {a: 'http://a.example/{$id}'}", "https"),
    ],
)
def test_a_table_with_a_fault_is_refused_by_name(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "servers.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=why) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_the_command_says_where_an_address_leads(tmp_path: Path) -> None:
    servers, config = tmp_path / "servers.yaml", tmp_path / "broker.toml"
    servers.write_text(
        "schema: broker.drs-servers/1\nhosts: [drs.example.org]\nprefixes: {dg.1: 'https://gen.example/o/{$id}'}\n",
        "utf-8",
    )
    config.write_text(f"issuer = {json.dumps(OWN)}\ndrs_servers = {json.dumps(str(servers))}\n", "utf-8")

    def run(uri: str) -> tuple[int, str]:
        found = CliRunner().invoke(cli, ["--config", str(config), "drs", "resolve", uri])
        return found.exit_code, found.output.strip() or str(found.exception)

    assert run("drs://drs.example.org/a") == (0, "https://drs.example.org/ga4gh/drs/v1/objects/a")
    assert run("drs://dg.1:x/y") == (0, "https://gen.example/o/x%2Fy")
    code, said = run("drs://elsewhere.example/a")
    assert code != 0
    assert said == "REQ-DRS-UNLISTED: elsewhere.example is not among the DRS servers that may be asked from here."
