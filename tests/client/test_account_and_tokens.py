"""Sign-ins on a disk, tokens that are renewed once by many, and names that lead elsewhere."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from broker.adapters import jose
from broker.client.account import Account, AccountError, Accounts
from broker.client.answers import RefusedError, TalkError
from broker.client.api import Api, ask, is_safe, session
from broker.client.objects import object_id
from broker.client.proofs import ComputerKey
from broker.client.sign_in import begin, finish
from broker.commands.common import Fail
from broker.commands.signed_in import purpose_in
from broker.core.jws import Jws, read
from tests.fakes import START, CountingEntropy, FakeClock

HOME = "https://broker.example"


def signed(text: str) -> Jws:
    found = read(text)
    assert found is not None
    return found


def account(**changes: Any) -> Account:
    made = Account(
        issuer=HOME, client_id="c", key="k", access_token="old", refresh_token="r0", expires=START - 1
    )  # fmt: skip
    return replace(made, **changes)


def test_a_sign_in_is_for_its_owner_alone_and_comes_back_as_it_was(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "new" / "folder")
    accounts.keep(account())
    accounts.keep(account(access_token="newer"))
    assert accounts.get() == accounts.get(HOME) == account(access_token="newer")
    (kept,) = (tmp_path / "new" / "folder").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == 0
    assert "old" not in repr(account())
    assert "r0" not in repr(account())


def test_several_sign_ins_must_be_told_apart(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    with pytest.raises(AccountError, match="not signed in anywhere"):
        accounts.get()
    accounts.keep(account())
    accounts.keep(account(issuer="https://other.example"))
    with pytest.raises(AccountError, match="with --at"):
        accounts.get()
    assert accounts.get("https://other.example").issuer == "https://other.example"
    with pytest.raises(AccountError, match="broker login https://third"):
        accounts.get("https://third.example")
    accounts.forget(HOME)
    accounts.forget(HOME)
    assert accounts.get().issuer == "https://other.example"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"issuer": 1}'])
def test_a_damaged_sign_in_says_what_to_do(tmp_path: Path, text: str) -> None:
    accounts = Accounts(tmp_path)
    accounts.keep(account())
    (path,) = tmp_path.glob("*.json")
    path.write_text(text)
    with pytest.raises(AccountError, match="sign in anew"):
        accounts.get()


def test_a_sign_in_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.keep(account())
    (path,) = tmp_path.glob("*.json")
    path.chmod(0o640)
    with pytest.raises(AccountError, match="chmod 600"):
        accounts.get()


def refused(word: str) -> dict[str, str]:
    """A refusal as our broker writes it: OAuth's word, and beside it a code of its own."""
    return {"error": word, "error_description": "No.", "code": "AUTH-OF-ITS-OWN", "request_id": "0"}


class Broker:
    """The token endpoint and one address behind a token. Every refresh token is good once."""

    def __init__(self, nonce: str | None = None) -> None:
        self.nonce = nonce
        self.renewed = 0
        self.good = "r0"
        self.pending: list[str] = []
        self.forms: list[Any] = []

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.forms.append(form)
        claims = signed(request.headers["DPoP"]).payload
        if self.nonce is not None and claims.get("nonce") != self.nonce:
            return web.json_response(refused("use_dpop_nonce"), status=400, headers={"DPoP-Nonce": self.nonce})
        if self.pending:
            return web.json_response(refused(self.pending.pop(0)), status=400)
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.good:
                return web.json_response(refused("invalid_grant"), status=400)
            self.renewed += 1
            self.good = f"r{self.renewed}"
        body = {"access_token": f"a{self.renewed}", "refresh_token": self.good, "expires_in": 600, "client_id": "mine"}
        return web.json_response(body)

    async def me(self, request: web.Request) -> web.Response:
        return web.json_response({"token": request.headers["Authorization"]})

    async def device(self, request: web.Request) -> web.Response:
        self.forms.append(await request.post())
        page = {"verification_uri": "p", "verification_uri_complete": "p?c", "user_code": "ABCD"}
        return web.json_response(page | {"device_code": "d", "expires_in": 600, "interval": 5})

    async def described(self, request: web.Request) -> web.Response:
        return web.json_response({"issuer": f"http://127.0.0.1:{request.url.port}"})


@asynccontextmanager
async def running(broker: Broker) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/oauth2/token", broker.token)
    app.router.add_post("/oauth2/device_authorization", broker.device)
    app.router.add_get("/.well-known/openid-configuration", broker.described)
    app.router.add_get("/me", broker.me)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


def key() -> ComputerKey:
    return ComputerKey.made(FakeClock(), CountingEntropy())


async def test_many_commands_at_once_renew_the_tokens_once(tmp_path: Path) -> None:
    broker, accounts = Broker(nonce="n1"), Accounts(tmp_path)
    async with running(broker) as home, session() as http:
        accounts.keep(account(issuer=home))
        commands = [Api(http, Accounts(tmp_path), accounts.get(), key()) for _ in range(6)]
        answers = await asyncio.gather(*(one.call("GET", "/me") for one in commands for _ in range(3)))
        assert {one["token"] for one in answers} == {"DPoP a1"}
        assert broker.renewed == 1
        assert accounts.get().refresh_token == "r1"
        assert {form["client_assertion_type"] for form in broker.forms} == {
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        }


