"""Attacks by the form of what is handed in: what a notebook's file, cells, marks, outputs and neighbors may be."""

from __future__ import annotations

import base64
import json
import warnings
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.attacks.harness import LIMITS, SOLUTION, Class, Family, Repelled, Submission

FAMILY = Family()
# These are right answers in a form that is unusual and harmless: they keep their points.
GRADED: set[str] = set()


def right(one: Submission) -> None:
    """Answer everything truly, and say that it has to count."""
    one.solve(*SOLUTION)
    GRADED.add(one.student)


def _text(one: Submission) -> str:
    """Write the notebook as it is; `nbformat` would warn, and mend some of it."""
    return json.dumps(one.notebook, indent=1)


def written(one: Submission, old: str = "", new: str = "") -> None:
    """Hand in the notebook's text with something in it replaced."""
    text = _text(one)
    assert old in text
    one.raw = text.replace(old, new).encode()


# The file.


@FAMILY.attack
def begins_with_a_mark_of_byte_order(one: Submission) -> None:
    """A byte order mark stands before the notebook, as some editors write it."""
    right(one)
    one.raw = b"\xef\xbb\xbf" + _text(one).encode()


@FAMILY.attack
def is_written_in_another_encoding(one: Submission) -> None:
    """The notebook is written as UTF-16."""
    one.raw = _text(one).encode("utf-16")
    one.runs = False


@FAMILY.attack
def ends_lines_as_windows_does(one: Submission) -> None:
    """Lines end as on Windows, in the file and in each of its cells."""
    right(one)
    for cell in one.notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")
    one.raw = _text(one).replace("\n", "\r\n").encode()


@FAMILY.attack
def holds_halves_of_characters(one: Submission) -> None:
    """Halves of characters, which no file can hold, stand escaped in a text, a cell and the title."""
    right(one)
    one.note("HALF")
    one.last("half = 'HALF'")
    one.notebook.metadata["title"] = "HALF"
    written(one, "HALF", "\\ud800")


@FAMILY.attack
def holds_a_null_character(one: Submission) -> None:
    """A null character stands in a text and in a cell."""
    right(one)
    one.note("NULL")
    one.last("# NULL")
    one.runs = False
    written(one, "NULL", "\\u0000")


@FAMILY.attack
def holds_numbers_that_are_none(one: Submission) -> None:
    """Numbers that are none, that are endless, and one of four thousand digits stand in the metadata."""
    right(one)
    one.answer_cell("average").metadata["odd"] = "ODD"
    written(one, '"ODD"', f"[NaN, Infinity, -1e999, {'9' * 4000}]")


@FAMILY.attack
def holds_a_number_of_many_digits(one: Submission) -> None:
    """A number has more digits than Python reads."""
    one.answer_cell("average").metadata["odd"] = "ODD"
    written(one, '"ODD"', "9" * 100_000)


@FAMILY.attack
def nests_its_metadata(one: Submission) -> None:
    """Metadata are nested nine hundred levels deep, which reading takes and copying may not."""
    right(one)
    one.answer_cell("average").metadata["odd"] = "ODD"
    written(one, '"ODD"', '{"a":' * 900 + "1" + "}" * 900)


@FAMILY.attack
def nests_its_metadata_beyond_measure(one: Submission) -> None:
    """Metadata are nested a million levels deep."""
    one.answer_cell("average").metadata["odd"] = "ODD"
    written(one, '"ODD"', "[" * 10**6 + "]" * 10**6)


@FAMILY.attack
def says_things_twice(one: Submission) -> None:
    """Keys stand twice: points, marks and sources, the second of them other than the first."""
    text = _text(one)
    text = text.replace('"points": 1,', '"points": 1, "points": 100,')
    text = text.replace('"grade": true', '"grade": false, "grade": true')
    one.raw = text.encode()


@FAMILY.attack
def gives_cells_one_name(one: Submission) -> None:
    """All cells have one id."""
    right(one)
    for cell in one.notebook.cells:
        cell.id = "same"
    one.raw = _text(one).encode()


