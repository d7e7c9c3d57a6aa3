"""Values of core as plain JSON values, always in the same order: what is stored, hashed and shown."""

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any

import rfc8785


def plain(value: Any) -> Any:
    """`value` as dicts, lists, strings, numbers, booleans and None; sets sorted; unset (None) members left out.

    TypeError for a type that no row may hold.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        members = ((name, getattr(value, name)) for name in _names(value.__class__))
        return {name: plain(member) for name, member in members if member is not None}
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in sorted(value.items())}
    if isinstance(value, AbstractSet):
        return sorted((plain(member) for member in value), key=rfc8785.dumps)
    if isinstance(value, tuple | list):
        return [plain(member) for member in value]
    raise TypeError(f"{type(value).__name__} has no plain form")


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of `plain(value)`: equal values give equal bytes."""
    return rfc8785.dumps(plain(value))


def digest(value: Any) -> str:
    """SHA-256 of `canonical(value)`, as lower-case hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
