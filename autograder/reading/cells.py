"""Reads the cells and files of a submission, and reports what they reach for.

Two things are looked for. An answer that leads to the reference in `llmlab`, or to a function that its exercise
forbids, under whatever alias: found by following names from the answer's definition through the notebook's other
definitions. And cells that write to the checker, reach into the interpreter's own works (frames, closures, garbage
collector, table of modules), or run code that cannot be read.
"""

from __future__ import annotations

import ast
import builtins
import fnmatch
import functools
import importlib.util
import re
import sys
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from autograder.exercise import Exercise
from autograder.exercise.cells import exercise_of
from autograder.reading import works
from autograder.reading.finding import Finding, Kind, Weight
from autograder.reading.folding import folded
from autograder.reading.magics import READ, codes_in, does
from autograder.reading.names import (
    KERNEL,
    LEADS,
    LOADERS,
    MAX_CHARACTERS,
    SCOPES,
    Names,
    cost_of,
    is_own_names,
    names_of,
    parsed,
)
from autograder.reading.scopes import outer_names

MAX_CODE_CHARACTERS = 3_000_000
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
    if len(cells) > _MOST_CELLS or sum(map(cost_of, cells)) > MAX_CODE_CHARACTERS:
        sentence = "It has more cells or code than are read."
        return [Finding("form", "notebook", sentence, _LOOK)]
    trees = [parsed(cell) for cell in cells]
    names = names_of(trees)
    known = _Files(_texts_of(files or {}) | dict(_written(trees)))
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
    texts = _Files(_texts_of(files))
    for name in sorted(files):
        if name.endswith((".pyc", ".so", ".pth")):
            seen = _Seen("code", "It is code that nobody can read.", _LOOK)
            found[_finding(repr(name), "", seen)] = None
        elif name in texts:
            tree = parsed(texts[name])
            what = _read(tree, names_of([tree]), texts)
            found |= dict.fromkeys(_placed(repr(name), texts[name], what))
        elif name.endswith((".py", ".ipy")):
            found[_finding(repr(name), "", _UNREADABLE)] = None
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


class _Files(dict[str, str]):
    """The text of each file whose code was read, by its name."""

    def of(self, module: str) -> list[str]:
        """Name the files of a module's top-level package."""
        top = module.split(".")[0]
        return [name for name in self if name.split("/")[0] in (top, f"{top}.py")]

    def imports(self, module: str) -> bool:
        """Say whether a module is one of these files."""
        return bool(self.of(module))


def _texts_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the texts of the files that are read: no more than is read of a notebook's cells, the small ones first."""
    texts, left = {}, MAX_CODE_CHARACTERS
    for name, content in sorted(files.items(), key=lambda one: len(one[1])):
        if not name.endswith((".py", ".ipy", ".txt")) or len(content) > 4 * MAX_CHARACTERS:
            continue
        text = content.decode("utf-8", "replace")
        cost = cost_of(text)
        if cost <= min(left, MAX_CHARACTERS):
            texts[name] = text
            left -= cost
    return texts


def _written(trees: Sequence[ast.Module | None]) -> Iterator[tuple[str, str]]:
    """Yield the files that `%%writefile` writes: what it writes stands in the cell, and is read there."""
    for tree in trees:
        for name, line, call in _magics(tree) if tree else ():
            if name in ("writefile", "file"):
                text = folded(call.args[2]) or "" if call.args[2:] else ""
                yield from ((word, text) for word in line.split() if not word.startswith("-"))


