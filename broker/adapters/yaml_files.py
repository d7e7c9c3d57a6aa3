"""YAML written by people, read so that nobody can mean one thing and get another. The only import of PyYAML.

YAML 1.1 readers make `NO` false, `012` ten and `1:30` ninety; others do not. A plain scalar that two readers
take for two values is refused with its line ("quote it"). What is left: text, whole numbers, decimals,
`true`, `false`, `null`; dates stay text. No tags, no second document, no duplicate keys, no keys but text, and no
character that a person who reads the file does not see.

Every file is hostile: at most MAX_BYTES, MAX_DEPTH levels, and MAX_NODES values with every alias counted as
often as it is used, so that a few anchors cannot stand for a million values.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 32

Where = tuple[str | int, ...]
"""Where in a document: keys and indices from the top."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters, line breaks that not every reader takes for one, and what turns the direction of writing."""
_AMBIGUOUS = re.compile(
    r"""(?xi)
      yes | no | on | off | true | false | null | = | <<
    | [-+]? [0-9][0-9_]*                                        # 012, +5, 1_000
    | [-+]? 0 (?: x [0-9a-f_]+ | o [0-7_]+ | b [01_]+ )         # and no digest that begins with 0b8
    | [-+]? (?: [0-9][0-9_]* )? \. [0-9_]* (?: e [-+]? [0-9]+ )?
    | [-+]? [0-9][0-9_]* e [-+]? [0-9]+
    | [-+]? [0-9][0-9_]* (?: : [0-5]?[0-9] )+ (?: \. [0-9_]* )? # sixties
    | [-+]? \. (?: inf | nan )
    """
)


class YamlFileError(ValueError):
    """A file that is not read, and where: `file:line: why`."""

    def __init__(self, file: str, line: int, why: str) -> None:
        super().__init__(f"{file}:{line}: {why}")
        self.file, self.line, self.why = file, line, why


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and on which line it says what. Aliased parts are shared: do not change them."""

    file: str
    value: Any
    lines: Mapping[Where, int]

    def line(self, path: Where) -> int:
        """The line of the value at `path`, or of the nearest thing that holds it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load_yaml(path: Path, *, anchors: bool) -> Document:
    """The document in `path`. `anchors`: may it use anchors, aliases and merge keys? YamlFileError, OSError."""
    with path.open("rb") as file:
        return read_yaml(file.read(MAX_BYTES + 1), str(path), anchors=anchors)


def read_yaml(raw: bytes, name: str, *, anchors: bool) -> Document:
    """As `load_yaml`, from bytes that are called `name` in messages."""
    if len(raw) > MAX_BYTES:
        raise YamlFileError(name, 1, f"longer than {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise YamlFileError(name, raw[: error.start].count(b"\n") + 1, "not UTF-8") from None
    text = text.removeprefix("\ufeff")
    if unseen := _UNSEEN.search(text):
        raise YamlFileError(name, text.count("\n", 0, unseen.start()) + 1, _told(unseen))
    reader = _Reader(name=name, anchors=anchors, events=yaml.parse(text, Loader=_LOADER))
    try:
        return Document(name, reader.document(), reader.lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlFileError(name, mark.line + 1 if mark else 1, error.problem or "not YAML") from None
    except yaml.YAMLError:
        raise YamlFileError(name, 1, "not YAML") from None


def _told(unseen: re.Match[str]) -> str:
    return f"a character that readers do not see (U+{ord(unseen[0]):04X})"


@dataclass(slots=True)
class _Anchored:
    value: Any
    size: int


@dataclass(slots=True)
class _Reader:
    """Builds values straight from parser events, so that every limit holds before anything is built."""

    name: str
    anchors: bool
    events: Iterator[Any]
    lines: dict[Where, int] = field(default_factory=dict)
    nodes: int = 0
    anchored: dict[str, _Anchored | None] = field(default_factory=dict)
    """None while the anchored value is being built: an alias to it would be a circle."""

    def document(self) -> Any:
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self.value(next(self.events), ())
        next(self.events)
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self.refuse(event, "a second document")
        return value

    def value(self, event: Any, path: Where) -> Any:
        self.lines[path] = event.start_mark.line + 1
        self.count(event, 1)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if event.tag is not None:
            raise self.refuse(event, f"a tag ({event.tag})")
        if event.anchor is None:
            return self.untagged(event, path)
        if not self.anchors:
            raise self.refuse(event, f"an anchor (&{event.anchor})")
        self.anchored[event.anchor], before = None, self.nodes
        value = self.untagged(event, path)
        self.anchored[event.anchor] = _Anchored(value, self.nodes - before + 1)
        return value

    def untagged(self, event: Any, path: Where) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        if len(path) >= MAX_DEPTH:
            raise self.refuse(event, f"nested deeper than {MAX_DEPTH}")
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.mapping(path)

    def sequence(self, path: Where) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.value(event, (*path, len(items))))
        return items

    def mapping(self, path: Where) -> dict[str, Any]:
        members: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event)
            if key is None:
                if merged:
                    raise self.refuse(event, "<< twice")
                merged = self.merge(event, self.value(next(self.events), (*path, "<<")))
                continue
            if key in members:
                raise self.refuse(event, f"{key} twice")
            members[key] = self.value(next(self.events), (*path, key))
        return {**merged, **members}

    def key(self, event: Any) -> str | None:
        """A key's text; None for the merge key."""
        self.count(event, 1)
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
            raise self.refuse(event, "a key that is not plain text")
        if self.anchors and event.implicit[0] and event.value == "<<":
            return None
        self.seen(event)
        if event.implicit[0] and (event.value in _CONSTANTS or _AMBIGUOUS.fullmatch(event.value)):
            raise self.refuse(event, f"{event.value or 'nothing'} as a key: quote it")
        return str(event.value)

    def merge(self, event: Any, value: Any) -> dict[str, Any]:
        """The members that `<<` brings; of several mappings the first wins."""
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise self.refuse(event, "<< of something that is no mapping")
        return {key: member for part in reversed(parts) for key, member in part.items()}

    def scalar(self, event: Any) -> Any:
        text = self.seen(event)
        if not event.implicit[0]:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INT.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
        if _AMBIGUOUS.fullmatch(text):
            raise self.refuse(event, f"{text} means different things to different readers: quote it")
        return text

    def seen(self, event: Any) -> str:
        """The text of a scalar, if all of it can be seen: an escape can make what the file itself does not hold."""
        text = str(event.value)
        if unseen := _UNSEEN.search(text):
            raise self.refuse(event, _told(unseen))
        return text

    def alias(self, event: Any) -> Any:
        if not self.anchors:
            raise self.refuse(event, f"an alias (*{event.anchor})")
        known = self.anchored.get(event.anchor)
        if known is None:
            raise self.refuse(event, f"an alias of what is not there (*{event.anchor})")
        self.count(event, known.size)
        return known.value

    def count(self, event: Any, more: int) -> None:
        self.nodes += more
        if self.nodes > MAX_NODES:
            raise self.refuse(event, f"more than {MAX_NODES} values")

    def refuse(self, event: Any, why: str) -> YamlFileError:
        return YamlFileError(self.name, event.start_mark.line + 1, why)
