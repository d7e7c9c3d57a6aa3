"""The sets of policy packs of a running broker: which one holds, what others are, and putting one in its place.

The state folder stays the one place that says which set is in force (policy_store.py): what is activated on a page
is activated as by `broker policy activate`, and is still there after a restart.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from broker.adapters.policy_files import files_in, lint_files, read_packs
from broker.adapters.policy_store import digest_of, keep_files, point_to
from broker.adapters.policy_watch import PolicyWatch
from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.rulebook import Rulebook
from broker.ports.packs import Files, Held, Tried

_REMEMBERED = 8
"""Sets of which is remembered what they are: a page asks again and again."""

log = structlog.get_logger(__name__)


class PolicySets:
    """See ports.packs.PackSets."""

    def __init__(
        self,
        folder: Path,
        watch: PolicyWatch,
        find: Callable[[], Path],
        made: Callable[[Iterable[Pack]], Rulebook | tuple[str, ...]],
    ) -> None:
        """`folder`: where activated sets are kept. `find`: which folder should hold. `made`: packs as the settings

        take them, or why they do not.
        """
        self._folder, self._watch, self._find, self._made = folder, watch, find, made
        self._known: OrderedDict[str, Tried] = OrderedDict()

    async def held(self) -> Held:
        """See ports.packs."""
        return await asyncio.to_thread(self._held)

    async def tried(self, files: Files) -> Tried:
        """See ports.packs."""
        digest = digest_of(files)
        found = self._known.get(digest)
        if found is None:
            found = self._known[digest] = await asyncio.to_thread(self._tried, digest, files)
        self._known.move_to_end(digest)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def keep(self, files: Files) -> str:
        """See ports.packs."""
        return (await asyncio.to_thread(keep_files, files, self._folder)).name

    async def adopt(self, digest: str) -> bool:
        """See ports.packs."""
        kept = self._folder / digest
        try:
            await asyncio.to_thread(point_to, kept)
        except OSError:
            log.exception("policies.not_activated", folder=str(kept))
            return False
        await self._watch.look()
        return self._watch.seen == kept

    def _held(self) -> Held:
        seen = self._watch.seen
        return Held(files=files_in(seen), settled=self._find() == seen)

    def _tried(self, digest: str, files: Files) -> Tried:
        packs, _ = read_packs(files, Path())
        places = {pack.id: name for name, pack in packs.items()}
        problems = lint_files(files, Path())
        rules = None if problems else self._made(packs.values())
        if rules is not None and not isinstance(rules, Rulebook):
            problems, rules = rules, None
        return Tried(digest=digest, problems=problems, places=places, rules=rules)