def _magics(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """Yield IPython's commands: the name, the line, and the call that `%time code` becomes."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="run_line_magic" | "run_cell_magic" | "magic")):
                name, line, *_ = [*(folded(one) or "" for one in node.args), "", ""]
                yield name, line, node


def _read(tree: ast.Module | None, names: Names, files: _Files, depth: int = 0) -> Iterator[_Seen]:
    """Yield what a cell reaches for; `depth` counts the texts in texts that it stands in."""
    if tree is None:
        yield _UNREADABLE
        return
    own = _own_names(tree)
    # What a command of IPython's is given is read below, as the command takes it.
    asked = {id(one) for _, _, call in _magics(tree) for one in call.args} | _remarks(tree)
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
        elif isinstance(node, ast.Name):
            yield from _named(node, names, own)
        elif isinstance(node, ast.Constant):
            yield from _spelled(node)
            if id(node) not in asked:
                yield from _as_code(node, files, depth)
        elif isinstance(node, ast.Subscript | ast.For):
            yield from _looked_up(node, names, files)
    for name, line, call in _magics(tree):
        yield from _magic(name, line, call, names, files)


def _remarks(tree: ast.AST) -> set[int]:
    """Find the texts that stand alone, as docstrings do and code that is set aside; what would run one is found."""
    alone = [one.value for one in ast.walk(tree) if isinstance(one, ast.Expr)]
    return {id(one) for one in alone if isinstance(one, ast.Constant)}


def _own_names(tree: ast.Module) -> frozenset[str]:
    """Name the arguments and variables of a cell, which may be called `eval` and mean something else."""
    given = {one.arg for one in ast.walk(tree) if isinstance(one, ast.arg)}
    stored = {
        one.id
        for one in ast.walk(tree)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
    }
    return frozenset(given | stored)


def _named(node: ast.Name, names: Names, own: frozenset[str]) -> Iterator[_Seen]:
    if node.id == "__builtins__":
        yield _Seen("works", "It reaches into Python by `__builtins__`.", _LOOK, node)
    elif node.id in ("exec", "eval") and node.id not in own and not names.defines(node.id):
        # Not only a call: it may be handed to something that calls it.
        yield _runs(node.id, node)


def _runs(name: str, node: ast.AST) -> _Seen:
    return _Seen("code", f"It runs code that is not in the cell, by `{name}`.", _LOOK, node)


def _as_code(node: ast.Constant, files: _Files, depth: int) -> Iterator[_Seen]:
    """Read a text that is itself Python, and reaches for something, as a cell: something may run it."""
    if isinstance(node.value, bytes) and node.value[:1] == b"\x80" and node.value[-1:] == b".":
        yield _Seen("code", "It holds a pickle, which may run code.", _LOOK, node)
    text = node.value if isinstance(node.value, str) else ""
    if depth > 1 or not _is_code(text):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(textwrap.dedent(text))
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return
    for seen in _read(tree, names_of([tree]), files, depth + 1):
        if seen.weight is not _NOTE:
            yield _Seen(seen.kind, f"In a text: {seen.sentence}", _LOOK, node)


_REACHES = re.compile(r"\b(?:autograder|compile|ctypes|eval|exec|gc|get_ipython|import|sys)\b|__")
_LONGEST_TEXT = 50_000


def _is_code(text: str) -> bool:
    return 8 <= len(text) <= _LONGEST_TEXT and bool(_REACHES.search(text))


def _imported(node: ast.AST, module: str, imported: list[str], files: _Files) -> Iterator[_Seen]:
    top = module.split(".")[0]
    if top == works.CHECKER and (module != top or set(imported) - works.MAY_IMPORT - {"*"}):
        yield _Seen("checker", f"It imports from inside the checker, `{module}`.", _LOOK, node)
    elif top in works.MODULES:
        yield _Seen("works", f"It imports `{module}`, which reaches into Python.", _LOOK, node)
    elif top == "builtins":
        yield _Seen("works", "It imports `builtins`.", _NOTE, node)
    elif not files.imports(module) and not _is_installed(top):
        yield _Seen("code", f"It imports `{module}`, which is not here.", _NOTE, node)
    for name in sorted(set(imported) & works.MODULES):
        yield _Seen("works", f"It imports `{name}`, which reaches into Python.", _LOOK, node)
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
        elif parts[0] in works.MODULES and not _is_module(node, parts[0]):
            yield _Seen("works", f"It reaches into Python by `{parts[0]}`.", _LOOK, node)
        elif parts[-2:-1] == ["__path__"] or (parts[-1] == "__path__" and writes):
            yield _Seen("code", "It changes where a package's modules are.", _LOOK, node)
        elif path == "builtins.__dict__":
            yield _Seen("works", "It looks among the built-in functions.", _LOOK, node)
        elif parts[:2] == ["sys", "modules"] and len(parts) > 2:
            yield _Seen("works", "It reaches into `sys.modules`.", _LOOK, node)
        elif parts[0] == KERNEL:
            yield from _at_kernel(node, parts[1])
        elif writes and names.imports(parts[0]) and _passes_evidence(path):
            yield _Seen("works", f"It replaces `{path}`.", _LOOK, node)


def _is_module(node: ast.Attribute, name: str) -> bool:
    """Say whether a module is reached by the name under which it was imported, which was said there."""
    owner: ast.AST = node
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    return isinstance(owner, ast.Name) and owner.id == name


def _at_checker(node: ast.AST, path: str, writes: bool) -> Iterator[_Seen]:
    parts = path.split(".")
    if writes:
        yield _Seen("checker", f"It writes to the checker, `{path}`.", _WITHHOLD, node)
    elif parts[-1] in works.DESCRIBES and set(parts[1:-1]) <= works.MAY_IMPORT:
        return
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
    if path in works.MAY_REPLACE or parts[-1] in works.SHOWN_BY:
        return False
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
    elif node.value in works.TEXTS:
        yield _Seen("code", f"It spells `{node.value}`, a way to run a text.", _LOOK, node)
    elif _CHECKERS_MODULE.fullmatch(node.value) or _is_checkers_file(node.value):
        yield _Seen("checker", f"It spells the checker's module `{node.value}`.", _LOOK, node)


@functools.cache
def _checkers_files() -> tuple[str, ...]:
    home = Path(__file__).parent.parent
    return tuple(path.relative_to(home.parent).as_posix() for path in sorted(home.rglob("*.py")))


def _is_checkers_file(text: str) -> bool:
    """Say whether a text is the path of one of the checker's files, or a pattern that says so."""
    pattern = text.removeprefix("**/").removeprefix("*/")
    if "/" not in pattern or not pattern.endswith(("py", "*")) or not pattern[0].isalpha():
        return False
    return any(
        fnmatch.fnmatchcase(one, pattern) or fnmatch.fnmatchcase(one, f"autograder/{pattern}")
        for one in _checkers_files()
    )


def _looked_up(node: ast.Subscript | ast.For, names: Names, files: _Files) -> Iterator[_Seen]:
    table = node.value if isinstance(node, ast.Subscript) else node.iter
    writes = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)
    # Of `sys.modules.items()` what counts is the table.
    is_asked = isinstance(table, ast.Call) and isinstance(table.func, ast.Attribute)
    inner = table.func.value if is_asked else table  # type: ignore[attr-defined]
    if "sys.modules" in names.paths(inner):
        name = folded(node.slice) if isinstance(node, ast.Subscript) else None
        if writes and (name or "").split(".")[0] == works.CHECKER:
            yield _Seen("checker", f"It replaces the checker's module `{name}`.", _WITHHOLD, node)
        elif writes or name in (None, "__main__", "builtins"):
            yield _Seen("works", "It reaches into the table of modules.", _LOOK, node)
        else:
            # To read one by its name is to import it.
            yield from _imported(node, str(name), [], files)
    if writes and isinstance(table, ast.Attribute | ast.Call):
        target = table.args[0] if isinstance(table, ast.Call) and table.args else None
        owner = table.value if isinstance(table, ast.Attribute) else target
        for path in names.paths(owner) if owner is not None else ():
            if path.split(".")[0] == works.CHECKER:
                yield _Seen("checker", f"It writes to the checker, `{path}`.", _WITHHOLD, node)


