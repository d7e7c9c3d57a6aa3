"""Another set of packs comes into force beside a running broker, whole or not at all, and is on record first."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broker.adapters.policy_store import PolicyStoreError, in_force, keep, point_to
from broker.adapters.policy_watch import PolicyWatch
from broker.config import Settings
from broker.core.decision import evaluate
from broker.core.jobs import Jobs
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.put_in_force import put_rules_in_force
from broker.policies import policy_folder, rules_in, watch_policies
from tests import builders as b
from tests.flows.worlds import Stage, stage
from tests.packs import write_packs


class Beside:
    """A broker that follows a state folder, and what happens in that folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(
            issuer="https://broker.example",
            mode="example",
            state=folder / "state",
            policies=write_packs(folder / "first", always=b_duties("first")),
        )
        self.stage: Stage = stage()
        first = policy_folder(self.settings)
        self.stage.live.under(rules_in(first, self.settings))
        self.heard: list[Snapshot] = []
        self.stage.live.listen(self.heard.append)
        self.watch: PolicyWatch = watch_policies(self.stage.world, self.stage.live, self.settings, first)

    def activate(self, version: str, duty: str) -> Path:
        """As `broker policy activate` does in the end."""
        packs = write_packs(self.folder / f"{version}-{duty}", version, always=b_duties(duty))
        kept = keep(packs, self.settings.activated_policies)
        point_to(kept)
        return kept

    def version(self) -> str:
        return self.stage.live.current().rulebook.packs["test-pack"].version


def b_duties(name: str) -> list[dict[str, list[str]]]:
    return [{"obligations": [name]}]


@pytest.mark.row("PK1")
async def test_another_set_is_recorded_and_then_everybody_is_judged_by_it(tmp_path: Path) -> None:
    one = Beside(tmp_path)
    assert not await one.watch.look()
    before = one.stage.live.current()
    assert "first" in evaluate(b.question(), before).obligations
    one.activate("2", "second")
    assert await one.watch.look()
    (after,) = one.heard
    assert after.stands_on.rules != before.stands_on.rules
    assert after.generation == before.generation  # the same rows
    decision = evaluate(b.question(), after)
    assert "second" in decision.obligations
    assert ("test-pack", "2") in decision.read
    assert one.stage.kinds()[-1] == "policy.activated"
    digest = after.rulebook.digests["test-pack"]
    assert one.stage.ledger.entries[-1].about["parts"] == (f"test-pack 2 {digest}",)
    assert not await one.watch.look()
    assert len(one.heard) == 1


async def test_the_way_back_is_a_set_like_any_other(tmp_path: Path) -> None:
    one = Beside(tmp_path)
    for version, duty in (("2", "second"), ("3", "third"), ("2", "second")):
        one.activate(version, duty)
        assert await one.watch.look()
        assert one.version() == version
    assert one.stage.kinds().count("policy.activated") == 3


@pytest.mark.row("PK1", "T138")
async def test_whatever_is_wrong_the_last_good_set_stays_and_it_is_told_once(tmp_path: Path) -> None:
    one = Beside(tmp_path)
    await put_rules_in_force(one.stage.world, one.stage.live.current().rulebook)
    recorded = len(one.stage.ledger.entries)
    with capture_logs() as logs:
        touched = one.activate("2", "second")
        (touched / "test-pack.yaml").write_text("schema: [", "utf-8")
        assert [await one.watch.look() for _ in range(3)] == [False] * 3
        one.activate("1", "same-version-another-text")
        assert not await one.watch.look()
        (one.settings.activated_policies / "in-force").write_text("nothing", "utf-8")
        assert not await one.watch.look()
    assert one.version() == "1"
    assert "first" in evaluate(b.question(), one.stage.live.current()).obligations
    assert (one.heard, len(one.stage.ledger.entries)) == ([], recorded)
    told = [log["why"] for log in logs if log["event"] == "policies.refused"]
    assert len(told) == 3
    assert "not the files that were activated" in told[0]
    assert "test-pack 1: this version was in force with another text" in told[1]
    assert "no set of packs" in told[2]
    one.activate("4", "fourth")
    assert await one.watch.look()
    assert one.version() == "4"


@pytest.mark.row("PK1", "T138")
async def test_of_a_thousand_changes_nobody_sees_half_a_one(tmp_path: Path) -> None:
    """Who decides meanwhile decides by one set: its duty, and its version among what was read."""
    one = Beside(tmp_path)
    live, first = one.stage.live, one.stage.live.current().rulebook
    one.activate("2", "second")
    assert await one.watch.look()
    second, seen = live.current().rulebook, set[tuple[str, str]]()

    async def decides() -> None:
        for _ in range(100):
            snapshot = live.current()
            await asyncio.sleep(0)
            found = evaluate(b.question(), snapshot)
            (version,) = (version for pack, version in found.read if pack == "test-pack")
            seen.update((version, duty) for duty in ("first", "second") if duty in found.obligations)

    async def changes() -> None:
        for number in range(1000):
            live.under((first, second)[number % 2])
            await asyncio.sleep(0)

    await asyncio.gather(changes(), *(decides() for _ in range(4)))
    assert seen == {("1", "first"), ("2", "second")}


@pytest.mark.row("PK1")
async def test_a_line_and_a_field_are_named(tmp_path: Path) -> None:
    one = Beside(tmp_path)
    bad = write_packs(tmp_path / "bad", "2", confidence="quite")
    kept = keep(bad, one.settings.activated_policies)
    point_to(kept)
    with capture_logs() as logs:
        assert not await one.watch.look()
    (log,) = logs
    assert f"{kept / 'test-pack.yaml'}:" in log["why"]
    assert "confidence: one of high, low, medium is wanted here" in log["why"]


async def test_it_looks_when_it_is_asked_to(tmp_path: Path) -> None:
    one = Beside(tmp_path)
    jobs = Jobs()
    looking = asyncio.create_task(one.watch.look_on(jobs.turns("policies", 3600, lambda: Seconds(0)), 3600))
    heard = asyncio.Event()
    one.stage.live.listen(lambda _: heard.set())
    one.activate("2", "second")
    one.watch.asked.set()
    async with asyncio.timeout(10):
        await heard.wait()
    assert one.version() == "2"
    while jobs.told()[0].outcome == "runs":  # noqa: ASYNC110 (turns of the loop, not time)
        await asyncio.sleep(0)
    assert (jobs.told()[0].outcome, jobs.told()[0].found) == ("done", 1)
    looking.cancel()


def test_a_set_is_kept_once_under_its_content_and_nothing_else_of_the_folder(tmp_path: Path) -> None:
    packs = write_packs(tmp_path / "packs")
    (packs / "notes.txt").write_text("ours", "utf-8")
    first = keep(packs, tmp_path / "sets")
    assert keep(packs, tmp_path / "sets") == first
    assert sorted(path.name for path in first.rglob("*") if path.is_file()) == ["test-pack.yaml"] * 2
    assert in_force(tmp_path / "sets") is None
    point_to(first)
    assert in_force(tmp_path / "sets") == first
    assert sorted(path.name for path in (tmp_path / "sets").iterdir()) == sorted([first.name, "in-force"])


@pytest.mark.parametrize("name", ["", "..", "../first", "0" * 64, "nothing"])
def test_a_pointer_to_no_set_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "in-force").write_text(name, "utf-8")
    with pytest.raises(PolicyStoreError, match="no set of packs"):
        in_force(tmp_path)
