"""Texts by which decisions are made are kept before they decide, once, and can be read again."""

from dataclasses import replace
from datetime import date
from hashlib import sha256, shake_256

import pytest

from broker.core.documents import (
    PART_BYTES,
    Text,
    ontology_text,
    own_text,
    pack_text,
    read_own,
    read_pack,
    read_rules,
    rows_of,
    standing,
    text_of,
)
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.rows import Document, InForce
from broker.flows.put_in_force import kept_text, put_in_force, put_rules_in_force
from broker.flows.world import World
from tests import builders as b
from tests.flows.worlds import stage

DEMO = b.CONFIG / "ontology" / "mondo-demo.obo"


def with_pack(id: str, **changes: object) -> Rulebook:
    """The builders' packs, one of them changed."""
    packs = b.rules().packs
    made = rulebook([replace(pack, **changes) if pack.id == id else pack for pack in packs.values()], "example")  # type: ignore[arg-type]
    assert isinstance(made, Rulebook)
    return made


async def read(w: World, id: str) -> bytes:
    first = await w.rows.get(Document, id)
    assert first is not None
    return await kept_text(w, first)


async def test_every_text_that_a_picture_stands_on_can_be_read_again() -> None:
    w, picture = stage().world, stage().live.current()
    assert await put_rules_in_force(w, picture.rulebook) == ()
    assert await put_in_force(w, ontology_text(picture.ontology, DEMO.read_bytes)) == ()
    assert await put_in_force(w, own_text(picture.own)) == ()
    rules, ontology, own = standing(picture.ontology, picture.rulebook, picture.own).ids()
    mode, packs = read_rules(await read(w, rules))
    kept = [read_pack(await read(w, f"pack:{id}@{version}")) for id, version in packs]
    again = rulebook(kept, mode)
    assert isinstance(again, Rulebook)
    assert (again.packs, again.digests) == (picture.rulebook.packs, picture.rulebook.digests)
    assert await read(w, ontology) == DEMO.read_bytes()
    assert read_own(await read(w, own)) == picture.own


async def test_what_comes_into_force_is_an_entry_and_what_stays_is_none() -> None:
    s = stage()
    for _ in range(3):
        await put_rules_in_force(s.world, b.rules())
    assert s.kinds() == ["policy.activated"]
    about = s.ledger.entries[0].about
    rules = b.rules()
    assert about["parts"] == tuple(f"{id} {one.version} {rules.digests[id]}" for id, one in rules.packs.items())


async def test_another_set_and_the_way_back_are_entries_and_nothing_is_kept_twice() -> None:
    s = stage()
    other = with_pack("eu-gdpr-ch5", version="next")
    for rules in (b.rules(), other, b.rules()):
        assert await put_rules_in_force(s.world, rules) == ()
    assert s.kinds() == ["policy.activated"] * 3
    assert [len(entry.about["new"]) for entry in s.ledger.entries] == [3, 2, 0]  # type: ignore[arg-type]
    now = s.ledger.rows["in_force", "rules"]
    assert isinstance(now, InForce)
    assert (now.version, now.document) == (3, s.ledger.entries[0].about["document"])


@pytest.mark.row("RP6")
@pytest.mark.parametrize("changes", [{"title": "Another"}, {"as_of": date(2001, 1, 1)}, {"rules": ()}])
async def test_the_same_version_of_a_pack_never_says_something_else(changes: dict[str, object]) -> None:
    s = stage()
    await put_rules_in_force(s.world, b.rules())
    (wrong,) = await put_rules_in_force(s.world, with_pack("eu-gdpr-ch5", **changes))
    assert wrong.startswith(f"eu-gdpr-ch5 {b.rules().packs['eu-gdpr-ch5'].version}: ")
    assert s.kinds() == ["policy.activated"], "nothing of the set is in force"


async def test_a_long_text_is_kept_in_parts_and_a_part_that_is_gone_is_missed() -> None:
    s = stage()
    said = b"".join(sha256(n.to_bytes(2)).digest() * 256 for n in range(600)) + shake_256(b"x").digest(PART_BYTES)
    long = Text(what="ontology", name="diseases", release="1", read=lambda: said)
    assert [row.id for row in rows_of(long)] == ["ontology:diseases@1", "ontology:diseases@1#1"]
    assert max(len(row.body) for row in rows_of(long)) <= PART_BYTES * 4 // 3 + 4
    await put_in_force(s.world, long)
    assert await read(s.world, long.id) == said
    del s.ledger.rows["document", "ontology:diseases@1#1"]
    with pytest.raises(ValueError, match="part 1 is missing"):
        await read(s.world, long.id)


def test_a_kept_text_that_was_changed_is_not_read() -> None:
    (row,) = rows_of(pack_text(b.rules().packs["eu-gdpr-ch5"]))
    (other,) = rows_of(pack_text(b.rules().packs["core-baseline"]))
    for changed in (replace(row, body=other.body), replace(row, digest=other.digest), replace(row, body="AAAA")):
        with pytest.raises(ValueError, match=r"^pack:eu-gdpr-ch5@"):
            text_of([changed])
