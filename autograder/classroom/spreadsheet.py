"""Writes tables as CSV that a spreadsheet opens as text, whatever a student's name is.

A spreadsheet takes a cell that begins with = + - or @ for a formula and may run it, so a name can be an attack
(OWASP, 'CSV Injection', 2024; Application Security Verification Standard 5.0, 2025, requirement 1.2.10).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from llmlab.workspace import write_safely

NOTHING = "-"  # alone it is no formula, and Moodle reads it as 'no grade'
Cell = str | int | float | None
# Also after a separator: a spreadsheet of another country may split the line there. Also the wide forms, which
# some input methods give and some spreadsheets take for the plain ones.
_FORMULA = re.compile("(^|[,;|\"'])(\\s*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")


def as_text(text: str) -> str:
    """Write a text of a stranger's as one line that no spreadsheet takes for a formula.

    An apostrophe is put before what would begin a formula, as spreadsheets themselves mark text; line breaks,
    tabs and other characters that cannot be printed become spaces.
    """
    if text == NOTHING:
        return text
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return _FORMULA.sub(r"\1\2'", " ".join(line.split()))


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return as_text(value)
    return f"{value:.10g}"


def write_table(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows as CSV in UTF-8: texts made safe, numbers with a decimal point, None as an empty cell.

    It begins with a byte order mark, without which Excel takes it for another encoding.

    Raises:
        WorkspaceError: The file cannot be written; what was there before is untouched.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_cell(one) for one in row] for row in rows)
    write_safely(path, text.getvalue().encode("utf-8-sig"))
