"""Edits of names: another variable of the same function, another attribute of the same object."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.student.edits.edit import Action, Change, Edit, Kind
from autograder.student.edits.sites import Function, Site, local_names

_MOST_NAMES = 12


def variables(sites: Sequence[Site]) -> Iterator[Edit]:
    """Read another variable of the same function."""
    known: dict[Function, tuple[str, ...]] = {}
    for site in sites:
        node, function = site.node, site.function
        if not isinstance(node, ast.Name) or not site.is_read or not function:
            continue
        names = known.setdefault(function, local_names(function))
        if node.id not in names or len(names) > _MOST_NAMES:
            continue
        returned = isinstance(site.owner, ast.Return)
        for other in names:
            if other != node.id:
                kind = Kind.RETURN if returned else Kind.NAME
                change = Change(node, "id", other)
                yield site.edit(kind, Action.MOVE, change, alike=f"{node.id} {other}")


def attributes(sites: Sequence[Site]) -> Iterator[Edit]:
    """Read another attribute of the same object."""
    seen: dict[str, dict[str, None]] = {}
    found = []
    for site in sites:
        node = site.node
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            seen.setdefault(node.value.id, {})[node.attr] = None
            if site.is_read:
                found.append((site, node, node.value.id))
    for site, node, owner in found:
        # A module's functions are no attributes that could be confused.
        if owner == "self" or (site.function and owner in local_names(site.function)):
            for other in list(seen[owner])[:_MOST_NAMES]:
                if other != node.attr:
                    yield site.edit(Kind.NAME, Action.MOVE, Change(node, "attr", other))


def unread_parameters(sites: Sequence[Site]) -> Iterator[Edit]:
    """Pass on a parameter that the function never reads, in the place of something else."""
    read: dict[Function, set[str]] = {}
    for site in sites:
        if isinstance(site.node, ast.Name) and site.function and site.is_read:
            read.setdefault(site.function, set()).add(site.node.id)
    for site in sites:
        if not site.function or not isinstance(site.node, ast.expr) or not site.is_read:
            continue
        arguments = site.function.args
        for one in (*arguments.args, *arguments.kwonlyargs):
            unread = one.arg != "self" and one.arg not in read.get(site.function, ())
            if unread and _is_passed_on(site):
                yield site.becomes(ast.Name(one.arg, ast.Load()), Kind.NAME)


def _is_passed_on(site: Site) -> bool:
    if isinstance(site.node, (ast.Starred, ast.Slice)) or site.is_called:
        return False
    return isinstance(site.owner, (ast.Call, ast.keyword, ast.BinOp, ast.Assign, ast.Compare))
