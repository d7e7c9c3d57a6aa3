"""An ontology's closure as bytes, and back: so that a start need not work it out again.

One line of JSON says what it is, with a digest of the rest; the rest is compressed. Whatever is not exactly that,
or was made from another file or by other rules, is not read. The digest finds accidents, not enemies: who can
write the folder decides anyway.
"""

import hashlib
import json
import sys
import zlib
from array import array
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from broker.core.duo.ontology import Ontology
from broker.core.duo.release import NUMBERS

FORMAT = 2
"""Of these bytes, and of the rules by which `release.py` makes a closure. Another number: made again."""
_MOST = 1 << 30
"""Bytes of the largest closure that is unpacked."""
_HEAD = 10_000


class ClosureError(ValueError):
    """The bytes are not the closure that was asked for; the message says why."""


def encode(ontology: Ontology, source: str) -> bytes:
    """`ontology`, made from the file whose SHA-256 (hexadecimal) is `source`."""
    words = {
        "names": ontology.names,
        "labels": ontology.labels,
        "synonyms": ontology.synonyms,
        "others": dict(ontology.others),
        "open_ends": sorted(ontology.open_ends),
    }
    text = json.dumps(words, separators=(",", ":")).encode()
    body = zlib.compress(text + ontology.starts.tobytes() + ontology.ancestors.tobytes())
    head = {
        "format": FORMAT,
        "byteorder": sys.byteorder,
        "source": source,
        "version": ontology.version,
        "terms": len(ontology.names),
        "text": len(text),
        "digest": hashlib.sha256(body).hexdigest(),
    }
    return json.dumps(head).encode() + b"\n" + body


def decode(raw: bytes, source: str) -> Ontology:
    """The ontology that `encode` wrote for the file with this digest. ClosureError for anything else."""
    line, _, body = raw.partition(b"\n")
    head = _head(line)
    if (head.get("format"), head.get("byteorder"), head.get("source")) != (FORMAT, sys.byteorder, source):
        raise ClosureError("made from another file, by other rules or on another kind of machine")
    if hashlib.sha256(body).hexdigest() != head.get("digest"):
        raise ClosureError("not what was written")
    try:
        found = _unpacked(head, body)
    except (KeyError, TypeError, ValueError, zlib.error) as wrong:
        raise ClosureError(f"not a closure: {wrong}") from None
    if len({len(found.names), len(found.labels), len(found.numbers), len(found.starts) - 1}) != 1:
        raise ClosureError("its parts do not belong together")
    if found.synonyms and len(found.synonyms) != len(found.names):
        raise ClosureError("its names do not belong together")
    if found.starts[0] != 0 or found.starts[-1] != len(found.ancestors):
        raise ClosureError("its numbers do not belong together")
    return found


def _unpacked(head: Mapping[str, Any], body: bytes) -> Ontology:
    unpacker = zlib.decompressobj()
    unpacked = memoryview(unpacker.decompress(body, _MOST))
    if not unpacker.eof:
        raise ValueError("too long")
    text = head["text"]
    words = json.loads(bytes(unpacked[:text]))
    middle = text + (head["terms"] + 1) * array(NUMBERS).itemsize
    names = tuple(words["names"])
    return Ontology(
        version=head["version"],
        names=names,
        labels=tuple(words["labels"]),
        synonyms=tuple(words["synonyms"]),
        numbers=MappingProxyType({name: number for number, name in enumerate(names)}),
        others=MappingProxyType(words["others"]),
        starts=_numbers(unpacked[text:middle]),
        ancestors=_numbers(unpacked[middle:]),
        open_ends=frozenset(words["open_ends"]),
    )


def _head(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line) if len(line) <= _HEAD else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ClosureError("not a closure")
    return found


def _numbers(raw: memoryview) -> memoryview:
    """A copy of their own, where numbers may stand."""
    found = array(NUMBERS)
    found.frombytes(raw)
    return memoryview(found).toreadonly()
