"""Edits of numbers: off by one in a range, a slice or an index, and constants of another value."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence

from autograder.student.edits.edit import Action, Change, Edit, Kind
from autograder.student.edits.sites import Site, at, is_neutral, name_of, number, plus, whole_number

_COUNTING = {"range", "arange", "islice"}


def ranges(sites: Sequence[Site]) -> Iterator[Edit]:
    """Begin or end a range one earlier or later."""
    for site in sites:
        node = site.node
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if name_of(node.func) == "enumerate" and len(node.args) == 1:
            change = Change(node, "args", [node.args[0], at(node, number(1))])
            yield site.edit(Kind.RANGE, Action.CHANGE, change)
        if name_of(node.func) not in _COUNTING:
            continue
        for place, bound in enumerate(node.args):
            for step in (1, -1):
                change = Change(node, "args", at(node, plus(bound, step)), place)
                yield site.edit(Kind.RANGE, Action.CHANGE, change, alike=f"{place} {step}")
        if len(node.args) == 1 and name_of(node.func) != "islice":
            for first, step in ((1, 0), (1, 1)):
                arguments = [number(first), plus(node.args[0], step) if step else node.args[0]]
                change = Change(node, "args", [at(node, one) for one in arguments])
                yield site.edit(Kind.RANGE, Action.CHANGE, change, alike=f"{first} {step}")


def slices(sites: Sequence[Site]) -> Iterator[Edit]:
    """Begin or end a slice one earlier or later, or at another end; turn its step round."""
    for site in sites:
        if not isinstance(site.node, ast.Slice):
            continue
        for field, bound in (("lower", site.node.lower), ("upper", site.node.upper)):
            for other in _other_bounds(field, bound):
                change = Change(site.node, field, other and at(site.node, other))
                alike = ast.dump(other) if other else "none"
                yield site.edit(Kind.SLICE, Action.CHANGE, change, alike=f"{field} {alike}")
        if site.node.step and whole_number(site.node.step) != -1:
            one = Change(site.node, "step", None)
            yield site.edit(Kind.SLICE, Action.CHANGE, one, alike="step")


def _other_bounds(field: str, bound: ast.expr | None) -> Iterator[ast.expr | None]:
    if bound is None:
        yield from (number(1), number(-1)) if field == "lower" else (number(-1), number(1))
        return
    yield from (plus(bound, 1), plus(bound, -1), None)
    value = whole_number(bound)
    if value is None:
        yield at(bound, ast.UnaryOp(ast.USub(), bound))
    elif value != 0:
        yield number(-value)


def indices(sites: Sequence[Site]) -> Iterator[Edit]:
    """Take the item before or after, or one counted from the other end."""
    for site in sites:
        node = site.node
        if not isinstance(node, ast.expr) or not _is_index(site):
            continue
        value = whole_number(node)
        for step in (1, -1):
            yield site.becomes(plus(node, step), Kind.INDEX)
        if value is not None and value not in (-1, 1):
            yield site.becomes(number(-1 - value), Kind.INDEX)


def _is_index(site: Site) -> bool:
    node, owner = site.node, site.owner
    if isinstance(node, (ast.Slice, ast.Tuple)) or _is_whole(node) is False:
        return False
    if isinstance(owner, ast.Tuple):
        return site.parent is not None and site.parent.field == "slice"
    # The items of a shape are sizes, with a kind of their own.
    return (
        isinstance(owner, ast.Subscript)
        and site.field == "slice"
        and name_of(owner.value) != "shape"
    )


def _is_whole(node: ast.AST) -> bool | None:
    """Whether a constant is a whole number; None for what is no constant."""
    return type(node.value) is int if isinstance(node, ast.Constant) else None


def numbers(sites: Sequence[Site]) -> Iterator[Edit]:
    """Make a number one more or less, twice or half as large."""
    for site in sites:
        node, owner = site.node, site.owner
        value = node.value if isinstance(node, ast.Constant) else None
        if type(value) not in (int, float) or isinstance(owner, (ast.UnaryOp, ast.Slice)):
            continue
        assert isinstance(value, (int, float))  # noqa: S101 - what was just looked at
        if isinstance(owner, ast.Call) and name_of(owner.func) in _COUNTING:
            continue
        options: list[float] = [value + 1, value - 1]
        if isinstance(value, float):
            options = [1 - value, value * 2, value / 2, 0.0]
        for other in dict.fromkeys(options):
            if other != value and not _spares(site, other):
                yield site.becomes(number(other), Kind.NUMBER, alike=f"{value} {other}")


def _spares(site: Site, value: float) -> bool:
    """Whether a factor or power of this value does what dropping it would do."""
    operator = site.owner.op if isinstance(site.owner, ast.BinOp) else None
    if operator is None or isinstance(operator, (ast.Add, ast.Sub)):
        return False
    return is_neutral(ast.Constant(value), operator)


def off_by_one(sites: Sequence[Site]) -> Iterator[Edit]:
    """Add or take away one where a whole number is computed with or compared."""
    for site in sites:
        node = site.node
        if not isinstance(node, (ast.Name, ast.Attribute, ast.Call)) or not site.is_read:
            continue
        if isinstance(site.owner, (ast.BinOp, ast.Compare)):
            for step in (1, -1):
                yield site.becomes(plus(node, step), Kind.NUMBER, Action.ADD)


def constants(sites: Sequence[Site]) -> Iterator[Edit]:
    """Take another constant: True for False, an infinity for zero."""
    for site in sites:
        node = site.node
        if name_of(node) == "inf":
            yield site.becomes(number(0), Kind.CONSTANT)
        elif not isinstance(node, ast.Constant) or isinstance(site.owner, ast.Subscript):
            continue
        elif isinstance(node.value, bool):
            yield site.becomes(ast.Constant(not node.value), Kind.CONSTANT)
        elif node.value is None or node.value == 0:
            for other in (math.inf, -math.inf, *([0] if node.value is None else [])):
                yield site.becomes(_written(other), Kind.CONSTANT)


def _written(value: float) -> ast.expr:
    if math.isinf(value):
        text = ast.Call(ast.Name("float", ast.Load()), [ast.Constant("inf")], [])
        return text if value > 0 else ast.UnaryOp(ast.USub(), text)
    return number(value)
