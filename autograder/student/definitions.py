"""Reads an answer's own text, and that of the learner's functions it uses, and builds them again.

Nothing else of a notebook is executed, and what is built sees copies of the notebook's data.
"""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
import linecache
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag
_MOST = 12
_SHARED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)


@dataclass(frozen=True, eq=False)
class Definition:
    """A function or class as its author wrote it.

    Attributes:
        name: Its name.
        tree: Its part of the parsed source, whose lines count from the beginning of the cell.
        file: The file that Python's tracebacks name.
        flags: What of the future the source is compiled with.
    """

    name: str
    tree: ast.stmt
    file: str
    flags: int

    def compiled(self) -> types.CodeType:
        """Compile it as it stands in the tree now.

        Raises:
            SyntaxError: The tree is no program, as with `continue` outside of a loop.
            ValueError: A node lacks something.
        """
        module = ast.Module([self.tree], [])
        return compile(module, self.file, "exec", flags=self.flags, dont_inherit=True)

    def line(self, number: int) -> str:
        """Read a line of its file."""
        return linecache.getline(self.file, number).strip()


@dataclass
class Program:
    """An answer with the functions and classes of the learner's that it uses.

    Attributes:
        name: The answer's name.
        definitions: The answer first.
        shared: Modules, functions and classes that it uses, and that are not built again.
        data: Everything else that it uses: each building gets its own copy.
    """

    name: str
    definitions: list[Definition] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    _codes: dict[Definition, types.CodeType] = field(default_factory=dict)

    def build(self, edited: Definition | None = None) -> Any:
        """Execute the definitions and return the answer; the edited one is compiled anew.

        Raises:
            Exception: Whatever compiling, copying and executing them raises.
        """
        names = {"__name__": "__main__", **self.shared, **copy.deepcopy(self.data)}
        # Helpers first: a class may be derived from one of them.
        for one in reversed(self.definitions):
            if one is edited:
                code = one.compiled()
            else:
                code = self._codes.get(one) or self._codes.setdefault(one, one.compiled())
            exec(code, names)  # noqa: S102 - the learner's own function, once more
        return names[self.name]


def read_program(
    answer: Any, name: str, helpers: bool = True, texts: Mapping[str, str] | None = None
) -> Program | None:
    """Read an answer's own source, and find what it uses.

    Args:
        answer: A function or class.
        name: What it is called in its notebook or module.
        helpers: Whether what it uses of the same notebook is read as well, or used as it is.
        texts: The text of files that are not to be read by their names.

    Returns:
        The program, or None where the source is not to be had.
    """
    texts = texts or {}
    first = _read(answer, texts)
    if not first or first[0].name != name:
        return None
    names = first[1]
    program = Program(name)
    waiting = [first[0]]
    while waiting and len(program.definitions) < _MOST:
        one = waiting.pop(0)
        program.definitions.append(one)
        known = {other.name for other in (*program.definitions, *waiting)}
        for used in _names_in(one.tree):
            if used in known or used not in names:
                continue
            value = names[used]
            own = _read(value, texts) if helpers else None
            if own and own[1] is names and own[0].name == used:
                waiting.append(own[0])
            elif isinstance(value, _SHARED) or _is_of_typing(value):
                program.shared[used] = value
            else:
                program.data[used] = value
    return None if waiting else program


def _is_of_typing(value: Any) -> bool:
    return type(value).__module__ == "typing"


def _names_in(tree: ast.AST) -> Iterator[str]:
    found = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    yield from dict.fromkeys(found)


def _functions(value: Any) -> Iterator[types.FunctionType]:
    """Yield the functions whose code tells where a function or class was written."""
    members = list(vars(value).values()) if isinstance(value, type) else [value]
    for member in members:
        if isinstance(member, property):
            member = member.fget
        elif isinstance(member, (staticmethod, classmethod)):
            member = member.__func__
        if not isinstance(member, types.FunctionType) and not hasattr(member, "__wrapped__"):
            continue
        inner = inspect.unwrap(member)
        # What a function inside of another one closes over cannot be built again.
        closed = isinstance(value, type) or not inner.__code__.co_freevars
        if isinstance(inner, types.FunctionType) and closed:
            yield inner


def _read(value: Any, texts: Mapping[str, str]) -> tuple[Definition, dict[str, Any]] | None:
    """Read a function or class where it was written, and give the names that it sees."""
    for function in _functions(value):
        code = function.__code__
        text = texts.get(code.co_filename) or "".join(linecache.getlines(code.co_filename))
        tree = _tree_at(text, code.co_firstlineno, isinstance(value, type))
        if tree and tree.name == value.__name__:
            flags = code.co_flags & _FUTURES
            return Definition(tree.name, tree, code.co_filename, flags), function.__globals__
    return None


def _tree_at(
    text: str, line: int, is_class: bool
) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in _outermost(module.body):
        begins = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        if isinstance(node, ast.ClassDef) == is_class and begins <= line <= (node.end_lineno or 0):
            return node
    return None


def _outermost(
    body: Sequence[ast.stmt],
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
