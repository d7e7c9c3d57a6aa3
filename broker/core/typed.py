"""Plain JSON back into values of core: the other direction of `plain.py`, by the types of the members.

Read strictly: a member that is unknown, missing without a default, or of another type is a ValueError. What `plain`
leaves out (an unset member) is None again; a member that came later than the text has its default.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Reader = Callable[[Any], Any]


def typed(kind: type[T], value: Any) -> T:
    """`value`, which `plain` made of a `kind`, as that again. ValueError for anything else."""
    known: Any = kind
    return cast("T", _reader(known)(value))


@cache
def _reader(kind: Any) -> Reader:
    """How a value of one type is read. TypeError for a type that no stored value has."""
    if kind is Any or kind is object:
        return lambda value: value
    if hasattr(kind, "__supertype__"):
        return _reader(kind.__supertype__)
    origin = get_origin(kind)
    if origin is not None:
        return _generic(origin, get_args(kind))
    if is_dataclass(kind):
        return _members(kind)
    if issubclass(kind, Enum):
        return lambda value: _enum(kind, value)
    if kind is date:
        return _date
    if kind in (str, int, bool, float, types.NoneType):
        return lambda value: _exactly(kind, value)
    raise TypeError(f"{kind} has no plain form")


def _generic(origin: Any, arguments: tuple[Any, ...]) -> Reader:
    if origin is Literal:
        return lambda value: _one_of(arguments, value)
    if origin in (Union, types.UnionType):
        return _any_of([_reader(each) for each in arguments])
    if origin is frozenset:
        return _all_of(_reader(arguments[0]), frozenset)
    if origin is tuple and arguments[1:] == (...,):
        return _all_of(_reader(arguments[0]), tuple)
    if origin is tuple:
        return _each_of([_reader(each) for each in arguments])
    if origin in (Mapping, dict):
        return _mapping(_reader(arguments[0]), _reader(arguments[1]))
    raise TypeError(f"{origin} has no plain form")


def _members(kind: Any) -> Reader:
    """A dataclass, member by member. Its types are looked up when they are first needed: it may hold itself."""

    @cache
    def readers() -> dict[str, tuple[Reader, Any]]:
        hints = get_type_hints(kind)
        found = [field for field in fields(kind) if get_origin(hints[field.name]) is not ClassVar]
        return {field.name: (_reader(hints[field.name]), _unset(field, hints[field.name])) for field in found}

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping) or not value.keys() <= readers().keys():
            raise ValueError(f"not a {kind.__name__}")
        said = {name: _member(name, read, value[name]) for name, (read, _) in readers().items() if name in value}
        for name, (_, unset) in readers().items():
            if name not in said and unset is MISSING:
                raise ValueError(f"{name}: missing")
            if name not in said and unset is None:
                said[name] = None
        return kind(**said)

    return read


def _member(name: str, read: Reader, value: Any) -> Any:
    try:
        return read(value)
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None


def _unset(field: Any, hint: Any) -> Any:
    """What a member is that was left out: its default (any value but the two), None, or MISSING."""
    if field.default is not MISSING or field.default_factory is not MISSING:
        return ...
    return None if types.NoneType in get_args(hint) else MISSING


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise ValueError(f"not a {kind.__name__}")
    return value


def _enum(kind: type[Enum], value: Any) -> Enum:
    if isinstance(value, bool):
        raise ValueError(f"not a {kind.__name__}")  # noqa: TRY004 (a value of the wrong type is a wrong value)
    return kind(value)


def _date(value: Any) -> date:
    if type(value) is not str:
        raise ValueError("not a date")
    return date.fromisoformat(value)


def _one_of(words: tuple[Any, ...], value: Any) -> Any:
    for word in words:
        if type(word) is type(value) and word == value:
            return word
    raise ValueError(f"none of {', '.join(map(str, words))}")


def _any_of(readers: list[Reader]) -> Reader:
    """The first type that fits: types of one union never fit the same plain value."""

    def read(value: Any) -> Any:
        wrong: list[str] = []
        for each in readers:
            try:
                return each(value)
            except ValueError as failure:
                wrong.append(str(failure))
        raise ValueError("; ".join(dict.fromkeys(wrong)))

    return read


def _all_of(member: Reader, collection: Callable[[Any], Any]) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValueError("not a list")  # noqa: TRY004 (as above)
        return collection(member(each) for each in value)

    return read


def _each_of(members: list[Reader]) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(members):
            raise ValueError(f"not a list of {len(members)}")
        return tuple(member(each) for member, each in zip(members, value, strict=True))

    return read


def _mapping(key: Reader, member: Reader) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError("not an object")  # noqa: TRY004 (as above)
        return {key(name): member(each) for name, each in value.items()}

    return read
