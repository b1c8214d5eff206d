"""What students wrote is cleaned before anybody looks at it, and what is harmless stays as it was."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from traitlets.config import PyFileConfigLoader

from autograder.classroom import feedback_page
from autograder.classroom.course import init_course
from autograder.classroom.feedback_page import POLICY, Sanitize, clean, is_harmless, safe_page
from autograder.judging.execution import verdict_outputs
from autograder.judging.judge import Verdict
from tests.labs import SOLUTIONS

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def cleaned(cell: NotebookNode) -> NotebookNode:
    return Sanitize().preprocess_cell(cell, {}, 0)[0]


@pytest.mark.parametrize(
    "markup",
    [
        "<p>A <b>bold</b> <code>word</code></p>",
        '<img src="data:image/png;base64,AAAA" alt="x">',
        '<img src="data:image/svg+xml;base64,AAAA" alt="x">',
        '<a href="https://example.org">x</a>',
        '<div style="color: red">x</div>',
    ],
)
def test_what_is_harmless_passes(markup: str) -> None:
    assert is_harmless(markup)
    kept = clean(markup)
    assert "<" in kept
    assert kept.count("src=") == markup.count("src=")


@pytest.mark.parametrize(
    "markup",
    [
        "<script>x</script>",
        '<img src="http://example.org/x.png">',
        '<img src="data:text/html;base64,AAAA">',
        '<p onclick="x()">x</p>',
        '<a href="javascript:x()">x</a>',
        '<div style="position: fixed">x</div>',
        "<svg><circle /></svg>",
        "<!-- x -->",
        "<?x?>",
        "<scr",
        "<div onclick=x()",
    ],
)
def test_what_runs_loads_or_covers_does_not(markup: str) -> None:
    assert not is_harmless(markup)
    assert is_harmless(clean(markup).replace(' rel="noopener noreferrer"', ""))


def test_a_picture_that_is_attached_to_a_text_is_shown_in_it() -> None:
    cell = new_markdown_cell("See ![my sketch](attachment:my%20sketch.png).")
    cell.attachments = {"my sketch.png": {"image/png": PNG}}
    found = cleaned(cell)
    assert found.source == f"See ![my sketch](data:image/png;base64,{PNG})."
    assert "attachments" not in found


@pytest.mark.parametrize(
    "source",
    [
        "![x](attachment:missing.png)",
        "![x](attachment&#58;missing.png)",
        "![x](attachment\\:missing.png)",
        "[x]: attachment:missing.png\n\n![x]",
    ],
)
def test_an_attachment_that_is_missing_does_not_stop_the_page(source: str) -> None:
    from nbconvert.filters.markdown import markdown2html

    assert "attachment:" not in markdown2html(cleaned(new_markdown_cell(source)).source)


def test_text_with_markup_that_is_harmful_is_shown_as_text() -> None:
    found = cleaned(new_markdown_cell("Look: <script>alert(1)</script> *here*"))
    assert found.source == "Look: &lt;script>alert(1)&lt;/script> *here*"


def test_text_without_harm_stays_as_it_was() -> None:
    source = "A *formula*, $a < b$, a [link](https://example.org) and `a < b & c`."
    assert cleaned(new_markdown_cell(source)).source == source


def test_outputs_keep_what_is_shown_and_nothing_that_runs() -> None:
    data = {
        "text/html": "<b>x</b><script>y</script>",
        "text/plain": "x",
        "image/png": PNG,
        "application/javascript": "alert(1)",
        "application/vnd.jupyter.widget-view+json": {"model_id": "1"},
    }
    cell = new_code_cell("1", outputs=[new_output("display_data", data=data)])
    (output,) = cleaned(cell).outputs
    assert output.data == {"text/html": "<b>x</b>", "text/plain": "x", "image/png": PNG}


def test_a_page_has_a_policy_before_anything_else_and_no_script() -> None:
    page = safe_page(
        "<html><head><script src='x'></script><style>p {}</style></head><body><p>x</p>"
        "<script>y</script></body></html>"
    )
    assert page.index(POLICY) < page.index("<style>") < page.index("<p>x</p>")
    assert "<script" not in page


def test_a_page_of_the_course_shows_cards_as_cards_and_runs_nothing(tmp_path: Path) -> None:
    verdict = Verdict("demo.it", "wrong", 0, 1, "No.", facts=(("Input", "3"), ("Expected", "4")))
    harm = "<script>pwned()</script><img src=x onerror=pwned()>"
    outputs = [*verdict_outputs(verdict), new_output("display_data", data={"text/html": harm})]
    cells = [new_code_cell("check()", outputs=outputs), new_markdown_cell(f"See {harm}")]
    # One that was autograded without our preprocessors.
    notebook = new_notebook(cells=cells)
    init_course(tmp_path / "course", SOLUTIONS)
    config = PyFileConfigLoader("nbgrader_config.py", str(tmp_path / "course")).load_config()
    page, _ = HTMLExporter(config=config).from_notebook_node(notebook)
    body = page.partition("<body")[2]
    assert "<table" in body
    assert 'class="autograder-verdict"' in body
    # Its text may stay as a text; nothing of it is a tag or an attribute.
    assert not re.search(r"<script\b[^>]*>[^<]*pwned", body)
    assert not re.search(r"<[^>]*\bonerror\b", body)


def test_a_page_leaves_out_code_that_is_more_than_a_person_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feedback_page, "MOST_CODE", 12)
    cells = [new_code_cell("first = 1"), new_code_cell("second = 2"), new_code_cell("third = 3")]
    notebook = new_notebook(cells=cells)
    page, _ = feedback_page.FeedbackPage().from_notebook_node(notebook)
    text = re.sub("<[^>]*>", "", page.partition("<body")[2])
    assert "first = 1" in text
    assert text.count("the rest of this cell is left out here") == 2
    assert "third" not in text
    assert [cell.source for cell in notebook.cells][2] == "third = 3"
