"""Edits of arithmetic and of conditions: signs, operators, comparisons, and what is computed first."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence

from autograder.student.edits.axes import is_axis
from autograder.student.edits.edit import Action, Change, Edit, Kind
from autograder.student.edits.sites import Site, at, is_neutral, is_of_module, name_of

# What an operator is taken for, the likeliest first.
_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Div),
    ast.Mult: (ast.Div, ast.MatMult, ast.Pow, ast.Add),
    ast.Div: (ast.Mult, ast.Sub),
    ast.FloorDiv: (ast.Mod, ast.Mult),
    ast.Mod: (ast.FloorDiv, ast.Div),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt, ast.GtE),
    ast.LtE: (ast.Lt, ast.GtE, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt, ast.LtE),
    ast.GtE: (ast.Gt, ast.LtE, ast.Lt),
    ast.Eq: (ast.NotEq, ast.GtE, ast.LtE),
    ast.NotEq: (ast.Eq, ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
_SUM = (ast.Add, ast.Sub)
# What these calls do to a number is done before a sum as well as after it.
CONVERSIONS = {"double", "float", "item", "to", "contiguous", "detach", "clone"}
SUM_TURNED = "sum turned"


def signs(sites: Sequence[Site]) -> Iterator[Edit]:
    """Take a minus away."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not is_axis(site):
            yield site.becomes(node.operand, Kind.SIGN, alike="dropped")


def negated(sites: Sequence[Site]) -> Iterator[Edit]:
    """Put a minus before an operand or an argument."""
    for site in sites:
        node = site.node
        if not isinstance(node, ast.expr) or not site.is_read or site.is_called:
            continue
        is_difference = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
        if not is_difference and _can_be_negative(site):
            yield site.becomes(ast.UnaryOp(ast.USub(), node), Kind.SIGN, Action.ADD)


def _can_be_negative(site: Site) -> bool:
    if isinstance(site.node, ast.Constant) and not isinstance(site.node.value, (int, float)):
        return False
    inside_product = isinstance(site.owner, ast.BinOp) and not isinstance(site.owner.op, _SUM)
    is_argument = isinstance(site.owner, ast.Call) and site.field == "args"
    return inside_product or is_argument or isinstance(site.owner, (ast.Tuple, ast.ListComp))


def operators(sites: Sequence[Site]) -> Iterator[Edit]:
    """Take another arithmetic operator."""
    for site in sites:
        if isinstance(site.node, ast.BinOp):
            for other in _OPERATORS.get(type(site.node.op), ()):
                if any(is_neutral(side, other) for side in (site.node.left, site.node.right)):
                    continue
                kind = (
                    Kind.SIGN
                    if {type(site.node.op), other} == {ast.Add, ast.Sub}
                    else Kind.OPERATOR
                )
                alike = f"{type(site.node.op).__name__} {other.__name__}"
                yield site.edit(kind, Action.CHANGE, Change(site.node, "op", other()), alike=alike)


def divisions(sites: Sequence[Site]) -> Iterator[Edit]:
    """Divide to a whole number or not."""
    for site in sites:
        operator = getattr(site.node, "op", None)
        if isinstance(operator, (ast.Div, ast.FloorDiv)):
            other = ast.FloorDiv() if isinstance(operator, ast.Div) else ast.Div()
            yield site.edit(
                Kind.DIVISION, Action.CHANGE, Change(site.node, "op", other), alike="other"
            )
            if isinstance(site.node, ast.BinOp) and isinstance(operator, ast.FloorDiv):
                negative = ast.BinOp(
                    ast.UnaryOp(ast.USub(), site.node.left), ast.FloorDiv(), site.node.right
                )
                yield site.becomes(ast.UnaryOp(ast.USub(), negative), Kind.ROUNDING)


def augmented(sites: Sequence[Site]) -> Iterator[Edit]:
    """Take another operator before `=`, or replace a value in place of adding to it."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.AugAssign):
            for other in _OPERATORS.get(type(node.op), ()):
                yield site.edit(Kind.OPERATOR, Action.CHANGE, Change(node, "op", other()))
            plain = ast.Assign([node.target], node.value)
            yield site.becomes(plain, Kind.AUGMENTED)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
                yield site.becomes(ast.AugAssign(target, ast.Add(), node.value), Kind.AUGMENTED)


def in_place(sites: Sequence[Site]) -> Iterator[Edit]:
    """Compute a new value in place of changing the old one, and the other way round."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            value = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
            yield site.becomes(ast.Assign([node.target], value), Kind.IN_PLACE, alike="new")
        elif isinstance(node, ast.Assign):
            changed = _adding_to_itself(node)
            if changed:
                yield site.becomes(changed, Kind.IN_PLACE, alike="old")
        elif isinstance(node, ast.Attribute) and site.is_called:
            yield from _other_spelling(site, node)


