"""Edits of statements: their order, what belongs to a loop or condition, and what can be spared."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.student.edits.edit import Action, Change, Edit, Kind
from autograder.student.edits.sites import Site, at

_Block = ast.For | ast.While | ast.If | ast.With
_LOOPS = (ast.For, ast.While)
_BLOCKS = (*_LOOPS, ast.If, ast.With)


def _bodies(sites: Sequence[Site]) -> Iterator[tuple[ast.AST, str, list[ast.stmt]]]:
    """Yield each list of statements once, with where it hangs."""
    seen = set()
    for site in sites:
        if isinstance(site.node, ast.stmt) and (site.owner, site.field) not in seen:
            seen.add((site.owner, site.field))
            yield site.owner, site.field, getattr(site.owner, site.field)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def order(sites: Sequence[Site]) -> Iterator[Edit]:
    """Swap two neighboring statements."""
    for owner, field, body in _bodies(sites):
        for i in range(len(body) - 1):
            first, second = body[i], body[i + 1]
            if _is_text(first) or isinstance(owner, (ast.ClassDef, ast.Module)):
                continue
            swapped = Change(owner, field, [*body[:i], second, first, *body[i + 2 :]])
            line = second.lineno if isinstance(first, _BLOCKS) else first.lineno
            yield Edit(line, Kind.STATEMENTS, Action.MOVE, (swapped,), (first, second))


def indentation(sites: Sequence[Site]) -> Iterator[Edit]:
    """Move a statement into the loop or condition beside it, or out of the one it is in."""
    for owner, field, body in _bodies(sites):
        for i, block in enumerate(body):
            if not isinstance(block, _BLOCKS):
                continue
            before, after = body[:i], body[i + 1 :]
            for inner in (
                dict.fromkeys(("body", "orelse")) if isinstance(block, ast.If) else ("body",)
            ):
                yield from _moved_out(owner, field, body, i, block, inner)
            if after:
                yield _moved(
                    owner,
                    field,
                    [*before, block, *after[1:]],
                    block,
                    [*block.body, after[0]],
                    after[0],
                )
            if before and not _is_text(before[-1]):
                inside = [before[-1], *block.body]
                yield _moved(owner, field, [*before[:-1], block, *after], block, inside, before[-1])


def _moved(
    owner: ast.AST,
    field: str,
    outside: list[ast.stmt],
    block: _Block,
    inside: list[ast.stmt],
    moved: ast.stmt,
) -> Edit:
    changes = Change(owner, field, outside), Change(block, "body", inside)
    return Edit(moved.lineno, Kind.INDENTATION, Action.MOVE, changes, (moved, block))


def _moved_out(
    owner: ast.AST, field: str, body: list[ast.stmt], i: int, block: _Block, inner: str
) -> Iterator[Edit]:
    statements: list[ast.stmt] = getattr(block, inner)
    before, after = body[:i], body[i + 1 :]
    if len(statements) < 2:
        return
    first, last = statements[0], statements[-1]
    for moved, rest, outside in (
        (last, statements[:-1], [*before, block, last, *after]),
        (first, statements[1:], [*before, first, block, *after]),
    ):
        changes = Change(owner, field, outside), Change(block, inner, rest)
        yield Edit(moved.lineno, Kind.INDENTATION, Action.MOVE, changes, (moved, block))


def exits(sites: Sequence[Site]) -> Iterator[Edit]:
    """Go on with a loop in place of ending it, end it in place of returning, and the other way round."""
    for site in sites:
        node = site.node
        others: tuple[ast.stmt, ...] = ()
        if isinstance(node, ast.Break):
            others = (ast.Continue(),)
        elif isinstance(node, ast.Continue):
            others = (ast.Break(),)
        elif isinstance(node, ast.Return) and _is_in_loop(site):
            others = (ast.Break(), ast.Continue())
        elif isinstance(node, ast.If) and not node.orelse and not _leaves(node.body[-1]):
            others = (ast.While(node.test, node.body, []),)
        elif isinstance(node, ast.While):
            others = (ast.If(node.test, node.body, []),)
        for other in others:
            yield site.becomes(other, Kind.EXIT)


def _leaves(last: ast.stmt) -> bool:
    return isinstance(last, (ast.Return, ast.Raise, ast.Break, ast.Continue))


def _is_in_loop(site: Site) -> bool:
    parent = site.parent
    while parent and not isinstance(parent.node, (ast.FunctionDef, ast.Lambda)):
        if isinstance(parent.node, _LOOPS):
            return True
        parent = parent.parent
    return False


def branches(sites: Sequence[Site]) -> Iterator[Edit]:
    """Swap what is done when a condition holds and when not."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.If) and node.orelse:
            yield site.becomes(ast.If(node.test, node.orelse, node.body), Kind.CONDITION)


def splits(sites: Sequence[Site]) -> Iterator[Edit]:
    """Do in every case what is done only where a condition does not hold: `if` in place of `elif`."""
    for site in sites:
        node = site.node
        if isinstance(node, ast.If) and node.orelse and site.index is not None:
            body: list[ast.stmt] = getattr(site.owner, site.field)
            alone = at(node, ast.If(node.test, node.body, []))
            split = [*body[: site.index], alone, *node.orelse, *body[site.index + 1 :]]
            change = Change(site.owner, site.field, split)
            yield site.edit(Kind.INDENTATION, Action.MOVE, change)


def dropped(sites: Sequence[Site]) -> Iterator[Edit]:
    """Spare a statement, or the condition or loop around statements."""
    for site in sites:
        node = site.node
        if not isinstance(node, ast.stmt) or isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        yield site.becomes(ast.Pass(), Kind.STATEMENT, Action.DROP)
        if isinstance(node, (ast.If, ast.With, ast.For)) and site.index is not None:
            body: list[ast.stmt] = getattr(site.owner, site.field)
            kind = Kind.CONDITION if isinstance(node, ast.If) else Kind.STATEMENT
            for inner in (node.body, node.orelse) if isinstance(node, ast.If) else (node.body,):
                opened = [*body[: site.index], *inner, *body[site.index + 1 :]]
                yield site.edit(kind, Action.DROP, Change(site.owner, site.field, opened))
