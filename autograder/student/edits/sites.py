"""Walks a function or class, and says of each piece where it hangs, so that another can take its place.

What only speaks to people is left out: docstrings, annotations, what is printed, and error messages.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from autograder.student.edits.edit import Action, Change, Edit, Kind

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Node = TypeVar("Node", bound=ast.AST)
_UNTOUCHED = (
    ast.Import,
    ast.ImportFrom,
    ast.Global,
    ast.Nonlocal,
    ast.JoinedStr,
    ast.Pass,
)
_UNTOUCHED_FIELDS = {"annotation", "returns", "decorator_list", "bases", "msg", "ctx"}
_SPEAKING = {"print", "warn", "display"}


@dataclass(frozen=True, eq=False)
class Site:
    """A node with the place where it hangs.

    Attributes:
        node: The node.
        owner: Its parent in the tree.
        field: The parent's field that holds it.
        index: Its place in that field, if the field is a list.
        statement: The innermost statement that it belongs to; itself, if it is one.
        function: The innermost function around it, or None in a class's own body.
        parent: The parent's own site, or None for the outermost.
    """

    node: ast.AST
    owner: ast.AST
    field: str
    index: int | None
    statement: ast.stmt
    function: Function | None
    parent: Site | None

    @property
    def is_read(self) -> bool:
        """Whether it is an expression whose value is used; not `x` in `x[0] = 1`."""
        if not isinstance(self.node, ast.expr):
            return False
        if isinstance(getattr(self.node, "ctx", None), (ast.Store, ast.Del)):
            return False
        if self.field != "value" or not isinstance(self.owner, (ast.Subscript, ast.Attribute)):
            return True
        return self.parent is None or self.parent.is_read

    @property
    def is_called(self) -> bool:
        """Whether it is what a call calls."""
        return isinstance(self.owner, ast.Call) and self.field == "func"

    def replaced(self, new: ast.AST) -> Change:
        """Put another node into its place."""
        return Change(self.owner, self.field, at(self.node, new), self.index)

    def edit(self, kind: Kind, action: Action, *changes: Change, alike: str = "") -> Edit:
        """Make an edit whose line is this node's."""
        return Edit(line_of(self.node), kind, action, changes, (self.statement,), alike)

    def becomes(
        self, new: ast.AST, kind: Kind, action: Action = Action.CHANGE, alike: str = ""
    ) -> Edit:
        """Make the edit that puts another node into its place."""
        return self.edit(kind, action, self.replaced(new), alike=alike)


def at(node: ast.AST, new: Node) -> Node:
    """Give a new node, and what is new in it, the position of an old one."""
    if not hasattr(new, "lineno"):
        ast.copy_location(new, node)
        for child in ast.iter_child_nodes(new):
            at(node, child)
    return new


def line_of(node: ast.AST) -> int:
    """Find the line on which a reader would look for a node: that of a call's name, of an operator."""
    if isinstance(node, ast.Call):
        return node.func.end_lineno or node.lineno
    if isinstance(node, ast.Attribute):
        return node.end_lineno or node.lineno
    if isinstance(node, (ast.BinOp, ast.Compare)):
        return node.left.end_lineno or node.lineno
    line: int = getattr(node, "lineno", 1)
    return line


def sites(root: ast.stmt) -> list[Site]:
    """List the sites of a function or class, itself excluded, in the order of the text."""
    return list(_inside(root, root, None, None))


def _inside(
    owner: ast.AST, statement: ast.stmt, function: Function | None, parent: Site | None
) -> Iterator[Site]:
    if isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        function = owner
    for field, value in ast.iter_fields(owner):
        if field in _UNTOUCHED_FIELDS:
            continue
        items: Sequence[object] = value if isinstance(value, list) else [value]
        for place, node in enumerate(items):
            if not isinstance(node, ast.AST) or _is_untouched(node, owner, place):
                continue
            index = place if isinstance(value, list) else None
            inner = node if isinstance(node, ast.stmt) else statement
            site = Site(node, owner, field, index, inner, function, parent)
            yield site
            if not isinstance(node, ast.Raise):
                yield from _inside(node, inner, function, site)


def _is_untouched(node: ast.AST, owner: ast.AST, place: int) -> bool:
    if isinstance(node, _UNTOUCHED):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return name_of(node.value.func) in _SPEAKING
    # Text that stands alone: a docstring, or a note to the reader.
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def name_of(node: ast.AST) -> str:
    """Take the last name of `f`, `x.f` or `torch.nn.functional.f`; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def is_of_module(func: ast.AST) -> bool:
    """Whether a function is written as a module's (`torch.softmax`), and not as a value's method."""
    modules = {"torch", "nn", "functional", "F", "math", "np", "numpy", "library"}
    return isinstance(func, ast.Attribute) and name_of(func.value) in modules


def whole_number(node: ast.AST | None) -> int | None:
    """Read a whole number that is written out, as `2` or `-1`."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = whole_number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def number(value: float) -> ast.expr:
    """Write a number out."""
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def plus(node: ast.expr, step: int) -> ast.expr:
    """Write a whole number that is larger by `step`; `x + 1` for what is not written out."""
    value = whole_number(node)
    if value is not None:
        return number(value + step)
    operator = ast.Add() if step > 0 else ast.Sub()
    return ast.BinOp(node, operator, ast.Constant(abs(step)))


def is_neutral(node: ast.AST, operator: type[ast.operator] | ast.operator) -> bool:
    """Whether a written number changes nothing beside an operator: to put it there is to drop it."""
    kind = operator if isinstance(operator, type) else type(operator)
    value = node.value if isinstance(node, ast.Constant) else None
    if kind in (ast.Add, ast.Sub):
        return value == 0 and value is not False
    return kind in (ast.Mult, ast.Div, ast.FloorDiv, ast.Pow) and value in (0, 1)


def local_names(function: Function) -> tuple[str, ...]:
    """List the parameters and variables of a function, in the order in which they appear."""
    arguments = function.args
    found = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    found += [one.arg for one in (arguments.vararg, arguments.kwarg) if one]
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append(node.id)
    return tuple(name for name in dict.fromkeys(found) if name not in ("self", "_"))
