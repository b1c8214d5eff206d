"""TrainingView in a real browser: it draws while its cell runs, and is read by pointer and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyterlab import Lab, Notebook, watched

RUN = """
import time
from llmlab.training import Step
from llmlab.widgets import TrainingView

view = TrainingView(total_steps=40, title="A run")
display(view)
for step in view.follow(Step(n, 4 / (1 + n), 0.01 * n, 1.0) for n in range(40)):
    time.sleep(0.1)
    if step.number in (9, 19):
        view.add_sample(step.number + 1, f"written after {step.number + 1}")
view.add_validation(40, 0.5)
"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    """Open a notebook with one cell, which takes four seconds."""
    lab.write("run.ipynb", RUN)
    with watched(page) as opened:
        opened.open(lab, "run.ipynb")
        yield opened


@pytest.fixture(scope="module")
def view(notebook: Notebook) -> Locator:
    """Run the cell, and note which numbers of steps are drawn in the course of it."""
    notebook.page.evaluate(
        """() => {
          window.seen = new Set();
          const note = (changes) => changes.forEach((one) => window.seen.add(one.target.dataset.steps));
          new MutationObserver(note).observe(document.body,
            { subtree: true, attributes: true, attributeFilter: ["data-steps"] });
        }"""
    )
    view = notebook.run("import TrainingView").locator(".llmlab-training[data-drawn=true]")
    view.wait_for()
    expect(view).to_have_attribute("data-steps", "40", timeout=60_000)
    return view


def test_the_run_is_drawn_while_it_runs(view: Locator) -> None:
    assert view.page.evaluate("window.seen.size") > 2
    status = view.locator("[role=status]")
    expect(status).to_have_text(
        "Step 40 of 40: loss 0.100, on held-out text 0.500, learning rate 0.39, gradient norm 1.00."
    )


def test_a_step_is_read_by_keyboard_and_left_by_escape(notebook: Notebook, view: Locator) -> None:
    canvas, status = view.locator("canvas"), view.locator("[role=status]")
    canvas.focus()
    notebook.page.keyboard.press("Home")
    expect(status).to_have_text("Step 1: loss 4.000, learning rate 0.0, gradient norm 1.00.")
    notebook.page.keyboard.press("ArrowRight")
    expect(status).to_have_text("Step 2: loss 2.000, learning rate 0.010, gradient norm 1.00.")
    assert canvas.evaluate("one => one === document.activeElement")
    notebook.page.keyboard.press("Escape")
    expect(status).to_contain_text("Step 40 of 40")


def test_a_step_is_read_by_the_pointer(notebook: Notebook, view: Locator) -> None:
    canvas = view.locator("canvas")
    canvas.scroll_into_view_if_needed()
    canvas.hover(position={"x": 636, "y": 60})
    expect(view.locator("[role=status]")).to_contain_text("Step 40: loss 0.100")
    notebook.page.mouse.move(0, 0)
    expect(view.locator("[role=status]")).to_contain_text("Step 40 of 40")


def test_smoothing_and_the_scale_change_the_picture(notebook: Notebook, view: Locator) -> None:
    picture = "canvas => canvas.toDataURL()"
    canvas = view.locator("canvas")
    before = canvas.evaluate(picture)
    view.locator("input[name=smoothing]").focus()
    notebook.page.keyboard.press("Home")
    expect(view.locator("output")).to_have_text("0.00")
    smooth = canvas.evaluate(picture)
    assert smooth != before
    view.locator("input[name=log]").check()
    notebook.page.wait_for_timeout(200)
    assert canvas.evaluate(picture) != smooth


def test_what_the_model_wrote_can_be_looked_back_at(view: Locator) -> None:
    written = view.locator(".llmlab-training-sample")
    expect(written).to_have_text("written after 20")
    view.locator("select[name=sample]").select_option("0")
    expect(written).to_have_text("written after 10")
