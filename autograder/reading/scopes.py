"""Tells the names of its notebook that a piece of code uses from those that are its own."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator


def outer_names(node: ast.AST) -> set[str]:
    """Name what a piece of code at the top of a cell looks up among the notebook's names.

    An argument or a variable of a function is its own, whatever else the notebook calls by that name.
    """
    try:
        return set(_looked_up(symtable.symtable(ast.unparse(node), "<cell>", "exec")))
    except (SyntaxError, ValueError, MemoryError):
        # What Python itself would not compile.
        return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _looked_up(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        # In a class's body a name that it sets is looked up outside until it is set.
        is_outer = symbol.is_global() or table.get_type() in ("module", "class")
        if is_outer and symbol.is_referenced():
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _looked_up(inner)
