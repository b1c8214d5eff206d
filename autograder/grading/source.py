"""Reads the source of a submission, without running it, for what an answer may not use.

Two things are looked for. An answer that leads to the reference in `llmlab`, or to a function that its exercise
forbids, under whatever alias: found by following names from the answer's definition through the notebook's other
definitions. And cells that reach into the checker or into the interpreter's own works (frames, closures, garbage
collector, table of modules), for which no lab has a use. The same is watched for at run time
(`autograder.probing.guard`); a look at the source also finds what a kernel was made to hide.

Nothing here is executed: the source is parsed, and only constants are folded.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.exercise import Exercise

MAX_CHARACTERS = 1_000_000
_MAY_IMPORT = {"check", "hint", "progress", "CheckFailed", "AutograderError"}
_WORKS = {
    "f_back",
    "f_builtins",
    "f_globals",
    "f_locals",
    "gi_frame",
    "cr_frame",
    "ag_frame",
    "tb_frame",
    "__closure__",
    "__code__",
    "__globals__",
    "__subclasses__",
}
_WORKS_OF_MODULES = {
    "gc.get_objects",
    "gc.get_referents",
    "gc.get_referrers",
    "inspect.currentframe",
    "inspect.getclosurevars",
    "inspect.stack",
    "inspect.trace",
    "sys._current_frames",
    "sys._getframe",
    "sys.addaudithook",
    "sys.setprofile",
    "sys.settrace",
    "threading.setprofile",
    "threading.settrace",
}
_MODULES_OF_WORKS = {"_ctypes", "builtins", "cffi", "ctypes", "_frozen_importlib"}
# What runs code that nobody can read beforehand.
_RUNNERS = {
    "cloudpickle.load",
    "cloudpickle.loads",
    "code.interact",
    "compile",
    "dill.load",
    "dill.loads",
    "eval",
    "exec",
    "importlib.util.module_from_spec",
    "joblib.load",
    "marshal.load",
    "marshal.loads",
    "pickle.Unpickler",
    "pickle.load",
    "pickle.loads",
    "runpy.run_module",
    "runpy.run_path",
    "shelve.open",
    "types.CodeType",
    "types.FunctionType",
}
_MAY_ASK_IPYTHON = {"run_line_magic", "run_cell_magic", "system", "getoutput"}
# What a student asks IPython for, to read, to see and to measure. A command of the system runs in a process of its own.
_HARMLESS_MAGICS = {
    "alias",
    "automagic",
    "autoreload",
    "bash",
    "cat",
    "cd",
    "colors",
    "conda",
    "config",
    "debug",
    "dirs",
    "env",
    "history",
    "html",
    "js",
    "javascript",
    "latex",
    "ls",
    "lsmagic",
    "magic",
    "markdown",
    "matplotlib",
    "mkdir",
    "pdb",
    "pdoc",
    "pinfo",
    "pinfo2",
    "pip",
    "pprint",
    "precision",
    "psearch",
    "psource",
    "pwd",
    "python",
    "python3",
    "quickref",
    "reset",
    "script",
    "sh",
    "svg",
    "sx",
    "system",
    "tensorboard",
    "uv",
    "who",
    "who_ls",
    "whos",
    "writefile",
    "xdel",
    "xmode",
}
_HARMLESS_EXTENSIONS = {"autoreload", "line_profiler", "memory_profiler", "tensorboard"}
_MAGICS_WITH_CODE = {"capture", "prun", "time", "timeit"}
# A line that begins with the name of a magic is one, where it is no Python and stands alone.
_AUTOMATIC = {"alias_magic", "edit", "load_ext", "macro", "prun", "rerun", "reload_ext", "run"}
_AUTOMATIC |= {"store", "time", "timeit"}
_KERNEL = "get_ipython()"
_NETWORK = {
    "aiohttp",
    "ftplib",
    "http.client",
    "httpx",
    "paramiko",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
    "urllib3",
    "websocket",
    "websockets",
}
_WATCHED = {
    "autograder",
    "builtins",
    "gc",
    "get_ipython",
    "get_ipython()",
    "getattr",
    "inspect",
    "llmlab",
    "sys",
    "torch",
}
_LEADS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
_LOADERS = {"__import__", "builtins.__import__", "importlib.import_module"}


@dataclass(frozen=True)
class Finding:
    """Something in a submission's source that an instructor should know.

    Attributes:
        kind: `forbidden`, `tampering` or `network`.
        where: The exercise's id for `forbidden`, else the cell, as 'cell 3'.
        sentence: What was found.
        costs: Whether it costs points: those of the exercise, or for `tampering` all.
    """

    kind: str
    where: str
    sentence: str
    costs: bool


@dataclass
class _Names:
    """What the names of a notebook mean, as far as its source says so."""

    modules: dict[str, set[str]] = field(default_factory=dict)
    definitions: dict[str, list[tuple[int, ast.AST]]] = field(default_factory=dict)

    def alias(self, name: str, path: str) -> None:
        self.modules.setdefault(name, set()).add(path)

    def define(self, name: str, cell: int, node: ast.AST) -> None:
        self.definitions.setdefault(name, []).append((cell, node))

    def defines(self, name: str) -> bool:
        """Say whether the notebook defines a function or class of this name."""
        return any(isinstance(node, _SCOPES) for _, node in self.definitions.get(name, []))

    def paths(self, node: ast.AST, own: frozenset[str] = frozenset()) -> set[str]:
        """Say what dotted paths an expression may mean, such as `llmlab.model.embed`."""
        if isinstance(node, ast.Name):
            return set() if node.id in own else self.modules.get(node.id, {node.id})
        if isinstance(node, ast.Attribute):
            return {f"{path}.{node.attr}" for path in self.paths(node.value, own)}
        if isinstance(node, ast.Call):
            return self._of_call(node, own)
        if isinstance(node, ast.Subscript) and "sys.modules" in self.paths(node.value, own):
            text = folded(node.slice)
            return set() if text is None else {text}
        return set()

    def _of_call(self, node: ast.Call, own: frozenset[str]) -> set[str]:
        called = self.paths(node.func, own)
        text = folded(node.args[-1]) if node.args else None
        if called & _LOADERS:
            first = folded(node.args[0]) if node.args else None
            if first is None:
                return set()
            # `__import__("a.b")` returns a, unless it is asked for names in it.
            whole = "importlib.import_module" in called or len(node.args) > 3 or bool(node.keywords)
            return {first, first.split(".")[0]} if not whole else {first}
        if "getattr" in called and len(node.args) >= 2:
            text = folded(node.args[1])
            return {f"{path}.{text}" for path in self.paths(node.args[0], own)} if text else set()
        return {_KERNEL} if any(map(_gives_kernel, called)) else set()


def _gives_kernel(path: str) -> bool:
    """Say whether a call of this gives the kernel's own shell or application."""
    parts = path.split(".")
    return parts[-1] == "get_ipython" or (
        parts[-1] == "instance" and parts[0] in ("IPython", "ipykernel", "traitlets")
    )


