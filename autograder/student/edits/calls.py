"""Edits of calls: their arguments' order, a neighbor of the function called, and what can be spared."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.student.edits.edit import Action, Change, Edit, Kind
from autograder.student.edits.sites import Site, at, is_of_module, name_of

# Functions that are taken for each other, with what tells them apart.
_NEIGHBORS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (Kind.EXTREME, ("min", "max")),
    (Kind.EXTREME, ("amin", "amax")),
    (Kind.EXTREME, ("argmin", "argmax")),
    (Kind.EXTREME, ("minimum", "maximum")),
    (Kind.EXTREME, ("clamp_min", "clamp_max")),
    (Kind.EXTREME, ("tril", "triu")),
    (Kind.SUMMARY, ("sum", "mean", "prod", "numel")),
    (Kind.SUMMARY, ("std", "var")),
    (Kind.SUMMARY, ("any", "all")),
    (Kind.SUMMARY, ("max", "amax", "sum")),
    (Kind.SUMMARY, ("min", "amin")),
    (Kind.ROUNDING, ("floor", "ceil", "round", "trunc")),
    (Kind.ROUNDING, ("int", "round", "float")),
    (Kind.TEXT, ("strip", "rstrip", "lstrip")),
    (Kind.TEXT, ("lower", "upper", "casefold")),
    (Kind.TEXT, ("startswith", "endswith")),
    (Kind.TEXT, ("removeprefix", "removesuffix", "lstrip", "rstrip")),
    (Kind.TEXT, ("find", "rfind")),
    (Kind.TEXT, ("split", "splitlines", "rsplit")),
    (Kind.TEXT, ("match", "fullmatch", "search")),
    (Kind.TEXT, ("isalpha", "isalnum", "isdigit")),
    (Kind.FUNCTION, ("log", "log2", "log10", "log1p")),
    (Kind.FUNCTION, ("exp", "exp2", "expm1")),
    (Kind.FUNCTION, ("sqrt", "rsqrt", "square")),
    (Kind.FUNCTION, ("sin", "cos")),
    (Kind.FUNCTION, ("tanh", "sigmoid", "relu", "gelu", "silu")),
    (Kind.FUNCTION, ("softmax", "log_softmax", "sigmoid")),
    (Kind.FUNCTION, ("append", "extend")),
    (Kind.FUNCTION, ("union", "intersection", "difference")),
    (Kind.FUNCTION, ("keys", "values", "items")),
    (Kind.FUNCTION, ("reshape", "view")),
    (Kind.FUNCTION, ("stack", "cat", "hstack")),
    (Kind.FUNCTION, ("zeros", "ones", "empty", "full")),
    (Kind.FUNCTION, ("zeros_like", "ones_like", "empty_like")),
    (Kind.FUNCTION, ("eval", "train")),
    (Kind.FUNCTION, ("combinations", "permutations", "product", "combinations_with_replacement")),
    (Kind.FUNCTION, ("set", "list", "sorted", "tuple")),
)
# For these the order of two arguments does not matter.
_SYMMETRIC = {"min", "max", "minimum", "maximum", "transpose", "swapaxes", "isclose", "allclose"}
_MATRIX_TURNS = {"T", "mT", "H", "mH"}
_NEEDLESS_ATTRIBUTES = {*_MATRIX_TURNS, "data", "values", "indices", "real", "shape"}
_PARTS = ("values", "indices")


def argument_order(sites: Sequence[Site]) -> Iterator[Edit]:
    """Swap two neighbors among a call's arguments, or among what is returned or assigned together."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.Call) and name_of(node.func) not in _SYMMETRIC:
            yield from _neighbors_swapped(site, node, "args", node.args)
        elif isinstance(node, ast.Tuple) and site.is_read and len(node.elts) <= 6:
            yield from _neighbors_swapped(site, node, "elts", node.elts)


def _neighbors_swapped(
    site: Site, node: ast.AST, field: str, items: list[ast.expr]
) -> Iterator[Edit]:
    kind = Kind.AXIS if isinstance(site.owner, ast.Subscript) else Kind.ARGUMENTS
    for i in range(len(items) - 1):
        swapped = [*items[:i], items[i + 1], items[i], *items[i + 2 :]]
        if ast.dump(items[i]) != ast.dump(items[i + 1]):
            yield site.edit(kind, Action.CHANGE, Change(node, field, swapped))


def neighbors(sites: Sequence[Site]) -> Iterator[Edit]:
    """Call a function that is taken for this one: `min` for `max`, `sum` for `mean`."""
    for site in sites:
        if not site.is_called:
            continue
        name = name_of(site.node)
        field = "attr" if isinstance(site.node, ast.Attribute) else "id"
        for kind, names in _NEIGHBORS:
            for other in names if name in names else ():
                if other != name:
                    change = Change(site.node, field, other)
                    yield site.edit(kind, Action.CHANGE, change, alike=f"{name} {other}")