@pytest.mark.row("CLI-WORDS")
async def test_a_sign_in_that_has_ended_says_so(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    async with running(Broker()) as home, session() as http:
        accounts.keep(account(issuer=home, refresh_token="spent"))
        with pytest.raises(AccountError, match="Your sign-in has ended"):
            await Api(http, accounts, accounts.get(), key()).call("GET", "/me")


@pytest.mark.row("CLI-WORDS")
async def test_waiting_for_the_yes_goes_as_slowly_as_it_is_told(tmp_path: Path) -> None:
    broker, waits = Broker(), list[float]()
    broker.pending = ["authorization_pending", "slow_down", "authorization_pending"]

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    async with running(broker) as home, session() as http:
        mine = key()
        begun = await begin(http, f"{home}/", mine, "broker-cli", "laptop")
        made = await finish(http, begun, mine, pause)
        assert waits == [5, 5, 10, 10]
        assert (made.client_id, made.issuer, made.expires) == ("mine", home, START + 600)
        assert "d" not in repr(begun).partition("device_code")[2]
        broker.pending = ["access_denied"]
        with pytest.raises(RefusedError):
            await finish(http, begun, mine, pause)
    del tmp_path


async def test_an_address_that_is_no_broker_gets_no_key(tmp_path: Path) -> None:
    async with running(Broker()) as home, session() as http:
        elsewhere = home.replace("127.0.0.1", "localhost")
        with pytest.raises(TalkError, match="is not the address of a broker"):
            await begin(http, elsewhere, key(), "broker-cli", "laptop")
        with pytest.raises(TalkError, match="https"):
            await begin(http, "http://broker.example", key(), "broker-cli", "laptop")
    del tmp_path


async def test_an_assertion_and_a_proof_are_what_a_server_can_check() -> None:
    mine = key()
    again = ComputerKey.of(mine.pem(), mine.clock, mine.entropy)
    assert again.public() == mine.public()
    for text in (mine.assertion("c", HOME), mine.proof("GET", f"{HOME}/a?b#c", token="t")):
        one = signed(text)
        assert jose.check_signature("ES256", mine.public(), one.signing_input, one.signature)
    assert signed(mine.proof("GET", f"{HOME}/a?b#c")).payload["htu"] == f"{HOME}/a"
    of_abc = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"  # SHA-256 of `abc` (FIPS 180-4), base64url
    assert signed(mine.proof("GET", HOME, token="abc")).payload["ath"] == of_abc
    first, second = (signed(mine.proof("GET", HOME)).payload["jti"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://broker.example", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:1/x", True),
        ("http://broker.example", False),
        ("http://127.0.0.1.evil.example/", False),
        ("ftp://127.0.0.1/", False),
        ("", False),
    ],
)
def test_secrets_go_by_https_or_stay_on_this_machine(url: str, *, safe: bool) -> None:
    assert is_safe(url) is safe


async def test_nothing_is_asked_in_clear() -> None:
    async with session() as http:
        with pytest.raises(TalkError, match="only https"):
            await ask(http, "GET", "http://broker.example/")


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("obj-1", "obj-1"),
        ("drs://broker.example/obj-1", "obj-1"),
        ("drs://broker.example/a%2Fb", "a/b"),
        (f"{HOME}/ga4gh/drs/v1/objects/a%2Fb", "a/b"),
    ],
)
def test_a_name_is_an_object_of_the_broker(name: str, id: str) -> None:
    assert object_id(name, HOME) == id


def test_who_writes_a_port_learns_how_it_is_written() -> None:
    with pytest.raises(TalkError, match=r"has no port\. Write: drs://broker\.example/a%2Fb$"):
        object_id("drs://broker.example:8443/a%2Fb", HOME)


@pytest.mark.parametrize(
    "name",
    [
        "drs://evil.example/obj-1",
        "drs://broker.example.evil.example/obj-1",
        "drs://dg.4503:abc",
        "drs://",
        "https://evil.example/ga4gh/drs/v1/objects/obj-1",
        f"{HOME}.evil.example/ga4gh/drs/v1/objects/obj-1",
        f"{HOME}/ga4gh/drs/v1/objects/a/b",
        f"{HOME}/ga4gh/drs/v1/objects/..",
        f"{HOME}/api/v1/me",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(TalkError):
        object_id(name, HOME)


@pytest.mark.parametrize("text", ["", "[]", "{}", "just words", "kinds: [hmb"])
def test_a_file_without_a_purpose_is_not_taken_for_asking_without_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "purpose.yaml"
    file.write_text(text)
    with pytest.raises(Fail, match=re.escape(str(file))):
        purpose_in(file)


def test_a_sign_in_that_a_killed_command_left_half_written_is_written_anew(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.keep(account())
    (path,) = tmp_path.glob("*.json")
    path.with_suffix(".new").write_text("half")
    accounts.keep(account(access_token="newer"))
    assert accounts.get().access_token == "newer"
