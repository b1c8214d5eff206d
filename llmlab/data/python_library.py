"""The standard library of the Python that is running, as a corpus: its documentation and its source.

It is at hand wherever llmlab is, it is real text that people have written, and it is large: tens of
megabytes. Another version of Python has another library, so the corpus is not the same everywhere.
"""

from __future__ import annotations

import ast
import os
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

_SKIPPED = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


def source_files() -> list[Path]:
    """List the modules of the standard library in the order of their paths, without its tests."""
    found: list[Path] = []
    for folder, subfolders, names in os.walk(sysconfig.get_path("stdlib")):
        # What is taken out here is not walked into.
        subfolders[:] = [name for name in subfolders if name not in _SKIPPED]
        found += [Path(folder, name) for name in names if name.endswith(".py")]
    return sorted(found)


def documentation() -> Iterator[str]:
    """Yield the docstrings of each module, those of its classes and functions after its own."""
    for _, tree in _modules():
        docstrings = [
            ast.get_docstring(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        ]
        written = [docstring for docstring in docstrings if docstring]
        if written:
            yield "\n\n".join(written)


def source() -> Iterator[str]:
    """Yield the source of each module."""
    return (text for text, _ in _modules() if text)


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in source_files():
        # A few files of the library are in older encodings, or broken on purpose.
        try:
            text = path.read_text("utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (UnicodeDecodeError, SyntaxError):
            continue
        yield text, tree
