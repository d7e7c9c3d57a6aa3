"""How people and programs are told: which mail server, which webhooks, and the tasks that go on telling."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog

from broker.adapters.keys import KeyStore
from broker.adapters.mail import NoMail, Server, SmtpMailer
from broker.adapters.outgoing import Outgoing
from broker.adapters.vault import AesVault
from broker.adapters.webhooks import SignedWebhooks, Webhook, WebhookError, read_webhooks
from broker.config import Settings, SettingsError
from broker.core.jobs import Ended, Jobs, Turns, untold
from broker.core.notices import TO_NOBODY_ELSE, TOPICS, Channels
from broker.flows.notices.remind import remind
from broker.flows.notices.send import Post, send_letters, tell_hook
from broker.flows.watch_uses import look as look_at_uses
from broker.flows.world import World
from broker.ports import LedgerDownError
from broker.state import cancelled

LOOK_SECONDS = 5.0
SLOW_SECONDS = 60.0
"""Between two attempts at a mail server that cannot be reached."""
REMIND_SECONDS = 900.0
WATCH_SECONDS = 60.0
"""Between two looks at what left under grants."""
log = structlog.get_logger(__name__)


def webhooks(settings: Settings) -> tuple[Webhook, ...]:
    """Those of the settings. SettingsError for one that cannot be used."""
    try:
        return read_webhooks(settings.webhooks, settings.webhook_secrets, frozenset(TOPICS.values()) - TO_NOBODY_ELSE)
    except WebhookError as wrong:
        raise SettingsError(str(wrong)) from None


def channels(settings: Settings) -> Channels:
    """How anybody is told outside. SettingsError as for `webhooks`."""
    return Channels(
        hooks={one.name: one.topics for one in webhooks(settings)}, letters=settings.mail_server is not None
    )


def post_of(settings: Settings, world: World, secret: bytes) -> Post:
    """What letters need. SettingsError if the password cannot be read."""
    server = _server(settings)
    mailer = SmtpMailer(server, world.clock) if server is not None else NoMail()
    return Post(mailer=mailer, vault=AesVault(secret, world.entropy), languages=world.languages)


@asynccontextmanager
async def telling(
    world: World, outgoing: Outgoing, settings: Settings, store: KeyStore, jobs: Jobs
) -> AsyncIterator[Post]:
    """While this runs, whoever waits to be told is told. Several processes share the work.

    SettingsError for a password that cannot be read.
    """
    post, hooks, heard = (
        post_of(settings, world, store.secret("mail")),
        webhooks(settings),
        channels(settings),
    )
    door = SignedWebhooks(outgoing, hooks)
    rounds: list[tuple[str, float, Callable[[], Awaitable[object]]]] = [
        ("remind", REMIND_SECONDS, partial(remind, world, heard)),
        ("watch", WATCH_SECONDS, partial(look_at_uses, world)),
        *([("letters", LOOK_SECONDS, partial(send_letters, world, post))] if heard.letters else ()),
        *((f"hook {one.name}", LOOK_SECONDS, partial(tell_hook, world, door, one.name)) for one in hooks),
    ]
    async with AsyncExitStack() as stack:
        for name, seconds, look in rounds:
            turns = jobs.turns(name, seconds, world.clock.now)
            stack.push_async_callback(cancelled, asyncio.create_task(go_on(look, seconds, turns=turns)))
        yield post


async def go_on(
    look: Callable[[], Awaitable[object]],
    seconds: float,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    turns: Turns | None = None,
) -> None:
    """Look again and again until cancelled; later, where a look says no. What fails is tried at the next look."""
    told = turns or untold()
    while True:
        found: object = False
        outcome: Ended = "done"
        told.begun()
        try:
            found = await look()
        except LedgerDownError:
            log.warning("notices.unrecorded")
            outcome = "unrecorded"
        except Exception:
            log.exception("notices.failed")
            outcome = "failed"
        wait = SLOW_SECONDS if found is False else seconds
        told.ended(outcome, wait, found)
        await sleep(wait)


def _server(settings: Settings) -> Server | None:
    if settings.mail_server is None or settings.mail_from is None:
        return None
    host, _, port = settings.mail_server.rpartition(":")
    password = None
    if settings.mail_password_file is not None:
        try:
            password = settings.mail_password_file.read_text("utf-8").strip()
        except OSError as failure:
            raise SettingsError(f"mail_password_file: {failure.strerror}") from None
    return Server(
        host=host.strip("[]"), port=int(port), tls=settings.mail_tls, sender=settings.mail_from,
        user=settings.mail_user, password=password,
    )  # fmt: skip
