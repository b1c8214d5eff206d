"""What the names of a notebook mean, as far as its source says so.

Nothing is executed: the source is parsed, aliases are followed, and constants are folded. What an alias may mean is a
set of dotted paths, which is bounded: the source of a submission may be written to make it grow.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from autograder.reading import works
from autograder.reading.folding import folded

MAX_CHARACTERS = 250_000
# A name that may mean more than so many things, or is longer than so many parts, is followed no further.
_MOST_PATHS, _MOST_PARTS, _DEEPEST = 24, 12, 6
_ROUNDS = 2
KERNEL = "get_ipython()"
LOADERS = {"__import__", "builtins.__import__", "importlib.import_module", "importlib.__import__"}
# These find whatever a dotted name means.
_RESOLVERS = {
    *("pkgutil.resolve_name", "pydoc.locate", "traitlets.import_item"),
    *("traitlets.utils.importstring.import_item", "IPython.utils.importstring.import_item"),
}
# By the dictionary of a notebook's names, and by what is set in another thing, a name gets a value too.
_OWN_NAMES = {"globals", "locals", "vars"}
LEADS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# A line that begins with the name of a magic is one, where it is no Python and stands alone.
_AUTOMATIC = {"alias_magic", "edit", "load_ext", "macro", "prun", "rerun", "reload_ext", "run"}
_AUTOMATIC |= {"store", "time", "timeit"}


@dataclass
class Names:
    """The aliases and definitions of a notebook.

    Attributes:
        modules: The dotted paths that a name may mean.
        definitions: Where a name is defined: the cell's number, the node, and whether that is certain to have run
            once its cell has.
        stars: The modules of which all names were imported.
        blocks: The functions, classes, loops and branches of the notebook, with the names that are in them.
    """

    modules: dict[str, set[str]] = field(default_factory=dict)
    definitions: dict[str, list[tuple[int, ast.AST, bool]]] = field(default_factory=dict)
    stars: set[str] = field(default_factory=set)
    blocks: list[tuple[int, ast.AST, frozenset[str]]] = field(default_factory=list)

    def alias(self, name: str, path: str) -> None:
        """Let a name mean a path too, unless it means too much already."""
        known = self.modules.setdefault(name, set())
        if len(known) < _MOST_PATHS and path.count(".") < _MOST_PARTS:
            known.add(_by_its_own_name(path))

    def define(self, name: str, cell: int, node: ast.AST, is_certain: bool = True) -> None:
        """Note that a cell gives a name a value."""
        self.definitions.setdefault(name, []).append((cell, node, is_certain))

    def imports(self, top: str) -> bool:
        """Say whether something of this top-level module was imported, under whatever name."""
        return any(one.split(".")[0] == top for paths in self.modules.values() for one in paths)

    def defines(self, name: str) -> bool:
        """Say whether the notebook defines a function or class of this name."""
        return any(isinstance(node, SCOPES) for _, node, _ in self.definitions.get(name, []))

    def paths(self, node: ast.AST, own: frozenset[str] = frozenset(), depth: int = 0) -> set[str]:
        """Say what dotted paths an expression may mean, such as `llmlab.model.embed`.

        Args:
            node: The expression.
            own: Names that mean something of their own where it stands.
            depth: In how many calls of calls it stands.
        """
        parts: list[str] = []
        # A chain of attributes is walked and not recursed into: it can be longer than Python's stack.
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if len(parts) > _MOST_PARTS or depth > _DEEPEST:
            return set()
        found: set[str] = set()
        is_module = False
        if isinstance(node, ast.Name):
            is_module = node.id in self.modules
            found = set() if node.id in own else self.modules.get(node.id, {node.id})
        elif isinstance(node, ast.Call):
            found = self._of_call(node, own, depth)
        elif isinstance(node, ast.Subscript) and "sys.modules" in self.paths(
            node.value, own, depth + 1
        ):
            text = folded(node.slice)
            found = set() if text is None else {text}
        whole = {".".join([path, *reversed(parts)]) for path in found}
        return set(map(_by_its_own_name, whole)) if is_module and parts else whole

    def _of_call(self, node: ast.Call, own: frozenset[str], depth: int) -> set[str]:
        called = self.paths(node.func, own, depth + 1)
        if called & LOADERS:
            return _loaded(node, called)
        if called & _RESOLVERS and node.args:
            text = folded(node.args[0])
            return set() if text is None else {text.replace(":", ".")}
        text = folded(node.args[1]) if "getattr" in called and len(node.args) >= 2 else None
        if text:
            return {f"{path}.{text}" for path in self.paths(node.args[0], own, depth + 1)}
        return {KERNEL} if any(map(_gives_kernel, called)) else set()


def _loaded(node: ast.Call, called: set[str]) -> set[str]:
    first = folded(node.args[0]) if node.args else None
    if first is None:
        return set()
    # `__import__("a.b")` returns a, unless it is asked for names in it.
    whole = "importlib.import_module" in called or len(node.args) > 3 or bool(node.keywords)
    return {first} if whole else {first, first.split(".")[0]}


def _gives_kernel(path: str) -> bool:
    """Say whether a call of this gives the kernel's own shell or application."""
    parts = path.split(".")
    return parts[-1] == "get_ipython" or (
        parts[-1] == "instance" and parts[0] in ("IPython", "ipykernel", "traitlets")
    )