def folded(node: ast.AST) -> str | None:
    """Return the text that an expression of constants gives; None if it is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = folded(node.left), folded(node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [folded(part) for part in node.values]
        return None if None in parts else "".join(map(str, parts))
    if isinstance(node, ast.FormattedValue):
        return folded(node.value)
    if isinstance(node, ast.Subscript) and _is_reversal(node.slice):
        text = folded(node.value)
        return None if text is None else text[::-1]
    match node:
        case ast.Call(
            func=ast.Attribute(value=glue, attr="join"), args=[ast.List() | ast.Tuple() as items]
        ):
            between, texts = folded(glue), [folded(part) for part in items.elts]
            known = [text for text in texts if text is not None]
            if between is not None and len(known) == len(texts):
                return between.join(known)
    return None


def _is_reversal(node: ast.AST) -> bool:
    return isinstance(node, ast.Slice) and node.step is not None and ast.unparse(node.step) == "-1"


def look(
    cells: Sequence[str], released: frozenset[str], exercises: Mapping[int, Exercise]
) -> list[Finding]:
    """Look through the code cells of a submission.

    Args:
        cells: The text of each of its cells, in order; an empty text for one that is no code.
        released: The texts of code cells that the student was given.
        exercises: The exercise that is checked at a cell, by the cell's number.

    Returns:
        What was found, each thing once.
    """
    trees = [_parsed(cell) for cell in cells]
    names = _names(trees)
    found: dict[Finding, None] = {}
    for number, tree in enumerate(trees):
        if cells[number] not in released:
            for kind, sentence, costs in _reaching_in(tree, names):
                found[Finding(kind, _place(number), sentence, costs)] = None
    for number, exercise in exercises.items():
        if not exercise.is_plain:
            for path in _used(exercise, number, names):
                sentence = (
                    f"`{exercise.name}` uses `{path}`, which this exercise asks to do without."
                )
                found[Finding("forbidden", exercise.id, sentence, True)] = None
    return list(found)


def look_at_files(files: Mapping[str, bytes]) -> list[Finding]:
    """Look through the files that were handed in beside a notebook, which it could import."""
    found: dict[Finding, None] = {}
    for name, content in sorted(files.items()):
        if name.endswith((".pyc", ".so", ".pth")):
            sentence = "It is code that nobody can read."
            found[Finding("tampering", repr(name), sentence, True)] = None
        elif name.endswith((".py", ".ipy")):
            tree = _parsed(content.decode("utf-8", "replace"))
            for kind, sentence, costs in _reaching_in(tree, _names([tree])):
                found[Finding(kind, repr(name), sentence, costs)] = None
    return list(found)


def _reaching_in(tree: ast.Module | None, names: _Names) -> Iterator[tuple[str, str, bool]]:
    if tree is None:
        yield "tampering", "It is too long or too deeply nested to be read.", True
    else:
        yield from _reaching(tree, names)


def _place(number: int) -> str:
    return f"cell {number + 1}"


def _parsed(cell: str) -> ast.Module | None:
    """Parse a cell; one that Python does not understand does nothing, and is empty here."""
    if len(cell) > MAX_CHARACTERS:
        return None
    from IPython.core.inputtransformer2 import TransformerManager

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # What begins with ! or % becomes Python that asks IPython.
            return ast.parse(TransformerManager().transform_cell(cell))
        except (SyntaxError, ValueError):
            line = cell.strip()
            if "\n" not in line and line.split(" ")[0] in _AUTOMATIC:
                return _parsed(f"%{line}")
            return ast.Module([], [])
        except (MemoryError, RecursionError):
            return None


def _names(trees: Sequence[ast.Module | None]) -> _Names:
    names = _Names()
    for number, tree in enumerate(trees):
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Import):
                for one in node.names:
                    top = one.name.split(".")[0]
                    names.alias(one.asname or top, one.name if one.asname else top)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for one in node.names:
                    names.alias(one.asname or one.name, f"{node.module}.{one.name}")
        for node in tree.body if tree else ():
            _define(node, number, names)
    # `lib = llmlab.model` is an alias as well, wherever it stands; twice, for an alias of an alias.
    for tree in [tree for tree in trees if tree] * 2:
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, _LEADS):
                for path in names.paths(node.value):
                    for target in node.targets:
                        if isinstance(target, ast.Name) and path.split(".")[0] in _WATCHED:
                            names.alias(target.id, path)
    return names


def _define(node: ast.stmt, number: int, names: _Names) -> None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        names.define(node.name, number, node)
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in (inner for one in targets for inner in ast.walk(one)):
            if isinstance(target, ast.Name):
                names.define(target.id, number, node.value)
    elif isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try):
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.stmt):
                _define(inner, number, names)
            elif isinstance(inner, ast.ExceptHandler):
                for statement in inner.body:
                    _define(statement, number, names)


def _used(exercise: Exercise, number: int, names: _Names) -> Iterator[str]:
    """Yield what an answer uses of what it may not, following the names that it leads to."""
    waiting, seen = [exercise.name], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        before = [node for cell, node in names.definitions.get(name, []) if cell < number]
        # Of the answer itself its last form counts; a helper may be any of its forms.
        for node in before[-1:] if name == exercise.name else before:
            own = frozenset([exercise.name]) if isinstance(node, _SCOPES) else frozenset()
            for inner in ast.walk(node):
                yield from _forbidden(inner, exercise, names, own)
                if isinstance(inner, ast.Name) and inner.id in names.definitions:
                    waiting.append(inner.id)


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _forbidden(
    node: ast.AST, exercise: Exercise, names: _Names, own: frozenset[str]
) -> Iterator[str]:
    reference = exercise.reference.__name__
    if isinstance(node, _LEADS):
        for path in names.paths(node, own):
            parts = path.split(".")
            home = str(exercise.reference.__module__).split(".")[0]
            if parts[0] == home and len(parts) > 1 and parts[-1] == reference:
                yield path
            for forbidden in exercise.forbidden:
                if parts[0] == "torch" and _same(parts[-1], forbidden) and len(parts) > 1:
                    yield forbidden
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        receiver = node.func.value
        if isinstance(receiver, ast.Name) and receiver.id in ("self", "cls", "super"):
            return
        for forbidden in exercise.forbidden:
            if _is_method(node.func.attr) and _same(node.func.attr, forbidden):
                yield forbidden


def _same(name: str, forbidden: str) -> bool:
    """Compare as `Softmax`, `softmax_` and `_softmax` are one operation."""
    last = forbidden.rsplit(".", 1)[-1]
    return name.lower().replace("_", "") == last.lower().replace("_", "")


def _is_method(name: str) -> bool:
    import torch

    return hasattr(torch.Tensor, name)


def _reaching(tree: ast.Module, names: _Names) -> Iterator[tuple[str, str, bool]]:
    """Yield the kind, the sentence and whether it costs points, of what a cell reaches for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from _imported(str(node.module), [one.name for one in node.names])
        elif isinstance(node, ast.Import):
            for one in node.names:
                yield from _imported(one.name, [])
        elif isinstance(node, ast.Attribute):
            yield from _reached(node, names)
        elif isinstance(node, ast.Call):
            yield from _called(node, names)
        elif isinstance(node, ast.Name) and node.id == "__builtins__":
            yield "tampering", "It reaches into Python's own names by `__builtins__`.", True
        elif isinstance(node, ast.Subscript | ast.For) and "sys.modules" in names.paths(
            node.value if isinstance(node, ast.Subscript) else node.iter
        ):
            yield "tampering", "It reaches into the table of modules, `sys.modules`.", True


