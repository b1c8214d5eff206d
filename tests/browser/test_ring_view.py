"""RingView in a real browser: what is drawn, by button, slider, keyboard and menu."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.jupyterlab import Lab, Notebook, watched
from tests.browser.test_learning_widgets import status_after

RING = """
from llmlab.widgets import RingView

display(RingView(4))
"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    """Open a notebook with the widget."""
    lab.write("ring.ipynb", RING)
    with watched(page) as opened:
        opened.open(lab, "ring.ipynb")
        yield opened


def filled(view: Locator) -> int:
    """Count the squares that are filled."""
    squares = "root => [...root.querySelectorAll('.llmlab-ring-picture rect:not([rx])')]"
    return int(
        view.evaluate(f"{squares}.filter(one => getComputedStyle(one).fill !== 'none').length")
    )


def test_ring_view_steps_by_button_slider_and_keys_and_takes_other_rings(
    notebook: Notebook,
) -> None:
    view = notebook.run("import RingView").locator(".llmlab-ring-view[data-drawn=true]")
    view.wait_for()
    back, forward = (view.get_by_role("button", name=name, exact=True) for name in ("Back", "Step"))
    said = view.locator("[role=status]").inner_text()
    assert said.startswith("Step 3 of 6")
    # Each rank began with 4 squares, and each step added to a cell what the one before it had.
    assert filled(view) == 16 + 4 * (1 + 2 + 3)

    forward.click()
    said = status_after(view, said)
    assert said.startswith("Step 4 of 6")
    assert "put in place" in said
    back.click()
    said = status_after(view, said)
    assert said.startswith("Step 3 of 6")

    view.locator("input[name=step]").focus()
    notebook.page.keyboard.press("ArrowRight")
    said = status_after(view, said)
    assert view.locator("output").inner_text() == "4 of 6"
    picture = view.locator(".llmlab-ring-picture")
    picture.focus()
    for step in (5, 6):
        notebook.page.keyboard.press("ArrowRight")
        said = status_after(view, said)
        assert said.startswith(f"Step {step} of 6")
    assert picture.get_attribute("aria-label") == said
    assert forward.is_disabled()
    assert filled(view) == 4 * 4 * 4

    view.locator("select").select_option("6")
    said = status_after(view, said)
    assert said.startswith("Start: each of the 6 ranks")
    assert back.is_disabled()
    assert filled(view) == 6 * 6
    forward.click()
    assert status_after(view, said).startswith("Step 1 of 10")
