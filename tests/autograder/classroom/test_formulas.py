"""Formulas are readable without a script and without a network, and nothing but formulas passes with them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from nbconvert.filters.markdown import markdown2html
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.classroom.feedback_page import Sanitize, clean, safe_page
from autograder.classroom.formulas import Formulas, mathml, with_mathml
from tests.labs import LABS, source_of


def _new(kind: Any) -> Any:
    return kind()


def page_of(*cells: NotebookNode) -> str:
    """Go the way of a page of feedback: cleaned, formulas written, made a page, cleaned."""
    body = ""
    for cell in cells:
        for step in (_new(Sanitize), _new(Formulas)):
            cell, _ = step.preprocess_cell(cell, {}, 0)
        body += str(markdown2html(cell.source))
    return safe_page(f"<html><head></head><body>{body}</body></html>").partition("<body>")[2]


@pytest.mark.parametrize("lab", LABS, ids=lambda one: one.folder)
def test_every_formula_of_a_lab_can_be_written(lab: object) -> None:
    for cell in source_of(lab).cells:  # type: ignore[arg-type]
        if cell.cell_type == "markdown":
            left = re.sub(r"^```.*?^```|`+.*?`+|<math.*?</math>|\\\$", "", with_mathml(cell.source))
            assert "$" not in left, cell.source


def test_code_keeps_its_dollars() -> None:
    cell = new_code_cell("price = '$x$'")
    assert _new(Formulas).preprocess_cell(cell, {}, 0)[0].source == "price = '$x$'"


def test_a_formula_is_written_where_it_stands() -> None:
    text = with_mathml(r"The root $\sqrt{d}$, and $$\sum_i x_i$$")
    assert text.startswith('The root <math display="inline"><mrow><msqrt>')
    assert '<math display="block">' in text
    assert "$" not in text


@pytest.mark.parametrize(
    "text",
    [
        "`$x$` and ``a $y$ b``",
        "```python\ncost = '$x$'\n```",
        "~~~\n$x$\n~~~",
        r"\$5 and \$6",
        "It costs $5, or $6.",
        "$ x $",
        "one $ alone",
        "$\\frac{1}{$",
        f"${'x' * 3000}$",
    ],
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert with_mathml(text) == text


@pytest.mark.parametrize(
    "formula",
    [
        r"\text{<script>alert(1)</script>}",
        r"\href{javascript:alert(1)}{x}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\class{x" + '"' + r" onclick=" + '"' + r"alert(1)}{y}",
        r"\unicode{x3c}",
        r"\text{&lt;script&gt;}",
    ],
)
def test_a_formula_carries_nothing_else(formula: str) -> None:
    written = mathml(formula, block=False)
    assert not re.search(r"<(script|img|a)\b|href|onclick|onerror=(?!alert)", written.lower()) or (
        "&lt;" in written
    )
    assert clean(written, formulas=True) == written


def test_a_page_of_feedback_shows_formulas_and_takes_none_of_a_students_markup() -> None:
    page = page_of(
        new_markdown_cell(r"Scores are $q \cdot k / \sqrt{d}$, as in `$x$`."),
        new_markdown_cell("<math><mtext><img src=x onerror=alert(1)></mtext></math> kept"),
    )
    assert page.count("<math") == 1
    assert "<msqrt>" in page
    assert "<code>$x$</code>" in page
    assert "<img" not in page
    assert "kept" in page
