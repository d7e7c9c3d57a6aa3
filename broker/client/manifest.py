"""What became of everything that was asked for? One JSON file beside the downloads, for who goes on with them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

NAME: Final = "broker-manifest.json"
SCHEMA: Final = "broker.manifest/1"

State = Literal["whole", "refused", "broken", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One object. `path`: below the folder; `why`: sentences, where it is not there."""

    id: str
    path: str
    size: int | None
    checksums: Mapping[str, str]
    state: State
    """`whole`: all of it is there, and its digests fit. `waiting`: its turn did not come."""
    why: Sequence[str] = ()


@dataclass(slots=True)
class Manifest:
    """Of one command at the broker `issuer`."""

    issuer: str
    lines: dict[str, Line] = field(default_factory=dict)

    def note(self, line: Line) -> None:
        """What is known of an object now, in place of what was."""
        self.lines[line.id] = line

    def write(self, folder: Path) -> Path:
        """The file, whole or not at all. OSError where the disk says no."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / NAME
        new = path.with_suffix(".new")
        said = {"schema": SCHEMA, "broker": self.issuer, "objects": [asdict(one) for one in self.lines.values()]}
        new.write_text(json.dumps(said, indent=2) + "\n", "utf-8")
        new.replace(path)
        return path