@FAMILY.attack
def gives_cells_names_that_are_paths(one: Submission) -> None:
    """The ids of cells are paths, options and markup."""
    for number, cell in enumerate(one.notebook.cells):
        cell.id = ("../../../gradebook.db", "<script>", "--help", "")[number % 4]
    one.raw = _text(one).encode()


@FAMILY.attack
def is_of_an_old_format(one: Submission) -> None:
    """The notebook is of the format before the present one, with sheets in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = nbformat.convert(nbformat.from_dict(one.notebook), 3)
    one.raw = json.dumps(old).encode()


@FAMILY.attack
def is_of_a_format_to_come(one: Submission) -> None:
    """The notebook says that it is of a format that nobody has made."""
    written(one, '"nbformat": 4', '"nbformat": 99')


@FAMILY.attack
def is_of_a_format_that_is_no_number(one: Submission) -> None:
    """The notebook says that its format is a list."""
    written(one, '"nbformat": 4', '"nbformat": [4]')


@FAMILY.attack
def is_a_list(one: Submission) -> None:
    """The file is a list, and its cells are numbers."""
    one.raw = b'[1, 2, {"cells": [3]}]'


@FAMILY.attack
def has_cells_of_other_types(one: Submission) -> None:
    """Cells, sources, outputs and marks are of other types than they should be."""
    cells: list[Any] = [
        None,
        7,
        {"cell_type": "code"},
        {"cell_type": 3, "source": {}, "metadata": []},
    ]
    notebook = json.loads(_text(one))
    notebook["cells"] += cells
    one.raw = json.dumps(notebook).encode()


@FAMILY.attack
def marks_cells_with_other_types(one: Submission) -> None:
    """The marks of cells are lists, numbers and texts."""
    for cell, mark in zip(one.notebook.cells, [[1], 7, "x", {"grade_id": ["a"]}] * 9, strict=False):
        cell.metadata["nbgrader"] = nbformat.from_dict(mark)


@FAMILY.attack
def has_more_cells_than_anyone_reads(one: Submission) -> None:
    """There are a hundred thousand cells."""
    one.notebook.cells[:0] = [new_markdown_cell("x", id=f"more-{n}") for n in range(100_000)]


@FAMILY.attack
def has_thousands_of_cells(one: Submission) -> None:
    """There are four thousand cells of text and a hundred of code, within the limit."""
    right(one)
    one.notebook.cells[:0] = [new_markdown_cell("*x*", id=f"text-{n}") for n in range(4_000)]
    one.notebook.cells[:0] = [new_code_cell("pass", id=f"code-{n}") for n in range(100)]


@FAMILY.attack
def has_a_cell_of_megabytes(one: Submission) -> None:
    """One cell holds four megabytes of code."""
    right(one)
    one.last("x = 1\n" * 700_000)


@FAMILY.attack
def has_one_endless_line(one: Submission) -> None:
    """One line holds a sum of a hundred thousand numbers, deeper than any stack."""
    right(one)
    one.last("x = " + "+".join(["1"] * 100_000))
    one.runs = False


@FAMILY.attack
def attaches_a_huge_picture(one: Submission) -> None:
    """A picture of six megabytes is attached to a text."""
    right(one)
    one.note("![picture](attachment:picture.png)")
    one.notebook.cells[0]["attachments"] = {"picture.png": {"image/png": "A" * 6_000_000}}


@FAMILY.attack
def brings_outputs_along(one: Submission) -> None:
    """Outputs of thirty megabytes were kept in the file, among them pictures and points."""
    right(one)
    data = {"image/png": base64.b64encode(bytes(2**20)).decode(), "text/plain": "1.0"}
    for cell in one.notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("display_data", data=data) for _ in range(2)]


@FAMILY.attack
def keeps_the_state_of_widgets(one: Submission) -> None:
    """The state of widgets is kept in the metadata: megabytes, with markup."""
    right(one)
    state = {
        f"{n:032x}": {
            "model_name": "HTMLModel",
            "model_module": "@jupyter-widgets/controls",
            "state": {"value": "<script>alert(1)</script>" * 40},
        }
        for n in range(2_000)
    }
    one.notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": state, "version_major": 2}
    }


# Outputs that are each within every limit.


@FAMILY.attack
def floods_within_every_limit(one: Submission) -> None:
    """Sixty cells write nearly as much as is kept of a cell."""
    right(one)
    for number in range(60):
        one.notebook.cells.append(new_code_cell("print('x' * 990_000)", id=f"flood-{number}"))


@FAMILY.attack
def shows_a_thousand_things(one: Submission) -> None:
    """A cell shows ten thousand small things, each an output of its own."""
    right(one)
    one.last(
        "from IPython.display import display\nfor n in range(10_000):\n    display({'text/plain': str(n)}, raw=True)"
    )


@FAMILY.attack
def shows_one_thing_in_all_kinds(one: Submission) -> None:
    """One output has ten thousand kinds of content."""
    right(one)
    one.last(
        "from IPython.display import display\ndisplay({f'text/x-{n}': 'x' for n in range(10_000)}, raw=True)"
    )


@FAMILY.attack
def nests_what_it_shows(one: Submission) -> None:
    """An output is data nested as deep as the kernel can write it."""
    right(one)
    one.last(
        """
        from IPython.display import display
        tree = []
        for _ in range(300):
            tree = [tree]
        display({"application/json": tree}, metadata={"x": tree}, raw=True)
        """
    )


@FAMILY.attack
def shows_halves_of_characters(one: Submission) -> None:
    """Halves of characters are printed, shown and raised."""
    right(one)
    one.last(
        """
        from IPython.display import display
        print("\\ud800")
        display({"text/plain": "\\udfff", "text/html": "<b>\\ud800</b>"}, raw=True)
        raise ValueError("\\ud83d")
        """
    )


@FAMILY.attack
def shows_pictures_that_are_none(one: Submission) -> None:
    """Pictures hold lists, numbers, and text that is no base64."""
    right(one)
    one.last(
        """
        from IPython.display import display
        for wrong in ("not base64 at all!", ["a", 1], 7, None, {"x": 1}):
            display({"image/png": wrong, "image/jpeg": wrong, "image/svg+xml": wrong}, raw=True)
        """
    )


@FAMILY.attack
def shows_a_huge_picture(one: Submission) -> None:
    """A picture claims to be a billion points wide and high."""
    right(one)
    one.last(
        """
        import base64, struct, zlib
        from IPython.display import display

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        size = struct.pack(">IIBBBBB", 10**9, 10**9, 8, 2, 0, 0, 0)
        picture = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(100)))
        display({"image/png": base64.b64encode(picture).decode()}, metadata={"image/png": {"width": 10**9}}, raw=True)
        """
    )


# Checks and marks.


@FAMILY.attack
def copies_a_check(one: Submission) -> None:
    """A check was copied to try something, as students do; the copy comes before the answer."""
    right(one)
    copy = nbformat.from_dict(one.check_cell("average"))
    copy.id = "copied"
    one.notebook.cells.insert(0, copy)


@FAMILY.attack
def copies_a_check_a_thousand_times(one: Submission) -> None:
    """A check was copied a thousand times, and each copy says that it is worth more."""
    check = one.check_cell("average")
    for number in range(1_000):
        copy = nbformat.from_dict(check)
        copy.id = f"copied-{number}"
        copy.metadata["nbgrader"]["points"] = 5
        one.notebook.cells.insert(0, copy)


@FAMILY.attack
def copies_an_answer(one: Submission) -> None:
    """An answer stands there twice under one mark: a wrong one behind the check of the right one."""
    one.solve("average")
    copy = nbformat.from_dict(one.answer_cell("average"))
    copy.id, copy.source = "copied", "def average(numbers):\n    return 0.0"
    one.notebook.cells.append(copy)


@FAMILY.attack
def writes_white_space_after_a_check(one: Submission) -> None:
    """A formatter has changed white space at the ends of a check's lines."""
    right(one)
    one.check_cell("average").source += "   \n\n\t\n"


