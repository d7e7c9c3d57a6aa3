"""Where in a case file does something stand, and how is a fault in it told? File, line (of YAML) and field.

The rules of `broker check` read rows; what a row must have is asked for here.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.adapters.yaml_files import Document, Where, YamlFileError, load_yaml
from broker.commands.common import Fail
from broker.core import strict_json

_BYTES = 64 * 1024 * 1024
_CALLED = {str: "text", bool: "true or false", list: "a list", dict: "an object"}


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What a file says. `lines`: on which line, if it is YAML."""

    path: Path
    value: Any
    lines: Document | None = None

    def wrong(self, where: Where, what: str) -> Fail:
        """A fault at a place, as it is told."""
        field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).removeprefix(".")
        return Fail(f"{self.path}{self._line(where, ':')}: {field}: {what}")

    def rows(self, name: str = "cases") -> list[Mapping[str, Any]]:
        """The rows: the list `name` of the file, or the file itself."""
        found = self.value.get(name) if isinstance(self.value, dict) else self.value
        if not isinstance(found, list):
            raise Fail(f"{self.path}: a case file has a list of {name}")
        for place, row in enumerate(found):
            if not isinstance(row, dict):
                raise self.wrong((name, place), "a row is an object")
        self._named_once(name, found)
        return found

    def known(self, where: Where, row: Mapping[str, Any], members: Collection[str]) -> None:
        """Nothing in a row is passed over: a member that nobody reads is a misspelling. Fail with its line."""
        unknown = next((name for name in row if name not in members), None)
        if unknown is not None:
            raise self.wrong((*where, unknown), f"no such member; there are {', '.join(sorted(members))}")

    def _named_once(self, name: str, rows: list[Mapping[str, Any]]) -> None:
        """Two rows of one id could not be told apart where one of them differs."""
        seen: set[str] = set()
        for place, row in enumerate(rows):
            id = str(row["id"]) if row.get("id") is not None else None
            if id is not None and id in seen:
                raise self.wrong((name, place, "id"), f"{id}: another row is called so")
            seen |= {id} if id is not None else set()

    def want(self, where: Where, row: Mapping[str, Any], name: str, kind: type | None = None) -> Any:
        """The member `name` of a row, which must be there, and of this kind."""
        if name not in row:
            raise self.wrong((*where, name), "missing")
        if kind is not None and not isinstance(row[name], kind):
            raise self.wrong((*where, name), f"not {_CALLED[kind]}")
        return row[name]

    def name_of(self, row: Mapping[str, Any], where: Where) -> str:
        """What a row is called where it is told that it differs."""
        return f"{row.get('id', f'row {where[-1]}')}{self._line(where, ' (line ', ')')}"

    def _line(self, where: Where, before: str, after: str = "") -> str:
        if self.lines is None:
            return ""
        found = self.lines.line(where if isinstance(self.value, dict) else where[1:])
        return f"{before}{found}{after}"


def read_case_file(path: Path) -> CaseFile:
    """A file of cases, JSON or YAML. Fail with the line of what cannot be read."""
    if path.suffix != ".json":
        try:
            document = load_yaml(path, anchors=True)
        except YamlFileError as wrong:
            raise Fail(str(wrong)) from None
        return CaseFile(path, document.value, document)
    return CaseFile(path, read_json(path.read_bytes(), path))


def read_json(raw: bytes, path: Path) -> Any:
    """A JSON document. Fail with the line and the column of what is none."""
    try:
        return strict_json.loads(raw, _BYTES)
    except strict_json.StrictJsonError as wrong:
        raise Fail(f"{path}: {_place(raw)}{wrong}") from None


def _place(raw: bytes) -> str:
    """Where the text stops being JSON, if that is what is wrong with it."""
    try:
        json.loads(raw)
    except json.JSONDecodeError as wrong:
        return f"line {wrong.lineno}, column {wrong.colno}: "
    except (ValueError, RecursionError):
        return ""
    return ""