def parts(sites: Sequence[Site]) -> Iterator[Edit]:
    """Take the other part of what `max` or `sort` returns, and the other turn of a tensor."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.Attribute) and node.attr in _PARTS and not site.is_called:
            other = _PARTS[1 - _PARTS.index(node.attr)]
            yield site.edit(Kind.FUNCTION, Action.CHANGE, Change(node, "attr", other))
        elif isinstance(node, ast.Attribute) and node.attr == "T":
            yield site.edit(Kind.AXIS, Action.CHANGE, Change(node, "attr", "mT"), alike="turn")


def sorting(sites: Sequence[Site]) -> Iterator[Edit]:
    """Sort the other way round, and without the key that was given."""
    for site in sites:
        node = site.node
        if not isinstance(node, ast.Call) or name_of(node.func) not in (
            *("sorted", "sort", "argsort", "min", "max", "nsmallest", "nlargest"),
        ):
            continue
        flag = "reverse" if name_of(node.func) in ("sorted", "sort") else ""
        if flag and isinstance(node.func, ast.Attribute) and not isinstance(site.owner, ast.Expr):
            flag = "descending"  # a tensor's sort has a result, a list's has none
        if name_of(node.func) == "argsort":
            flag = "descending"
        others = [one for one in node.keywords if one.arg not in ("reverse", "descending")]
        if len(others) < len(node.keywords):
            yield site.edit(Kind.SORTING, Action.CHANGE, Change(node, "keywords", others))
        elif flag:
            turned = at(node, ast.keyword(flag, ast.Constant(True)))
            change = Change(node, "keywords", [*node.keywords, turned])
            yield site.edit(Kind.SORTING, Action.CHANGE, change)
        keyless = [one for one in node.keywords if one.arg != "key"]
        if len(keyless) < len(node.keywords):
            yield site.edit(Kind.SORTING, Action.CHANGE, Change(node, "keywords", keyless))


def dropped_calls(sites: Sequence[Site]) -> Iterator[Edit]:
    """Spare a call, a turn of a tensor, or another wrapper, and keep what it is of."""
    for site in sites:
        node = site.node
        if not site.is_read or site.is_called:
            continue
        if isinstance(node, ast.Call):
            yield from _call_dropped(site, node)
        elif isinstance(node, ast.Attribute) and node.attr in _NEEDLESS_ATTRIBUTES:
            kind = Kind.AXIS if node.attr in _MATRIX_TURNS else Kind.CALL
            yield site.becomes(node.value, kind, Action.DROP, alike=node.attr)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            yield site.becomes(node.operand, Kind.CONDITION, Action.DROP)


def _call_dropped(site: Site, call: ast.Call) -> Iterator[Edit]:
    name = name_of(call.func)
    if isinstance(call.func, ast.Attribute) and not is_of_module(call.func):
        kind = Kind.TEXT if name in ("lower", "upper", "strip", "casefold") else Kind.CALL
        yield site.becomes(call.func.value, kind, Action.DROP, alike=name)
    for argument in call.args[:2]:
        if not isinstance(argument, (ast.Constant, ast.Starred)):
            kind = Kind.SORTING if name in ("sorted", "reversed") else Kind.CALL
            yield site.becomes(argument, kind, Action.DROP, alike=name)


def dropped_parts(sites: Sequence[Site]) -> Iterator[Edit]:
    """Leave out one side of an operator, a slice, a condition, an argument by name."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.BinOp):
            for side in (node.left, node.right):
                if not isinstance(side, ast.Constant):
                    yield site.becomes(side, Kind.PART, Action.DROP)
        elif isinstance(node, ast.Subscript) and site.is_read:
            yield site.becomes(node.value, _kind_of_index(node.slice), Action.DROP, alike="slice")
        elif isinstance(node, ast.BoolOp):
            for index in range(len(node.values)):
                rest = [*node.values[:index], *node.values[index + 1 :]]
                new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
                yield site.becomes(new, Kind.CONDITION, Action.DROP)
        elif isinstance(node, ast.IfExp):
            for branch in (node.body, node.orelse):
                yield site.becomes(branch, Kind.CONDITION, Action.DROP)
        elif isinstance(node, ast.comprehension) and node.ifs:
            yield Edit(
                node.ifs[0].lineno,
                Kind.CONDITION,
                Action.DROP,
                (Change(node, "ifs", []),),
                (site.statement,),
            )
        elif isinstance(node, ast.Call):
            for one in node.keywords:
                rest_of = [other for other in node.keywords if other is not one]
                change = Change(node, "keywords", rest_of)
                yield site.edit(Kind.ARGUMENT, Action.DROP, change)


def _kind_of_index(index: ast.expr) -> Kind:
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    if any(isinstance(one, ast.Constant) and one.value is None for one in items):
        return Kind.DIMENSION
    return Kind.SLICE if isinstance(index, ast.Slice) else Kind.INDEX