@FAMILY.attack
def moves_an_answer_below_its_check(one: Submission) -> None:
    """Right answers stand after their checks, which see none."""
    cells = one.notebook.cells
    for name in SOLUTION:
        one.answer(name, SOLUTION[name])
        cell = one.answer_cell(name)
        cells.remove(cell)
        cells.append(cell)


# The time and memory of whoever reads it.


@FAMILY.attack
def is_small_in_a_file_and_large_in_memory(one: Submission) -> None:
    """Thirty million empty lists stand in the metadata: a file of ninety megabytes, and gigabytes once it is read."""
    one.answer_cell("average").metadata["odd"] = "ODD"
    written(one, '"ODD"', "[" + "[]," * 30_000_000 + "[]]")


@FAMILY.attack
def attaches_more_than_is_kept(one: Submission) -> None:
    """Pictures of sixty megabytes are attached to three texts."""
    right(one)
    for number in range(3):
        one.notebook.cells.insert(0, new_markdown_cell("![p](attachment:p.png)", id=f"p-{number}"))
        one.notebook.cells[0]["attachments"] = {"p.png": {"image/png": "A" * 20_000_000}}


@FAMILY.attack
def writes_what_renderers_stumble_over(one: Submission) -> None:
    """Texts are such that a renderer of Markdown tries every way to read them."""
    right(one)
    for number, piece in enumerate(("[", "![[](", "*a **a ", "<a ", "`" * 9 + " ", "> ", "$a")):
        one.notebook.cells.append(new_markdown_cell(piece * 20_000, id=f"stumble-{number}"))


