"""Lists the small edits of a function or class lazily, those first that most often explain a mistake."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from autograder.student.edits import (
    additions,
    axes,
    bounds,
    calls,
    operators,
    statements,
    variables,
)
from autograder.student.edits.edit import Action, Edit, Kind
from autograder.student.edits.sites import Site, sites

Family = Callable[[Sequence[Site]], Iterator[Edit]]
_CHANGES: tuple[Family, ...] = (
    axes.axes,
    axes.kept_dimensions,
    operators.comparisons,
    operators.operators,
    operators.divisions,
    bounds.ranges,
    bounds.slices,
    operators.signs,
    axes.sizes,
    operators.operand_order,
    calls.argument_order,
    calls.neighbors,
    calls.parts,
    bounds.indices,
    operators.conditions,
    operators.parentheses,
    operators.augmented,
    operators.in_place,
    statements.branches,
    operators.exchanged,
    statements.exits,
    bounds.constants,
    bounds.numbers,
    calls.sorting,
    variables.unread_parameters,
)
_DROPS: tuple[Family, ...] = (calls.dropped_calls, calls.dropped_parts, statements.dropped)
_MOVES: tuple[Family, ...] = (
    statements.order,
    statements.indentation,
    statements.splits,
    variables.variables,
    variables.attributes,
)
_ADDITIONS: tuple[Family, ...] = (
    operators.negated,
    bounds.off_by_one,
    additions.additions,
    additions.divisions_by_size,
)


def edits_of(definition: ast.stmt) -> Iterator[Edit]:
    """List the edits of one function or class: changes, what can be dropped, what can be moved, additions.

    After the changes of single places come those of all places that are alike at once, as every axis of
    a function. Between two edits the tree is as it was.
    """
    found = sites(definition)
    yield from _each_and_all(found, _CHANGES, Action.CHANGE_ALL)
    yield from _each_and_all(found, _DROPS, Action.DROP_ALL)
    yield from _each_and_all(found, _MOVES, Action.MOVE_ALL)
    for family in _ADDITIONS:
        yield from family(found)


def _each_and_all(
    found: Sequence[Site], families: Sequence[Family], together: Action
) -> Iterator[Edit]:
    groups: dict[tuple[Kind, str], list[Edit]] = {}
    for family in families:
        for edit in family(found):
            yield edit
            if edit.alike:
                groups.setdefault((edit.kind, edit.alike), []).append(edit)
    for (kind, _), group in groups.items():
        if len(group) > 1:
            changes = tuple(change for edit in group for change in edit.changes)
            blamed = tuple(dict.fromkeys(one for edit in group for one in edit.statements))
            yield Edit(group[0].line, kind, together, changes, blamed)
