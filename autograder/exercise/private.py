"""What an author keeps from students: an exercise's hidden probes, and right answers written differently.

Both stand in one file an exercise, `solutions/NN_topic/private/<exercise>.py`:

    private = Private()

    @private.probe
    def other_lengths(implementation, generator):
        "Two tokens, and thirty-three."
        return [implementation(2), implementation(33)]

    @private.variant
    def mask_compared(length):
        ...

A hidden probe brings other values, sizes and seeds than the public ones, and asks for no other behavior.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import AuthoringError
from autograder.exercise.comparison import Comparison, close
from autograder.exercise.declaration import Decorated, Lab, Probe, make_probe, module_name

# A hidden probe's code bears this name, so that no message quotes a line of it.
HIDDEN_FILE = "<hidden probes>"
# As public probes are called that were handed over as an excerpt.
PROBES_FILE = "<probes>"
HIDDEN_MODULE = "hidden"


@dataclass(eq=False)
class Private:
    """What is never released of one exercise.

    Attributes:
        probes: Its hidden probes.
        variants: Right answers written differently, each of which must get full points.
        equivalents: Small edits of right answers that are as right: the line as written, the kind of the edit by the
            name of its `Kind` (None for all edits of a line that does what the exercise does not ask for), and why.
    """

    probes: list[Probe] = field(default_factory=list)
    variants: list[Any] = field(default_factory=list)
    equivalents: list[tuple[str, str | None, str]] = field(default_factory=list)

    def probe(self, function: Decorated) -> Decorated:
        """Add a hidden probe, as a decorator."""
        return self.probe_with(close())(function)

    def probe_with(self, compare: Comparison) -> Callable[[Decorated], Decorated]:
        """Add a hidden probe that is compared in another way, as a decorator."""

        def add(function: Decorated) -> Decorated:
            probe = make_probe(function, compare, hidden=True)
            if any(probe.name == one.name for one in self.probes):
                raise AuthoringError(f"There are two hidden probes `{probe.name}`; rename one.")
            self.probes.append(probe)
            return function

        return add

    def variant(self, implementation: Decorated) -> Decorated:
        """Add a right answer, as a decorator."""
        self.variants.append(implementation)
        return implementation

    def equivalent(self, line: str, kind: str | None, reason: str) -> None:
        """Say of an edit that `autograder audit` lists why it does no harm."""
        self.equivalents.append((line, kind, reason))

    def right_value(self, value: Any) -> None:
        """Add a right plain answer."""
        self.variants.append(value)


def private_files(folder: Path, lab: Lab) -> dict[str, Path]:
    """Find the private file of each exercise, by the exercise's id.

    Args:
        folder: The lab's folder of private files.
        lab: The lab.

    Raises:
        AuthoringError: A file is for no exercise of the lab.
    """
    ids = {module_name(name): f"{lab.topic}.{name}" for name in lab.order}
    found = {}
    for path in sorted(folder.glob("*.py")):
        if path.stem not in ids:
            raise AuthoringError(
                f"{path} is for no exercise of lab {lab.folder}; there are {', '.join(ids)}."
            )
        found[ids[path.stem]] = path
    return found


def read_private(source: str) -> Private:
    """Run the text of an exercise's private file, and return what it declares.

    Raises:
        AuthoringError: It declares nothing, or raises an error.
    """
    if not source:
        return Private()
    names: dict[str, Any] = {"__name__": HIDDEN_MODULE}
    try:
        exec(compile(source, HIDDEN_FILE, "exec"), names)  # noqa: S102 - the instructor's own file
    except AuthoringError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise AuthoringError(f"A private file cannot be run: {reason}") from error
    found = [value for value in names.values() if isinstance(value, Private)]
    if len(found) != 1:
        raise AuthoringError("A private file declares one `private = Private()`, and adds to it.")
    return found[0]


def hidden_source(source: str) -> str:
    """Cut a private file down to its hidden probes and what they need: variants are answers, and stay outside."""
    module = ast.parse(source)
    defining: dict[str, ast.stmt] = {}
    waiting: list[ast.stmt] = []
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            marks = [ast.unparse(one) for one in node.decorator_list]
            if any(mark.startswith("private.probe") for mark in marks):
                waiting.append(node)
            if "private.variant" not in marks:
                defining[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defining |= {(one.asname or one.name).split(".")[0]: node for one in node.names}
        elif isinstance(node, ast.Assign):
            names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
            defining |= {one.id: node for one in names if isinstance(one.ctx, ast.Store)}
    needed = set[int]()
    if "private" in defining:
        waiting.append(defining["private"])
    while waiting:
        node = waiting.pop()
        if id(node) not in needed:
            needed.add(id(node))
            used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            waiting += [defining[name] for name in used if name in defining]
    module.body = [node for node in module.body if id(node) in needed]
    return ast.unparse(module)
