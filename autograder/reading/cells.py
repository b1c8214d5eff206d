"""Reads the cells and files of a submission, and reports what they reach for.

Two things are looked for. An answer that leads to the reference in `llmlab`, or to a function that its exercise
forbids, under whatever alias: found by following names from the answer's definition through the notebook's other
definitions. And cells that write to the checker, reach into the interpreter's own works (frames, closures, garbage
collector, table of modules), or run code that cannot be read.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.exercise import Exercise
from autograder.exercise.cells import exercise_of
from autograder.reading import works
from autograder.reading.finding import Finding, Kind, Weight
from autograder.reading.magics import codes_in, does
from autograder.reading.names import (
    KERNEL,
    LEADS,
    LOADERS,
    SCOPES,
    Names,
    folded,
    names_of,
    parsed,
)

MAX_CODE_CHARACTERS = 5_000_000
_MOST_CELLS, _LONGEST_LINE = 20_000, 160
_CHECKERS_MODULE = re.compile(r"autograder(\.\w+)+")
_NOTE, _LOOK, _WITHHOLD = Weight.NOTE, Weight.LOOK, Weight.WITHHOLD


@dataclass(frozen=True)
class _Seen:
    """Something that a node of the source shows."""

    kind: Kind
    sentence: str
    weight: Weight
    node: ast.AST | None = None


def read_cells(
    cells: Sequence[str],
    exercises: Mapping[int, Exercise],
    released: frozenset[str] = frozenset(),
    files: Mapping[str, bytes] | None = None,
) -> list[Finding]:
    """Read the code cells of a notebook.

    Args:
        cells: The text of each of its cells, in order; an empty text for one that is no code.
        exercises: The exercise that is checked at a cell, by the cell's number.
        released: The texts of code cells that the student was given, which are not read.
        files: What lies beside the notebook.

    Returns:
        What was found, each thing once.
    """
    if len(cells) > _MOST_CELLS or sum(map(len, cells)) > MAX_CODE_CHARACTERS:
        sentence = "It has more cells or code than are read."
        return [Finding("form", "notebook", sentence, _LOOK)]
    trees = [parsed(cell) for cell in cells]
    names = names_of(trees)
    known = _Files({*(files or {}), *_written(trees)})
    found: dict[Finding, None] = {}
    for number, tree in enumerate(trees):
        if cells[number] not in released:
            place = f"cell {number + 1}"
            found |= dict.fromkeys(_placed(place, cells[number], _read(tree, names, known)))
    for number, exercise in exercises.items():
        if not exercise.is_plain:
            reading = _Answer(exercise, number, names, known)
            for cell, seen in reading.read():
                found[_finding(exercise.id, cells[cell], seen)] = None
    return list(found)


def read_notebook_cells(notebook: NotebookNode) -> list[Finding]:
    """Read the code cells of a lab's notebook that is not handed in yet; what the lab itself gives is clean."""
    cells = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
    asked = {n: one for n, cell in enumerate(notebook.cells) if (one := exercise_of(cell))}
    return read_cells(cells, asked)


def read_files(files: Mapping[str, bytes]) -> list[Finding]:
    """Read the files that were handed in beside a notebook, which it could import."""
    found: dict[Finding, None] = {}
    for name, content in sorted(files.items()):
        if name.endswith((".pyc", ".so", ".pth")):
            seen = _Seen("code", "It is code that nobody can read.", _LOOK)
            found[_finding(repr(name), "", seen)] = None
        elif name.endswith((".py", ".ipy", ".txt")):
            text = content.decode("utf-8", "replace")
            tree = parsed(text)
            what = _read(tree, names_of([tree]), _Files(files))
            found |= dict.fromkeys(_placed(repr(name), text, what))
    return list(found)


def _placed(place: str, text: str, what: Iterator[_Seen]) -> Iterator[Finding]:
    try:
        for seen in what:
            yield _finding(place, text, seen)
    except RecursionError:
        yield _finding(place, text, _UNREADABLE)


_UNREADABLE = _Seen("code", "It is too long or too deeply nested to be read.", _LOOK)


