"""The standard library of the Python that is running, as a corpus: its documentation and its source.

It is at hand wherever llmlab is, it is real text that people have written, and it is large: tens of
megabytes. Another version of Python has another library, so the corpus is not the same everywhere.
"""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path


def source_files() -> list[Path]:
    """List the modules of the standard library in the order of their paths, without its tests."""
    root = Path(sysconfig.get_path("stdlib"))
    skipped = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
    return sorted(
        path
        for path in root.rglob("*.py")
        if not skipped.intersection(path.relative_to(root).parts)
    )


def documentation() -> Iterator[str]:
    """Yield the docstrings of each module, those of its classes and functions after its own."""
    for path in source_files():
        text = _source(path)
        if text is None:
            continue
        docstrings = [
            ast.get_docstring(node)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        ]
        written = [docstring for docstring in docstrings if docstring]
        if written:
            yield "\n\n".join(written)


def source() -> Iterator[str]:
    """Yield the source of each module."""
    for path in source_files():
        text = _source(path)
        if text:
            yield text


def _source(path: Path) -> str | None:
    # A few files of the library are in older encodings, or broken on purpose.
    try:
        text = path.read_text("utf-8")
        ast.parse(text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return None
    return text