def _magic(name: str, line: str, node: ast.Call, names: Names, files: _Files) -> Iterator[_Seen]:
    body = folded(node.args[2]) or "" if node.args[2:] else ""
    if node.args and folded(node.args[0]) is None:
        yield _Seen("code", "It asks IPython for a command whose name it computes.", _LOOK, node)
        return
    if "--bg" in line.split():
        yield _Seen("code", f"`%{name}` starts a process that goes on.", _LOOK, node)
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
    if name in ("writefile", "file") and any(end in line for end in READ):
        for seen in _read(parsed(body), names_of([parsed(body)]), files):
            yield _Seen(seen.kind, seen.sentence, seen.weight, node)


def _called(node: ast.Call, names: Names, files: _Files) -> Iterator[_Seen]:
    called = names.paths(node.func)
    yield from _writes(node, called, names)
    if called & works.GETTERS:
        for one in node.args:
            if folded(one) in works.CALLED_BY_NAME:
                yield _runs(str(folded(one)), node)
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
            if whole in works.FUNCTIONS or whole == "builtins.?":
                yield _Seen("works", f"It reaches into Python by `{whole}`.", _LOOK, node)
            elif path.split(".")[0] == works.CHECKER:
                yield from _at_checker(node, whole, writes)
            elif path == KERNEL:
                yield from _at_kernel(node, whole.removeprefix(f"{KERNEL}."))
    elif called & {"vars", "dir"} and node.args:
        for path in sorted(names.paths(node.args[0])):
            if path.split(".")[0] == works.CHECKER:
                weight = _LOOK if called & {"vars"} else _NOTE
                yield _Seen("checker", f"It looks into the checker's `{path}`.", weight, node)
            elif path == KERNEL and called & {"vars"}:
                yield _Seen("works", "It reaches into the kernel.", _LOOK, node)
            elif path == "builtins" and called & {"vars"}:
                yield _Seen("works", "It looks among the built-in functions.", _LOOK, node)
    elif _is_patch(node, called):
        yield _Seen("checker", "It patches the checker.", _WITHHOLD, node)
    for one in node.args:
        text = None if isinstance(one, ast.Constant) else folded(one)
        if text is not None:
            yield from _spelled(ast.copy_location(ast.Constant(text), one))
    yield from _running(node, called, names)