def _imported(module: str, imported: list[str]) -> Iterator[tuple[str, str, bool]]:
    top = module.split(".")[0]
    if top == "autograder" and (module != top or set(imported) - _MAY_IMPORT):
        yield "tampering", f"It imports from inside the checker, `{module}`.", True
    if module in _MODULES_OF_WORKS or top in _MODULES_OF_WORKS:
        yield "tampering", f"It imports `{module}`, which reaches into Python itself.", True
    wanted = {module, *(f"{module}.{name}" for name in imported)}
    for path in sorted(wanted & _WORKS_OF_MODULES):
        yield "tampering", f"It reaches into Python itself by `{path}`.", True
    if (wanted | {top}) & _NETWORK:
        yield "network", f"It imports `{module}`, which is for a network.", False


def _reached(node: ast.Attribute, names: _Names) -> Iterator[tuple[str, str, bool]]:
    if node.attr in _WORKS:
        yield "tampering", f"It reaches into Python itself by `{node.attr}`.", True
    for path in sorted(names.paths(node)):
        parts = path.split(".")
        if path in _WORKS_OF_MODULES:
            yield "tampering", f"It reaches into Python itself by `{path}`.", True
        elif parts[0] == "autograder" and (len(parts) > 2 or parts[1] not in _MAY_IMPORT):
            yield "tampering", f"It reaches into the checker by `{path}`.", True
        elif parts[0] == "sys" and parts[1:2] == ["modules"] and len(parts) > 2:
            yield "tampering", "It reaches into the table of modules, `sys.modules`.", True
        elif parts[0] == _KERNEL and parts[1] not in _MAY_ASK_IPYTHON:
            yield "tampering", f"It reaches into the kernel by `{path}`.", True
        elif isinstance(node.ctx, ast.Store) and names.modules.get(parts[0]) is None:
            known = {one.split(".")[0] for paths in names.modules.values() for one in paths}
            if parts[0] in known:
                yield "tampering", f"It replaces `{path}`.", False


