"""What a node of a source shows, and what reading it rests on: the files that were read, and the texts in it."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.reading.finding import Kind, Weight
from autograder.reading.names import MAX_CHARACTERS, cost_of

MAX_CODE_CHARACTERS = 3_000_000


@dataclass(frozen=True)
class Seen:
    """Something that a node of the source shows."""

    kind: Kind
    sentence: str
    weight: Weight
    node: ast.AST | None = None


UNREADABLE = Seen("code", "It is too long or too deeply nested to be read.", Weight.LOOK)


class Files(dict[str, str]):
    """The text of each file whose code was read, by its name."""

    def of(self, module: str) -> list[str]:
        """Name the files of a module's top-level package."""
        top = module.split(".")[0]
        return [name for name in self if name.split("/")[0] in (top, f"{top}.py")]

    def imports(self, module: str) -> bool:
        """Say whether a module is one of these files."""
        return bool(self.of(module))


def texts_of(files: Mapping[str, bytes]) -> dict[str, str]:
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


def texts_alone(tree: ast.AST) -> set[int]:
    """Find the texts that stand alone, as docstrings do and code that is set aside; what would run one is found."""
    alone = [one.value for one in ast.walk(tree) if isinstance(one, ast.Expr)]
    return {id(one) for one in alone if isinstance(one, ast.Constant)}


_REACHES = re.compile(r"\b(?:autograder|compile|ctypes|eval|exec|gc|get_ipython|import|sys)\b|__")
_LONGEST_TEXT = 50_000


def is_code(text: str) -> bool:
    """Say whether a text may be Python that reaches for something; only such texts are parsed."""
    return 8 <= len(text) <= _LONGEST_TEXT and bool(_REACHES.search(text))


def is_installed(top: str) -> bool:
    """Say whether a top-level module is one of Python's, or of a package that is installed here."""
    if top in sys.modules or top in sys.stdlib_module_names:
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