def _writes(node: ast.Call, called: set[str], names: Names) -> Iterator[_Seen]:
    """Yield calls that write a module of the notebook's, or many of its names at once, where nothing can be read."""
    func = node.func
    method = func.attr if isinstance(func, ast.Attribute) else ""
    if method in _PUTTING and isinstance(func, ast.Attribute) and is_own_names(func.value):
        yield _Seen("code", "It gives values to names that it computes.", _LOOK, node)
    mode = folded(node.args[1]) if len(node.args) > 1 else None
    given = {one.arg: folded(one.value) for one in node.keywords}
    opens = called & {"open", "io.open", "builtins.open"} and set(
        mode or given.get("mode") or ""
    ) & set("wax+")
    if not opens and method not in works.WRITES_FILES:
        return
    whole = [*ast.walk(func), *(inner for one in node.args for inner in ast.walk(one))]
    texts = {folded(one) or "" for one in whole if isinstance(one, _TEXTS)}
    for text in sorted(texts):
        stem = text.rsplit("/", 1)[-1].removesuffix(".py")
        if text.endswith(".py") and names.imports(stem):
            yield _Seen("code", f"It writes the module `{stem}`, and imports it.", _LOOK, node)


_PUTTING = {"__setitem__", "setdefault", "update"}
_TEXTS = (ast.Constant, ast.BinOp, ast.JoinedStr, ast.Call)


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
            all_given = {one.arg: one.value for one in node.keywords}
            given = all_given.get(keyword, all_given.get(None))
            is_other = isinstance(given, ast.Constant) and given.value != value
            if given is not None and not is_other:
                name = path
        elif "pickl" in path.lower() and path.endswith((".load", ".loads")) and not is_own:
            name = path
    if not name and isinstance(node.func, ast.Attribute | ast.Subscript):
        name = _by_another_way(node.func)
    if name:
        yield _runs(name, node)