# The reading of the source.


@FAMILY.attack
def lets_an_alias_grow(one: Submission) -> None:
    """Lines of `a = a.b` make a reading of the source follow twice as many paths with each line."""
    right(one)
    one.last("if False:\n    import torch as a\n" + "".join(f"    a = a.b{n}\n" for n in range(60)))


@FAMILY.attack
def lets_aliases_grow_together(one: Submission) -> None:
    """A hundred names are aliases of each other, and each of attributes of all."""
    right(one)
    lines = [f"    n{i} = n{(i * 7 + 1) % 100}.x{i}\n" for i in range(100)] * 10
    one.last("if False:\n    import torch as n1, sys as n2, llmlab as n3\n" + "".join(lines))


@FAMILY.attack
def chains_attributes(one: Submission) -> None:
    """A chain of nine hundred attributes, and calls nested in a hundred and fifty calls."""
    right(one)
    one.last("if False:\n    x" + ".a" * 900 + "\n    " + "f(" * 90 + ")" * 90)


@FAMILY.attack
def chains_texts(one: Submission) -> None:
    """A text is added up of thousands of texts, in an alias and in the argument of a call."""
    right(one)
    text = "+".join(["'a'"] * 800)
    one.last(f"if False:\n    import sys\n    a = getattr(sys, {text})\n    a(({text})[::-1])")


@FAMILY.attack
def replaces_texts_in_texts(one: Submission) -> None:
    """A constant text would grow without an end, if somebody were to compute it."""
    right(one)
    text = "'aaaaaaaaaa'" + ".replace('a', 'aaaaaaaaaa')" * 30
    one.last(f"if False:\n    import sys\n    getattr(sys, {text})(('x' * 9).join(['a'] * 9))")


@FAMILY.attack
def writes_texts_that_are_code(one: Submission) -> None:
    """Thousands of texts are Python in which there are texts that are Python."""
    right(one)
    text = repr(f"import sys; x = {'import sys; y = 1'!r}")
    one.last("if False:\n    x = [" + f"{text}, " * 3_000 + "]")


@FAMILY.attack
def asks_for_thousands_of_commands(one: Submission) -> None:
    """Thousands of lines are commands of IPython's, each with code of many words."""
    right(one)
    one.last("if False:\n" + f"    %timeit {'a ' * 60}\n" * 1_500)


