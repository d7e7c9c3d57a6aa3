"""What may be on a disk after a loss of power: the diary of tests/faults/disk.py, up to any step, with holes.

What was synced is there. Of what was written since, anything may be missing: all, the end, any part, half a write. A
name that was removed may still be there until its folder is synced.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.disk import Disk, Step

SECTOR = 512
"""Bytes that are written whole or not at all."""


@dataclass
class File:
    """One file: what is certain, and what was asked for since, by the number of the step."""

    kept: bytes = b""
    pending: list[tuple[int, Step]] = field(default_factory=list)


@dataclass
class Platter:
    """A folder on the disk. Names that were made or removed are certain in the order in which that was done."""

    names: dict[str, File]
    """As programs see it."""
    certain: dict[str, File]
    changes: list[tuple[str, File | None]] = field(default_factory=list)
    """To `certain`, not yet certain themselves."""

    def take(self, number: int, step: Step) -> None:
        """The next step of the diary."""
        name = step.file.name
        if step.what == "delete":
            self.names.pop(name, None)
            self.changes.append((name, None))
            if step.at:
                self._sync_folder()
            return
        if name not in self.names:
            self.names[name] = File()
            self.changes.append((name, self.names[name]))
        file = self.names[name]
        if not step.what.endswith("sync"):
            file.pending.append((number, step))
            return
        covered = [one for at, one in file.pending if at < step.upto]
        file.pending = [(at, one) for at, one in file.pending if at >= step.upto]
        if step.what == "failed sync":
            return
        file.kept = _applied(file.kept, covered)
        if any(made is file for _, made in self.changes):
            self._sync_folder()  # SQLite syncs the folder of a new file with its first sync

    def _sync_folder(self) -> None:
        for name, file in self.changes:
            _rename(self.certain, name, file)
        self.changes.clear()

    def image(self, survivors: "Survivors", chance: random.Random) -> dict[str, bytes]:
        """What may be found. `survivors` says which of the pending steps of a file happened."""
        found = dict(self.certain)
        for name, file in self.changes[: chance.randint(0, len(self.changes))]:
            _rename(found, name, file)
        return {
            name: _applied(file.kept, survivors([step for _, step in file.pending], chance))
            for name, file in found.items()
        }


def _rename(names: dict[str, File], name: str, file: File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _applied(content: bytes, steps: Sequence[Step]) -> bytes:
    made = bytearray(content)
    for step in steps:
        if step.what == "truncate":
            del made[step.at :]
            made.extend(bytes(step.at - len(made)))
        else:
            made.extend(bytes(max(0, step.at - len(made))))
            made[step.at : step.at + len(step.data)] = step.data
    return bytes(made)


Survivors = Callable[[list[Step], random.Random], list[Step]]


def none(_: list[Step], __: random.Random) -> list[Step]:
    return []


def beginning(steps: list[Step], chance: random.Random) -> list[Step]:
    return steps[: chance.randint(0, len(steps))]


def some(steps: list[Step], chance: random.Random) -> list[Step]:
    return [step for step in steps if chance.random() < 0.5]


def torn(steps: list[Step], chance: random.Random) -> list[Step]:
    """Some, and of each only some sectors."""
    found = list[Step]()
    for step in some(steps, chance):
        if step.what == "truncate":
            found.append(step)
            continue
        cut = range(0, len(step.data), SECTOR)
        found += [
            Step("write", step.file, step.at + at, step.data[at : at + SECTOR]) for at in cut if chance.random() < 0.7
        ]
    return found


WAYS: tuple[Survivors, ...] = (none, beginning, some, torn)


def images(
    disk: Disk, often: Callable[[int], bool], chance: random.Random, ways: Sequence[Survivors] = WAYS
) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Images after those steps for which `often` says so, one of each way; with the number of steps done."""
    files = {path.name: File(data) for path, data in disk.begin.items()}
    platter = Platter(dict(files), dict(files))
    for number, step in enumerate(disk.steps):
        platter.take(number, step)
        if often(number):
            for way in ways:
                yield number + 1, platter.image(way, chance)


def lay_down(image: dict[str, bytes], folder: Path) -> Path:
    """The image as files."""
    folder.mkdir()
    for name, data in image.items():
        (folder / name).write_bytes(data)
    return folder
