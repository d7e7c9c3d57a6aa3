"""Rows go into the database and come back the same; what nobody could have stored does not come back at all."""

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from broker.adapters.storage.codec import MAX_ROW_BYTES, RowTooLargeError, restore, store
from broker.adapters.storage.schema import INDEXED
from broker.core.passport import limits
from broker.core.passport.visa import Visa
from broker.core.plain import canonical, digest
from broker.core.rows import KINDS, Access, Put, Revocation, Row
from broker.core.time import Seconds

VARIANTS = 6
# Members whose values a row checks for itself.
FITTING: dict[str, Any] = {"algorithms": frozenset({"ES256"})}
FREE = ["text", {"deep": [1, None, True]}, -(2**50), None, False, 'é\u2028"\\']


def sample(hint: Any, variant: int) -> Any:  # noqa: C901 (one branch for each way in which rows spell a type)
    """A value of a type as rows spell it: another arm of a union, other members, more or fewer items by `variant`."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    some = range(variant % 3)
    if hint is Any:
        return FREE[variant % len(FREE)]
    if isinstance(hint, typing.NewType):
        return sample(hint.__supertype__, variant)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint)
        names = [each.name for each in dataclasses.fields(hint)]
        return hint(**{name: FITTING.get(name) or sample(hints[name], variant + n) for n, name in enumerate(names)})
    if origin in (typing.Union, types.UnionType):
        return sample(arguments[variant % len(arguments)], variant)
    if origin is typing.Literal:
        return arguments[variant % len(arguments)]
    if origin is tuple and arguments[-1] is Ellipsis:
        return tuple(sample(arguments[0], variant + n) for n in some)
    if origin is tuple:
        return tuple(sample(each, variant) for each in arguments)
    if origin is frozenset:
        return frozenset(sample(arguments[0], variant + n) for n in some)
    if origin is Mapping:
        return {sample(arguments[0], variant + n): sample(arguments[1], variant + n) for n in some}
    if issubclass(hint, enum.Enum):
        return list(hint)[variant % len(list(hint))]
    day = date(2026, 11, 1 + variant % 28)
    simple = {str: f"é{variant}", int: 2**40 + variant, bool: variant % 2 == 0, date: day, types.NoneType: None}
    return simple[hint]


@pytest.mark.parametrize("variant", range(VARIANTS))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_every_kind_of_row_comes_back_equal(kind: type[Row], variant: int) -> None:
    row = sample(kind, variant)
    stored = store(Put(row))
    body = stored.columns[2]
    assert isinstance(body, str)
    assert restore(kind, body) == row
    assert canonical(restore(kind, body)).decode() == body
    assert (stored.effect.kind, stored.effect.id, stored.effect.version) == (kind.KIND, row.id, row.version)
    assert stored.effect.digest == digest(row)
    assert stored.columns[3:] == tuple(getattr(row, member) for member in INDEXED.get(kind.KIND, ()))


def fields_of(kind: type[Any], seen: set[type[Any]]) -> list[dataclasses.Field[Any]]:
    """Every dataclass field below `kind`."""
    if kind in seen or not dataclasses.is_dataclass(kind):
        return []
    seen.add(kind)
    found = list(dataclasses.fields(kind))
    for hint in typing.get_type_hints(kind).values():
        stack = [hint]
        while stack:
            one = stack.pop()
            stack += typing.get_args(one)
            found += fields_of(one, seen) if isinstance(one, type) else []
    return found


def test_a_member_that_may_be_none_is_none_by_default() -> None:
    """Because None is left out when a row is stored, and comes back as the default."""
    seen: set[type[Any]] = set()
    for kind in KINDS:
        for each in fields_of(kind, seen):
            if "None" in str(each.type):
                assert each.default in (None, dataclasses.MISSING), f"{kind.__name__}.{each.name}"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        '{"id":"a","version":1}',
        '{"id":"a","since":"1","until":2,"version":1,"ground":""}',
        '{"id":1,"since":1,"until":2,"version":1,"ground":""}',
        '{"id":"a","since":1,"until":2,"version":"1","ground":""}',
        '{"id":"a","since":1.0,"until":2,"version":1,"ground":""}',
        '{"id":"a","since":true,"until":2,"version":1,"ground":""}',
        '{"id":"a","since":null,"until":2,"version":1,"ground":""}',
        '{"id":"a","since":1,"until":2,"version":1,"ground":"","more":1}',
    ],
)
def test_a_row_that_nobody_could_have_stored_is_refused(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any refusal will do)
        restore(Revocation, body)


def test_whatever_a_request_may_carry_fits_into_the_row_of_its_ticket() -> None:
    """Ten Passports of 500 visas each, 4 MiB as they are sent: once a 500, as the row was too small."""
    count = limits.REQUEST_PASSPORTS * limits.PASSPORT_VISAS
    text = "x" * (limits.REQUEST_BYTES * 3 // 4 // count)
    visa = dataclasses.replace(sample(Visa, 1), value=text, conditions=None, linked=())
    visas = tuple(dataclasses.replace(visa, jti=f"{n}") for n in range(count))
    row = dataclasses.replace(sample(Access, 1), visas=visas)
    assert restore(Access, str(store(Put(row)).columns[2])) == row


def test_a_row_has_at_most_eight_mebibytes() -> None:
    row = Revocation(id="a", since=Seconds(1), ground="")
    room = MAX_ROW_BYTES - len(canonical(row))
    store(Put(dataclasses.replace(row, ground="x" * room)))
    with pytest.raises(RowTooLargeError):
        store(Put(dataclasses.replace(row, ground="x" * (room + 1))))


def test_only_the_kinds_of_row_that_have_a_table_can_be_stored() -> None:
    class Impostor(Revocation):
        pass

    with pytest.raises(ValueError, match="not a kind of row"):
        store(Put(Impostor(id="a", since=Seconds(1))))


def test_members_with_an_index_are_texts_of_the_row() -> None:
    by_name = {kind.KIND: kind for kind in KINDS}
    for kind, members in INDEXED.items():
        names = {each.name for each in dataclasses.fields(by_name[kind])}  # type: ignore[arg-type]
        assert set(members) <= names, kind
