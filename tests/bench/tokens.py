"""Issuing tokens: the whole of the token endpoint but HTTP, with the real keys and a record that is on disk before."""

import asyncio
import base64
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker.app import Running, opened
from broker.config import Settings
from broker.core.ids import ClientId, Issuer, PersonId
from broker.core.oidc.opaque import stored_id
from broker.core.rows import Client, Family, Person, Put, RefreshToken, Session
from broker.core.time import Seconds
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.token import token
from broker.state import make_state
from broker.web.state import BROKER
from tests.bench.measure import Goal

CALLERS = 32
_TIMES = 5
"""Refreshes of each caller in one go."""
_SECRET = "s" * 43
_BASIC = "Basic " + base64.b64encode(f"portal:{_SECRET}".encode()).decode()


class _Desk:
    """A running broker, and callers who each hold a refresh token and renew it again and again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, running: Running) -> None:
        self._loop, self._running = loop, running
        self._held = [f"{n:043}" for n in range(CALLERS)]

    async def prepare(self) -> None:
        w = self._running.world
        now, end = w.clock.now(), Seconds(w.clock.now() + 9 * 3600)
        client = Client(
            id=ClientId("portal"),
            name="Portal",
            auth_method="client_secret_basic",
            secret=hashlib.sha256(_SECRET.encode()).hexdigest(),
            grant_types=("authorization_code", "refresh_token"),
            scopes=("openid",),
            id_token_alg="ES256",
        )
        person = Person(id=PersonId("usr_bench"), log_key="00" * 32, created=now)
        idp = Issuer("https://home.example")
        session = Session(
            id="session", person=person.id, idp=idp, identities=((idp, "bench"),), auth_time=now, expires=end
        )
        puts = [Put(client), Put(person), Put(session)]
        for n, text in enumerate(self._held):
            family = Family(
                id=f"fam{n}", client=client.id, person=person.id, session=session.id, scope=("openid",),
                released=None, auth_time=now, expires=end,
            )  # fmt: skip
            puts += [Put(family), Put(RefreshToken(id=stored_id(text), family=family.id, expires=end))]
        await w.ledger.record(w.entry("catalogue.applied", now, None, {"rows": len(puts)}), *puts)

    def renew(self) -> None:
        self._loop.run_until_complete(self._all())

    async def _all(self) -> None:
        await asyncio.gather(*(self._one(n) for n in range(CALLERS)))

    async def _one(self, n: int) -> None:
        for _ in range(_TIMES):
            form = f"grant_type=refresh_token&refresh_token={self._held[n]}".encode()
            answer = await token(self._running.app[BROKER].oauth, _BASIC, form)
            assert isinstance(answer, Tokens), answer
            self._held[n] = answer.refresh_token or ""


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With a broker that runs meanwhile, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = Settings(issuer="http://127.0.0.1:1", state=Path(folder) / "state", mode="example")
        make_state(chosen)
        loop = asyncio.new_event_loop()
        parts = opened(chosen)
        running = loop.run_until_complete(parts.__aenter__())
        try:
            desk = _Desk(loop, running)
            loop.run_until_complete(desk.prepare())
            yield (
                Goal(
                    name=f"a refreshed ES256 access and ID token, {CALLERS} callers, each on record first",
                    micros=1_300,  # most of it is threads handing on to one another, which is dearer on some days
                    run=desk.renew,
                    times=CALLERS * _TIMES,
                ),
            )
        finally:
            loop.run_until_complete(parts.__aexit__(None, None, None))
            loop.close()
