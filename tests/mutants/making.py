"""Which small faults could stand in a module? One mutant each, in the order of the text.

A mutant changes one place: a comparison, a connective, a negation, a constant, an arithmetic sign, a condition, a
statement that is left out, an element of a table that is missing. What cannot change an answer is left alone:
docstrings, annotations, texts of errors, arguments of decorators.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from types import CodeType

_COMPARED = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_REVERSED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
_COMBINED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_LONG = 12
_SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault. `function`: the outermost function that holds it, or empty for a table of the module."""

    module: str
    function: str
    line: int
    lines: range
    """Of the statement that is changed, without the statements inside it."""
    change: str
    """Before and after, in the words of the code; the same change twice in one function carries a number."""
    code: CodeType
    """Of the function; or of the statement of the module that makes the table."""

    @property
    def key(self) -> str:
        """By this a survivor is named in survivors.yaml: it stays the same while other lines move."""
        return f"{self.module.removeprefix('broker.core.')}:{self.function or 'table'}: {self.change}"


Place = tuple[ast.AST, str, int | None]


def mutants(module: str, text: str) -> Iterator[Mutant]:
    """Every mutant of the module `module`, whose source is `text`."""
    tree = ast.parse(text)
    seen: Counter[str] = Counter()
    for top, function, body in _parts(tree):
        for place, node, lines in list(_places(body, _lines(body))):
            for after in _faults(node, place):
                change = _change(node, after)
                _put(place, after)
                code = _code(top, function)
                _put(place, node)
                if code is None:
                    continue
                seen[f"{function}: {change}"] += 1
                nth = seen[f"{function}: {change}"]
                yield Mutant(
                    module,
                    function,
                    getattr(node, "lineno", top.lineno),
                    lines,
                    f"{change} #{nth}" if nth > 1 else change,
                    code,
                )


def _parts(tree: ast.Module) -> Iterator[tuple[ast.stmt, str, ast.AST]]:
    """(statement of the module, name of the function in it or "", where to look for places)"""
    for top in tree.body:
        if isinstance(top, ast.FunctionDef):
            yield top, top.name, top
        elif isinstance(top, ast.ClassDef):
            yield from ((top, f"{top.name}.{one.name}", one) for one in top.body if isinstance(one, ast.FunctionDef))
        elif isinstance(top, ast.Assign | ast.AnnAssign) and top.value is not None and not _named(top, "__all__"):
            yield top, "", top


def _named(top: ast.stmt, name: str) -> bool:
    return any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(top))


def _places(part: ast.AST, lines: range) -> Iterator[tuple[Place, ast.AST, range]]:
    """Every node below `part` that may be changed, with the place that holds it and the lines of its statement."""
    for name, value in ast.iter_fields(part):
        if name in (
            "annotation",
            "returns",
            "decorator_list",
            "args",
            "type_params",
            "targets",
            "target",
        ) and not isinstance(part, ast.Call):
            continue
        nodes = value if isinstance(value, list) else [value]
        for n, node in enumerate(nodes):
            if isinstance(node, ast.Raise) or not isinstance(node, ast.AST) or _docstring(node) or _type(part, node):
                continue
            within = _lines(node) if isinstance(node, ast.stmt) else lines
            yield (part, name, n if isinstance(value, list) else None), node, within
            yield from _places(node, within)


def _lines(part: ast.AST) -> range:
    if not isinstance(part, ast.stmt):
        return range(0)
    body = getattr(part, "body", None)
    last = body[0].lineno - 1 if body else part.end_lineno or part.lineno
    return range(part.lineno, max(last, part.lineno) + 1)


def _type(holder: ast.AST, node: ast.AST) -> bool:
    """Is it the name of a type, which the type checker alone reads?"""
    if isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name) and holder.func.id == "cast":
        return node is holder.args[0]
    return isinstance(holder, ast.Subscript) and getattr(holder.value, "id", "") in {"Callable", "Mapping", "tuple"}


def _docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _put(place: Place, node: ast.AST) -> None:
    holder, name, index = place
    if index is None:
        setattr(holder, name, node)
    else:
        getattr(holder, name)[index] = node


