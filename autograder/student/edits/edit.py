"""What one small edit of a program is: what it changes in the tree, and where a reader should look."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any


class Kind(Enum):
    """What there is to look at, as a phrase that completes 'Line 3: look at …'.

    The more a phrase tells, the earlier it stands: where two kinds fit one place, the first is named.
    """

    AXIS = "which axis it works along"
    KEEPDIM = "whether the dimension is kept"
    DIMENSION = "whether a dimension is added here"
    SIZE = "which size is meant"
    COMPARISON = "the comparison"
    DIVISION = "which kind of division this is"
    RANGE = "where the range begins and ends"
    SLICE = "where the slice begins and ends"
    INDEX = "which item is taken"
    SIGN = "the sign"
    SUMMARY = "how many values become one"
    EXTREME = "whether the largest or the smallest is meant"
    ROUNDING = "how it is rounded"
    SORTING = "the order of the items"
    CONDITION = "when the condition holds"
    PARENTHESES = "what is computed first"
    ARGUMENTS = "which of the two comes first"
    OPERATOR = "the operator"
    AUGMENTED = "whether this adds to what was there or replaces it"
    IN_PLACE = "whether this changes a value that is still needed"
    INDENTATION = "the indentation: what is done in each turn or case, and what only once"
    STATEMENTS = "the order of the steps here"
    EXIT = "when the loop goes on and when it ends"
    TEXT = "what is done to the text"
    FUNCTION = "which function is called"
    CONSTANT = "the constant"
    NUMBER = "the number"
    NAME = "which variable belongs here"
    RETURN = "what is returned"
    CALL = "whether this call is needed"
    ARGUMENT = "what is passed to this call"
    PART = "what is added or left out here"
    STATEMENT = "whether this step is needed"
    MISSING = "a step that may be missing here"


class Action(IntEnum):
    """What an edit does to what is written, the likeliest to be the reason first.

    To move a statement, or to read another variable, comes after dropping something: what is moved to
    where it does nothing was not needed.
    """

    CHANGE = 0
    CHANGE_ALL = 1
    DROP = 2
    DROP_ALL = 3
    MOVE = 4
    MOVE_ALL = 5
    ADD = 6


@dataclass(frozen=True, eq=False)
class Change:
    """A field of a node, or one item of a field that is a list, and what is put there."""

    owner: ast.AST
    field: str
    value: Any
    index: int | None = None

    def swap(self, value: Any) -> Any:
        """Put a value there, and return what was there before."""
        if self.index is None:
            before = getattr(self.owner, self.field)
            setattr(self.owner, self.field, value)
            return before
        items = getattr(self.owner, self.field)
        before, items[self.index] = items[self.index], value
        return before


@dataclass(frozen=True, eq=False)
class Edit:
    """One small edit of a program.

    Attributes:
        line: The line to look at, as counted in the source that was parsed.
        kind: What to look at in it.
        action: Whether it changes, drops or adds something.
        changes: What it does to the tree.
        statements: The statements it lies in; more than one where either could be blamed.
        alike: Edits of one kind and text are also made all together; never, if empty.
    """

    line: int
    kind: Kind
    action: Action
    changes: tuple[Change, ...]
    statements: tuple[ast.stmt, ...]
    alike: str = ""

    @contextlib.contextmanager
    def made(self) -> Iterator[None]:
        """Make the edit in the tree for the block, and take it back after: no tree is copied."""
        before: list[Any] = []
        try:
            for change in self.changes:
                before.append(change.swap(change.value))
            yield
        finally:
            for change, value in zip(
                reversed(self.changes[: len(before)]), reversed(before), strict=True
            ):
                change.swap(value)