def _by_its_own_name(path: str) -> str:
    """Name what is reached through a module that has imported it, as `torch.sys.modules`, by its own name."""
    parts = path.split(".")
    inner = [place for place, part in enumerate(parts) if part in works.CARRIED]
    return ".".join(parts[inner[-1] :]) if inner else path


def cost_of(cell: str) -> int:
    """Say what it costs to read a cell: IPython reads all of it once more for each command in it."""
    commands = len(_COMMAND.findall(cell))
    # Where a cell begins with %%, what follows is not looked into.
    return len(cell) * (1 + (0 if cell.lstrip().startswith("%%") else commands))


_COMMAND = re.compile(r"^\s*[%!?]|=\s*[%!]|\?[ \t]*$", re.MULTILINE)


def parsed(cell: str) -> ast.Module | None:
    """Parse a cell as IPython would run it.

    One that Python does not understand does nothing, and is empty here; None stands for one that is too long or
    too deeply nested.
    """
    if cost_of(cell) > MAX_CHARACTERS:
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
                return parsed(f"%{line}")
            return ast.Module([], [])
        except (MemoryError, RecursionError):
            return None
        except RuntimeError:
            # More commands than IPython itself reads in one cell, which it does not run either.
            return ast.Module([], [])


def names_of(trees: Sequence[ast.Module | None]) -> Names:
    """Collect the names of a notebook's cells."""
    names = Names()
    assigned: list[ast.Assign] = []
    for number, tree in enumerate(trees):
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.Import):
                for one in node.names:
                    top = one.name.split(".")[0]
                    names.alias(one.asname or top, one.name if one.asname else top)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for one in node.names:
                    if one.name == "*":
                        names.stars.add(str(node.module))
                    names.alias(one.asname or one.name, f"{node.module}.{one.name}")
            elif isinstance(node, ast.Assign) and isinstance(node.value, LEADS):
                assigned.append(node)
        for node in tree.body if tree else ():
            is_certain = isinstance(node, _CERTAIN)
            for name, value in _defined(node):
                names.define(name, number, value, is_certain)
            if isinstance(node, _BLOCKS):
                names.blocks.append((number, node, _mentioned(node)))
    # `lib = llmlab.model` is an alias as well, wherever it stands; twice, for an alias of an alias.
    for node in assigned * _ROUNDS:
        meant = [path for path in names.paths(node.value) if _is_known(path, names)]
        for target in node.targets:
            if isinstance(target, ast.Name):
                for path in meant:
                    names.alias(target.id, path)
    return names


def _is_known(path: str, names: Names) -> bool:
    """Say whether a path begins with something that was imported, or that Python and IPython give."""
    top = path.split(".")[0]
    return top in _GIVEN or any(top == one.split(".")[0] for one in names.modules.get(top, ()))


_GIVEN = {"autograder", "builtins", "get_ipython", KERNEL, "getattr", "llmlab", "sys", "torch"}
_GIVEN |= {"compile", "eval", "exec", "__import__", "__builtins__"}


_CERTAIN = (*SCOPES, ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)
_BLOCKS = (*SCOPES, ast.If, ast.For, ast.While, ast.With, ast.Try)


def _mentioned(node: ast.AST) -> frozenset[str]:
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _defined(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names to which a statement gives a value, or puts something into it, with what that is made of."""
    if isinstance(node, SCOPES):
        yield node.name, node
        # `global average` in a function gives a value to a name outside.
        for one in ast.walk(node):
            if isinstance(one, ast.Global):
                yield from ((name, node) for name in one.names)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0], _import_of(node, alias)
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from ((name, node.value) for name in _given(target))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from ((name, node.value) for name in _put_into(node.value))
    elif isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try):
        if isinstance(node, ast.For):
            yield from ((name, node.iter) for name in _given(node.target))
        if isinstance(node, ast.With):
            for item in node.items:
                if isinstance(item.optional_vars, ast.Name):
                    yield item.optional_vars.id, item.context_expr
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.stmt):
                yield from _defined(inner)
            elif isinstance(inner, ast.ExceptHandler):
                for statement in inner.body:
                    yield from _defined(statement)


def _import_of(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.AST:
    one = (
        ast.ImportFrom(node.module, [alias], node.level)
        if isinstance(node, ast.ImportFrom)
        else ast.Import([alias])
    )
    return ast.copy_location(one, node)


def _given(target: ast.AST) -> Iterator[str]:
    """Yield the names that an assignment to this gives a value to."""
    for inner in ast.walk(target):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Subscript) and is_own_names(inner.value):
            text = folded(inner.slice)
            if text:
                yield text


def is_own_names(node: ast.AST) -> bool:
    """Say whether an expression is the dictionary of the notebook's own names, as `globals()`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _OWN_NAMES
        and not node.args
    )


def _put_into(call: ast.Call) -> Iterator[str]:
    """Yield the names of what a call changes, as `kept` in `kept.append(f)` and `math` in `setattr(math, "f", f)`."""
    owner: ast.AST = call.func
    if isinstance(owner, ast.Name) and owner.id in ("setattr", "next") and call.args:
        owner = ast.Attribute(call.args[0], "", ast.Load())
    if not isinstance(owner, ast.Attribute):
        return
    while isinstance(owner, ast.Attribute | ast.Subscript):
        owner = owner.value
    if isinstance(owner, ast.Name):
        yield owner.id
