"""Which extensions does an element of a FHIR resource carry, and what do they say? (FHIR R5, Extension)

Only ours are known. Any other one may restrict what its element says, so it is refused, and a modifier extension
always: FHIR itself forbids to go on without understanding it.
"""

from collections.abc import Iterator
from typing import Any

from broker.core.consent import fhir
from broker.core.consent.members import Members

_TYPES: dict[str, type] = {
    **dict.fromkeys(("valueString", "valueCode", "valueDate", "valueInstant", "valueDateTime", "valueUri"), str),
    "valueBoolean": bool,
    "valueInteger": int,
    "valuePositiveInt": int,
    "valueCoding": dict,
}
_DEEPEST = 4
_MOST = 1000


def extensions(given: Members) -> Iterator[tuple[str, Any, str]]:
    """(member, value, path) of each extension of an element, taken from it. ValueError for one that is not ours."""
    if given.take("modifierExtension") is not None:
        raise given.wrong("modifierExtension", "changes the meaning of what it stands in, and cannot be read")
    for one, path in _listed(given):
        url = one.needed("url")
        if not url.startswith(fhir.URN):
            raise ValueError(f"{path}.url: unknown extension, which may restrict")
        yield url.removeprefix(fhir.URN), _value(one, path, 1), path


def _listed(given: Members) -> Iterator[tuple[Members, str]]:
    raw = given.take("extension")
    if raw is None:
        return
    if not isinstance(raw, list | tuple) or len(raw) > _MOST:
        raise given.wrong("extension", f"not a list of at most {_MOST}")
    for index, one in enumerate(raw):
        path = f"{given.place}.extension[{index}]"
        yield Members(one, path), path


def _value(one: Members, path: str, depth: int) -> Any:
    """What an extension says: one value, or an object of the extensions inside it."""
    one.take("id")
    names = one.names()
    if names == {"extension"}:
        return _object(one, path, depth)
    name = next(iter(names), "")
    if len(names) != 1 or name not in _TYPES:
        raise ValueError(f"{path}: not one value of a type that is read")
    value = one.take(name)
    if type(value) is not _TYPES[name]:
        raise ValueError(f"{path}.{name}: of another type")
    return value


def _object(one: Members, path: str, depth: int) -> dict[str, Any]:
    if depth == _DEEPEST:
        raise ValueError(f"{path}.extension: nested deeper than {_DEEPEST}")
    members: dict[str, Any] = {}
    for inner, at in _listed(one):
        name = inner.needed("url")
        value = _value(inner, at, depth + 1)
        if name in fhir.SEVERAL:
            members.setdefault(name, []).append(value)
        elif name in members:
            raise ValueError(f"{at}: said before")
        else:
            members[name] = value
    return members