def _is_given_text(node: ast.Call, names: Names) -> bool:
    """Say whether what is to be run is a text, and none that is read where it stands, nor a function."""
    first = node.args[0] if node.args else None
    if first is not None and folded(first) is not None:
        return False
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
    if func.attr in works.RUNNING_METHODS:
        return func.attr
    known = isinstance(owner, ast.Name) and owner.id in ("self", "cls", "re", "regex", "torch")
    reached = isinstance(owner, ast.Attribute) and owner.attr in works.ATTRIBUTES
    return func.attr if func.attr in ("exec", "eval") and reached and not known else ""


class _Answer:
    """Follows the names that one answer leads to."""

    def __init__(self, exercise: Exercise, number: int, names: Names, files: _Files) -> None:
        self.exercise, self.number, self.names, self.files = exercise, number, names, files
        self.home = str(exercise.reference.__module__).split(".")[0]
        self.reference = str(exercise.reference.__name__)
        self.opened, self.depth = set[str](), 0

    def read(self) -> Iterator[tuple[int, _Seen]]:
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
                    remarks = _remarks(node)
                    for inner in ast.walk(node):
                        if id(inner) not in remarks:
                            yield from ((cell, seen) for seen in self._seen(inner, own))
                    waiting += sorted(outer_names(node) & self.names.definitions.keys())
                except RecursionError:
                    yield cell, _UNREADABLE

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

    def _imported(self, node: ast.AST) -> Iterator[_Seen]:
        """Yield what it means that the answer itself was imported."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = str(node.module) if isinstance(node, ast.ImportFrom) else ""
            for one in node.names:
                yield from self._at(node, f"{module}.{one.name}".strip("."))

    def _seen(self, node: ast.AST, own: frozenset[str]) -> Iterator[_Seen]:
        if isinstance(node, LEADS):
            for path in sorted(self.names.paths(node, own)):
                yield from self._at(node, path)
        if isinstance(node, ast.Name) and node.id not in own:
            yield from self._starred(node)
        if isinstance(node, ast.Call):
            yield from self._method(node)
            yield from self._unseen(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_code(node.value):
            yield from self._within(node, parsed(textwrap.dedent(node.value)))

    def _at(self, node: ast.AST, path: str) -> Iterator[_Seen]:
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

    def _within(self, node: ast.AST, tree: ast.Module | None) -> Iterator[_Seen]:
        """Yield what a file or a text that the answer leads to uses, all of it."""
        if tree is None or self.depth > 3:
            return
        inner = _Answer(self.exercise, self.number, names_of([tree]), self.files)
        inner.opened, inner.depth = self.opened, self.depth + 1
        for one in ast.walk(tree):
            for seen in inner._seen(one, frozenset()):
                yield _Seen(seen.kind, seen.sentence, seen.weight, node)

    def _starred(self, node: ast.Name) -> Iterator[_Seen]:
        """Yield what a name means that was imported with all others of a module."""
        if node.id in self.names.definitions or hasattr(builtins, node.id):
            return
        for star in sorted(self.names.stars):
            if star.split(".")[0] != self.home or node.id == self.reference:
                yield from self._at(node, f"{star}.{node.id}")

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


_LEADING = (ast.Name, ast.Import, ast.ImportFrom)


def _same(name: str, forbidden: str) -> bool:
    """Compare as `Softmax`, `softmax_` and `_softmax` are one operation."""
    last = forbidden.rsplit(".", 1)[-1]
    return name.lower().replace("_", "") == last.lower().replace("_", "")


def _is_method(name: str) -> bool:
    import torch

    return hasattr(torch.Tensor, name)
