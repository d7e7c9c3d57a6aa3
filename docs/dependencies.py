# ruff: noqa: INP001 (beside the pages that it helps to write, not a package)
"""What is installed with the broker, for which part, and under which licence? Read from uv.lock and licences.yaml."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
US = "ga4gh-access-broker"
INDEX = {"registry": "https://pypi.org/simple"}
PERMISSIVE = frozenset({
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "PSF-2.0",
})  # fmt: skip
"""Licences of what runs with the service: they ask for their notice and for nothing else."""
OPTIONAL = PERMISSIVE | {"MPL-2.0"}
"""Of extras, which an operator chooses: who changes a file of theirs must hand that file on, and we change none."""
FOR_TESTS = PERMISSIVE | {"MPL-2.0", "GPL-3.0-or-later"}
"""Of what only tests and tools load, and nobody is given."""
PARTS = {
    "service": "the service",
    "traces": "traces",
    "pkcs11": "keys on a token",
    "demo": "the demo",
    "dev": "tests and tools",
}
STATIC = ROOT / "broker" / "web" / "pages" / "static"
VENDORED = (
    ("htmx.org", "2.0.11", "0BSD", "htmx.min.js", "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"),
)
"""What lies among our own files as its makers publish it: package, version, licence, file, SHA-256."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One package of the lock. `part`: the first of PARTS that needs it. `files`: each that may be installed."""

    name: str
    version: str
    part: str
    licence: str
    source: Mapping[str, str]
    files: tuple[Mapping[str, Any], ...]

    @property
    def is_digested(self) -> bool:
        """Is every file of it known by its digest?"""
        return bool(self.files) and all(_DIGEST.fullmatch(file.get("hash", "")) for file in self.files)

    @property
    def licences(self) -> frozenset[str]:
        """Every licence that the expression names."""
        return frozenset(self.licence.replace("(", " ").replace(")", " ").split()) - {"AND", "OR", "WITH"}


def licences() -> dict[str, str]:
    """Package to SPDX expression, as somebody has read it."""
    found: dict[str, str] = yaml.safe_load((ROOT / "docs" / "licences.yaml").read_text("utf-8"))
    return found


def locked() -> tuple[Locked, ...]:
    """Every package of the lock but ourselves, by name."""
    packages = {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]}
    ours, known = packages.pop(US), licences()
    first = {
        "service": ours["dependencies"],
        **ours.get("optional-dependencies", {}),
        **ours.get("dev-dependencies", {}),
    }
    parts: dict[str, str] = {}
    for part in PARTS:
        for name in _needed((one["name"] for one in first[part]), packages):
            parts.setdefault(name, part)
    return tuple(
        Locked(
            name=name,
            version=one["version"],
            part=parts.get(name, ""),
            licence=known.get(name, ""),
            source=one["source"],
            files=(*one.get("wheels", ()), *([one["sdist"]] if "sdist" in one else [])),
        )
        for name, one in packages.items()
    )


def _needed(names: Iterable[str], packages: Mapping[str, Any]) -> Iterator[str]:
    """These packages and whatever they need, with every extra."""
    left, seen = list(names), set[str]()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        extras = packages[name].get("optional-dependencies", {}).values()
        left += [one["name"] for group in (packages[name].get("dependencies", ()), *extras) for one in group]
