"""Reads the cells and files of a submission, and reports what they reach for.

Two things are looked for. An answer that leads to the reference in `llmlab`, or to a function that its exercise
forbids, under whatever alias: found by following names from the answer's definition through the notebook's other
definitions. And cells that write to the checker, reach into the interpreter's own works (frames, closures, garbage
collector, table of modules), or run code that cannot be read.
"""

from __future__ import annotations

import ast
import fnmatch
import functools
import re
import sys
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.exercise import Exercise
from autograder.exercise.cells import exercise_of
from autograder.reading import works
from autograder.reading.answers import Answer
from autograder.reading.finding import Finding, Weight
from autograder.reading.folding import folded
from autograder.reading.magics import READ, codes_in, does
from autograder.reading.names import (
    KERNEL,
    LOADERS,
    Names,
    cost_of,
    is_own_names,
    names_of,
    parsed,
)
from autograder.reading.seen import (
    MAX_CODE_CHARACTERS,
    UNREADABLE,
    Files,
    Seen,
    is_code,
    is_installed,
    texts_alone,
    texts_of,
)

if TYPE_CHECKING:
    # A learner's first check would wait for it: it loads the whole of JSON's schemas.
    from nbformat import NotebookNode

_MOST_CELLS, _LONGEST_LINE = 20_000, 160
_CHECKERS_MODULE = re.compile(r"autograder(\.\w+)+")
_NOTE, _LOOK, _WITHHOLD = Weight.NOTE, Weight.LOOK, Weight.WITHHOLD


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
    known = Files(texts_of(files or {}) | dict(_written(trees)))
    found: dict[Finding, None] = {}
    for number, tree in enumerate(trees):
        if cells[number] not in released:
            place = f"cell {number + 1}"
            found |= dict.fromkeys(_placed(place, cells[number], _read(tree, names, known)))
    for number, exercise in exercises.items():
        if not exercise.is_plain:
            reading = Answer(exercise, number, names, known)
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
    texts = Files(texts_of(files))
    for name in sorted(files):
        if name.endswith((".pyc", ".so", ".pth")):
            seen = Seen("code", "It is code that nobody can read.", _LOOK)
            found[_finding(repr(name), "", seen)] = None
        elif name in texts:
            tree = parsed(texts[name])
            what = _read(tree, names_of([tree]), texts)
            found |= dict.fromkeys(_placed(repr(name), texts[name], what))
        elif name.endswith((".py", ".ipy")):
            found[_finding(repr(name), "", UNREADABLE)] = None
    return list(found)


def _placed(place: str, text: str, what: Iterator[Seen]) -> Iterator[Finding]:
    try:
        for seen in what:
            yield _finding(place, text, seen)
    except RecursionError:
        yield _finding(place, text, UNREADABLE)


def _finding(place: str, text: str, seen: Seen) -> Finding:
    line = getattr(seen.node, "lineno", 0)
    lines = text.splitlines()
    code = lines[line - 1].strip()[:_LONGEST_LINE] if 0 < line <= len(lines) else ""
    return Finding(seen.kind, place, seen.sentence, seen.weight, line if code else 0, code)


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


def _read(tree: ast.Module | None, names: Names, files: Files, depth: int = 0) -> Iterator[Seen]:
    """Yield what a cell reaches for; `depth` counts the texts in texts that it stands in."""
    if tree is None:
        yield UNREADABLE
        return
    own = _own_names(tree)
    # What a command of IPython's is given is read below, as the command takes it.
    asked = {id(one) for _, _, call in _magics(tree) for one in call.args} | texts_alone(tree)
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


def _own_names(tree: ast.Module) -> frozenset[str]:
    """Name the arguments and variables of a cell, which may be called `eval` and mean something else."""
    given = {one.arg for one in ast.walk(tree) if isinstance(one, ast.arg)}
    stored = {
        one.id
        for one in ast.walk(tree)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
    }
    return frozenset(given | stored)


def _named(node: ast.Name, names: Names, own: frozenset[str]) -> Iterator[Seen]:
    if node.id == "__builtins__":
        yield Seen("works", "It reaches into Python by `__builtins__`.", _LOOK, node)
    elif node.id in ("exec", "eval") and node.id not in own and not names.defines(node.id):
        # Not only a call: it may be handed to something that calls it.
        yield _runs(node.id, node)


def _runs(name: str, node: ast.AST) -> Seen:
    return Seen("code", f"It runs code that is not in the cell, by `{name}`.", _LOOK, node)


def _as_code(node: ast.Constant, files: Files, depth: int) -> Iterator[Seen]:
    """Read a text that is itself Python, and reaches for something, as a cell: something may run it."""
    if isinstance(node.value, bytes) and node.value[:1] == b"\x80" and node.value[-1:] == b".":
        yield Seen("code", "It holds a pickle, which may run code.", _LOOK, node)
    text = node.value if isinstance(node.value, str) else ""
    if depth > 1 or not is_code(text):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(textwrap.dedent(text))
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return
    for seen in _read(tree, names_of([tree]), files, depth + 1):
        if seen.weight is not _NOTE:
            yield Seen(seen.kind, f"In a text: {seen.sentence}", _LOOK, node)