@FAMILY.attack
def defines_thousands_of_functions(one: Submission) -> None:
    """Thousands of functions each mention the next ones, and the answer the first."""
    right(one)
    lines = [f"def f{n}(): f{n + 1}, f{n + 2}, f{n * 2}\n" for n in range(3_000)]
    one.first("".join(lines))
    one.answer("average", f"unused = [f0]\n{SOLUTION['average']}")


@FAMILY.attack
def shares_thousands_of_lists(one: Submission) -> None:
    """Hundreds of lists are mentioned in hundreds of functions, all of them together."""
    right(one)
    names = [f"n{n}" for n in range(300)]
    lines = [f"{name} = []\n" for name in names]
    lines += [f"def f{n}(): return [{', '.join(names)}]\n" for n in range(150)]
    one.first("".join(lines))
    one.answer("average", SOLUTION["average"] + "\n\n\nkept = [n0]" + "\naverage.kept = kept")


@FAMILY.attack
def writes_what_no_parser_likes(one: Submission) -> None:
    """A cell is nested deeper than a parser goes, beside right answers."""
    right(one)
    one.last("x = " + "(" * 5_000 + ")" * 5_000)
    one.runs = False


# Files.


@FAMILY.attack
def hands_in_names_for_terminals(one: Submission) -> None:
    """Names of files are codes for terminals, formulas, markup, texts from right to left; all are links."""
    right(one)
    names = (
        *("\x1b[2J\x1b]0;title\x07", "=cmd|' C calc'!A0", "<img src=x onerror=alert(1)>"),
        *("\u202egnp.exe", "a\nb: graded", "[bold red]x[]", "x" * 255, "-rf", "%s%n"),
    )
    for name in names:
        (one.folder / name.replace("/", "_")).symlink_to("/etc/passwd")


@FAMILY.attack
def hands_in_libraries_by_name(one: Submission) -> None:
    """Files are named as libraries are, and as what starts them: whoever loads one is stopped."""
    code = "raise SystemExit('planted')\n"
    for name in (
        "torch",
        "llmlab",
        "base64",
        "json",
        "hashlib",
        "zlib",
        "zmq",
        "conftest",
        "IPython",
    ):
        (one.folder / f"{name}.py").write_text(code)
    for name in ("ipython_config", "jupyter_config", "ipykernel_config", "nbgrader_config"):
        (one.folder / f"{name}.py").write_text(code)
    for place in (".ipython/profile_default/startup/00.py", ".jupyter/jupyter_config.py"):
        (one.folder / place).parent.mkdir(parents=True)
        (one.folder / place).write_text(code)


@FAMILY.attack
def hands_in_a_file_that_is_no_text(one: Submission) -> None:
    """A module beside the notebook holds bytes that are no text, nulls, and megabytes of brackets."""
    right(one)
    (one.folder / "bytes.py").write_bytes(bytes(range(256)) * 64)
    (one.folder / "deep.py").write_text("(" * 1_000_000)
    (one.folder / "long.txt").write_text("x = 1\n" * 400_000)


@FAMILY.attack
def hands_in_modules_of_modules(one: Submission) -> None:
    """Dozens of modules import each other, and the answer imports one of them."""
    right(one)
    for number in range(60):
        lines = [f"import m{(number * step + 1) % 60}\n" for step in range(1, 9)]
        (one.folder / f"m{number}.py").write_text("".join(lines))
    one.answer("average", f"import m1\nused = m1\n{SOLUTION['average']}\n\naverage.used = used")


class TestEveryAttack(Repelled):
    """What holds for every family."""


def test_a_right_answer_counts_in_whatever_form_it_comes(attack: str, graded: Class) -> None:
    verdicts = graded.runs[attack].verdicts
    if attack in GRADED:
        assert len(verdicts) == len(SOLUTION), graded.runs[attack].reason
        assert all(one.points for one in verdicts)


def test_reading_it_took_no_longer_than_running_it_may(attack: str, graded: Class) -> None:
    assert graded.runs[attack].seconds.get("read", 0) < 4 * LIMITS.wall_seconds
