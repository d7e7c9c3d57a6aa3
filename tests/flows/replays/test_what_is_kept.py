"""What the record keeps for a replay: no secret, no name that is not under its person's key, and not much."""

import zlib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from broker.adapters.ontology import load_ontology
from broker.adapters.storage.history import open_history
from broker.core.ids import ClientId, Issuer
from broker.core.passport.bearer import Vouched
from broker.core.passport.visa import LINK
from broker.core.plain import canonical
from broker.core.rows import HISTORY_KINDS, SNAPSHOT_KINDS, Client, IdentityProvider, PolledVisa, changed
from broker.core.rows.history import LEFT_OUT, NOT_KEPT
from broker.core.time import FOREVER
from broker.flows.use_data import ask
from tests import builders as b
from tests.adapters.storage.support import Place
from tests.fakes import START
from tests.flows.replays.places import STRANGE, TRUSTED, VISA, everything, traces
from tests.flows.replays.recorded import differ, recorded
from tests.flows.worlds import ADA, caller


@pytest.mark.row("RP4")
async def test_no_secret_is_kept_in_the_history(place: Place) -> None:
    provider = IdentityProvider(id=b.HOME, slug="home", name="Home", client_id="c", client_secret="CANARY-idp")
    client = Client(id=ClientId("c"), name="C", auth_method="client_secret_basic", secret="CANARY-client")
    polled = PolledVisa(id="p", visa=VISA, token="CANARY-polled", next=START, needed=START)
    grant = b.grant(document="CANARY-document")
    async with recorded(place, TRUSTED, provider, client, polled, grant=grant) as s:
        await s.put(changed(TRUSTED, gather_key="CANARY-again"), changed(client, secret="CANARY-client-2"))
        await ask(s.world, caller(), b.ONE)
        assert differ(s.replays()) == []
    kept = place.ask("SELECT group_concat(body) FROM history")[0][0]
    assert "CANARY" not in kept
    assert '"client_id":"c"' in kept
    assert place.verify().ok


def test_whatever_is_marked_as_secret_is_left_out_of_the_history() -> None:
    marked = {(kind, one.name) for kind in HISTORY_KINDS for one in fields(kind) if not one.repr}  # type: ignore[arg-type]
    assert marked <= {(kind, name) for kind, names in LEFT_OUT.items() for name in names}
    assert HISTORY_KINDS | NOT_KEPT == SNAPSHOT_KINDS
    assert LEFT_OUT.keys() <= HISTORY_KINDS


@pytest.mark.row("RP4")
async def test_names_lie_under_the_persons_key_and_nothing_else_says_who_it_was(place: Place) -> None:
    linked = replace(
        VISA, type=LINK, digest="2" * 64, jti="v2", linked=((b.HOME, "ada-home-name"),), value="ada-home-name"
    )
    vouched = Vouched(iss=STRANGE, members=((STRANGE, "ada-elsewhere"), (b.HOME, "ada-home-name")), ends=FOREVER)
    who = frozenset({(b.US, str(b.ADA)), (b.HOME, "ada-home-name"), (Issuer(STRANGE), "ada-elsewhere")})
    async with recorded(place, TRUSTED) as s:
        await ask(s.world, caller(identities=who, visas=(VISA, linked), vouched=vouched), b.ONE)
        (trace,) = await traces(s)
        assert differ(s.replays()) == []
    text = canonical(trace).decode()
    assert "ada-home-name" not in text
    assert "ada-elsewhere" not in text


@pytest.mark.row("RP5")
async def test_after_an_erasure_a_decision_is_made_again_and_nobody_can_say_whose_it_was(place: Place) -> None:
    async with recorded(place, TRUSTED) as s:
        await everything(s)
        before = [one.outcome for one in s.replays()]
        await s.put(changed(ADA, log_key=""), kind="person.erased")
        found = s.replays()
    assert [one.outcome for one in found] == before
    assert differ(found) == []
    assert all(one.erased for one in found)


def test_history_of_no_database_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_history(tmp_path / "none", load_ontology):
        pass


async def test_the_trace_adds_little(place: Place) -> None:
    """What a replay needs besides: less than a kilobyte, compressed, of a download under a grant."""
    async with recorded(place) as s:
        await ask(s.world, caller(), b.ONE)
        (trace,) = await traces(s)
    body = dict(trace.body)
    whole = len(zlib.compress(canonical(trace)))
    without = {**body, "versions": None, "question": {**body["question"], "identities": []}}
    assert whole - len(zlib.compress(canonical(replace(trace, body=without)))) < 1_000
    assert whole < 2_500