def _finding(place: str, text: str, seen: _Seen) -> Finding:
    line = getattr(seen.node, "lineno", 0)
    lines = text.splitlines()
    code = lines[line - 1].strip()[:_LONGEST_LINE] if 0 < line <= len(lines) else ""
    return Finding(seen.kind, place, seen.sentence, seen.weight, line if code else 0, code)


class _Files(frozenset[str]):
    """The names of files whose code was read."""

    def imports(self, module: str) -> bool:
        """Say whether a module is one of these files."""
        top = module.split(".")[0]
        return any(name.split("/")[0] in (top, f"{top}.py") for name in self)


def _written(trees: Sequence[ast.Module | None]) -> Iterator[str]:
    """Name the files that `%%writefile` writes: what it writes stands in the cell, and is read there."""
    for tree in trees:
        for name, line, _ in _magics(tree) if tree else ():
            if name in ("writefile", "file"):
                yield from (word for word in line.split() if not word.startswith("-"))


def _magics(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """Yield IPython's commands: the name, the line, and the call that `%time code` becomes."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="run_line_magic" | "run_cell_magic" | "magic")):
                name, line, *_ = [*(folded(one) or "" for one in node.args), "", ""]
                yield name, line, node


def _read(tree: ast.Module | None, names: Names, files: _Files) -> Iterator[_Seen]:
    """Yield what a cell reaches for."""
    if tree is None:
        yield _UNREADABLE
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from _imported(node, str(node.module), [one.name for one in node.names], files)
        elif isinstance(node, ast.Import):
            for one in node.names:
                yield from _imported(node, one.name, [], files)
        elif isinstance(node, ast.Attribute):
            yield from _reached(node, names)
        elif isinstance(node, ast.Call):
            yield from _called(node, names, files)
        elif isinstance(node, ast.Name) and node.id == "__builtins__":
            yield _Seen("works", "It reaches into Python by `__builtins__`.", _LOOK, node)
        elif isinstance(node, ast.Constant):
            yield from _spelled(node)
        elif isinstance(node, ast.Subscript | ast.For):
            yield from _looked_up(node, names)
    for name, line, call in _magics(tree):
        yield from _magic(name, line, call, names, files)


def _imported(node: ast.AST, module: str, imported: list[str], files: _Files) -> Iterator[_Seen]:
    top = module.split(".")[0]
    if top == works.CHECKER and (module != top or set(imported) - works.MAY_IMPORT):
        yield _Seen("checker", f"It imports from inside the checker, `{module}`.", _LOOK, node)
    elif top in works.MODULES:
        yield _Seen("works", f"It imports `{module}`, which reaches into Python.", _LOOK, node)
    elif top == "builtins":
        yield _Seen("works", "It imports `builtins`.", _NOTE, node)
    elif not files.imports(module) and not _is_installed(top):
        yield _Seen("code", f"It imports `{module}`, which is not here.", _NOTE, node)
    wanted = {module, *(f"{module}.{name}" for name in imported)}
    for path in sorted(wanted & works.FUNCTIONS):
        yield _Seen("works", f"It reaches into Python by `{path}`.", _LOOK, node)
    if (wanted | {top}) & works.NETWORK:
        yield _Seen("network", f"It imports `{module}`, which is for a network.", _NOTE, node)


def _is_installed(top: str) -> bool:
    if top in sys.modules or top in sys.stdlib_module_names:
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _reached(node: ast.Attribute, names: Names) -> Iterator[_Seen]:
    if node.attr in works.ATTRIBUTES:
        yield _Seen("works", f"It reaches into Python by `{node.attr}`.", _LOOK, node)
    writes = isinstance(node.ctx, ast.Store | ast.Del)
    for path in sorted(names.paths(node)):
        parts = path.split(".")
        if path in works.FUNCTIONS:
            yield _Seen("works", f"It reaches into Python by `{path}`.", _LOOK, node)
        elif parts[0] == works.CHECKER:
            yield from _at_checker(node, path, writes)
        elif parts[:2] == ["sys", "modules"] and len(parts) > 2:
            yield _Seen("works", "It reaches into `sys.modules`.", _LOOK, node)
        elif parts[0] == KERNEL:
            yield from _at_kernel(node, parts[1])
        elif writes and names.imports(parts[0]) and _passes_evidence(path):
            yield _Seen("works", f"It replaces `{path}`.", _LOOK, node)


def _at_checker(node: ast.AST, path: str, writes: bool) -> Iterator[_Seen]:
    parts = path.split(".")
    if writes:
        yield _Seen("checker", f"It writes to the checker, `{path}`.", _WITHHOLD, node)
    elif len(parts) > 2 or parts[-1] not in works.MAY_IMPORT:
        yield _Seen("checker", f"It reaches into the checker by `{path}`.", _LOOK, node)


def _at_kernel(node: ast.AST, name: str) -> Iterator[_Seen]:
    if name in works.KERNEL_WORKS:
        yield _Seen("works", f"It reaches into the kernel by `get_ipython().{name}`.", _LOOK, node)


def _passes_evidence(path: str) -> bool:
    """Say whether a path is a function of a library that evidence passes through, as `torch.softmax`.

    It is looked up in this process, where those libraries are loaded; nothing is imported.
    """
    parts = path.split(".")
    if parts[0] not in works.PASSED_THROUGH:
        return False
    value: object = sys.modules.get(parts[0])
    for part in parts[1:]:
        value = getattr(value, part, None)
    return callable(value)


def _spelled(node: ast.Constant) -> Iterator[_Seen]:
    """A text that is the name of what one may not reach is a way to it: `attrgetter("__globals__")`."""
    if not isinstance(node.value, str) or len(node.value) > _LONGEST_LINE:
        return
    if node.value in works.ATTRIBUTES:
        yield _Seen("works", f"It spells `{node.value}`, a way into Python.", _LOOK, node)
    elif _CHECKERS_MODULE.fullmatch(node.value):
        yield _Seen("checker", f"It spells the checker's module `{node.value}`.", _LOOK, node)


def _looked_up(node: ast.Subscript | ast.For, names: Names) -> Iterator[_Seen]:
    table = node.value if isinstance(node, ast.Subscript) else node.iter
    writes = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)
    # Of `sys.modules.items()` what counts is the table.
    is_asked = isinstance(table, ast.Call) and isinstance(table.func, ast.Attribute)
    inner = table.func.value if is_asked else table  # type: ignore[attr-defined]
    if "sys.modules" in names.paths(inner):
        name = folded(node.slice) if isinstance(node, ast.Subscript) else None
        if writes and (name or "").split(".")[0] == works.CHECKER:
            yield _Seen("checker", f"It replaces the checker's module `{name}`.", _WITHHOLD, node)
        elif name is None or name.split(".")[0] != "google":
            yield _Seen("works", "It reaches into the table of modules.", _LOOK, node)
    if writes and isinstance(table, ast.Attribute | ast.Call):
        target = table.args[0] if isinstance(table, ast.Call) and table.args else None
        owner = table.value if isinstance(table, ast.Attribute) else target
        for path in names.paths(owner) if owner is not None else ():
            if path.split(".")[0] == works.CHECKER:
                yield _Seen("checker", f"It writes to the checker, `{path}`.", _WITHHOLD, node)


def _magic(name: str, line: str, node: ast.Call, names: Names, files: _Files) -> Iterator[_Seen]:
    body = folded(node.args[2]) or "" if node.args[2:] else ""
    what = does(name, line, files)
    if what == "code":
        for text in [*codes_in(line), *([body] if body else [])]:
            tree = parsed(text)
            for seen in _read(tree, names, files):
                yield _Seen(seen.kind, seen.sentence, seen.weight, node)
    elif what == "elsewhere":
        yield _Seen("code", f"`%{name}` runs code that is not in the cell.", _LOOK, node)
    elif what == "unknown":
        yield _Seen("magic", f"`%{name} {line}`".rstrip(" `") + "` is not known here.", _NOTE, node)
    if name in ("writefile", "file") and ".py" in line:
        for seen in _read(parsed(body), names_of([parsed(body)]), files):
            yield _Seen(seen.kind, seen.sentence, seen.weight, node)


def _called(node: ast.Call, names: Names, files: _Files) -> Iterator[_Seen]:
    called = names.paths(node.func)
    if called & LOADERS:
        text = folded(node.args[0]) if node.args else None
        if text is None:
            yield _Seen("code", "It imports a module by a name that it computes.", _NOTE, node)
        else:
            yield from _imported(node, text, [], files)
    elif called & {"getattr", "setattr", "delattr"} and len(node.args) >= 2:
        writes = not called & {"getattr"}
        for path in sorted(names.paths(node.args[0])):
            whole = f"{path}.{folded(node.args[1]) or '?'}"
            if whole in works.FUNCTIONS:
                yield _Seen("works", f"It reaches into Python by `{whole}`.", _LOOK, node)
            elif path.split(".")[0] == works.CHECKER:
                yield from _at_checker(node, whole, writes)
            elif path == KERNEL:
                yield from _at_kernel(node, whole.removeprefix(f"{KERNEL}."))
    elif called & {"vars", "dir"} and node.args:
        for path in sorted(names.paths(node.args[0])):
            if path.split(".")[0] == works.CHECKER:
                yield _Seen("checker", f"It reaches into the checker by `{path}`.", _LOOK, node)
            elif path == KERNEL:
                yield _Seen("works", "It reaches into the kernel.", _LOOK, node)
    elif _is_patch(node, called):
        yield _Seen("checker", "It patches the checker.", _WITHHOLD, node)
    for one in node.args:
        text = None if isinstance(one, ast.Constant) else folded(one)
        if text is not None:
            yield from _spelled(ast.copy_location(ast.Constant(text), one))
    yield from _running(node, called, names)


def _is_patch(node: ast.Call, called: set[str]) -> bool:
    """Say whether it is `mock.patch("autograder…")` or the like."""
    text = folded(node.args[0]) if node.args else None
    patches = any("patch" in path for path in called)
    return patches and bool(text and _CHECKERS_MODULE.fullmatch(text))


def _running(node: ast.Call, called: set[str], names: Names) -> Iterator[_Seen]:
    """Yield calls that run code which cannot be read beforehand."""
    name = ""
    for path in sorted(called):
        # A function of the notebook's own may be called `eval`.
        is_own = names.defines(path)
        if (path in works.RUNNERS and not is_own) or (
            path in works.TEXT_RUNNERS and _is_given_text(node, names)
        ):
            name = path
        elif path in works.KEYWORD_RUNNERS:
            keyword, value = works.KEYWORD_RUNNERS[path]
            given = {one.arg: one.value for one in node.keywords}.get(keyword)
            if isinstance(given, ast.Constant) and given.value is value:
                name = path
    if not name and isinstance(node.func, ast.Attribute | ast.Subscript):
        name = _by_another_way(node.func)
    if name:
        yield _Seen("code", f"It runs code that is not in the cell, by `{name}`.", _LOOK, node)


def _is_given_text(node: ast.Call, names: Names) -> bool:
    """Say whether what is to be run is a text, and no function that is read where it is defined."""
    first = node.args[0] if node.args else None
    is_function = isinstance(first, ast.Lambda) or (
        isinstance(first, ast.Name) and names.defines(first.id)
    )
    return first is not None and not is_function


def _by_another_way(func: ast.Attribute | ast.Subscript) -> str:
    """Name `exec` and its like where they are reached by something else, as `print.__self__.exec`."""
    if isinstance(func, ast.Subscript):
        name = folded(func.slice) or ""
        return name if name in ("exec", "eval", "compile", "__import__") else ""
    owner = func.value
    known = isinstance(owner, ast.Name) and owner.id in ("self", "cls", "re", "regex", "torch")
    reached = isinstance(owner, ast.Attribute) and owner.attr in works.ATTRIBUTES
    return func.attr if func.attr in ("exec", "eval") and reached and not known else ""


class _Answer:
    """Follows the names that one answer leads to."""

    def __init__(self, exercise: Exercise, number: int, names: Names, files: _Files) -> None:
        self.exercise, self.number, self.names, self.files = exercise, number, names, files
        self.home = str(exercise.reference.__module__).split(".")[0]
        self.reference = str(exercise.reference.__name__)

    def read(self) -> Iterator[tuple[int, _Seen]]:
        """Yield what the answer uses of what it may not, with the number of the cell."""
        waiting, known = [self.exercise.name], set[str]()
        while waiting:
            name = waiting.pop()
            if name in known:
                continue
            known.add(name)
            for cell, node in self._forms(name):
                own = frozenset([self.exercise.name]) if isinstance(node, SCOPES) else frozenset()
                try:
                    for inner in ast.walk(node):
                        yield from ((cell, seen) for seen in self._seen(inner, own))
                        if isinstance(inner, ast.Name) and inner.id in self.names.definitions:
                            waiting.append(inner.id)
                except RecursionError:
                    yield cell, _UNREADABLE

    def _forms(self, name: str) -> list[tuple[int, ast.AST]]:
        found = self.names.definitions.get(name, [])
        before = [(cell, node) for cell, node in found if cell < self.number]
        # Of the answer itself its last form counts; a helper may be any of its forms.
        return before[-1:] if name == self.exercise.name else before

    def _seen(self, node: ast.AST, own: frozenset[str]) -> Iterator[_Seen]:
        if isinstance(node, LEADS):
            for path in sorted(self.names.paths(node, own)):
                yield from self._at(node, path)
        if isinstance(node, ast.Name) and node.id not in own and self._is_starred(node.id):
            yield self._uses("reference", node.id, node)
        if isinstance(node, ast.Call):
            yield from self._method(node)
            yield from self._unseen(node)

    def _at(self, node: ast.AST, path: str) -> Iterator[_Seen]:
        parts = path.split(".")
        ends = (self.reference, "__dict__", "__getattribute__")
        if parts[0] == self.home and len(parts) > 1 and parts[-1] in ends:
            yield self._uses("reference", path, node)
        elif isinstance(node, ast.Name) and self._is_strange(parts[0]):
            yield self._uses("code", path, node, f"`{path}`, a module that nobody has read")
        for forbidden in self.exercise.forbidden:
            if parts[0] == "torch" and _same(parts[-1], forbidden) and len(parts) > 1:
                yield self._uses("forbidden", forbidden, node)

    def _is_starred(self, name: str) -> bool:
        """Say whether a name is the reference's, imported with all others of a module."""
        given = any(star.split(".")[0] == self.home for star in self.names.stars)
        return given and name == self.reference and not self._forms(name)

    def _is_strange(self, top: str) -> bool:
        return self.names.imports(top) and not self.files.imports(top) and not _is_installed(top)

    def _method(self, node: ast.Call) -> Iterator[_Seen]:
        if not isinstance(node.func, ast.Attribute):
            return
        receiver = node.func.value
        if isinstance(receiver, ast.Name) and receiver.id in ("self", "cls", "super"):
            return
        for forbidden in self.exercise.forbidden:
            if _is_method(node.func.attr) and _same(node.func.attr, forbidden):
                yield self._uses("forbidden", forbidden, node)

    def _unseen(self, node: ast.Call) -> Iterator[_Seen]:
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

    def _uses(self, kind: Kind, path: str, node: ast.AST, what: str = "") -> _Seen:
        what = what or f"`{path}`, which this exercise asks to do without"
        return _Seen(kind, f"`{self.exercise.name}` uses {what}.", _LOOK, node)


def _same(name: str, forbidden: str) -> bool:
    """Compare as `Softmax`, `softmax_` and `_softmax` are one operation."""
    last = forbidden.rsplit(".", 1)[-1]
    return name.lower().replace("_", "") == last.lower().replace("_", "")


def _is_method(name: str) -> bool:
    import torch

    return hasattr(torch.Tensor, name)
