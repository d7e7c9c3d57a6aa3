"""How is a mutant put into a process that has everything loaded, without loading anything again?

A function gets other code, in place, so that whoever holds it holds the mutant. A table of a module is made again,
and so is every table, in whatever module, that was made from it.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from tests.mutants.making import REACHED, Mutant, watched
from tests.mutants.page import ROOT

OURS = (f"{ROOT / 'broker'}/", f"{ROOT / 'tests'}/")


class Unplantable(Exception):  # noqa: N818 (it is no error: such a mutant is not counted)
    """Nothing in the process is what the mutant changes."""


def plant(mutant: Mutant) -> None:
    """The process is the mutant's from now on. Unplantable."""
    module = sys.modules[mutant.module]
    if mutant.function:
        _function(module, mutant.function).__code__ = mutant.code
        old: dict[int, Any] = {}
        _hand_on({(module.__name__, name) for name in _made_again(module, {mutant.function}, old)}, old)
    else:
        _table(module, mutant)


def watch(name: str, text: str, told: Callable[[tuple[str, int]], None]) -> None:
    """From now on `told` hears (function, line) of each statement that is reached in the module."""
    module = sys.modules[name]
    setattr(module, REACHED, told)
    for function, code in watched(text):
        with suppress(Unplantable, ValueError):
            _function(module, function).__code__ = code


def _function(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for part in name.split("."):
        found = vars(found).get(part)
    for wrapper in ("__wrapped__", "__func__", "fget", "func"):  # lru_cache, classmethod, property, cached_property
        found = getattr(found, wrapper, found)
    if not isinstance(found, FunctionType):
        raise Unplantable(name)
    return found


def _table(module: ModuleType, mutant: Mutant) -> None:
    before = dict(vars(module))
    exec(mutant.code, vars(module))
    changed = {(module.__name__, name) for name, value in vars(module).items() if value is not before.get(name)}
    changed.discard((module.__name__, "__builtins__"))
    old = {id(before[name]): vars(module)[name] for _, name in changed if name in before}
    _hand_on(changed, old)


def _hand_on(changed: set[tuple[str, str]], old: dict[int, Any]) -> None:
    for _ in range(4):  # tables of tables of tables
        changed = set(_handed_on(changed, old))
        if not changed:
            return


def _handed_on(changed: set[tuple[str, str]], old: dict[int, Any]) -> Iterator[tuple[str, str]]:
    """Every other name that holds a changed table, and every table that was made from one; changed from now on."""
    for name, module in list(sys.modules.items()):
        if not (getattr(module, "__file__", None) or "").startswith(OURS):
            continue
        mine = {held for where, held in changed if where == name}
        for held, value in list(vars(module).items()):
            if id(value) in old and value is not old[id(value)]:
                vars(module)[held] = old[id(value)]
                mine.add(held)
                yield name, held
        if mine and name.startswith("broker."):
            yield from ((name, made) for made in _made_again(module, mine, old))


def ready() -> None:
    """Reads once what each planting would read again."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(OURS[0]) and file.endswith(".py"):
            _tables(file)


@cache
def _tables(file: str) -> tuple[ast.Assign | ast.AnnAssign, ...]:
    tops = ast.parse(Path(file).read_text("utf-8")).body
    return tuple(top for top in tops if isinstance(top, ast.Assign | ast.AnnAssign) and top.value is not None)


def _made_again(module: ModuleType, changed: set[str], old: dict[int, Any]) -> Iterator[str]:
    for top in _tables(str(module.__file__)):
        targets = top.targets if isinstance(top, ast.Assign) else [top.target]
        names = [one.id for one in targets if isinstance(one, ast.Name)]
        if top.value is not None and _used(module, top.value) & changed and not set(names) & changed:
            before = {one: vars(module).get(one) for one in names}
            exec(compile(ast.Module(body=[top], type_ignores=[]), "<made again>", "exec"), vars(module))
            for one in names:
                old[id(before[one])] = vars(module)[one]
                changed.add(one)
                yield one


def _used(module: ModuleType, value: ast.expr) -> set[str]:
    """The names that an expression uses, and those that the functions of its module use for it."""
    names = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
    makers = [vars(module).get(name) for name in names]
    return names.union(*(one.__code__.co_names for one in makers if isinstance(one, FunctionType)))
