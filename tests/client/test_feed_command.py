"""`broker feed` against a running broker, and against servers that are none: nothing unverified is handed on."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec

from broker.__main__ import cli
from broker.adapters import jose
from broker.client.answers import RefusedError
from broker.client.api import session
from broker.client.feed import Feed, FeedError, Page
from broker.commands.feed import DO
from tests import builders as b

KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
ENDED = {"event": "grant-ended", "grant": "grt_1", "dataset": str(b.HEART), "subject": "usr_ada", "id": "4.0.0",
         "at": "2026-11-21T10:00:00Z"}  # fmt: skip
PAGES: Mapping[str | None, tuple[str, str, list[Any]]] = {
    None: ("c0", "c1", []),
    "c1": ("c1", "c2", [ENDED]),
    "c2": ("c2", "c3", [ENDED | {"event": "from-the-future"}]),
    "c3": ("c3", "c3", []),
}
"""By the cursor that is asked with: where the page begins, where the next one does, and what is in it."""


@asynccontextmanager
async def server(
    *, key: Any = KEY, header: Mapping[str, Any] | None = None, **changes: Any
) -> AsyncIterator[tuple[str, list[Mapping[str, str]]]]:
    """A feed of these pages, with whatever is changed in each; and what it was asked."""
    asked: list[Mapping[str, str]] = []
    base = ""

    async def configuration(_: web.Request) -> web.Response:
        found = {"issuer": base, "jwks_uri": f"{base}/keys"} | changes.get("configuration", {})
        return web.json_response(found)

    async def keys(_: web.Request) -> web.Response:
        return web.json_response({"keys": [jose.public_jwk(KEY, "k1", "ES256")]})

    async def feed(request: web.Request) -> web.Response:
        asked.append({"authorization": request.headers["Authorization"], **request.query})
        if "status" in changes:
            return web.json_response({"code": "AUTH-SCOPE", "detail": "No."}, status=changes["status"])
        after, following, events = PAGES[request.query.get("cursor")]
        claims = {"iss": base, "aud": "depot", "iat": 1, "after": after, "next": following, "events": events}
        claims |= changes.get("claims", {})
        said = {"typ": "repository-feed+jwt", "kid": "k1", **(header or {})}
        return web.Response(text=jose.sign("ES256", key, said, claims), content_type="application/jwt")

    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", configuration)
    app.router.add_get("/keys", keys)
    app.router.add_get("/api/v1/feed", feed)
    async with TestServer(app) as running:
        base = str(running.make_url("")).rstrip("/")
        yield base, asked


async def pages(base: str, cursor: str | None = None) -> list[Page]:
    async with session() as http:
        source = Feed(http=http, issuer=base, client="depot", secret="s%:t")
        return [page async for page in source.pages(cursor, follow=False)]


@pytest.mark.row("RO-FEED-CLIENT")
async def test_it_goes_from_page_to_page_to_the_end() -> None:
    async with server() as (base, asked):
        found = await pages(base)
        assert [(one.after, one.next, len(one.events)) for one in found] == [("c0", "c1", 0)]
        found = await pages(base, "c1")
        assert [(one.after, one.next, len(one.events)) for one in found] == [
            ("c1", "c2", 1), ("c2", "c3", 1), ("c3", "c3", 0),
        ]  # fmt: skip
        assert [one.get("cursor") for one in asked] == [None, "c1", "c2", "c3"]
        assert {one["authorization"] for one in asked} == {"Basic ZGVwb3Q6cyUyNSUzQXQ="}


WRONG: dict[str, dict[str, Any]] = {
    "signed by somebody else": {"key": OTHER},
    "a key that nobody publishes": {"header": {"kid": "k2"}},
    "another kind of token": {"header": {"typ": "at+jwt"}},
    "for another repository": {"claims": {"aud": "other"}},
    "of another broker": {"claims": {"iss": "https://elsewhere.example"}},
    "a page is missing": {"claims": {"after": "c0"}},
    "no events": {"claims": {"events": None}},
    "events that are none": {"claims": {"events": ["x"]}},
    "a broker of another name": {"configuration": {"issuer": "https://elsewhere.example"}},
    "keys elsewhere": {"configuration": {"jwks_uri": "https://elsewhere.example/keys"}},
}


@pytest.mark.row("RO-FEED-CLIENT")
@pytest.mark.parametrize("case", WRONG)
async def test_what_is_no_page_of_this_feed_is_not_handed_on(case: str) -> None:
    async with server(**WRONG[case]) as (base, _):
        with pytest.raises(FeedError):
            await pages(base, "c1")


@pytest.mark.row("RO-FEED-CLIENT")
async def test_a_refusal_is_told_and_no_secret_goes_over_plain_http() -> None:
    async with server(status=403) as (base, _):
        with pytest.raises(RefusedError):
            await pages(base, "c1")
    with pytest.raises(Exception, match="only https"):
        await pages("http://broker.example", "c1")


async def run(base: str, folder: Path, *more: str) -> Any:
    secret = folder / "secret"
    if not secret.exists():
        secret.write_text("only-the-repository-knows")
        secret.chmod(0o600)
    command = ["feed", "--at", base, "--client", "depot", "--secret-file", str(secret), "--cursor", str(folder / "at")]
    return await asyncio.to_thread(CliRunner().invoke, cli, [*command, *more])


@pytest.mark.row("RO-FEED-CLIENT")
async def test_the_command_says_what_to_do_and_keeps_where_it_is(tmp_path: Path) -> None:
    async with server() as (base, asked):
        assert (await run(base, tmp_path)).output == ""
        assert (tmp_path / "at").read_text() == "c1"
        done = await run(base, tmp_path)
        assert done.exit_code == 0, done.output
        first, does, second, unknown = done.output.splitlines()
        assert first.startswith("2026-11-21T10:00:00Z · grant-ended · grant grt_1")
        assert does.strip() == DO["grant-ended"]
        assert "from-the-future" in second
        assert "ask again about everything" in unknown
        assert (tmp_path / "at").read_text() == "c3"
        assert (await run(base, tmp_path, "--json")).output == ""
        (tmp_path / "at").write_text("c1")
        lines = (await run(base, tmp_path, "--json")).output.splitlines()
        assert json.loads(lines[0]) == ENDED
        assert asked[-1]["cursor"] == "c3"


@pytest.mark.row("RO-FEED-CLIENT")
async def test_where_it_is_stays_as_it_was_if_the_page_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "at").write_text("c1")
    async with server(key=OTHER) as (base, _):
        done = await run(base, tmp_path)
        assert (done.exit_code != 0, (tmp_path / "at").read_text()) == (True, "c1")
        assert "grant-ended" not in done.output
    (tmp_path / "at").write_text("")
    assert (await run("http://127.0.0.1:1", tmp_path)).exit_code != 0


def test_every_event_of_the_feed_has_something_to_do() -> None:
    """The table of docs/how-to/serve-your-own-bytes.md names the same."""
    page = (b.CONFIG.parent / "docs/how-to/serve-your-own-bytes.md").read_text("utf-8")
    assert all(f"`{event}`" in page for event in DO)