def _change(before: ast.AST, after: ast.AST) -> str:
    if isinstance(before, ast.Set | ast.Dict | ast.Tuple | ast.List) and type(before) is type(after):
        return _without(before, after)
    return f"{_shown(before)} → {_shown(after)}"


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else text[:60] + " … " + text[-27:]


def _code(top: ast.stmt, function: str) -> CodeType | None:
    alone = ast.Module(body=[top], type_ignores=[])
    try:
        compiled = compile(ast.fix_missing_locations(alone), "<mutant>", "exec")
    except (SyntaxError, ValueError, TypeError):
        return None
    return _inside(compiled, function) if function else compiled


def _inside(code: CodeType, name: str) -> CodeType | None:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            found = one if one.co_qualname == name else _inside(one, name)
            if found is not None:
                return found
    return None


# ------------------------------------------------------------------ which statements are reached

REACHED = "__reached__"
"""The name, in the module, of what is called with (function, line) before each statement."""


def watched(text: str) -> Iterator[tuple[str, CodeType]]:
    """Every function of a module, with code that also tells which of its statements are reached."""
    for top, function, body in _parts(ast.parse(text)):
        if function:
            _watch(body, function)
            code = _code(top, function)
            if code is not None:
                yield function, code


def _watch(node: ast.AST, function: str) -> None:
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        inner = getattr(node, name, None)
        if not isinstance(inner, list):
            continue
        found: list[ast.AST] = []
        for one in inner:
            if isinstance(one, ast.stmt):
                told = ast.Tuple([ast.Constant(function), ast.Constant(one.lineno)], ast.Load())
                call = ast.Call(ast.Name(REACHED, ast.Load()), [told], [])
                found.append(ast.copy_location(ast.Expr(call), one))
            found.append(one)
            _watch(one, function)
        inner[:] = found


# ------------------------------------------------------------------ who uses a table


def names_in(text: str, mutant: Mutant) -> set[str]:
    """The names that the changed statement of a module makes."""
    tops = [top for top in ast.parse(text).body if mutant.line in range(top.lineno, (top.end_lineno or 0) + 1)]
    targets = [one for top in tops for one in getattr(top, "targets", [getattr(top, "target", None)])]
    return {one.id for target in targets if target for one in ast.walk(target) if isinstance(one, ast.Name)}


def using(sources: Mapping[str, str], made: set[str]) -> set[tuple[str, str]]:
    """(module, function) of all that names one of `made`, or a table that was made from one."""
    made, before = set(made), 0
    while len(made) > before:
        before = len(made)
        for text in sources.values():
            for names, used in _uses(text).values():
                if used & made:
                    made |= names
    return {
        (module, function)
        for module, text in sources.items()
        for function, (_, used) in _uses(text).items()
        if isinstance(function, str) and used & made
    }


@cache
def _uses(text: str) -> Mapping[str | int, tuple[set[str], set[str]]]:
    """Of each function, or line of a table: the names that it makes, and those that it uses."""
    found: dict[str | int, tuple[set[str], set[str]]] = {}
    for top, function, body in _parts(ast.parse(text)):
        used = {one.id for one in ast.walk(body) if isinstance(one, ast.Name)}
        used |= {one.attr for one in ast.walk(body) if isinstance(one, ast.Attribute)}
        targets = getattr(top, "targets", [getattr(top, "target", None)])
        made = {one.id for target in targets if target for one in ast.walk(target) if isinstance(one, ast.Name)}
        found[function or top.lineno] = (made, used) if not function else (set(), used)
    return found


# ------------------------------------------------------------------ the faults


