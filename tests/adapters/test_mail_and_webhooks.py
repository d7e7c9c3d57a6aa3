"""Letters against a real SMTP server, and webhooks against a receiver that verifies them as Standard Webhooks says."""

import hashlib
import hmac
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP, AuthResult

from broker.adapters.mail import NoMail, Server, SmtpMailer
from broker.adapters.outgoing import Outgoing
from broker.adapters.webhooks import SignedWebhooks, Webhook, WebhookError, read_webhooks, signature
from broker.config import Settings, SettingsError
from broker.core.letters import Letter, letter, proof
from broker.core.reasons.language import Tongue
from broker.core.rows import Notice
from broker.notified import webhooks
from tests.certificates import contexts
from tests.fakes import START, FakeClock

NOTICE = Notice(
    id="ntc_1", to="person:a", box="person:a 1", what="grant.suspended", about="grt_1", sequence=1, at=START
)
LETTER = letter("0a" * 16, "ada@rhine.example", [NOTICE], "https://broker.example", Tongue())


@dataclass
class Box:
    """What an SMTP server was handed, and how it behaves."""

    taken: list[Any] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    users: list[bytes] = field(default_factory=list)
    refuses: str = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        del server, session, options
        if self.refuses == "receiver":
            return "550 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuses == "data":
            return "554 Not this"
        self.secure.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        self.taken.append(envelope)
        return "250 Accepted"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        del server, session, envelope, mechanism
        self.users.append(data.login)
        return AuthResult(success=data.password == b"open sesame")


@dataclass
class Post:
    """A running mail server and a mailer that knows it."""

    box: Box
    mailer: SmtpMailer
    server: Server