def _adding_to_itself(node: ast.Assign) -> ast.AugAssign | None:
    """Write `x = x + y` as `x += y`; None for any other assignment."""
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Name) or not isinstance(value, ast.BinOp):
        return None
    if isinstance(value.left, ast.Name) and value.left.id == target.id:
        return ast.AugAssign(target, value.op, value.right)
    return None


def _other_spelling(site: Site, func: ast.Attribute) -> Iterator[Edit]:
    """Take `masked_fill` for `masked_fill_`; the other way round only where no result is used."""
    if func.attr.endswith("_") and not func.attr.startswith("_"):
        change = Change(func, "attr", func.attr.rstrip("_"))
        yield site.edit(Kind.IN_PLACE, Action.CHANGE, change, alike="new")
    elif isinstance(site.statement, ast.Expr) and not is_of_module(func):
        yield site.edit(Kind.IN_PLACE, Action.CHANGE, Change(func, "attr", f"{func.attr}_"))


def comparisons(sites: Sequence[Site]) -> Iterator[Edit]:
    """Take another comparison, with its bound or without."""
    for site in sites:
        if not isinstance(site.node, ast.Compare):
            continue
        for index, operator in enumerate(site.node.ops):
            for other in _COMPARISONS[type(operator)]:
                alike = f"{type(operator).__name__} {other.__name__}"
                change = Change(site.node, "ops", other(), index)
                yield site.edit(Kind.COMPARISON, Action.CHANGE, change, alike=alike)


def conditions(sites: Sequence[Site]) -> Iterator[Edit]:
    """Turn conditions over, join them by the other word, and swap what follows from them."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield site.edit(Kind.CONDITION, Action.CHANGE, Change(node, "op", other))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
            yield site.becomes(node.operand, Kind.CONDITION)
        elif isinstance(node, ast.IfExp):
            swapped = ast.IfExp(node.test, node.orelse, node.body)
            yield site.becomes(swapped, Kind.CONDITION)
        if isinstance(node, ast.expr) and _is_test(site):
            yield site.becomes(ast.UnaryOp(ast.Not(), node), Kind.CONDITION)
        elif isinstance(node, (ast.Name, ast.Call, ast.Compare)) and _is_mask(site):
            yield site.becomes(ast.UnaryOp(ast.Invert(), node), Kind.CONDITION)


def _is_test(site: Site) -> bool:
    if isinstance(site.node, ast.Compare) and len(site.node.ops) == 1:
        return False  # its operator is turned over already
    return site.field == "test" or site.field == "ifs" or isinstance(site.owner, ast.BoolOp)


def _is_mask(site: Site) -> bool:
    """Whether truth values of a tensor are plausible here: the first argument, an index, a result."""
    if isinstance(site.owner, ast.Call) and site.field == "args":
        return site.index == 0
    return isinstance(site.owner, ast.Return) or site.field == "slice"


def parentheses(sites: Sequence[Site]) -> Iterator[Edit]:
    """Compute another part of a chain first, and move a call inside or outside of a sum or product."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.BinOp):
            yield from _regrouped(site, node)
            yield from _call_over(site, node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.BinOp):
            inner = node.operand
            if _is_product(inner.op):
                continue
            first = at(node, ast.UnaryOp(node.op, inner.left))
            yield site.becomes(ast.BinOp(first, inner.op, inner.right), Kind.PARENTHESES)
        elif isinstance(node, ast.Call):
            yield from _call_under(site, node)
            yield from _calls_swapped(site, node)