def _faults(node: ast.AST, place: Place) -> Iterator[ast.AST]:
    holder, name, _ = place
    if isinstance(node, ast.Compare):
        yield from _comparisons(node)
    elif isinstance(node, ast.BoolOp):
        yield _copy(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in _COMBINED:
        yield _copy(node, op=_COMBINED[type(node.op)]())
    elif isinstance(node, ast.Constant):
        yield from _constants(node, holder)
    elif isinstance(node, ast.Name) and node.id in _SWAPPED:
        yield _copy(node, id=_SWAPPED[node.id])
    elif isinstance(node, ast.Name) and isinstance(holder, ast.Call) and name == "args":
        yield from _other_cell(node, holder)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom):
        yield (
            _copy(node, value=ast.Constant(None))
            if isinstance(node.value, ast.Call)
            else _copy(node, value=_nothing(node.value))
        )
    elif isinstance(node, ast.Continue):
        yield ast.copy_location(ast.Break(), node)
    elif isinstance(node, ast.Break):
        yield ast.copy_location(ast.Continue(), node)
    elif isinstance(node, ast.Set | ast.Dict | ast.Tuple | ast.List) and not isinstance(holder, ast.Subscript):
        yield from _shorter(node)
    asked = name == "test" or (name == "ifs" and isinstance(holder, ast.comprehension))
    if asked and not isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=node), node)  # type: ignore[arg-type]


def _nothing(said: ast.expr) -> ast.expr:
    """A `yield` of nothing, so that a generator stays one."""
    return ast.copy_location(ast.YieldFrom(value=ast.Tuple(elts=[], ctx=ast.Load())), said)


def _copy(node: ast.AST, **changes: object) -> ast.AST:
    """`node` with some members replaced; the other members are the very same nodes."""
    after = copy(node)
    for name, value in changes.items():
        setattr(after, name, value)
    return after


def _comparisons(node: ast.Compare) -> Iterator[ast.AST]:
    for n, op in enumerate(node.ops):
        for table in (_COMPARED, _REVERSED):
            if type(op) in table:
                ops = list(node.ops)
                ops[n] = table[type(op)]()
                yield _copy(node, ops=ops)


def _constants(node: ast.Constant, holder: ast.AST) -> Iterator[ast.AST]:
    if isinstance(holder, ast.JoinedStr | ast.FormattedValue):
        return
    if isinstance(node.value, bool):
        yield _copy(node, value=not node.value)
    elif isinstance(node.value, int):
        yield _copy(node, value=node.value + 1)
    elif (
        isinstance(node.value, str)
        and node.value.strip()
        and not isinstance(holder, ast.Dict | ast.Set | ast.List | ast.Tuple)
    ):
        yield _copy(node, value=f"XX{node.value}")
    elif node.value is None and isinstance(holder, ast.Return):
        yield _copy(node, value=True)


def _other_cell(node: ast.Name, holder: ast.Call) -> Iterator[ast.AST]:
    """In a row of a table, `_row(_Y, _N, …)`: another of its cells."""
    cells = {one.id for one in holder.args if isinstance(one, ast.Name) and one.id.startswith("_")}
    if len(holder.args) > 3 and node.id in cells:
        for other in sorted(cells - {node.id})[:1] or ["_Y" if node.id != "_Y" else "_N"]:
            yield _copy(node, id=other)


def _shorter(node: ast.Set | ast.Dict | ast.Tuple | ast.List) -> Iterator[ast.AST]:
    """A table without one of its entries; of a long one the first, the middle and the last."""
    if isinstance(node, ast.Dict):
        for n in _some(len(node.keys)):
            yield _copy(node, keys=node.keys[:n] + node.keys[n + 1 :], values=node.values[:n] + node.values[n + 1 :])
    elif isinstance(getattr(node, "ctx", None), ast.Load | None):
        for n in _some(len(node.elts)):
            yield _copy(node, elts=node.elts[:n] + node.elts[n + 1 :])


def _some(length: int) -> list[int]:
    if length < 2:
        return []
    return list(range(length)) if length <= _LONG else [0, length // 2, length - 1]


def _without(before: ast.AST, after: ast.AST) -> str:
    """In words, which entry is missing."""
    if isinstance(before, ast.Dict) and isinstance(after, ast.Dict):
        old: list[ast.expr | None] = list(before.keys)
        new: list[ast.expr | None] = list(after.keys)
    else:
        old, new = list(before.elts), list(after.elts)  # type: ignore[attr-defined]
    n = next((n for n, one in enumerate(new) if one is not old[n]), len(new))
    gone = old[n]
    return f"without {_shown(gone) if gone is not None else '**'}"