@pytest.fixture
async def mail(request: pytest.FixtureRequest, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> AsyncIterator[Post]:
    import asyncio  # noqa: PLC0415 (only this needs a loop)

    how = getattr(request, "param", "starttls")
    box, loop = Box(), asyncio.get_running_loop()

    def made() -> SMTP:
        return SMTP(
            box, hostname="mail.example", tls_context=tls[0] if how == "starttls" else None,
            require_starttls=how == "starttls", authenticator=box.authenticate, auth_require_tls=False, loop=loop,
        )  # fmt: skip

    listening = await loop.create_server(made, "127.0.0.1", 0, ssl=tls[0] if how == "tls" else None)
    port = listening.sockets[0].getsockname()[1]
    spoken: Any = "starttls" if how == "plain" else how
    server = Server(host="localhost", port=port, tls=spoken, sender="broker@bank.example", trusted=tls[1])
    yield Post(box, SmtpMailer(server, FakeClock()), server)
    listening.close()
    await listening.wait_closed()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return contexts(tmp_path_factory.mktemp("mail"))


@pytest.mark.row("WF-LETTERS")
@pytest.mark.parametrize("mail", ["starttls", "tls", "loopback"], indirect=True)
async def test_a_letter_arrives_in_both_forms_with_a_stable_id(mail: Post) -> None:
    for _ in range(2):
        assert await mail.mailer.send(LETTER) == "taken"
    assert mail.box.secure == [mail.server.tls != "loopback"] * 2
    envelope = mail.box.taken[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("broker@bank.example", ["ada@rhine.example"])
    told, again = (message_from_bytes(one.content, policy=default) for one in mail.box.taken)
    assert (told["Message-ID"], told["Auto-Submitted"]) == (f"<{LETTER.id}@bank.example>", "auto-generated")
    assert told["Message-ID"] == again["Message-ID"]
    assert told["List-Unsubscribe"] == "<https://broker.example/inbox>"
    text, html = (told.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "has stopped" in text.get_content()
    assert '<html lang="en">' in html.get_content()
    assert "grt_1" not in told.as_string(), "not even the id of what it is about"


async def test_accents_and_markup_arrive_whole(mail: Post) -> None:
    strange = replace(LETTER, subject="Año <b>", text="¿Qué?\n", html="<p>¿Qué? &lt;b&gt;</p>")
    assert await mail.mailer.send(strange) == "taken"
    told = message_from_bytes(mail.box.taken[0].content, policy=default)
    assert told["Subject"] == "Año <b>"


@pytest.mark.parametrize("mail", ["plain"], indirect=True)
async def test_a_server_without_tls_gets_no_letter_and_no_password(mail: Post) -> None:
    server = replace(mail.server, user="broker", password="open sesame")
    assert await SmtpMailer(server, FakeClock()).send(LETTER) == "unreachable"
    assert (mail.box.taken, mail.box.users) == ([], [])


async def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(mail: Post) -> None:
    stranger = replace(mail.server, trusted=None)
    assert await SmtpMailer(stranger, FakeClock()).send(LETTER) == "unreachable"
    assert mail.box.taken == []


async def test_the_broker_signs_in_where_the_server_wants_it(mail: Post) -> None:
    for password, answer in (("open sesame", "taken"), ("wrong", "unreachable")):
        server = replace(mail.server, user="broker", password=password)
        assert await SmtpMailer(server, FakeClock()).send(LETTER) == answer
    assert set(mail.box.users) == {b"broker"}


@pytest.mark.parametrize("refuses", ["receiver", "data"])
async def test_a_refused_letter_is_one_letter_and_no_server_is_no_letter_at_all(mail: Post, refuses: str) -> None:
    mail.box.refuses = refuses
    assert await mail.mailer.send(LETTER) == "refused"
    nobody = replace(mail.server, port=1)
    assert await SmtpMailer(nobody, FakeClock()).send(LETTER) == "unreachable"
    assert await NoMail().send(LETTER) == "refused"


def test_a_letter_escapes_what_it_says() -> None:
    made: Letter = proof("x", "a@b.example", "<b>1&2", "https://broker.example", Tongue())
    assert "<b>1" not in made.html
    assert "&lt;b&gt;1&amp;2" in made.html


# Webhooks.


def verified(secret: str, headers: Any, body: bytes) -> bool:
    """As https://www.standardwebhooks.com says: any of the signatures, compared in constant time."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = b64encode(hmac.new(b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest())
    said = [one.partition(",") for one in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(one.encode(), right) for version, _, one in said)


SECRET = "whsec_" + b64encode(b"k" * 32).decode()


@pytest.mark.row("WF-WEBHOOKS")
async def test_a_receiver_can_verify_what_it_is_sent() -> None:
    heard: list[tuple[Any, bytes]] = []
    answers = [204]

    async def hook(request: web.Request) -> web.Response:
        heard.append((request.headers.copy(), await request.read()))
        return web.Response(status=answers[-1], headers={"Location": "/hook"})

    app = web.Application()
    app.router.add_post("/hook", hook)
    outgoing = Outgoing(seconds=5)
    async with TestServer(app) as server:
        one = Webhook(name="desk", url=str(server.make_url("/hook")), topics=frozenset({"desk"}), key=b"k" * 32)
        door = SignedWebhooks(outgoing, [one])
        assert await door.post("desk", "ntc_1", START, b'{"type":"x"}')
        headers, body = heard[0]
        assert (headers["webhook-id"], headers["webhook-timestamp"], body) == ("ntc_1", str(START), b'{"type":"x"}')
        assert headers["Content-Type"] == "application/json"
        assert verified(SECRET, headers, body)
        assert not verified(SECRET, headers, body + b" ")
        assert not verified("whsec_" + b64encode(b"x" * 32).decode(), headers, body)
        for status in (200, 299):
            answers.append(status)
            assert await door.post("desk", "ntc_1", START, b"{}")
        for status in (301, 307, 400, 410, 500):
            answers.append(status)
            assert not await door.post("desk", "ntc_1", START, b"{}"), "a redirect is not followed"
        assert not await door.post("nobody", "ntc_1", START, b"{}")
    assert not await door.post("desk", "ntc_1", START, b"{}"), "it is gone"
    await outgoing.close()


def test_the_example_of_the_specification() -> None:
    """Its published secret, id, time and body."""
    key = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_webhook_at_a_private_address_is_not_called() -> None:
    """The name is the operator's; where it leads, somebody else may decide."""
    outgoing = Outgoing(seconds=2)
    one = Webhook(name="desk", url="https://localhost:9/hook", topics=frozenset(), key=b"k" * 32)
    assert not await SignedWebhooks(outgoing, [one]).post("desk", "ntc_1", START, b"{}")
    await outgoing.close()


def secrets(folder: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    (folder / "desk").write_text(text, "ascii")
    (folder / "desk").chmod(mode)
    return folder


def test_a_webhook_of_the_settings(tmp_path: Path) -> None:
    known = frozenset({"desk", "clock"})
    (one,) = read_webhooks(["desk https://a.example/h desk"], secrets(tmp_path), known)
    assert (one.url, one.topics, one.key) == ("https://a.example/h", frozenset({"desk"}), b"k" * 32)
    (one,) = read_webhooks(["desk https://a.example/h"], tmp_path, known)
    assert one.topics == known
    assert "k" * 8 not in repr(one)


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ("desk http://a.example/h", {}),
        ("desk", {}),
        ("../desk https://a.example/h", {}),
        ("desk https://a.example/h choices", {}),
        ("other https://a.example/h", {}),
        ("desk https://a.example/h", {"mode": 0o640}),
        ("desk https://a.example/h", {"text": "whsec_" + b64encode(b"k" * 23).decode()}),
        ("desk https://a.example/h", {"text": b64encode(b"k" * 32).decode()}),
        ("desk https://a.example/h", {"text": "whsec_!!"}),
    ],
)
def test_a_webhook_that_cannot_be_used_stops_the_start(tmp_path: Path, said: str, change: Any) -> None:
    folder = secrets(tmp_path, **change)
    with pytest.raises(WebhookError):
        read_webhooks([said], folder, frozenset({"desk"}))


def test_two_of_one_name_and_none_with_a_secret(tmp_path: Path) -> None:
    one = "desk https://a.example/h"
    with pytest.raises(WebhookError):
        read_webhooks([one, one], secrets(tmp_path), frozenset({"desk"}))
    with pytest.raises(SettingsError):
        webhooks(Settings(issuer="https://b.example", webhooks=(one,)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_server": "mail.example:587"},
        {"mail_server": "mail.example:25", "mail_from": "a@b.example", "mail_tls": "loopback"},
        {"mail_server": "localhost:25", "mail_from": "a@b.example", "mail_tls": "loopback"},
        {"mail_server": "mail.example", "mail_from": "a@b.example"},
        {"mail_server": "mail.example:587", "mail_from": "A <a@b.example>"},
        {"mail_server": "mail.example:587", "mail_from": "a@b.example", "mail_user": "x"},
    ],
)
def test_letters_leave_this_machine_over_tls_only(wrong: Any) -> None:
    with pytest.raises(ValueError, match="mail"):
        Settings(issuer="https://b.example", **wrong)
    Settings(issuer="https://b.example", mail_server="127.0.0.1:25", mail_from="a@b.example", mail_tls="loopback")
