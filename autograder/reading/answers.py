"""Follows the names that one answer leads to, through the notebook's other definitions, its files and its texts."""

from __future__ import annotations

import ast
import builtins
import textwrap
from collections.abc import Iterator

from autograder.exercise import Exercise
from autograder.reading import works
from autograder.reading.finding import Kind, Weight
from autograder.reading.folding import folded
from autograder.reading.names import KERNEL, LEADS, LOADERS, SCOPES, Names, names_of, parsed
from autograder.reading.scopes import outer_names
from autograder.reading.seen import UNREADABLE, Files, Seen, is_code, is_installed, texts_alone


class Answer:
    """Follows the names that one answer leads to."""

    def __init__(self, exercise: Exercise, number: int, names: Names, files: Files) -> None:
        self.exercise, self.number, self.names, self.files = exercise, number, names, files
        self.home = str(exercise.reference.__module__).split(".")[0]
        self.reference = str(exercise.reference.__name__)
        self.opened, self.depth = set[str](), 0

    def read(self) -> Iterator[tuple[int, Seen]]:
        """Yield what the answer uses of what it may not, with the number of the cell."""
        waiting, known = [self.exercise.name], set[str]()
        read = set[int]()
        while waiting:
            name = waiting.pop()
            if name in known:
                continue
            known.add(name)
            for cell, node in [*self._forms(name), *self._sharing(name)]:
                own = frozenset([self.exercise.name]) if isinstance(node, SCOPES) else frozenset()
                if id(node) in read:
                    continue
                read.add(id(node))
                try:
                    if name == self.exercise.name:
                        yield from ((cell, seen) for seen in self._imported(node))
                    remarks = texts_alone(node)
                    for inner in ast.walk(node):
                        if id(inner) not in remarks:
                            yield from ((cell, seen) for seen in self._seen(inner, own))
                    waiting += sorted(outer_names(node) & self.names.definitions.keys())
                except RecursionError:
                    yield cell, UNREADABLE

    def _forms(self, name: str) -> list[tuple[int, ast.AST]]:
        found = self.names.definitions.get(name, [])
        before = [(cell, node, certain) for cell, node, certain in found if cell < self.number]
        if name == self.exercise.name:
            # Of the answer itself its last form counts; a helper may be any of its forms.
            certain = [place for place, one in enumerate(before) if one[2]]
            before = before[certain[-1] if certain else 0 :]
        return [(cell, node) for cell, node, _ in before]

    def _sharing(self, name: str) -> Iterator[tuple[int, ast.AST]]:
        """Yield the functions and blocks that share with the answer what carries things from one to another."""
        forms = self.names.definitions.get(name, [])
        if any(self._is_channel(node) for _, node, _ in forms):
            for cell, node, mentioned in self.names.blocks:
                if name in mentioned and cell < self.number:
                    yield cell, node

    def _is_channel(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Tuple):
            return any(map(self._is_channel, node.elts))
        if isinstance(node, ast.List | ast.Dict | ast.Set):
            return not (node.keys if isinstance(node, ast.Dict) else node.elts)
        if not isinstance(node, ast.Call):
            return False
        called = self.names.paths(node.func)
        return any(
            path in works.CONTAINERS or path.split(".")[0] in works.CHANNELS for path in called
        )

    def _imported(self, node: ast.AST) -> Iterator[Seen]:
        """Yield what it means that the answer itself was imported."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = str(node.module) if isinstance(node, ast.ImportFrom) else ""
            for one in node.names:
                yield from self._at(node, f"{module}.{one.name}".strip("."))

    def _seen(self, node: ast.AST, own: frozenset[str]) -> Iterator[Seen]:
        if isinstance(node, LEADS):
            for path in sorted(self.names.paths(node, own)):
                yield from self._at(node, path)
        if isinstance(node, ast.Name) and node.id not in own:
            yield from self._starred(node)
        if isinstance(node, ast.Call):
            yield from self._method(node)
            yield from self._unseen(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_code(node.value):
            yield from self._within(node, parsed(textwrap.dedent(node.value)))

    def _at(self, node: ast.AST, path: str) -> Iterator[Seen]:
        parts = path.split(".")
        ends = (self.reference, "__dict__", "__getattribute__")
        if parts[0] == self.home and len(parts) > 1 and parts[-1] in ends:
            yield self._uses("reference", path, node)
        elif isinstance(node, _LEADING) and self._is_strange(parts[0]):
            yield self._uses("code", path, node, f"`{path}`, a module that nobody has read")
        elif isinstance(node, _LEADING):
            for name in self.files.of(parts[0]) if self.names.imports(parts[0]) else ():
                if name not in self.opened and name.endswith(".py"):
                    self.opened.add(name)
                    yield from self._within(node, parsed(self.files[name]))
        for forbidden in self.exercise.forbidden:
            if parts[0] == "torch" and _same(parts[-1], forbidden) and len(parts) > 1:
                yield self._uses("forbidden", forbidden, node)

    def _within(self, node: ast.AST, tree: ast.Module | None) -> Iterator[Seen]:
        """Yield what a file or a text that the answer leads to uses, all of it."""
        if tree is None or self.depth > 3:
            return
        inner = Answer(self.exercise, self.number, names_of([tree]), self.files)
        inner.opened, inner.depth = self.opened, self.depth + 1
        for one in ast.walk(tree):
            for seen in inner._seen(one, frozenset()):
                yield Seen(seen.kind, seen.sentence, seen.weight, node)

    def _starred(self, node: ast.Name) -> Iterator[Seen]:
        """Yield what a name means that was imported with all others of a module."""
        if node.id in self.names.definitions or hasattr(builtins, node.id):
            return
        for star in sorted(self.names.stars):
            if star.split(".")[0] != self.home or node.id == self.reference:
                yield from self._at(node, f"{star}.{node.id}")

    def _is_strange(self, top: str) -> bool:
        return self.names.imports(top) and not self.files.imports(top) and not is_installed(top)

    def _method(self, node: ast.Call) -> Iterator[Seen]:
        if not isinstance(node.func, ast.Attribute):
            return
        receiver = node.func.value
        if isinstance(receiver, ast.Name) and receiver.id in ("self", "cls", "super"):
            return
        for forbidden in self.exercise.forbidden:
            if _is_method(node.func.attr) and _same(node.func.attr, forbidden):
                yield self._uses("forbidden", forbidden, node)

    def _unseen(self, node: ast.Call) -> Iterator[Seen]:
        """Yield ways to what cannot be followed: names by text, another process."""
        called = self.names.paths(node.func)
        if called & {"globals", "locals"} or (called & {"vars"} and not node.args):
            yield self._uses("code", "globals()", node, "names that it looks up by `globals()`")
        for path in sorted(called & works.PROCESSES):
            yield self._uses("code", path, node, f"another process, by `{path}`")
        if KERNEL in {path.rpartition(".")[0] for path in called}:
            yield self._uses("code", KERNEL, node, "the kernel, by `get_ipython()`")
        if called & LOADERS and node.args and folded(node.args[0]) is None:
            yield self._uses("code", "import", node, "a module by a name that it computes")
        if called & {"getattr", "vars"} and node.args:
            whole = called & {"vars"} or (len(node.args) > 1 and folded(node.args[1]) is None)
            for path in sorted(self.names.paths(node.args[0])) if whole else ():
                if path.split(".")[0] == self.home:
                    yield self._uses("reference", path, node, f"`{path}` by names it computes")

    def _uses(self, kind: Kind, path: str, node: ast.AST, what: str = "") -> Seen:
        what = what or f"`{path}`, which this exercise asks to do without"
        return Seen(kind, f"`{self.exercise.name}` uses {what}.", Weight.LOOK, node)


_LEADING = (ast.Name, ast.Import, ast.ImportFrom)


def _same(name: str, forbidden: str) -> bool:
    """Compare as `Softmax`, `softmax_` and `_softmax` are one operation."""
    last = forbidden.rsplit(".", 1)[-1]
    return name.lower().replace("_", "") == last.lower().replace("_", "")


def _is_method(name: str) -> bool:
    import torch

    return hasattr(torch.Tensor, name)
