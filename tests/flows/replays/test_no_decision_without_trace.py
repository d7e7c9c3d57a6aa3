"""Wherever a decision is made its trace is kept, in the same record as what came of it."""

import ast
from pathlib import Path

import pytest

import broker.flows
from broker.core.audit.entry import decode
from broker.core.ranges import Span
from broker.flows.deliver import Opened, close_delivery, open_delivery
from broker.flows.use_data import Ticket, ask
from tests import builders as b
from tests.adapters.storage.support import Place
from tests.flows.replays.places import TRUSTED, everything, grant_ended
from tests.flows.replays.recorded import Recorded, differ, recorded
from tests.flows.worlds import caller

FLOWS = Path(broker.flows.__file__).parent
DECIDING = {"evaluate", "foresee_each", "use_each"}
KEEPING = {"trace", "trace_again", "kept", "answered"}
"""`answered` is where use_data.py keeps the trace of one answer."""
PLACES = {
    "deciding.py": "a repository that serves its own bytes asks: AuthZEN, the searches, proxies",
    "decide_request.py": "a committee approves or rejects",
    "deliver.py": "bytes of a range are asked for; a running download is asked about again",
    "pre_check.py": "many datasets at once",
    "renew.py": "a committee extends a grant, or cannot",
    "request_access.py": "one dataset, and a request that is submitted",
    "use_data.py": "DRS access: a ticket, or none; or the bytes are not there yet",
    "use_many.py": "DRS access to many objects, each for itself",
    "visas.py": "a visa is minted from a grant: for a Passport, at UserInfo, for a task; introspection tells of a grant",
}
"""Where a decision is made."""
READING = {"replay.py", "apply_catalogue.py"}
"""Where one is made again, or asked whom a declared grant leaves out: neither gives anybody anything."""
ENTRIES = {
    "decision.made", "decision.told", "pre_check.made", "request.submitted", "request.approved", "request.rejected",
    "access.permitted", "access.refused", "download.authorised", "download.refused", "download.cut", "passport.issued",
}  # fmt: skip
"""Kinds of entries that are about a decision."""


def called(tree: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {func.id for func in calls if isinstance(func, ast.Name)}


def test_whoever_decides_keeps_the_trace() -> None:
    found = {path.name: called(ast.parse(path.read_text("utf-8"))) for path in FLOWS.rglob("*.py")}
    deciding = {name for name, calls in found.items() if calls & DECIDING}
    assert deciding == PLACES.keys() | READING, "a new place needs a trace, and its line in PLACES"
    assert {name for name in PLACES if not found[name] & KEEPING} == set()


@pytest.mark.row("WHO-3.8-4b", "RP2")
async def test_every_entry_about_a_decision_has_its_trace_in_the_same_record(place: Place) -> None:
    async with recorded(place, TRUSTED) as s:
        await everything(s)
        await ended(s)
        assert differ(s.replays()) == []
    kinds = set()
    for seq, body in place.ask("SELECT seq, body FROM record"):
        entry = decode(body).entry
        if entry.kind not in ENTRIES:
            continue
        kinds.add(entry.kind)
        kept = {row[0] for row in place.ask(f"SELECT row_id FROM effect WHERE kind = 'trace' AND seq = {seq}")}
        named = entry.about.get("decisions") or (entry.about["decision"],)
        assert kept == set(named if isinstance(named, tuple) else ()), entry.kind
        if "trace" in entry.about:
            digest = place.ask(f"SELECT digest FROM effect WHERE kind = 'trace' AND seq = {seq}")[0][0]
            assert entry.about["trace"] == digest
    assert kinds == ENTRIES


async def ended(s: Recorded) -> None:
    """A grant ends: a download that runs is cut, and a ticket that was given before opens nothing more."""
    opened = await _opened(s)
    ticket = await ask(s.world, caller(), b.ONE)
    assert isinstance(ticket, Ticket)
    await grant_ended(s)
    await close_delivery(s.world, opened, "cut", 3)
    assert not isinstance(await open_delivery(s.world, ticket.access.id, b.ONE, [Span(0, 1)]), Opened)


async def _opened(s: Recorded) -> Opened:
    found = await ask(s.world, caller(), b.ONE)
    assert isinstance(found, Ticket)
    opened = await open_delivery(s.world, found.access.id, b.ONE, [Span(0, 9)])
    assert isinstance(opened, Opened)
    return opened


async def test_a_cut_that_the_clock_made_has_no_decision(place: Place) -> None:
    """The ticket ended, or the right is back already: nothing was decided anew."""
    async with recorded(place) as s:
        opened = await _opened(s)
        before = len(s.replays())
        await close_delivery(s.world, opened, "cut", 3)
        assert len(s.replays()) == before