def _imported(node: ast.AST, module: str, imported: list[str], files: Files) -> Iterator[Seen]:
    top = module.split(".")[0]
    if top == works.CHECKER and (module != top or set(imported) - works.MAY_IMPORT - {"*"}):
        yield Seen("checker", f"It imports from inside the checker, `{module}`.", _LOOK, node)
    elif top in works.MODULES:
        yield Seen("works", f"It imports `{module}`, which reaches into Python.", _LOOK, node)
    elif top == "builtins":
        yield Seen("works", "It imports `builtins`.", _NOTE, node)
    elif not files.imports(module) and not is_installed(top):
        yield Seen("code", f"It imports `{module}`, which is not here.", _NOTE, node)
    for name in sorted(set(imported) & works.MODULES):
        yield Seen("works", f"It imports `{name}`, which reaches into Python.", _LOOK, node)
    wanted = {module, *(f"{module}.{name}" for name in imported)}
    for path in sorted(wanted & works.FUNCTIONS):
        yield Seen("works", f"It reaches into Python by `{path}`.", _LOOK, node)
    if (wanted | {top}) & works.NETWORK:
        yield Seen("network", f"It imports `{module}`, which is for a network.", _NOTE, node)


def _reached(node: ast.Attribute, names: Names) -> Iterator[Seen]:
    if node.attr in works.ATTRIBUTES:
        yield Seen("works", f"It reaches into Python by `{node.attr}`.", _LOOK, node)
    writes = isinstance(node.ctx, ast.Store | ast.Del)
    for path in sorted(names.paths(node)):
        parts = path.split(".")
        if path in works.FUNCTIONS:
            yield Seen("works", f"It reaches into Python by `{path}`.", _LOOK, node)
        elif parts[0] == works.CHECKER:
            yield from _at_checker(node, path, writes)
        elif parts[0] in works.MODULES and not _is_module(node, parts[0]):
            yield Seen("works", f"It reaches into Python by `{parts[0]}`.", _LOOK, node)
        elif parts[-2:-1] == ["__path__"] or (parts[-1] == "__path__" and writes):
            yield Seen("code", "It changes where a package's modules are.", _LOOK, node)
        elif path == "builtins.__dict__":
            yield Seen("works", "It looks among the built-in functions.", _LOOK, node)
        elif parts[:2] == ["sys", "modules"] and len(parts) > 2:
            yield Seen("works", "It reaches into `sys.modules`.", _LOOK, node)
        elif parts[0] == KERNEL:
            yield from _at_kernel(node, parts[1])
        elif writes and names.imports(parts[0]) and _passes_evidence(path):
            yield Seen("works", f"It replaces `{path}`.", _LOOK, node)


def _is_module(node: ast.Attribute, name: str) -> bool:
    """Say whether a module is reached by the name under which it was imported, which was said there."""
    owner: ast.AST = node
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    return isinstance(owner, ast.Name) and owner.id == name


def _at_checker(node: ast.AST, path: str, writes: bool) -> Iterator[Seen]:
    parts = path.split(".")
    if writes:
        yield Seen("checker", f"It writes to the checker, `{path}`.", _WITHHOLD, node)
    elif parts[-1] in works.DESCRIBES and set(parts[1:-1]) <= works.MAY_IMPORT:
        return
    elif len(parts) > 2 or parts[-1] not in works.MAY_IMPORT:
        yield Seen("checker", f"It reaches into the checker by `{path}`.", _LOOK, node)


def _at_kernel(node: ast.AST, name: str) -> Iterator[Seen]:
    if name in works.KERNEL_WORKS:
        yield Seen("works", f"It reaches into the kernel by `get_ipython().{name}`.", _LOOK, node)


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


def _spelled(node: ast.Constant) -> Iterator[Seen]:
    """A text that is the name of what one may not reach is a way to it: `attrgetter("__globals__")`."""
    if not isinstance(node.value, str) or len(node.value) > _LONGEST_LINE:
        return
    if node.value in works.ATTRIBUTES:
        yield Seen("works", f"It spells `{node.value}`, a way into Python.", _LOOK, node)
    elif node.value in works.TEXTS:
        yield Seen("code", f"It spells `{node.value}`, a way to run a text.", _LOOK, node)
    elif _CHECKERS_MODULE.fullmatch(node.value) or _is_checkers_file(node.value):
        yield Seen("checker", f"It spells the checker's module `{node.value}`.", _LOOK, node)


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


