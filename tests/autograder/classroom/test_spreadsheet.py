"""A table of strangers' texts must stay a table, in every spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.classroom.spreadsheet import as_text, write_table
from llmlab.errors import WorkspaceError


@pytest.mark.parametrize(
    "name",
    [
        "=HYPERLINK(A1)",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "  =1+1",
        "\r\n=1+1",
        "\x00=1+1",
        "\uff1d1+1",
        "Ada;=1+1",
        'Ada",=1+1',
        "Ada\n@SUM(A1)",
    ],
)
def test_a_name_that_begins_like_a_formula_is_marked_as_text(name: str) -> None:
    safe = as_text(name)
    for piece in safe.replace('"', ";").replace(",", ";").split(";"):
        assert not piece.strip().startswith(("=", "+", "-", "@", "\uff1d"))


@given(st.text())
def test_no_text_begins_with_a_formula_or_breaks_the_line(text: str) -> None:
    safe = as_text(text)
    assert safe == "-" or safe[:1] not in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
    assert safe.isprintable()


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "Jean-Luc", "O'Brien", "a+b@example.org", "李 明"]
)
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert as_text(name) == name


def test_numbers_are_numbers_and_none_is_empty(tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv", [["Doe, Jane", 2.5, 3, None, -1.0]])
    # Excel tells UTF-8 by the mark at its beginning.
    assert (tmp_path / "table.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8-sig") as file:
        assert list(csv.reader(file)) == [["Doe, Jane", "2.5", "3", "", "-1"]]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_table(tmp_path / "file" / "table.csv", [])