def _magic(node: ast.Call, names: _Names) -> Iterator[tuple[str, str, bool]]:
    """Look at a call of IPython's, as `%time code` becomes one."""
    name, *texts = [folded(one) for one in node.args] or [None]
    if name in _MAGICS_WITH_CODE and None not in texts:
        for text in map(str, texts):
            # Its options are no Python; without them what is left is.
            code = text if "\n" in text else re.sub(r"^(\s*-\w+\s*\S*)+\s", "", f"{text} ")
            yield from _reaching_in(_parsed(code), names)
    elif name in ("load_ext", "reload_ext") and set(texts) <= _HARMLESS_EXTENSIONS:
        return
    elif name not in _HARMLESS_MAGICS:
        yield "tampering", f"It has IPython run code that is not in the cell, by `%{name}`.", True


def _called(node: ast.Call, names: _Names) -> Iterator[tuple[str, str, bool]]:
    called = names.paths(node.func)
    if isinstance(node.func, ast.Attribute) and node.func.attr in (
        "run_line_magic",
        "run_cell_magic",
    ):
        yield from _magic(node, names)
        return
    if called & _LOADERS:
        text = folded(node.args[0]) if node.args else None
        if text is None:
            yield "tampering", "It imports a module whose name it makes up as it runs.", True
        else:
            yield from _imported(text, [])
    elif called & {"getattr", "setattr", "delattr"} and len(node.args) >= 2:
        text = folded(node.args[1])
        if text in _WORKS:
            yield "tampering", f"It reaches into Python itself by `{text}`.", True
        for path in sorted(names.paths(node.args[0])):
            if text and f"{path}.{text}" in _WORKS_OF_MODULES:
                yield "tampering", f"It reaches into Python itself by `{path}.{text}`.", True
            elif path.split(".")[0] == "autograder":
                yield "tampering", f"It reaches into the checker by `{path}`.", True
            elif path == _KERNEL and text not in _MAY_ASK_IPYTHON:
                yield "tampering", f"It reaches into the kernel by `{path}.{text}`.", True
    elif runners := called & _RUNNERS:
        # A function of the notebook's own may be called `eval`; if it is not, the kernel's own look remains.
        costs = any(not names.defines(one) for one in runners)
        yield "tampering", f"It runs code that it makes up as it runs, by `{min(runners)}`.", costs
    elif called & {"vars", "dir"} and node.args:
        for path in sorted(names.paths(node.args[0])):
            if path.split(".")[0] in ("autograder", _KERNEL):
                yield "tampering", f"It reaches into the checker by `{path}`.", True
