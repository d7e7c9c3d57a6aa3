"""A text by which decisions are made comes into force: it is kept first, so that they can be made again from it.

The same release of the same text never says something else: whoever changes a policy pack gives it a new version.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from broker.core.audit.entry import Value
from broker.core.documents import Text, pack_text, read_pack, rows_of, rules_text, text_of
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.rows import Document, InForce, Person, Put, changed
from broker.core.rows.documents import What, document_id
from broker.flows.world import World
from broker.ports import Rows, StaleError

_KINDS: dict[What, str] = {
    "rules": "policy.activated",
    "ontology": "ontology.activated",
    "own": "document.kept",
    "pack": "document.kept",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Who put a text in force in place of what, and what else is recorded with that.

    By nobody: the operator, at the machine itself, in place of whatever there was.
    """

    by: Person | None = None
    instead_of: InForce | None = None
    about: Mapping[str, Value] = field(default_factory=dict)
    with_it: tuple[Put, ...] = ()


async def put_rules_in_force(w: World, rulebook: Rulebook, agreed: Agreed = Agreed()) -> tuple[str, ...]:
    """Keep every pack of `rulebook` and that they are in force together. What is wrong; nothing, if all is well.

    StaleError: others came into force at the same moment, or what is recorded with it was changed.
    """
    packs = [pack_text(pack) for _, pack in sorted(rulebook.packs.items())]
    return await put_in_force(w, rules_text(rulebook), packs, agreed)


async def put_in_force(w: World, text: Text, parts: Sequence[Text] = (), agreed: Agreed = Agreed()) -> tuple[str, ...]:
    """Keep `text` and the `parts` that it names. Steps: 1 gather, 2 decide, 3 record.

    Nothing is recorded if they are kept already, and `text` is the last of its sort that came into force.
    """
    # 1. Gather.
    now, new = w.clock.now(), list[Document]()
    before = await w.rows.get(InForce, text.what)
    for each in (*parts, text):
        if await w.rows.get(Document, each.id) is None:
            new += [replace(row, since=now) for row in rows_of(each)]
    wrong = await contradicted(w.rows, parts)
    # 2. Decide.
    if agreed.by is not None and before != agreed.instead_of:
        raise StaleError(f"{text.what}: another came into force")
    if wrong or (before is not None and before.document == text.id and not new):
        return wrong
    after = InForce(id=text.what, document=text.id, since=now)
    if before is not None:
        after = changed(before, document=text.id, since=now)
    # 3. Record.
    told: dict[str, Value] = {"document": text.id, "new": tuple(row.id for row in new), **agreed.about}
    if parts:
        told["parts"] = tuple(f"{each.name} {each.release} {sha256(each.read()).hexdigest()}" for each in parts)
    entry = w.entry(_KINDS[text.what], now, agreed.by, told)
    await w.ledger.record(entry, *map(Put, new), Put(after), *agreed.with_it)
    return ()


async def contradicted(rows: Rows, texts: Iterable[Text]) -> tuple[str, ...]:
    """Which of these packs were in force under the same version with another text, in words."""
    found = []
    for each in texts:
        kept = await rows.get(Document, each.id)
        if kept is not None and each.what == "pack" and not await _says(rows, kept, each):
            found.append(f"{each.name} {each.release}: this version was in force with another text; give it a new one")
    return tuple(found)


async def _says(rows: Rows, kept: Document, text: Text) -> bool:
    """Is the kept pack the one in `text`? As packs, not byte by byte: this program may write more than before."""
    try:
        return read_pack(await stored_text(rows, kept)) == read_pack(text.read())
    except ValueError:  # what cannot be read cannot be shown to be the same
        return False


async def kept_text(w: World, first: Document) -> bytes:
    """The whole text whose first row is `first`. ValueError if a part is missing or is not what was kept."""
    return await stored_text(w.rows, first)


async def stored_text(rows: Rows, first: Document) -> bytes:
    """As `kept_text`, from `rows`."""
    pieces = [first]
    for part in range(1, first.parts):
        more = await rows.get(Document, document_id(first.what, first.name, first.release, part))
        if more is None:
            raise ValueError(f"{first.id}: part {part} is missing")
        pieces.append(more)
    return text_of(pieces)
