"""A pack is written by one person and put in force by another, exactly as the second one saw it; and attacks on that."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.policy_sets import PolicySets
from broker.adapters.policy_store import in_force, keep, point_to
from broker.core.decision import evaluate
from broker.core.ids import PersonId, RequestId
from broker.core.outcome import Outcome, Reason
from broker.core.rows import Document, IdentityLink, PackProposal
from broker.core.rows.linking import link_id
from broker.core.time import Seconds
from broker.flows import propose_packs as flow
from broker.flows.put_in_force import put_rules_in_force
from broker.flows.simulate_packs import run, simulation
from broker.policies import rules_in
from tests import builders as b
from tests.desk import PACK, Desk, desk, french_only, people, same_law, who
from tests.fakes import START, FakeClock
from tests.flows.worlds import stage
from tests.packs import write_packs


@pytest.fixture
async def d(tmp_path: Path) -> Desk:
    return await desk(stage(*people()), tmp_path)


def made(found: PackProposal | Reason) -> PackProposal:
    assert isinstance(found, PackProposal), found
    return found


def code(found: object) -> str:
    assert isinstance(found, Reason), found
    return found.code


async def written(d: Desk, by: str = "root", pack: str = PACK, **typed: str) -> PackProposal:
    row = made(await flow.begin(d.stage.world, d.sets, who(by), pack))
    return made(await flow.write(d.stage.world, who(by), row.id, {row.version}, **(typed or french_only("2"))))


async def proposed(d: Desk, by: str = "root", **typed: str) -> PackProposal:
    row = await written(d, by, **typed)
    return made(await flow.propose(d.stage.world, d.sets, who(by), row.id, {row.version}))


async def seen(d: Desk, id: str, by: str = "lex") -> str:
    found = await flow.look(d.stage.world, d.sets, who(by), id)
    assert not isinstance(found, Reason)
    return found.tried.digest


async def put(d: Desk, row: PackProposal, by: str = "lex", digest: str | None = None) -> PackProposal | Reason:
    said = digest if digest is not None else await seen(d, row.id)
    return await flow.activate(d.stage.world, d.sets, who(by), row.id, said)


@pytest.mark.row("PACK-SECOND")
async def test_one_writes_another_puts_it_in_force_and_it_is_on_record_and_there_after_a_restart(d: Desk) -> None:
    row = await proposed(d)
    assert (row.state, row.release, row.proposed_by) == ("proposed", "2", "usr_root")
    assert evaluate(b.question(), d.stage.live.current()).outcome.permits
    heard: list[Any] = []
    d.stage.live.listen(lambda picture: heard.append(picture.rulebook.packs[PACK].version))
    done = made(await put(d, row))
    assert d.version() == "2"
    assert "2" in heard, "running downloads are asked again"
    assert evaluate(b.question(), d.stage.live.current()).outcome is Outcome.PENDING
    assert (done.state, done.ended_by) == ("activated", "usr_lex")
    assert d.stage.kinds()[-4:] == ["policy.drafted", "policy.drafted", "policy.proposed", "policy.activated"]
    entry = d.stage.ledger.entries[-1]
    assert (entry.about["proposal"], entry.about["files"]) == (row.id, done.files)
    assert "test-pack 2" in str(entry.about["parts"])
    assert await d.stage.world.rows.get(Document, f"pack:{PACK}@2") is not None
    assert d.after_a_restart() == {PACK: "2"}
    kept = in_force(d.settings.activated_policies)
    assert kept is not None
    assert kept.name == done.files
    assert not await d.watch.look(), "nothing is left to be taken up"
    recorded = len(d.stage.ledger.entries)
    assert made(await put(d, row, digest=done.files)).id == row.id, "twice is once"
    assert len(d.stage.ledger.entries) == recorded


@pytest.mark.row("PACK-SECOND")
async def test_who_wrote_any_of_it_or_proposed_it_does_not_put_it_in_force(d: Desk) -> None:
    row = await written(d, "ann")
    for n, name in enumerate(("lex", "root"), 3):
        row = made(await flow.write(d.stage.world, who(name), row.id, {row.version}, **french_only(str(n))))
    row = made(await flow.propose(d.stage.world, d.sets, who("root"), row.id, {row.version}))
    for name in ("root", "lex", "ann"):
        assert code(await put(d, row, name)) == "REQ-OWN-PACK", name
    assert d.version() == "1"
    assert made(await put(d, row, "kim")).state == "activated"


@pytest.mark.row("PACK-SECOND")
async def test_who_only_proposed_it_does_not_put_it_in_force(d: Desk) -> None:
    row = await written(d, "ann")
    row = made(await flow.propose(d.stage.world, d.sets, who("lex"), row.id, {row.version}))
    assert code(await put(d, row, "lex")) == "REQ-OWN-PACK"
    assert made(await put(d, row, "kim")).state == "activated"


@pytest.mark.row("PACK-SECOND")
@pytest.mark.parametrize("end", [None, START], ids=["linked", "linked once"])
async def test_a_second_identity_of_the_writer_is_the_writer(d: Desk, end: Seconds | None) -> None:
    row = await proposed(d)
    root, lex = PersonId("usr_root"), PersonId("usr_lex")
    pair = ((b.HOME, "root"), (b.HOME, "lex"))
    d.stage.live.committed(
        [IdentityLink(id=link_id(root, lex), persons=(root, lex), identities=pair, since=START, ended=end)]
    )
    assert code(await put(d, row)) == "REQ-OWN-PACK"
    assert made(await put(d, row, "ann")).state == "activated"


@pytest.mark.row("PACK-SEEN")
async def test_what_comes_into_force_is_what_the_second_person_saw(d: Desk) -> None:
    row = await proposed(d)
    looked = await seen(d, row.id)
    row = made(await flow.write(d.stage.world, who("root"), row.id, {row.version}, **same_law("2")))
    assert row.state == "draft", "another text is proposed again"
    assert code(await put(d, row, digest=looked)) == "REQ-STATE"
    row = made(await flow.propose(d.stage.world, d.sets, who("root"), row.id, {row.version}))
    assert code(await put(d, row, digest=looked)) == "REQ-STALE"
    assert d.version() == "1"
    assert made(await put(d, row)).state == "activated"


@pytest.mark.row("PACK-SEEN")
async def test_another_change_of_the_set_is_looked_at_again(d: Desk) -> None:
    """Two proposals of two packs: the second comes into force beside the first, and never instead of it."""
    other = await written(d, "ann", "other", **other_pack("1"))
    other = made(await flow.propose(d.stage.world, d.sets, who("ann"), other.id, {other.version}))
    row = await proposed(d)
    looked = {one.id: await seen(d, one.id) for one in (row, other)}
    done = await asyncio.gather(*(put(d, one, digest=looked[one.id]) for one in (row, other)))
    assert sorted(one.state if isinstance(one, PackProposal) else one.code for one in done) == [
        "REQ-STALE",
        "activated",
    ]
    left = row if isinstance(done[0], Reason) else other
    assert code(await put(d, left, digest=looked[left.id])) == "REQ-STALE"
    assert made(await put(d, left)).state == "activated"
    assert d.after_a_restart() == {PACK: "2", "other": "1"}


def other_pack(version: str) -> dict[str, str]:
    typed = same_law(version)
    return {name: text.replace(f'"{PACK}"', '"other"') for name, text in typed.items()}


@pytest.mark.row("PACK-SEEN")
async def test_what_was_begun_from_an_older_version_is_not_put_over_a_newer_one(d: Desk) -> None:
    old = await proposed(d, "ann")
    newer = await proposed(d, "root", **same_law("3"))
    made(await put(d, newer))
    assert code(await put(d, old)) == "REQ-PACK-OUTDATED"
    assert d.version() == "3"
    again = await written(d, "ann", **same_law("1"))
    assert "was in force already" in str(
        await flow.propose(d.stage.world, d.sets, who("ann"), again.id, {again.version})
    )


@pytest.mark.row("PACK-SEEN")
async def test_a_version_that_was_in_force_is_not_used_again_not_even_with_the_same_text(d: Desk) -> None:
    for typed in (same_law("1"), french_only("1")):
        row = await written(d, **typed)
        refused = await flow.propose(d.stage.world, d.sets, who("root"), row.id, {row.version})
        assert code(refused) == "REQ-PACK-UNSOUND"
        assert "give it a new one" in str(refused)
        made(await flow.withdraw(d.stage.world, who("root"), row.id, {row.version}))


@pytest.mark.row("PACK-SEEN")
async def test_what_the_operator_activates_meanwhile_is_not_undone(d: Desk, tmp_path: Path) -> None:
    row = await proposed(d)
    looked = await seen(d, row.id)
    point_to(keep(write_packs(tmp_path / "theirs", "9"), d.settings.activated_policies))
    assert code(await put(d, row, digest=looked)) == "REQ-STALE", "not taken up yet"
    assert await d.watch.look()
    assert code(await put(d, row, digest=looked)) == "REQ-PACK-OUTDATED"
    assert d.after_a_restart() == {PACK: "9"}


async def test_what_is_on_record_and_not_yet_here_is_not_undone(d: Desk, tmp_path: Path) -> None:
    """Another process activated, and this one has not taken it up."""
    row = await proposed(d)
    looked = await seen(d, row.id)
    await put_rules_in_force(d.stage.world, rules_in(write_packs(tmp_path / "theirs", "9"), d.settings))
    assert code(await put(d, row, digest=looked)) == "REQ-STALE"


class Full(PolicySets):
    """The disk has no room for the pointer."""

    def __init__(self, d: Desk) -> None:
        self._folder, self._watch = d.settings.activated_policies, d.watch
        self._find, self._made, self._known = d.sets._find, d.sets._made, d.sets._known

    async def adopt(self, digest: str) -> bool:
        pointer = self._folder / "in-force"
        (pointer / "full").mkdir(parents=True)
        try:
            return await super().adopt(digest)
        finally:
            shutil.rmtree(pointer)


@pytest.mark.row("PACK-SECOND")
async def test_what_was_recorded_and_did_not_come_to_hold_is_done_by_the_same_step(d: Desk) -> None:
    row = await proposed(d)
    looked = await seen(d, row.id)
    full = Full(d)
    refused = await flow.activate(d.stage.world, full, who("lex"), row.id, looked)
    assert "not in force yet" in str(refused)
    assert d.version() == "1"
    assert code(await put(d, row, "root", digest=looked)) == "REQ-OWN-PACK"
    assert made(await put(d, row, digest=looked)).state == "activated"
    assert d.version() == "2"
    assert d.stage.kinds().count("policy.activated") == 2, "the first set, and this one once"


@pytest.mark.row("PACK-ROLES")
async def test_who_has_no_role_neither_writes_nor_looks_and_who_audits_only_looks(d: Desk) -> None:
    w, row = d.stage.world, await proposed(d)
    recorded = len(d.stage.ledger.entries)
    for name, looks in (("sam", False), ("eve", True)):
        steps = [
            await flow.begin(w, d.sets, who(name), PACK),
            await flow.write(w, who(name), row.id, {row.version}, **same_law("5")),
            await flow.propose(w, d.sets, who(name), row.id, {row.version}),
            await flow.withdraw(w, who(name), row.id, {row.version}),
            await flow.activate(w, d.sets, who(name), row.id, row.files),
        ]
        assert {code(one) for one in steps} == {"AUTH-NOT-YOURS"}, name
        for found in (await flow.proposals(w, who(name)), await flow.look(w, d.sets, who(name), row.id)):
            assert isinstance(found, Reason) is not looks, name
    committee = replace(who("root"), roles=(replace(who("root").roles[0], scope="committee:x"),))
    assert code(await flow.begin(w, d.sets, committee, PACK)) == "AUTH-NOT-YOURS", "for the whole service"
    assert len(d.stage.ledger.entries) == recorded


@pytest.mark.row("PACK-WRITTEN")
async def test_two_windows_do_not_write_over_each_other_and_who_wrote_what_is_kept(d: Desk) -> None:
    w = d.stage.world
    row = made(await flow.begin(w, d.sets, who("root"), PACK))
    assert made(await flow.begin(w, d.sets, who("root"), PACK)).id == row.id, "two clicks are one proposal"
    assert row.text == (d.settings.policies / f"{PACK}.yaml").read_text("utf-8") if d.settings.policies else False
    first = made(await flow.write(w, who("root"), row.id, {row.version}, text="a\r\nb", cases="", ground=""))
    assert first.text == "a\nb"
    assert code(await flow.write(w, who("ann"), row.id, {row.version}, text="c", cases="", ground="")) == "REQ-STALE"
    same = made(await flow.write(w, who("ann"), row.id, {first.version}, text="a\nb", cases="", ground=""))
    assert same.version == first.version, "nothing was written"
    made(await flow.write(w, who("ann"), row.id, {first.version}, text="c", cases="", ground=""))
    kept = await w.rows.get(PackProposal, row.id)
    assert kept is not None
    assert [one.by for one in kept.written] == ["usr_root", "usr_root", "usr_ann"]
    assert len({one.digest for one in kept.written}) == 3
    gone = made(await flow.withdraw(w, who("lex"), row.id, {kept.version}))
    assert code(await flow.write(w, who("ann"), row.id, {gone.version}, text="d", cases="", ground="")) == "REQ-STATE"
    assert made(await flow.begin(w, d.sets, who("root"), PACK)).id != row.id


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "nothing": "", "no yaml": "{{{", "a list": "- a", "a bomb": BOMB, "a tag": "a: !!python/object:os.system x",
    "deep": "[" * 5_000, "unseen": "schema: \x00", "twice": "id: a\nid: b", "another pack": "id: other",
}  # fmt: skip


@pytest.mark.row("PACK-LINT")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_whatever_is_typed_is_told_with_its_line_and_never_proposed(d: Desk, text: str) -> None:
    for typed in ({"text": text}, {"cases": text}):
        row = await written(d, **(french_only("2") | typed))
        found = await flow.look(d.stage.world, d.sets, who("root"), row.id)
        assert not isinstance(found, Reason)
        assert found.problems
        assert all(f"{PACK}.yaml:" in line for line in found.problems), found.problems
        refused = await flow.propose(d.stage.world, d.sets, who("root"), row.id, {row.version})
        assert code(refused) == "REQ-PACK-UNSOUND"
        made(await flow.withdraw(d.stage.world, who("root"), row.id, {row.version}))


@pytest.mark.row("PACK-LINT")
async def test_a_pack_stays_the_pack_that_it_was_begun_as(d: Desk) -> None:
    row = await written(d, **other_pack("2"))
    assert code(await flow.propose(d.stage.world, d.sets, who("root"), row.id, {row.version})) == "REQ-PACK-UNSOUND"
    theirs = await written(d, pack="other", **same_law("2"))
    assert (
        code(await flow.propose(d.stage.world, d.sets, who("root"), theirs.id, {theirs.version})) == "REQ-PACK-UNSOUND"
    )
    for name in ("../up", "a/b", "", "A", "x" * 65, "a..b"):
        assert code(await flow.begin(d.stage.world, d.sets, who("root"), name)) == "REQ-INVALID", name


@pytest.mark.row("PACK-LINT")
async def test_a_pack_called_like_the_file_of_another_takes_nothing_away(tmp_path: Path) -> None:
    packs = write_packs(tmp_path / "first")
    (packs / f"{PACK}.yaml").rename(packs / "other.yaml")
    d = await desk(stage(*people()), tmp_path, packs)
    row = await written(d, pack="other", **other_pack("1"))
    row = made(await flow.propose(d.stage.world, d.sets, who("root"), row.id, {row.version}))
    made(await put(d, row))
    assert d.after_a_restart() == {PACK: "1", "other": "1"}


@pytest.mark.row("PACK-LINT")
async def test_a_pack_that_the_settings_leave_out_is_not_put_in_force(tmp_path: Path) -> None:
    d = await desk(stage(*people()), tmp_path, packs=(PACK,))
    row = await written(d, pack="other", **other_pack("1"))
    assert "leaves other out" in str(await flow.propose(d.stage.world, d.sets, who("root"), row.id, {row.version}))


@pytest.mark.row("PACK-LINT")
async def test_in_production_nobody_puts_an_example_in_force(tmp_path: Path) -> None:
    reviewed = {"owner": "DPO", "reviewed_by": "Legal", "reviewed_on": "2026-01-01", "next_review_due": "2029-01-01"}
    packs = write_packs(tmp_path / "first", status="reviewed", review=reviewed)
    d = await desk(stage(*people()), tmp_path, packs, mode="production")
    row = await written(d)
    refused = await flow.propose(d.stage.world, d.sets, who("root"), row.id, {row.version})
    assert "status example, production takes reviewed packs only" in str(refused)


@pytest.mark.row("PACK-LINT")
async def test_too_much_is_refused_and_a_reason_is_wanted(d: Desk) -> None:
    w, row = d.stage.world, await written(d)
    long = "x" * (flow.MOST_CHARACTERS + 1)
    for typed in ({"text": long}, {"cases": long}, {"ground": long}):
        refused = await flow.write(w, who("root"), row.id, {row.version}, **(french_only("2") | typed))
        assert code(refused) == "REQ-TOO-LARGE"
    row = made(await flow.write(w, who("root"), row.id, {row.version}, **(french_only("2") | {"ground": " "})))
    assert "ground:" in str(await flow.propose(w, d.sets, who("root"), row.id, {row.version}))
    for n in range(flow.MOST_OPEN - 1):
        made(await flow.begin(w, d.sets, who("root"), f"p{n}"))
    assert code(await flow.begin(w, d.sets, who("ann"), "more")) == "REQ-STATE"


@pytest.mark.row("PACK-TRIED")
async def test_who_loses_is_told_and_nothing_is_changed(tmp_path: Path) -> None:
    ours = ("faculty@rhine.example",)
    asks = b.request(id=RequestId("req_2"), affiliations=ours, location="DE")
    d = await desk(stage(*people(), asks, grant=b.grant(affiliations=ours)), tmp_path)
    row = await proposed(d)
    found = await flow.look(d.stage.world, d.sets, who("eve"), row.id)
    assert not isinstance(found, Reason)
    assert found.tried.rules is not None
    recorded, before = len(d.stage.ledger.entries), d.stage.live.current()
    tried = simulation(d.stage.world, found.tried.rules)
    await run(d.stage.world, tried)
    assert tried.over
    assert tried.effects.counted()["loses"] == tried.seen == 2, "her grant, and her open request"
    ((cause, concerned),) = tried.effects.worst_first()
    assert (cause.effect, cause.outcomes) == ("loses", "PERMIT_WITH_OBLIGATIONS -> PENDING (missing: paper.signed)")
    assert {(one.person, one.dataset) for one in concerned.lines} == {(b.ADA, b.HEART)}
    assert (len(d.stage.ledger.entries), d.stage.live.current()) == (recorded, before)


class Patient(FakeClock):
    """Counts how often others had their turn."""

    turns = 0

    async def give_way(self) -> None:
        self.turns += 1


@pytest.mark.row("PACK-TRIED")
async def test_while_many_are_judged_others_have_their_turn(d: Desk) -> None:
    clock, rules = Patient(), d.stage.live.current().rulebook
    for n in range(80):
        d.stage.ledger.rows["request", f"req_{n}"] = b.request(id=RequestId(f"req_{n}"))
    tried = simulation(d.stage.world, rules)
    await run(replace(d.stage.world, clock=clock), tried)
    assert tried.effects.counted()["same"] == tried.seen >= 80
    assert clock.turns >= 10
