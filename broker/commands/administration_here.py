"""What administration commands call: the same at the state folder (`Here`) and at a running broker (remote.py)."""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from broker.commands.common import Fail, refusal
from broker.core.administration import (
    SORTS,
    Managed,
    Noun,
    has_name,
    keeps_secret,
    makes_secret,
    secret_of,
    shown,
)
from broker.core.outcome import Reason
from broker.core.rows.moves import Verb
from broker.flows.administer import OPERATOR, Step, change, made_secret, move, new_secret, register
from broker.flows.inspect import inspect
from broker.flows.world import World
from broker.ports import FormError
from broker.web.state import Administration


class Calls(Protocol):
    """What can be done. Each answer is the JSON of the API."""

    async def listed(self, noun: str) -> list[dict[str, Any]]: ...
    async def show(self, noun: str, name: str) -> dict[str, Any]: ...
    async def add(self, noun: str, said: Mapping[str, Any]) -> dict[str, Any]: ...
    async def change(self, noun: str, name: str, said: Mapping[str, Any], version: int) -> dict[str, Any]: ...
    async def move(self, noun: str, name: str, verb: str, ground: str | None) -> dict[str, Any]: ...
    async def secret(self, name: str) -> dict[str, Any]: ...
    async def test(
        self, noun: str, name: str | None, said: Mapping[str, Any], sample: str | None
    ) -> dict[str, Any]: ...


class Here:
    """At the state folder of a broker that is not running. Whoever can do this could write the database."""

    def __init__(self, world: World, administration: Administration) -> None:
        self._w, self._a = world, administration

    async def listed(self, noun: str) -> list[dict[str, Any]]:
        kind = SORTS[cast("Noun", noun)].kind
        return [self._shown(row) async for row in self._w.rows.scan(kind)]

    async def show(self, noun: str, name: str) -> dict[str, Any]:
        return self._shown(await self._row(noun, name))

    async def add(self, noun: str, said: Mapping[str, Any]) -> dict[str, Any]:
        sort = SORTS[cast("Noun", noun)]
        secret, stored = made_secret(self._w) if makes_secret(sort, said) else (None, None)
        row = self._read(noun, said, stored)
        made = _done(await register(self._w, OPERATOR, sort.noun, row, self._a.mode))
        return self._shown(made) | ({"client_secret": secret} if secret is not None else {})

    async def change(self, noun: str, name: str, said: Mapping[str, Any], version: int) -> dict[str, Any]:
        before = await self._row(noun, name)
        row = self._read(noun, said, secret_of(before) if keeps_secret(before, said) else None)
        if row.id != before.id:
            raise Fail("the id of a row cannot be changed: add another one")
        done = await change(self._w, OPERATOR, cast("Noun", noun), row, frozenset({version}), self._a.mode)
        return self._shown(_done(done))

    async def move(self, noun: str, name: str, verb: str, ground: str | None) -> dict[str, Any]:
        row = await self._row(noun, name)
        step = Step(verb=cast("Verb", verb), ground=ground)
        done = await move(self._w, OPERATOR, cast("Noun", noun), row.id, step, self._a.mode)
        return self._shown(_done(done))

    async def secret(self, name: str) -> dict[str, Any]:
        row = await self._row("clients", name)
        made = await new_secret(self._w, OPERATOR, row.id)
        if isinstance(made, Reason):
            raise refusal(made)
        return self._shown(made[0]) | {"client_secret": made[1]}

    async def test(self, noun: str, name: str | None, said: Mapping[str, Any], sample: str | None) -> dict[str, Any]:
        sort = SORTS[cast("Noun", noun)]
        stored = "0" * 64 if makes_secret(sort, said) else None
        row = await self._row(noun, name) if name is not None else self._read(noun, said, stored)
        return (await inspect(self._w, self._a.tools, row, sample)).told()

    async def _row(self, noun: str, name: str) -> Managed:
        async for row in self._w.rows.scan(SORTS[cast("Noun", noun)].kind):
            if has_name(row, name):
                return row
        raise Fail(f"{noun}: there is no {name}; `broker {noun} list` shows what there is")

    def _read(self, noun: str, said: Mapping[str, Any], secret: str | None) -> Managed:
        try:
            return self._a.forms.read(SORTS[cast("Noun", noun)].kind, said, secret=secret)
        except FormError as wrong:
            raise Fail(str(wrong)) from None

    def _shown(self, row: Managed) -> dict[str, Any]:
        return shown(row, self._a.forms.write(row))


def _done(found: Managed | Reason) -> Managed:
    if isinstance(found, Reason):
        raise refusal(found)
    return found
