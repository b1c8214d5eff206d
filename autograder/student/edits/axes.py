"""Edits of axes: the dimension that a call works along, whether it is kept, and which size is read."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.student.edits.edit import Action, Change, Edit, Kind
from autograder.student.edits.sites import (
    Site,
    at,
    is_of_module,
    name_of,
    number,
    whole_number,
)

REDUCTIONS = {
    *("sum", "mean", "max", "min", "amax", "amin", "prod", "std", "var", "norm", "vector_norm"),
    *("argmax", "argmin", "all", "any", "logsumexp", "median", "nansum"),
}
_ALONG = {
    *("softmax", "log_softmax", "cumsum", "cumprod", "cummax", "logcumsumexp", "sort", "argsort"),
    *("cat", "concat", "stack", "gather", "scatter", "scatter_add", "index_select", "index_add"),
    *("flip", "roll", "unsqueeze", "squeeze", "flatten", "unflatten", "unbind", "split", "chunk"),
    *("transpose", "swapaxes", "movedim", "moveaxis", "size", "diff", "narrow", "take_along_dim"),
    *("topk", "repeat_interleave", "softmin", "normalize", "select"),
}
# Their first numbers are no axes.
_NUMBER_FIRST = {"norm", "vector_norm", "topk", "roll", "repeat_interleave", "split", "chunk"}
_KEYWORDS = {"dim", "axis", "dims", "dim0", "dim1", "start_dim"}
_AXES = (-1, 0, 1, -2, 2, -3)
# These return positions beside values when they are given a dimension.
_PLAIN = {"max": "amax", "min": "amin"}


def _is_reduction(call: ast.Call) -> bool:
    # `sum(values)` and `max(a, b)` are Python's own.
    return isinstance(call.func, ast.Attribute) and name_of(call.func) in REDUCTIONS


def _axis_places(call: ast.Call) -> Iterator[tuple[ast.AST, str, int | None, ast.expr]]:
    """Yield each number in a call that names an axis: where it hangs, and the number."""
    name = name_of(call.func)
    for keyword in call.keywords:
        if keyword.arg in _KEYWORDS:
            yield keyword, "value", None, keyword.value
    if not isinstance(call.func, ast.Attribute) or name not in REDUCTIONS | _ALONG:
        return
    first = int(is_of_module(call.func)) + int(name in _NUMBER_FIRST)
    for place, argument in enumerate(call.args):
        if place >= first:
            yield call, "args", place, argument


def is_axis(site: Site) -> bool:
    """Whether a number names an axis, or an item: what it counts from is no sign."""
    if isinstance(site.owner, ast.keyword):
        return site.owner.arg in _KEYWORDS
    if isinstance(site.owner, ast.Call):
        return (
            name_of(site.owner.func) in REDUCTIONS | _ALONG and whole_number(site.node) is not None
        )
    return isinstance(site.owner, ast.Subscript) and whole_number(site.node) is not None


def _keyword(call: ast.Call, *names: str) -> ast.keyword | None:
    return next((one for one in call.keywords if one.arg in names), None)


def _keepdim_flipped(call: ast.Call) -> Change | None:
    """Turn `keepdim` over; None where no dimension is given, so that there is none to keep."""
    kept = _keyword(call, "keepdim", "keepdims")
    if kept and isinstance(kept.value, ast.Constant):
        return Change(call, "keywords", [one for one in call.keywords if one is not kept])
    if kept or not _is_reduction(call) or not any(_axis_places(call)):
        return None
    return Change(call, "keywords", [*call.keywords, _keep(call)])


def _keep(call: ast.Call) -> ast.keyword:
    return at(call, ast.keyword("keepdim", ast.Constant(True)))


def axes(sites: Sequence[Site]) -> Iterator[Edit]:
    """Give calls along an axis another one, and reductions of everything an axis."""
    for site in sites:
        if not isinstance(site.node, ast.Call):
            continue
        places = list(_axis_places(site.node))
        for owner, field, index, axis in places:
            yield from _another_axis(site, site.node, Change(owner, field, axis, index))
        if places and _is_reduction(site.node):
            yield _axis_dropped(site, site.node)
        elif _is_reduction(site.node):
            yield from _axis_given(site, site.node)


def _another_axis(site: Site, call: ast.Call, found: Change) -> Iterator[Edit]:
    value = whole_number(found.value)
    if value is None:
        return
    flipped = _keepdim_flipped(call) if _is_reduction(call) else None
    for axis in _AXES:
        if axis == value:
            continue
        moved = Change(found.owner, found.field, at(call, number(axis)), found.index)
        alike = f"axis {value} {axis}"
        yield site.edit(Kind.AXIS, Action.CHANGE, moved, alike=alike)
        # The keyword's own node stays in the list of keywords, so that both changes hold.
        if flipped:
            yield site.edit(Kind.AXIS, Action.CHANGE, moved, flipped, alike=f"{alike} flipped")


def _axis_dropped(site: Site, call: ast.Call) -> Edit:
    arguments = call.args[:1] if is_of_module(call.func) else []
    names = {*_KEYWORDS, "keepdim", "keepdims"}
    keywords = [one for one in call.keywords if one.arg not in names]
    changes = Change(call, "args", arguments), Change(call, "keywords", keywords)
    return site.edit(Kind.AXIS, Action.CHANGE, *changes, alike="no axis")


def _axis_given(site: Site, call: ast.Call) -> Iterator[Edit]:
    name = name_of(call.func)
    for axis in _AXES[:4]:
        for kept in (False, True):
            given = [*call.keywords, at(call, ast.keyword("dim", number(axis)))]
            changes = [Change(call, "keywords", [*given, _keep(call)] if kept else given)]
            if name in _PLAIN:
                changes.append(Change(call.func, "attr", _PLAIN[name]))
            yield site.edit(Kind.AXIS, Action.CHANGE, *changes, alike=f"given {axis} {kept}")


def kept_dimensions(sites: Sequence[Site]) -> Iterator[Edit]:
    """Keep the dimension that a reduction drops, or drop the one it keeps."""
    for site in sites:
        flipped = _keepdim_flipped(site.node) if isinstance(site.node, ast.Call) else None
        if flipped:
            yield site.edit(Kind.KEEPDIM, Action.CHANGE, flipped, alike="flipped")


def sizes(sites: Sequence[Site]) -> Iterator[Edit]:
    """Read another size from a shape, and another number of items than a length."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.Subscript) and name_of(node.value) == "shape":
            value = whole_number(node.slice)
            for axis in _AXES:
                if value is not None and axis != value:
                    change = Change(node, "slice", at(node, number(axis)))
                    yield site.edit(Kind.SIZE, Action.CHANGE, change, alike=f"axis {value} {axis}")
        elif isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            yield from _other_lengths(site, node)


def _other_lengths(site: Site, call: ast.Call) -> Iterator[Edit]:
    name, value = name_of(call.func), call.args[0]
    if name == "len":
        for axis in (-1, 1):
            shape = ast.Attribute(value, "shape", ast.Load())
            yield site.becomes(ast.Subscript(shape, number(axis), ast.Load()), Kind.SIZE)
        yield site.becomes(ast.Call(ast.Attribute(value, "numel", ast.Load()), [], []), Kind.SIZE)
