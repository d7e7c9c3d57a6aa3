"""A policy pack is begun from one in force, written, proposed, and put in force by a second person.

The set that comes into force is the one that the second person saw, file by file (its digest), and it takes the same
way as that of `broker policy activate`: lint, cases, kept versions, record, and then the state folder.
"""

from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256

from broker.core.audit.entry import Value
from broker.core.consultations import is_asked, settled
from broker.core.documents import rules_text
from broker.core.jurisdiction.pack import SCHEMA
from broker.core.jurisdiction.pack_cases import SCHEMA as CASES_SCHEMA
from broker.core.jurisdiction.reading import SLUG
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.outcome import Reason
from broker.core.rows import Consultation, Document, InForce, PackProposal, Put, changed
from broker.core.rows.documents import document_id
from broker.core.rows.proposals import Written
from broker.flows.put_in_force import Agreed, put_rules_in_force
from broker.flows.world import Caller, World
from broker.ports import StaleError
from broker.ports.packs import Held, PackSets, Tried

WRITERS = ("admin", "legal_officer")
READERS = (*WRITERS, "auditor")
"""Who writes and activates packs, and who looks at it; for the whole service, as packs hold for all of it."""
MOST_CHARACTERS = 100_000
"""Of a pack, and of its cases."""
MOST_OPEN, MOST_ENDED = 50, 50
_MOST_WRITINGS = 500
MOST_GROUND = 2_000
_NAME = 64
OPEN, OVER = frozenset({"draft", "proposed"}), frozenset({"activated", "withdrawn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A proposal, and the set that it would make. `problems`: why it cannot be proposed or activated.

    `before`: the two files as they are in force, empty where there are none. `outdated`: another version came into
    force since it was begun.
    """

    row: PackProposal
    before: tuple[str, str]
    files: Mapping[str, bytes]
    tried: Tried
    problems: tuple[str, ...]
    outdated: bool


def may_write(who: Caller) -> bool:
    """May somebody write packs, propose and activate them?"""
    return any(who.has_role(role, "service") for role in WRITERS)


def may_read(who: Caller) -> bool:
    """May somebody look at packs that are not in force?"""
    return any(who.has_role(role, "service") for role in READERS)


async def proposals(w: World, who: Caller) -> tuple[PackProposal, ...] | Reason:
    """All that are open, and of each way to end the last; what was begun last first."""
    if not may_read(who):
        return _forbidden(READERS)
    ended = [row for state in OVER async for row in w.rows.newest(PackProposal, "state", state, MOST_ENDED)]
    return tuple(sorted([*await _open(w), *ended], key=lambda row: row.id, reverse=True))


async def waiting(w: World, who: Caller) -> int:
    """How many wait for a second person; to who may not look, none do."""
    if not may_read(who):
        return 0
    return sum([1 async for _ in w.rows.find(PackProposal, "state", "proposed")])


async def _open(w: World) -> list[PackProposal]:
    return [row for state in OPEN async for row in w.rows.find(PackProposal, "state", state)]


async def look(w: World, sets: PackSets, who: Caller, id: str) -> Looked | Reason:
    """One of them, tried: lint and cases of the whole set with it."""
    if not may_read(who):
        return _forbidden(READERS)
    row = await w.rows.get(PackProposal, id)
    return await _looked(w, sets, row) if row is not None else Reason(code="REQ-NOT-FOUND")


async def begin(w: World, sets: PackSets, who: Caller, pack: str) -> PackProposal | Reason:
    """A proposal with the text of the pack in force, or with nearly none. Steps: 1 gather, 2 decide, 3 record.

    One that the caller began and nobody has written on is given back: two clicks are one proposal.
    """
    async with w.alone.at("proposals"):
        # 1. Gather.
        now, held, rules = w.clock.now(), await sets.held(), w.snapshots.current().rulebook
        others = await _open(w)
        # 2. Decide.
        if not may_write(who):
            return _forbidden(WRITERS)
        if not SLUG.fullmatch(pack) or len(pack) > _NAME:
            return _invalid("pack: a name of small letters, digits and dashes")
        for row in others:
            if row.pack == pack and row.version == 1 and row.written[0].by == who.person.id:
                return row
        if len(others) >= MOST_OPEN:
            return Reason(code="REQ-STATE", facts=(("state", f"one of {MOST_OPEN} that are open already"),))
        text, cases = f"schema: {SCHEMA}\nid: {pack}\n", f"schema: {CASES_SCHEMA}\npack: {pack}\n"
        if pack in rules.packs:
            place, name = await _places(sets, held, pack)
            text, cases = _said(held, place), _said(held, name)
        made = PackProposal(
            id=w.new_id("pro", now),
            pack=pack,
            base=rules.digests.get(pack, ""),
            text=text,
            cases=cases,
            written=(Written(by=who.person.id, at=now, digest=_digest(text, cases)),),
        )
        # 3. Record.
        return await _recorded(w, who, "policy.drafted", made)


async def write(
    w: World, who: Caller, id: str, seen: AbstractSet[int], *, text: str, cases: str, ground: str
) -> PackProposal | Reason:
    """Another text in place of that of a version `seen`; one that was proposed is a draft again. Steps as above."""
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(PackProposal, id)
    text, cases = _lines(text), _lines(cases)
    # 2. Decide.
    no = _refused(who, row, seen, OPEN)
    if row is None or no is not None:
        return no or Reason(code="REQ-NOT-FOUND")
    if max(len(text), len(cases)) > MOST_CHARACTERS or len(ground) > MOST_GROUND:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"a text of more than {MOST_CHARACTERS} characters"),))
    if (text, cases, ground) == (row.text, row.cases, row.ground):
        return row
    if len(row.written) >= _MOST_WRITINGS:
        return Reason(code="REQ-STATE", facts=(("state", f"written {_MOST_WRITINGS} times; begin another"),))
    said = Written(by=who.person.id, at=now, digest=_digest(text, cases))
    after = changed(
        row, text=text, cases=cases, ground=ground, written=(*row.written, said), state="draft", release="", files="",
        proposed=None, proposed_by=None,
    )  # fmt: skip
    # 3. Record.
    return await _recorded(w, who, "policy.drafted", after)


async def propose(w: World, sets: PackSets, who: Caller, id: str, seen: AbstractSet[int]) -> PackProposal | Reason:
    """Ask a second person to put it in force. Steps as above."""
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(PackProposal, id)
    no = _refused(who, row, seen, frozenset({"draft"}))
    if row is None or no is not None:
        return no or Reason(code="REQ-NOT-FOUND")
    found = await _looked(w, sets, row)
    # 2. Decide.
    rules = _fit(found)
    if isinstance(rules, Reason):
        return rules
    if not row.ground.strip():
        return _invalid("ground: what changes, and why; the second person reads it")
    after = changed(
        row, state="proposed", release=rules.packs[row.pack].version, files=found.tried.digest, proposed=now,
        proposed_by=who.person.id, proposed_as=_acting(who),
    )  # fmt: skip
    # 3. Record.
    return await _recorded(w, who, "policy.proposed", after)


async def withdraw(w: World, who: Caller, id: str, seen: AbstractSet[int]) -> PackProposal | Reason:
    """Give it up. Steps as above."""
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(PackProposal, id)
    # 2. Decide.
    no = _refused(who, row, seen, OPEN)
    if row is None or no is not None:
        return no or Reason(code="REQ-NOT-FOUND")
    # 3. Record.
    after = changed(row, state="withdrawn", ended=now, ended_by=who.person.id)
    return await _recorded(w, who, "policy.withdrawn", after)


async def activate(w: World, sets: PackSets, who: Caller, id: str, seen: str) -> PackProposal | Reason:
    """Put the set with the digest `seen` in force. Steps: 1 gather, 2 decide, 3 record, 4 act.

    Recorded before it holds. Where it was recorded and then did not come to hold (a disk was full), the same again
    does what is left. Running downloads are judged by it before this returns.
    """
    # 1. Gather.
    row = await w.rows.get(PackProposal, id)
    no = _refused(who, row, None, frozenset({"proposed", "activated"}))
    if row is None or no is not None:
        return no or Reason(code="REQ-NOT-FOUND")
    if w.snapshots.current().ever_linked(who.person.id) & row.authors:
        return Reason(code="REQ-OWN-PACK")
    recorded = await w.rows.get(InForce, "rules")
    if row.state == "activated":
        if row.files != seen or recorded is None or recorded.document != row.document:
            return _state(row)
        return await _held(sets, row) if await is_left(w, row) else row
    found = await _looked(w, sets, row)
    # 2. Decide.
    rules = _fit(found)
    if isinstance(rules, Reason):
        return rules
    if found.tried.digest != seen or not await _is_settled(w, sets, recorded):
        return Reason(code="REQ-STALE")
    if (unasked := await lacking(w, found)) is not None:
        return unasked
    # 3. Record.
    kept = await sets.keep(found.files)
    after = await _recorded_in_force(w, who, row, rules, kept, recorded)
    # 4. Act.
    return after if isinstance(after, Reason) else await _held(sets, after)


async def is_left(w: World, row: PackProposal) -> bool:
    """Was it recorded that its set is in force, and does another still hold here?"""
    recorded = await w.rows.get(InForce, "rules")
    if row.state != "activated" or recorded is None or recorded.document != row.document:
        return False
    return rules_text(w.snapshots.current().rulebook).id != row.document


async def _recorded_in_force(
    w: World, who: Caller, row: PackProposal, rules: Rulebook, files: str, before: InForce | None
) -> PackProposal | Reason:
    document = rules_text(rules).id
    after = changed(
        row, state="activated", files=files, document=document, ended=w.clock.now(), ended_by=who.person.id,
        ended_as=_acting(who),
    )  # fmt: skip
    about: dict[str, Value] = {"proposal": row.id, "files": files}
    agreed = Agreed(by=who.person, instead_of=before, about=about, with_it=(Put(after),))
    try:
        wrong = await put_rules_in_force(w, rules, agreed)
    except StaleError:  # others came into force meanwhile, or somebody wrote on
        return Reason(code="REQ-STALE")
    return Reason(code="REQ-PACK-UNSOUND", facts=(("problem", wrong[0]),)) if wrong else after


async def _held(sets: PackSets, row: PackProposal) -> PackProposal | Reason:
    if await sets.adopt(row.files):
        return row
    return Reason(code="REQ-STATE", facts=(("state", "recorded, and not in force yet; try again"),))


async def lacking(w: World, found: Looked) -> Reason | None:
    """Why what is proposed may not come into force yet: people were not asked about this very text, and a person has
    not closed that. An example is none that anybody lives by.
    """
    packs, row = found.tried.rules.packs if found.tried.rules is not None else {}, found.row
    asked = [one async for one in w.rows.find(Consultation, "pack", row.pack)]
    if is_asked(row, asked):  # also where nobody need have been asked: who is asked is heard
        return Reason(code="REQ-PACK-UNASKED")
    if not w.consultation_days or (row.pack in packs and packs[row.pack].status == "example"):
        return None
    return None if settled(row, asked) is not None else Reason(code="REQ-PACK-UNASKED")


def _acting(who: Caller) -> str | None:
    """As what somebody takes a step, for who reads of it and is told no name."""
    return next((role for role in reversed(WRITERS) if who.has_role(role, "service")), None)


async def _is_settled(w: World, sets: PackSets, recorded: InForce | None) -> bool:
    """Is what this process decides by what was recorded last, and what the next start would take?

    If it is not, something else is on its way, and what is made of the set of now would undo it.
    """
    ours = rules_text(w.snapshots.current().rulebook).id
    return (recorded is None or recorded.document == ours) and (await sets.held()).settled


async def _looked(w: World, sets: PackSets, row: PackProposal) -> Looked:
    held, rules = await sets.held(), w.snapshots.current().rulebook
    place, name = await _places(sets, held, row.pack)
    files = {**held.files, place: row.text.encode(), name: row.cases.encode()}
    tried = await sets.tried(files)
    problems = tried.problems or tuple([line async for line in _problems(w, row, place, tried)])
    return Looked(
        row=row, before=(_said(held, place), _said(held, name)), files=files, tried=tried, problems=problems,
        outdated=rules.digests.get(row.pack, "") != row.base,
    )  # fmt: skip


async def _problems(w: World, row: PackProposal, place: str, tried: Tried) -> AsyncIterator[str]:
    """What is wrong with a pack that is sound in itself."""
    pack = tried.rules.packs.get(row.pack) if tried.rules is not None else None
    if tried.places.get(row.pack) != place:
        yield f"{place}:1: id: {row.pack} is wanted here; for another pack begin another proposal"
    elif pack is None:
        yield f"{place}:1: id: the setting `packs` leaves {row.pack} out, so it would decide nothing"
    elif row.state != "activated" and await w.rows.get(Document, document_id("pack", row.pack, pack.version)):
        yield f"{place}:1: version: {pack.version} was in force already; give it a new one"


async def _places(sets: PackSets, held: Held, pack: str) -> tuple[str, str]:
    """In which files of a set a pack and its cases stand, or would."""
    places = (await sets.tried(held.files)).places
    place = places.get(pack, f"{pack}.yaml")
    while pack not in places and place in held.files:  # a file may be called like a pack, and hold another
        place = f"new-{place}"
    return place, f"cases/{pack}.yaml"


def _said(held: Held, name: str) -> str:
    return _lines(held.files.get(name, b"").decode(errors="replace"))


def _fit(found: Looked) -> Rulebook | Reason:
    """What would hold; or why it may not."""
    return Reason(code="REQ-PACK-OUTDATED") if found.outdated else _sound(found)


def to_try(who: Caller, found: Looked) -> Rulebook | Reason:
    """What would hold, for the caller to try it on everybody; or why they may not."""
    return _sound(found) if may_write(who) else _forbidden(WRITERS)


def _sound(found: Looked) -> Rulebook | Reason:
    if found.problems or found.tried.rules is None:
        return Reason(code="REQ-PACK-UNSOUND", facts=(("problem", "; ".join(found.problems[:3])),))
    return found.tried.rules


def _refused(
    who: Caller, row: PackProposal | None, seen: AbstractSet[int] | None, states: frozenset[str]
) -> Reason | None:
    """Why the caller may not take a step with `row` as it stood in one of the versions `seen` (None: whichever)."""
    if not may_write(who):
        return _forbidden(WRITERS)
    if row is None:
        return Reason(code="REQ-NOT-FOUND")
    if row.state not in states:
        return _state(row)
    return Reason(code="REQ-STALE") if seen is not None and row.version not in seen else None


async def _recorded(w: World, who: Caller, kind: str, row: PackProposal) -> PackProposal | Reason:
    told: dict[str, Value] = {"proposal": row.id, "pack": row.pack, "digest": row.written[-1].digest}
    if row.state == "proposed":
        told |= {"release": row.release, "files": row.files}
    try:
        await w.ledger.record(w.entry(kind, w.clock.now(), who.person, told), Put(row))
    except StaleError:
        return Reason(code="REQ-STALE")
    return row


def _lines(text: str) -> str:
    """With the line ends of a file: a form sends others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _digest(text: str, cases: str) -> str:
    return sha256(f"{len(text)}\n{text}{cases}".encode()).hexdigest()


def _state(row: PackProposal) -> Reason:
    return Reason(code="REQ-STATE", facts=(("state", row.state),))


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))


def _forbidden(roles: tuple[str, ...]) -> Reason:
    return Reason(code="AUTH-NOT-YOURS", facts=(("roles", ", ".join(roles)),))
