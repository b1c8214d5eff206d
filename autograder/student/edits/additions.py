"""Edits that add a step: a turn, a root, a copy, a slice, a division by a size.

None of them is added around what is returned: that would undo a result, and say nothing of its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from autograder.student.edits.axes import REDUCTIONS
from autograder.student.edits.edit import Action, Edit, Kind
from autograder.student.edits.sites import (
    Function,
    Site,
    is_of_module,
    local_names,
    name_of,
    number,
)

_Wrapper = Callable[[ast.expr], ast.expr]
_MOST_SIZES = 4
_WALKING = {"zip", "pairwise", "enumerate", "sum", "sorted", "Counter", "combinations", "cumsum"}
_KEEPING = {"append", "add", "insert", "extend", "appendleft", "setdefault", "update", "dict"}
_NO_VALUES = {"self", "torch", "nn", "math", "library", "functional", "range", "F", "np"}


def _attribute(name: str) -> _Wrapper:
    return lambda value: ast.Attribute(value, name, ast.Load())


def _method(name: str) -> _Wrapper:
    return lambda value: ast.Call(ast.Attribute(value, name, ast.Load()), [], [])


def _call(name: str) -> _Wrapper:
    return lambda value: ast.Call(ast.Name(name, ast.Load()), [value], [])


def _slice(lower: int | None, upper: int | None, step: int | None = None) -> _Wrapper:
    def wrap(value: ast.expr) -> ast.expr:
        bounds = [None if bound is None else number(bound) for bound in (lower, upper, step)]
        return ast.Subscript(value, ast.Slice(*bounds), ast.Load())

    return wrap


def _column(before: Callable[[], ast.expr]) -> _Wrapper:
    """Add a last dimension (`x[..., None]`) or one after the first (`x[:, None]`)."""

    def wrap(value: ast.expr) -> ast.expr:
        places = ast.Tuple([before(), ast.Constant(None)], ast.Load())
        return ast.Subscript(value, places, ast.Load())

    return wrap


def _with(operator: type[ast.operator], value: float) -> _Wrapper:
    return lambda operand: ast.BinOp(operand, operator(), number(value))


_TURNED = _attribute("mT")
_COLUMNS = (_column(lambda: ast.Constant(...)), _column(ast.Slice))
_FUNCTIONS = (_with(ast.Pow, 0.5), _with(ast.Pow, 2), _method("exp"), _method("log"), _call("abs"))
_FACTORS = (
    *(_with(ast.Mult, 2), _with(ast.Div, 2)),
    lambda value: ast.BinOp(ast.Constant(1), ast.Sub(), value),
)
_COPIES = (_method("clone"), _method("detach"), _method("copy"), _method("item"))
_NUMBERS = (_method("float"), _method("long"), _method("bool"), _call("int"), _call("float"))
_ITEMS = (
    *(_slice(1, None), _slice(None, -1), _slice(None, None, -1)),
    *(_call("sorted"), _call("set"), _method("tolist"), _method("items")),
)
_TEXTS = (_method("lower"), _method("strip"), _method("split"))


def additions(sites: Sequence[Site]) -> Iterator[Edit]:
    """Add a step to a value that is read, as its place suggests."""
    finals = _finals(sites)
    for site in sites:
        node = site.node
        if isinstance(node, ast.expr) and node not in finals and _can_be_wrapped(site):
            for wrap in _wrappers(site):
                yield site.becomes(wrap(node), Kind.MISSING, Action.ADD)


def _can_be_wrapped(site: Site) -> bool:
    node = site.node
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.Subscript)):
        return False
    if not site.is_read or site.is_called or is_of_module(node):
        return False
    return (
        name_of(node) not in _NO_VALUES and name_of(getattr(node, "func", node)) not in _NO_VALUES
    )


def _wrappers(site: Site) -> tuple[_Wrapper, ...]:
    owner, node = site.owner, site.node
    if isinstance(owner, ast.BinOp):
        if isinstance(owner.op, ast.MatMult):
            return (_TURNED, _COLUMNS[0])
        return (*_COLUMNS, *_FUNCTIONS, *_FACTORS)
    if site.field == "iter" or isinstance(owner, ast.Starred):
        return _ITEMS
    if isinstance(owner, ast.Call) and site.index is not None:
        name = name_of(owner.func)
        if name in _WALKING:
            return _ITEMS
        if name in _KEEPING:
            return (*_COPIES, _call("list"))
        return (*_FUNCTIONS, *_FACTORS, _TURNED, _COLUMNS[0], *_NUMBERS)
    if isinstance(owner, ast.Attribute) and owner.attr in REDUCTIONS:
        return (*_FUNCTIONS, *_NUMBERS)
    if isinstance(owner, (ast.Assign, ast.AugAssign)):
        turned = () if isinstance(node, ast.Name) else (_TURNED, *_FUNCTIONS)
        return (*_COPIES, *turned, *_NUMBERS)
    if isinstance(owner, (ast.Compare, ast.comprehension)):
        return _TEXTS
    return _COPIES if isinstance(owner, (ast.Dict, ast.List, ast.Tuple)) else ()


def _finals(sites: Sequence[Site]) -> set[ast.AST]:
    """Find what is returned: the expression itself, its items, and what a returned variable holds."""
    returned: list[tuple[Function | None, ast.expr]] = []
    for site in sites:
        if isinstance(site.node, ast.Return) and site.node.value:
            returned.append((site.function, site.node.value))
        elif isinstance(site.owner, ast.Lambda) and isinstance(site.node, ast.expr):
            returned.append((site.function, site.node))
    found: set[ast.AST] = set()
    names: set[tuple[Function | None, str]] = set()
    for function, value in returned:
        for one in _items(value):
            found.add(one)
            if isinstance(one, ast.Name):
                names.add((function, one.id))
    for site in sites:
        target = site.node.targets[0] if isinstance(site.node, ast.Assign) else None
        if isinstance(target, ast.Name) and (site.function, target.id) in names:
            assert isinstance(site.node, ast.Assign)  # noqa: S101 - it has a target
            found.update(_items(site.node.value))
    return found


def _items(value: ast.expr) -> Iterator[ast.expr]:
    yield value
    if isinstance(value, (ast.Tuple, ast.List)):
        for one in value.elts:
            yield from _items(one)
    elif isinstance(value, ast.Dict):
        for one in value.values:
            yield from _items(one)
    elif isinstance(value, (ast.ListComp, ast.GeneratorExp)):
        yield from _items(value.elt)


def divisions_by_size(sites: Sequence[Site]) -> Iterator[Edit]:
    """Divide a term by how many there are."""
    finals = _finals(sites)
    for site in sites:
        node, owner = site.node, site.owner
        if not site.function or node in finals or not isinstance(node, ast.expr):
            continue
        is_term = isinstance(owner, ast.BinOp) and isinstance(owner.op, (ast.Add, ast.Sub))
        is_term = is_term or (
            isinstance(owner, (ast.Assign, ast.AugAssign)) and site.field == "value"
        )
        if not is_term or not _can_be_wrapped(site) or isinstance(node, ast.Name):
            continue
        for name in local_names(site.function)[:_MOST_SIZES]:
            value = ast.Name(name, ast.Load())
            for size in (ast.Call(ast.Name("len", ast.Load()), [value], []), value):
                yield site.becomes(ast.BinOp(node, ast.Div(), size), Kind.MISSING, Action.ADD)
