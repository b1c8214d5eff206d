"""Cuts an exercise down to how it is asked: that alone goes to the process in which an answer is tried.

An excerpt holds the text of the probes and of what they use. The reference is a dotted name in it; faults, hints, other
exercises, and what is right of a plain answer are not in it, so that they need not be where the answer runs.
`autograder.student.received` makes an exercise of it again.
"""

from __future__ import annotations

import ast
import copy
import functools
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import AuthoringError
from autograder.exercise.declaration import Exercise, module_name
from autograder.exercise.private import HIDDEN_MODULE

_PACKAGE = "autograder.exercises."
# The statement `exercise = LAB.exercise(…)` is answered on the other side by the exercise received.
_DECLARED = "exercise"


@dataclass(frozen=True)
class Excerpt:
    """How an exercise is asked.

    Attributes:
        id: The exercise's id.
        name: The name that the student gives the answer.
        reference: The name of what is right, as `llmlab.model.attention:causal_mask`; empty for a plain answer.
        forbidden: Functions that the answer may not call.
        choices: For a choice question, what can be chosen.
        mutates: Whether changing its inputs in place is the answer's job.
        hidden: Whether its hidden probes are asked.
        parts: The text of modules, by the names under which they import one another; the last one's probes are asked.
    """

    id: str
    name: str
    reference: str
    forbidden: tuple[str, ...]
    choices: tuple[str, ...]
    mutates: bool
    hidden: bool
    parts: dict[str, str]

    def to_json(self) -> str:
        """Write it as one line of ASCII."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Excerpt:
        """Read what `to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        lists = {name: tuple(values[name]) for name in ("forbidden", "choices")}
        return cls(**(values | lists))


@functools.cache
def excerpt_of(exercise: Exercise, hidden: str = "") -> Excerpt:
    """Cut an exercise down to its public probes, or to its hidden ones.

    Args:
        exercise: The exercise.
        hidden: The text of its hidden probes; without it the public ones are meant.

    Raises:
        AuthoringError: A probe uses what can't be cut out.
    """
    topic = exercise.id.partition(".")[0]
    own = f"{_PACKAGE}{topic}.{module_name(exercise.name)}"
    cut = _Cut({HIDDEN_MODULE: hidden} if hidden else {})
    last = HIDDEN_MODULE if hidden else own
    if hidden:
        cut.take_all(HIDDEN_MODULE)
    elif not exercise.is_plain:
        for probe in exercise.probes:
            cut.take(own, probe.name)
    return Excerpt(
        exercise.id,
        exercise.name,
        "" if exercise.is_plain else name_of(exercise.reference),
        exercise.forbidden,
        exercise.choices,
        exercise.mutates,
        bool(hidden),
        {} if exercise.is_plain and not hidden else cut.texts(last),
    )


def name_of(value: Any) -> str:
    """Name a function or class so that it can be found elsewhere, as `pkgutil.resolve_name` does."""
    return f"{value.__module__}:{value.__qualname__}"


@dataclass
class _Source:
    """A module's statements, by the names that they define, and those that are taken."""

    body: list[ast.stmt]
    defining: dict[str, list[ast.stmt]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    # By a name here, the module of exercises that it is imported from, and the statement that does so there.
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.body:
            for name in _names_defined(node):
                self.defining.setdefault(name, []).append(node)


class _Cut:
    """Takes names out of modules, with all that they use of their own and of other modules of exercises."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._given = texts
        self._sources: dict[str, _Source] = {}

    def take_all(self, module: str) -> None:
        """Take everything that a module defines, and of what it imports what it uses."""
        for name, nodes in self._source(module).defining.items():
            if not any(_imported(node, name) for node in nodes):
                self.take(module, name)

    def take(self, module: str, name: str, attribute: str = "") -> None:
        """Take one name of a module; of another module that it stands for, the attribute."""
        source = self._source(module)
        for node in source.defining.get(name, ()):
            inner = _imported(node, name)
            if inner:
                self._import(source, inner, name, attribute)
            elif id(node) not in source.taken and not _declares(node):
                source.taken.add(id(node))
                for used, of in _uses(node):
                    self.take(module, used, of)

    def _import(
        self, source: _Source, imported: tuple[str, str], name: str, attribute: str
    ) -> None:
        package, original = imported
        module = f"{package}.{original}"
        if importlib.util.find_spec(package) and _is_module(module):
            if not attribute:
                raise AuthoringError(
                    f"A probe uses the module `{module}` as a whole; name what it uses, as `{name}.length`."
                )
            self.take(module, attribute)
            source.imports[name] = module, f"import {_renamed(module)} as {name}"
        else:
            self.take(package, original)
            words = f"from {_renamed(package)} import {original} as {name}"
            source.imports[name] = package, words

    def _source(self, module: str) -> _Source:
        if module not in self._sources:
            text = self._given.get(module)
            self._sources[module] = _Source(
                ast.parse(text if text is not None else _text(module)).body
            )
        return self._sources[module]

    def texts(self, module: str) -> dict[str, str]:
        """Write what was taken: what is imported comes first, and none but the last has its marks as probes."""
        order = list(dict.fromkeys(self._before(module)))
        return {_renamed(one): self._written(one, marked=one == module) for one in order}

    def _before(self, module: str) -> Iterator[str]:
        """Yield the modules that one needs, each after those that it needs itself; the module comes last."""
        for other, _ in self._source(module).imports.values():
            yield from self._before(other)
        yield module

    def _written(self, module: str, marked: bool) -> str:
        source = self._sources[module]
        imports = (words for _, words in source.imports.values())
        lines = ["from __future__ import annotations", *imports]
        lines += [
            ast.unparse(node if marked else _unmarked(node))
            for node in source.body
            if id(node) in source.taken and not _is_future(node)
        ]
        return "\n".join(lines) + "\n"


def _renamed(module: str) -> str:
    """Name a module as no other can be named: the whole one may be installed beside it."""
    return "asked_" + module.removeprefix(_PACKAGE).replace(".", "_")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False  # what it would be in is itself no package


def _text(module: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise AuthoringError(f"The text of `{module}`, which a probe uses, is not to be had.")
    return Path(spec.origin).read_text("utf-8")


def _names_defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for one in node.names:
            yield one.asname or one.name.partition(".")[0]
    else:
        inside = (one for one in ast.walk(node) if isinstance(one, ast.Name))
        yield from (one.id for one in inside if isinstance(one.ctx, ast.Store))


def _imported(node: ast.stmt, name: str) -> tuple[str, str] | None:
    """Say of which module of exercises a statement imports a name, and what it is called there."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE):
        for one in node.names:
            if (one.asname or one.name) == name:
                return str(node.module), one.name
    return None


def _declares(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(one, ast.Name) and one.id == _DECLARED for one in node.targets
    )


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _uses(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that a statement uses, with the attribute that it looks up in each."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield node.value.id, node.attr
        return
    if isinstance(node, ast.Name):
        yield node.id, ""
    for child in ast.iter_child_nodes(node):
        yield from _uses(child)


def _unmarked(node: ast.stmt) -> ast.stmt:
    """Leave out what marks a function as a probe of another excerpt."""
    if not isinstance(node, ast.FunctionDef):
        return node
    marks = {(_DECLARED, "probe"), (_DECLARED, "probe_with")}
    unmarked = copy.copy(node)
    unmarked.decorator_list = [one for one in node.decorator_list if not marks & set(_uses(one))]
    return unmarked
