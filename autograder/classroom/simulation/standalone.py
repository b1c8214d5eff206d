"""Takes a definition out of a module's text, and writes it as an answer that stands on its own.

A misconception, a faulty program or a differently written right answer is defined among helpers, imports and
declarations. A student's cell has none of these around it, so all that the definition needs goes with it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import symtable
import textwrap
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from autograder.exercise import Exercise, FaultyProgram
from autograder.reading import read_cells

# The decorators that declare something, and are no part of an answer.
_DECLARING = ("exercise.misconception", "exercise.faults", "private.variant")


class Definitions:
    """The top-level definitions of one module's text, from which single ones can be taken with all they need."""

    def __init__(self, text: str) -> None:
        self.nodes: list[ast.stmt] = []
        self.names: dict[str, int] = {}
        checking = set[str]()
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                continue
            if _declares(node, checking):
                # An answer may have a variable of the same name; it needs none of these.
                checking.update(_defined(node))
                continue
            imports = isinstance(node, ast.Import | ast.ImportFrom)
            for name in _defined(node):
                # Where two texts put together import the same, what stands between needs the first.
                if not imports or name not in self.names:
                    self.names[name] = len(self.nodes)
            self.nodes.append(node)

    def needed(self, names: set[str]) -> list[ast.stmt]:
        """Return the statements that define some names, with all that these need, in their order."""
        waiting, seen = [name for name in names if name in self.names], set[int]()
        while waiting:
            number = self.names[waiting.pop()]
            if number not in seen:
                seen.add(number)
                waiting += [
                    one for one in names_used(_bare(self.nodes[number])) if one in self.names
                ]
        return [_bare(self.nodes[number]) for number in sorted(seen)]


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (one.asname or one.name.split(".")[0] for one in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _declares(node: ast.stmt, checking: set[str]) -> bool:
    """Say whether a statement belongs to the checking of answers: an import of it, or a name made by it."""
    if isinstance(node, ast.ImportFrom):
        return str(node.module).split(".")[0] == "autograder"
    return isinstance(node, ast.Assign) and bool(names_used(node.value) & checking)


def names_used(node: ast.AST) -> set[str]:
    """Name what a node takes from the module around it; a variable of its own may be called the same."""
    waiting, found = [symtable.symtable(ast.unparse(node), "<answer>", "exec")], set[str]()
    while waiting:
        table = waiting.pop()
        outermost = table.get_type() == "module"
        found |= {
            one.get_name()
            for one in table.get_symbols()
            if one.is_referenced() and (outermost or one.is_global())
        }
        waiting += table.get_children()
    return found


def _bare(node: ast.stmt) -> ast.stmt:
    """Copy a definition without its own decorators that declare it, and without types in signatures."""
    copy = ast.parse(ast.unparse(node)).body[0]
    if isinstance(copy, ast.FunctionDef | ast.ClassDef):
        copy.decorator_list = [
            one for one in copy.decorator_list if ast.unparse(one).split("(")[0] not in _DECLARING
        ]
    for one in ast.walk(copy):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            one.returns = None
            every = [*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs]
            for argument in [*every, one.args.vararg, one.args.kwarg]:
                if argument is not None:
                    argument.annotation = None
    return copy


def factory(name: str, statements: list[str], result: str) -> str:
    """Write an assignment of `name` to something that is defined among statements of its own."""
    body = textwrap.indent("\n".join([*statements, f"return {result}"]), "    ")
    made = f"_made_{name}"
    return f"def {made}():\n{body}\n\n{name} = {made}()"


class _OwnReference(ast.NodeTransformer):
    """Puts a name in the place of every way to the reference, as `model.embed` is one."""

    def __init__(self, module: Mapping[str, Any], reference: Any) -> None:
        self.module, self.reference = module, reference
        self.found = False
        self.own: set[str] = set()

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace the node, or what is in it."""
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            value = self._value(node)
            if value is self.reference:
                self.found = True
                return ast.copy_location(ast.Name("_right", ast.Load()), node)
        return self.generic_visit(node)

    def _value(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name):
            return None if node.id in self.own else self.module.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return getattr(self.module.get(node.value.id), node.attr, None)
        return None


def misconception_text(exercise: Exercise, name: str) -> str | None:
    """Write a misconception as a student's answer that stands on its own.

    It calls no reference: a copy of the reference's source goes with it where it needs one, since an answer that
    calls the original is refused for that, and not told what it misunderstood.

    Returns:
        The text of the answer's cell, or None if its source cannot be had, or uses what the exercise forbids.
    """
    (found,) = [one for one in exercise.misconceptions if one.name == name]
    if exercise.is_plain:
        return f"{exercise.name} = {found.implementation!r}"
    for program in exercise.programs:
        if name in program.sentences:
            return faulty_text(exercise, program, name)
    home = inspect.getmodule(found.implementation)
    if home is None or not inspect.getsourcefile(home):
        return None
    return standing_alone(exercise, name, _text_of(home), vars(home))


def faulty_text(exercise: Exercise, program: FaultyProgram, *names: str) -> str | None:
    """Write a faulty program with some faults on as a student's answer that stands on its own.

    Returns:
        The text of the answer's cell, or None if its source cannot be had, or uses what the exercise forbids.
    """
    home = inspect.getmodule(program.builder)
    if home is None or not inspect.getsourcefile(home):
        return None
    made = f"_faulty = {program.builder.__name__}({list(names)!r}.__contains__)"
    return standing_alone(exercise, "_faulty", f"{_text_of(home)}\n{made}\n", vars(home))


def _text_of(home: ModuleType) -> str:
    """Give a module's text, with that of the lab's shared definitions in the place of their import."""
    text = inspect.getsource(home)
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).endswith("._shared"):
            shared = importlib.import_module(str(node.module))
            text = f"{inspect.getsource(shared)}\n{text}"
    return text


def standing_alone(
    exercise: Exercise, name: str, text: str, names: Mapping[str, Any]
) -> str | None:
    """Write a definition of a module as an answer that stands on its own.

    Args:
        exercise: Whose answer it is.
        name: What the definition is called.
        text: The module's text.
        names: What the module has under its names, by which ways to the reference are found.

    Returns:
        The text of the answer's cell, or None if there is no such definition, or it uses what the exercise forbids.
    """
    module = Definitions(text)
    if name not in module.names:
        return None
    replacing = _OwnReference(names, exercise.reference)
    nodes = []
    for node in module.needed({name}):
        # What a faulty program defines inside may be called as the reference is, and is another.
        replacing.own = {
            one.name
            for one in ast.walk(node)
            if isinstance(one, ast.FunctionDef | ast.ClassDef) and one is not node
        }
        nodes.append(replacing.visit(node))
    own = [ast.unparse(ast.fix_missing_locations(node)) for node in nodes]
    copied = [_reference_text(exercise.reference, "_right")] if replacing.found else []
    # Of a class that it inherits from, an answer runs only what it asks for by super().
    run = [*(copied if any("super()" in one for one in own) else []), *own]
    if read_cells([factory(exercise.name, run, name), ""], {1: exercise}):
        return None
    return factory(exercise.name, [*copied, *own], name)


def _reference_text(reference: Any, name: str) -> str:
    home = inspect.getmodule(reference)
    assert home is not None  # noqa: S101 - a reference is a function or class of a module of ours
    module = Definitions(inspect.getsource(home))
    statements = [ast.unparse(node) for node in module.needed({reference.__name__})]
    return factory(name, statements, reference.__name__)
