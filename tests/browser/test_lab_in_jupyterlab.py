"""A learner in a real browser: wrong, told why, right, and progress; and the widget at full size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page

from tests.browser.jupyterlab import Lab, Notebook, watched

ATTENTION = "05_attention/attention.ipynb"
ANSWER = """
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1){scale}
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1) @ value
"""
CHECK = 'check("attention.scaled_dot_product_attention")'
BIG = """
import sys, time
import torch
from llmlab.model import attention_weights, causal_mask
from llmlab.widgets import AttentionView

x = torch.randn(12, 12, 128, 16, generator=torch.Generator().manual_seed(0))
weights = attention_weights(x, x, causal_mask(128))
tokens = [f"token{i}" for i in range(128)]
"""


@pytest.fixture
def notebook(page: Page) -> Iterator[Notebook]:
    with watched(page) as opened:
        yield opened


def test_a_learner_is_told_what_is_wrong_and_sees_the_progress(
    lab: Lab, notebook: Notebook
) -> None:
    notebook.open(lab, ATTENTION)
    notebook.run("from autograder import")

    definition = "def scaled_dot_product_attention"
    notebook.write(definition, ANSWER.format(scale=""))
    notebook.run(definition)
    checked = notebook.run(CHECK)
    told = checked.locator(".autograder-verdict")
    told.wait_for()
    assert "not divided by the square root of the head size" in told.inner_text()
    assert "CheckFailed" in checked.inner_text()
    assert "Traceback" not in checked.inner_text()
    assert "site-packages" not in checked.inner_text()

    notebook.write(definition, ANSWER.format(scale=" / math.sqrt(query.shape[-1])"))
    notebook.run(definition)
    checked = notebook.run(CHECK)
    checked.locator(".autograder-verdict", has_text="is right").wait_for()
    assert "CheckFailed" not in checked.inner_text()

    shown = notebook.run("progress()")
    row = shown.locator("tr", has_text="scaled_dot_product_attention")
    row.wait_for()
    assert "✓" in row.inner_text()
    assert "2 attempts" in row.inner_text()
    assert (lab.folder / ".llmlab" / "progress.jsonl").exists()


def test_the_widget_answers_pointer_and_keyboard(lab: Lab, notebook: Notebook) -> None:
    notebook.open(lab, "00_welcome/welcome.ipynb")
    cell = notebook.run("AttentionView(")
    widget = cell.locator(".llmlab-attention[data-drawn=true]")
    widget.wait_for()
    status = widget.locator(".llmlab-attention-status")
    canvas = widget.locator("canvas.llmlab-attention-main")
    canvas.scroll_into_view_if_needed()

    box = canvas.bounding_box()
    assert box
    said = set()
    for share in (0.4, 0.6, 0.8):
        notebook.page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + box["height"] * share)
        notebook.page.wait_for_timeout(100)
        said.add(status.inner_text())
    assert len(said) == 3
    assert all(re.search(r"attends.* to .*: [01]\.\d{3}", text) for text in said)

    canvas.focus()
    before = status.inner_text()
    notebook.page.keyboard.press("ArrowUp")
    notebook.page.wait_for_timeout(100)
    assert status.inner_text() != before
    widget.locator(".llmlab-attention-view").select_option("arcs")
    notebook.page.wait_for_timeout(100)
    assert status.inner_text()


def test_a_model_of_144_heads_draws_at_once(
    lab: Lab, notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    show = "print(time.time_ns() // 1_000_000)\nAttentionView(tokens, weights)"
    lab.write("big.ipynb", BIG, show)
    notebook.open(lab, "big.ipynb")
    notebook.run("torch.randn")
    before = notebook.received
    cell = notebook.run("AttentionView(tokens, weights)")
    widget = cell.locator(".llmlab-attention[data-drawn=true]")
    widget.wait_for()
    started = int(cell.locator(".jp-OutputArea-output").first.inner_text())
    drawn = int(widget.get_attribute("data-drawn-at") or 0)
    size = notebook.received - before
    assert started < drawn
    assert 1_188_864 < size < 2_000_000
    with capsys.disabled():
        print(
            f"\nAttentionView, 12 x 12 heads x 128 tokens: {drawn - started} ms from display to drawn "
            f"(limit 400), {size / 1e6:.2f} MB on the wire (limit 2)."
        )


def test_the_validate_button_says_what_a_check_says(lab: Lab, notebook: Notebook) -> None:
    notebook.open(lab, "00_welcome/welcome.ipynb")
    notebook.page.get_by_role("button", name="Validate").click()
    dialog = notebook.page.locator(".jp-Dialog")
    dialog.wait_for(timeout=120_000)
    text = dialog.inner_text()
    assert "average" in text
    assert "not written yet" in text
    dialog.get_by_role("button").last.click()


def test_a_second_start_keeps_what_the_learner_wrote(lab: Lab, tmp_path: Path) -> None:
    from llmlab.workspace import lay_labs

    path = lab.folder / ATTENTION
    mine = nbformat.read(path, as_version=4)
    mine.cells.append(nbformat.v4.new_code_cell("# mine"))
    nbformat.write(mine, path)
    before = path.read_bytes()
    lay_labs(lab.folder)
    assert path.read_bytes() == before