def _regrouped(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    left, right = node.left, node.right
    if isinstance(left, ast.BinOp) and not _are_associative(left.op, node.op):
        late = at(node, ast.BinOp(left.right, node.op, right))
        yield site.becomes(ast.BinOp(left.left, left.op, late), Kind.PARENTHESES)
    if isinstance(right, ast.BinOp) and not _are_associative(node.op, right.op):
        early = at(node, ast.BinOp(left, node.op, right.left))
        yield site.becomes(ast.BinOp(early, right.op, right.right), Kind.PARENTHESES)
    if isinstance(left, ast.UnaryOp) and not _is_product(node.op):
        whole = at(node, ast.BinOp(left.operand, node.op, right))
        yield site.becomes(ast.UnaryOp(left.op, whole), Kind.PARENTHESES)


def _is_product(operator: ast.operator) -> bool:
    return isinstance(operator, (ast.Mult, ast.Div, ast.MatMult))


def _are_associative(first: ast.operator, second: ast.operator) -> bool:
    """Whether `(a first b) second c` and `a first (b second c)` are the same."""
    if isinstance(first, ast.Add):
        return isinstance(second, (ast.Add, ast.Sub))
    if isinstance(first, ast.MatMult):
        return isinstance(second, ast.MatMult)
    return isinstance(first, ast.Mult) and isinstance(second, (ast.Mult, ast.Div))


def _of_one_value(node: ast.expr) -> tuple[ast.expr, bool] | None:
    """Take the value that a call is of, and whether it stands before the dot; None without one."""
    if not isinstance(node, ast.Call) or name_of(node.func) in CONVERSIONS:
        return None
    if isinstance(node.func, ast.Attribute) and not is_of_module(node.func):
        return node.func.value, True
    return (node.args[0], False) if node.args else None


def _call_of(call: ast.Call, value: ast.expr, is_method: bool) -> ast.Call:
    """Make the same call of another value."""
    if is_method:
        assert isinstance(call.func, ast.Attribute)  # noqa: S101 - what stands before a dot
        func = at(call, ast.Attribute(value, call.func.attr, ast.Load()))
        return at(call, ast.Call(func, call.args, call.keywords))
    return at(call, ast.Call(call.func, [value, *call.args[1:]], call.keywords))


def _call_over(site: Site, node: ast.BinOp) -> Iterator[Edit]:
    """`f(a) + b` becomes `f(a + b)`, and `a + f(b)` too."""
    for side, other in ((node.left, node.right), (node.right, node.left)):
        found = _of_one_value(side)
        if found and isinstance(side, ast.Call):
            value, is_method = found
            pair = (value, other) if side is node.left else (other, value)
            whole = at(node, ast.BinOp(pair[0], node.op, pair[1]))
            yield site.becomes(_call_of(side, whole, is_method), Kind.PARENTHESES)


def _call_under(site: Site, call: ast.Call) -> Iterator[Edit]:
    """`f(a + b)` becomes `f(a) + b`, and `a + f(b)` too."""
    found = _of_one_value(call)
    if not found or not isinstance(found[0], ast.BinOp):
        return
    inner, is_method = found
    assert isinstance(inner, ast.BinOp)  # noqa: S101 - what was just looked at
    first = ast.BinOp(_call_of(call, inner.left, is_method), inner.op, inner.right)
    yield site.becomes(first, Kind.PARENTHESES)
    second = ast.BinOp(inner.left, inner.op, _call_of(call, inner.right, is_method))
    yield site.becomes(second, Kind.PARENTHESES)


def _calls_swapped(site: Site, call: ast.Call) -> Iterator[Edit]:
    """`x.mean().sqrt()` becomes `x.sqrt().mean()`, and `f(g(x))` becomes `g(f(x))`."""
    outer = _of_one_value(call)
    inner = _of_one_value(outer[0]) if outer else None
    if outer and inner:
        middle = outer[0]
        assert isinstance(middle, ast.Call)  # noqa: S101 - it is a call of one value
        first = _call_of(call, inner[0], outer[1])
        yield site.becomes(_call_of(middle, first, inner[1]), Kind.PARENTHESES)


def operand_order(sites: Sequence[Site]) -> Iterator[Edit]:
    """Swap the two sides of an operator for which that matters."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.op, _ORDERED):
            swapped = ast.BinOp(node.right, node.op, node.left)
            yield site.becomes(swapped, Kind.ARGUMENTS, alike=type(node.op).__name__)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            # Texts and lists, of which the order matters.
            swapped = ast.BinOp(node.right, node.op, node.left)
            yield site.becomes(swapped, Kind.ARGUMENTS, alike=SUM_TURNED)


def exchanged(sites: Sequence[Site]) -> Iterator[Edit]:
    """Let two variables of one statement take each other's places."""
    read: dict[ast.stmt, list[Site]] = {}
    for site in sites:
        if isinstance(site.node, ast.Name) and site.is_read and not site.is_called:
            read.setdefault(site.statement, []).append(site)
    for found in read.values():
        names = sorted({name_of(site.node) for site in found})
        for first, second in itertools.combinations(names, 2):
            changes = [
                Change(site.node, "id", second if name_of(site.node) == first else first)
                for site in found
                if name_of(site.node) in (first, second)
            ]
            yield found[0].edit(Kind.ARGUMENTS, Action.CHANGE, *changes)
