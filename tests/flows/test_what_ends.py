"""Rights that end: everybody who must hear does, and nothing that is issued outlives what it rests on."""

from typing import Any

import pytest

from broker.adapters.snapshots import LiveSnapshot
from broker.app import assert_declared_fit, assert_fit
from broker.config import Settings, SettingsError
from broker.core.ids import ClientId, Issuer
from broker.core.rows import Client, IdentityProvider, Revocation, Session
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.visas import held_visas, mint
from broker.web.streams import LiveStreams, Stream
from tests import builders as b
from tests.fakes import START, FakeClock, at_once
from tests.flows.worlds import ADA, stage

SESSION = Session(
    id="ses", person=b.ADA, idp=b.HOME, identities=((b.HOME, "ada"),), auth_time=START, expires=Seconds(START + 9000),
    affiliations=("faculty@rhine.example",), location="DE",
)  # fmt: skip
REVOKED = Revocation(id=f"grant:{b.GRANT}", since=START)


def test_a_visa_does_not_tell_when_one_participants_consent_ends() -> None:
    """It would be signed anew a second later, for the others: an early end would only say that somebody left."""
    s = stage(pia=b.consent(effective_to=Seconds(START + 300)))
    minted = at_once(mint(s.world, ADA, held_visas(s.world, ADA, SESSION, START), START))
    assert {one.type: one.exp for one in minted}["ControlledAccessGrants"] == START + 86_400


def test_a_listener_that_fails_keeps_nobody_else_from_hearing() -> None:
    live = LiveSnapshot(b.snapshot())
    heard: list[Snapshot] = []

    def fails(_: Snapshot) -> None:
        raise LookupError

    for listener in (fails, heard.append, fails):
        live.listen(listener)
    with pytest.raises(LookupError):
        live.committed([REVOKED])
    assert heard == [live.current()]


class Wire:
    """A connection that only knows whether it was aborted."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> None:
        """There is no socket."""
        del name


def test_a_question_that_fails_cuts_its_own_stream_and_lets_the_others_be_asked() -> None:
    live = LiveSnapshot(b.snapshot())
    streams = LiveStreams(live.listen, FakeClock())
    wires = [Wire() for _ in range(6)]

    def fails(_: Snapshot) -> bool:
        raise LookupError

    questions: list[Any] = [fails if n % 2 else (lambda _: False) for n in range(len(wires))]
    streams._running.update(Stream(wire, asked) for wire, asked in zip(wires, questions, strict=True))  # type: ignore[arg-type]
    with pytest.raises(LookupError):
        live.committed([REVOKED])
    assert all(wire.aborted for wire in wires)


def test_when_the_record_is_dead_every_download_is_cut() -> None:
    streams = LiveStreams(lambda _: lambda: None, FakeClock())
    wires = [Wire() for _ in range(3)]
    streams._running.update(Stream(wire, lambda _: True) for wire in wires)  # type: ignore[arg-type]
    streams.cut_all()
    assert all(wire.aborted for wire in wires)


# What only a demo may have (ruling 22).

SILENT = IdentityProvider(
    id=Issuer("https://idp.example"),
    slug="idp",
    name="IdP",
    client_id="us",
    client_secret="s3cr3t",
    silent_sign_in=True,
)
REMEMBERED = Client(id=ClientId("demo"), name="Demo", auth_method="none", consent="remembered")


@pytest.mark.row("T136")
@pytest.mark.parametrize("row", [SILENT, REMEMBERED])
async def test_production_takes_nobody_who_is_let_in_or_told_of_without_a_page(row: Any) -> None:
    running: Any = type("Running", (), {"world": stage(row).world})
    settings = Settings(issuer="https://broker.example")
    assert settings.mode == "production"
    with pytest.raises(SettingsError, match="only a demo"):
        await assert_fit(running, settings)
    with pytest.raises(SettingsError, match="only a demo"):
        assert_declared_fit([row], "production")
    await assert_fit(running, settings.model_copy(update={"mode": "example"}))
    await assert_fit(type("Running", (), {"world": stage().world}), settings)  # type: ignore[arg-type]


def test_secrets_of_rows_are_not_in_what_is_printed_of_them() -> None:
    assert "s3cr3t" not in repr(SILENT)
    assert ADA.log_key not in repr(ADA)