def _looked_up(node: ast.Subscript | ast.For, names: Names, files: Files) -> Iterator[Seen]:
    table = node.value if isinstance(node, ast.Subscript) else node.iter
    writes = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)
    # Of `sys.modules.items()` what counts is the table.
    is_asked = isinstance(table, ast.Call) and isinstance(table.func, ast.Attribute)
    inner = table.func.value if is_asked else table  # type: ignore[attr-defined]
    if "sys.modules" in names.paths(inner):
        name = folded(node.slice) if isinstance(node, ast.Subscript) else None
        if writes and (name or "").split(".")[0] == works.CHECKER:
            yield Seen("checker", f"It replaces the checker's module `{name}`.", _WITHHOLD, node)
        elif writes or name in (None, "__main__", "builtins"):
            yield Seen("works", "It reaches into the table of modules.", _LOOK, node)
        else:
            # To read one by its name is to import it.
            yield from _imported(node, str(name), [], files)
    if writes and isinstance(table, ast.Attribute | ast.Call):
        target = table.args[0] if isinstance(table, ast.Call) and table.args else None
        owner = table.value if isinstance(table, ast.Attribute) else target
        for path in names.paths(owner) if owner is not None else ():
            if path.split(".")[0] == works.CHECKER:
                yield Seen("checker", f"It writes to the checker, `{path}`.", _WITHHOLD, node)


def _magic(name: str, line: str, node: ast.Call, names: Names, files: Files) -> Iterator[Seen]:
    body = folded(node.args[2]) or "" if node.args[2:] else ""
    if node.args and folded(node.args[0]) is None:
        yield Seen("code", "It asks IPython for a command whose name it computes.", _LOOK, node)
        return
    if "--bg" in line.split():
        yield Seen("code", f"`%{name}` starts a process that goes on.", _LOOK, node)
    what = does(name, line, files)
    if what == "code":
        for text in [*codes_in(line), *([body] if body else [])]:
            tree = parsed(text)
            for seen in _read(tree, names, files):
                yield Seen(seen.kind, seen.sentence, seen.weight, node)
    elif what == "elsewhere":
        yield Seen("code", f"`%{name}` runs code that is not in the cell.", _LOOK, node)
    elif what == "unknown":
        yield Seen("magic", f"`%{name} {line}`".rstrip(" `") + "` is not known here.", _NOTE, node)
    if name in ("writefile", "file") and any(end in line for end in READ):
        for seen in _read(parsed(body), names_of([parsed(body)]), files):
            yield Seen(seen.kind, seen.sentence, seen.weight, node)


def _called(node: ast.Call, names: Names, files: Files) -> Iterator[Seen]:
    called = names.paths(node.func)
    yield from _writes(node, called, names)
    if called & works.GETTERS:
        for one in node.args:
            if folded(one) in works.CALLED_BY_NAME:
                yield _runs(str(folded(one)), node)
    if called & LOADERS:
        text = folded(node.args[0]) if node.args else None
        if text is None:
            yield Seen("code", "It imports a module by a name that it computes.", _NOTE, node)
        else:
            yield from _imported(node, text, [], files)
    elif called & {"getattr", "setattr", "delattr"} and len(node.args) >= 2:
        writes = not called & {"getattr"}
        for path in sorted(names.paths(node.args[0])):
            whole = f"{path}.{folded(node.args[1]) or '?'}"
            if whole in works.FUNCTIONS or whole == "builtins.?":
                yield Seen("works", f"It reaches into Python by `{whole}`.", _LOOK, node)
            elif path.split(".")[0] == works.CHECKER:
                yield from _at_checker(node, whole, writes)
            elif path == KERNEL:
                yield from _at_kernel(node, whole.removeprefix(f"{KERNEL}."))
    elif called & {"vars", "dir"} and node.args:
        for path in sorted(names.paths(node.args[0])):
            if path.split(".")[0] == works.CHECKER:
                weight = _LOOK if called & {"vars"} else _NOTE
                yield Seen("checker", f"It looks into the checker's `{path}`.", weight, node)
            elif path == KERNEL and called & {"vars"}:
                yield Seen("works", "It reaches into the kernel.", _LOOK, node)
            elif path == "builtins" and called & {"vars"}:
                yield Seen("works", "It looks among the built-in functions.", _LOOK, node)
    elif _is_patch(node, called):
        yield Seen("checker", "It patches the checker.", _WITHHOLD, node)
    for one in node.args:
        text = None if isinstance(one, ast.Constant) else folded(one)
        if text is not None:
            yield from _spelled(ast.copy_location(ast.Constant(text), one))
    yield from _running(node, called, names)


def _writes(node: ast.Call, called: set[str], names: Names) -> Iterator[Seen]:
    """Yield calls that write a module of the notebook's, or many of its names at once, where nothing can be read."""
    func = node.func
    method = func.attr if isinstance(func, ast.Attribute) else ""
    if method in _PUTTING and isinstance(func, ast.Attribute) and is_own_names(func.value):
        yield Seen("code", "It gives values to names that it computes.", _LOOK, node)
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
            yield Seen("code", f"It writes the module `{stem}`, and imports it.", _LOOK, node)


_PUTTING = {"__setitem__", "setdefault", "update"}
_TEXTS = (ast.Constant, ast.BinOp, ast.JoinedStr, ast.Call)


def _is_patch(node: ast.Call, called: set[str]) -> bool:
    """Say whether it is `mock.patch("autograder…")` or the like."""
    text = folded(node.args[0]) if node.args else None
    patches = any("patch" in path for path in called)
    return patches and bool(text and _CHECKERS_MODULE.fullmatch(text))


def _running(node: ast.Call, called: set[str], names: Names) -> Iterator[Seen]:
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
