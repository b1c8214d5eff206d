"""DescentView and GraphView in a real browser: what is drawn, by pointer and by keyboard, in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.jupyterlab import Lab, Notebook, watched

DESCENT = """
from llmlab.widgets import DescentView

display(DescentView("ravine", "momentum", steps=40))
"""
GRAPH = """
from llmlab.foundations import Value
from llmlab.widgets import GraphView

a, b = Value(2, label="a"), Value(-3, label="b")
display(GraphView((a * b + a).tanh()))
"""
# How many colors a canvas shows, counted on every seventh pixel.
COLORS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Set();
  for (let i = 0; i < data.length; i += 28) colors.add(data[i] * 65536 + data[i + 1] * 256 + data[i + 2]);
  return colors.size;
}"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    """Open a notebook with one cell for each widget."""
    lab.write("widgets.ipynb", DESCENT, GRAPH)
    with watched(page) as opened:
        opened.open(lab, "widgets.ipynb")
        yield opened


def descent(notebook: Notebook) -> Locator:
    """Show a fresh DescentView."""
    view = notebook.run("import DescentView").locator(".llmlab-descent[data-drawn=true]")
    view.wait_for()
    return view


def graph(notebook: Notebook) -> Locator:
    """Show a fresh GraphView."""
    view = notebook.run("import GraphView").locator(".llmlab-graph-view[data-drawn=true]")
    view.wait_for()
    return view


def status_after(view: Locator, change: str) -> str:
    """Wait until the status is another than `change`, and read it."""
    status = view.locator("[role=status]")
    for _ in range(100):
        if status.inner_text() != change:
            return status.inner_text()
        view.page.wait_for_timeout(50)
    raise AssertionError(f"The status is still {change!r}.")


def test_descent_view_draws_and_answers_every_control(notebook: Notebook) -> None:
    view = descent(notebook)
    canvas = view.locator("canvas")
    said = view.locator("[role=status]").inner_text()
    assert re.match(r"Loss after 40 steps: \S+, at \(.*\)\.$", said)
    assert canvas.evaluate(COLORS) > 12

    assert view.get_attribute("data-shown") == "40"
    for name in ("learning_rate", "momentum", "steps"):
        slider = view.locator(f"input[name={name}]")
        slider.focus()
        shown = slider.get_attribute("aria-valuetext")
        notebook.page.keyboard.press("ArrowLeft")
        said = status_after(view, said)
        assert slider.get_attribute("aria-valuetext") != shown
        assert slider.evaluate("one => one === document.activeElement"), (
            "The notebook took the key."
        )
    assert said.startswith("Loss after 39 steps")

    view.locator("select[name=optimizer]").select_option("Adam")
    said = status_after(view, said)
    view.locator("select[name=surface]").select_option("Rosenbrock")
    said = status_after(view, said)

    canvas.scroll_into_view_if_needed()
    canvas.click(position={"x": 130, "y": 97})
    said = status_after(view, said)
    canvas.focus()
    notebook.page.keyboard.press("ArrowUp")
    said = status_after(view, said)
    assert canvas.evaluate("one => one === document.activeElement")

    view.locator("select[name=optimizer]").select_option("SGD")
    said = status_after(view, said)
    view.locator("input[name=learning_rate]").focus()
    notebook.page.keyboard.press("End")
    assert "It diverged" in status_after(view, said)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_descent_view_plays_the_path_unless_motion_is_unwelcome(
    notebook: Notebook, motion: str
) -> None:
    notebook.page.emulate_media(reduced_motion=motion)
    view = descent(notebook)
    view.evaluate(
        """root => {
          root.seen = new Set();
          const note = () => root.seen.add(root.dataset.shown);
          new MutationObserver(note).observe(root, { attributes: true, attributeFilter: ["data-shown"] });
        }"""
    )
    view.get_by_role("button", name="Play").click()
    notebook.page.wait_for_timeout(300)
    notebook.page.wait_for_function(
        "root => !root.hasAttribute('data-playing')", arg=view.element_handle()
    )
    seen = view.evaluate("root => root.seen.size")
    assert (seen > 3) == (motion == "no-preference")
    assert view.get_attribute("data-shown") == "40"
    assert view.locator("[role=status]").inner_text().startswith("Loss after 40 steps")


def test_graph_view_steps_by_button_slider_and_keys(notebook: Notebook) -> None:
    view = graph(notebook)
    back, forward = (view.get_by_role("button", name=name, exact=True) for name in ("Back", "Step"))
    assert view.locator("[data-node]").count() == 5
    assert view.locator("[data-edge]").count() == 5
    said = view.locator("[role=status]").inner_text()
    assert said.startswith("Start: v3 has the gradient 1")
    assert back.is_disabled()

    forward.click()
    said = status_after(view, said)
    assert said.startswith("Step 1 of 3, v3 (tanh)")
    current = view.locator("[data-node].current")
    assert current.locator(".llmlab-graph-name").text_content() == "v3"
    assert view.locator("[data-edge].current text").text_content() == "× 0.001341"

    view.locator("input").focus()
    notebook.page.keyboard.press("ArrowRight")
    said = status_after(view, said)
    assert "v2 (+)" in said
    picture = view.locator(".llmlab-graph-picture")
    picture.focus()
    notebook.page.keyboard.press("ArrowRight")
    said = status_after(view, said)
    assert "v1 (*)" in said
    assert forward.is_disabled()
    gradients = {
        node.locator(".llmlab-graph-name").text_content(): node.locator(
            ".llmlab-graph-gradient"
        ).text_content()
        for node in view.locator("[data-node]").all()
    }
    assert gradients["a"] == "grad -0.002682"
    assert gradients["b"] == "grad 0.002682"
    notebook.page.keyboard.press("Home")
    assert status_after(view, said).startswith("Start")


def test_both_widgets_follow_the_theme(notebook: Notebook) -> None:
    surface, picture = descent(notebook), graph(notebook)
    pixel = "canvas => [...canvas.getContext('2d').getImageData(260, 195, 1, 1).data].slice(0, 3)"
    box = "root => getComputedStyle(root.querySelector('[data-node] rect')).fill"
    light = surface.locator("canvas").evaluate(pixel), picture.evaluate(box)
    menu = notebook.page.get_by_role("menuitem", name="Settings").first
    menu.click()
    notebook.page.get_by_text("Theme", exact=True).first.hover()
    notebook.page.get_by_text("JupyterLab Dark", exact=True).first.click()
    notebook.page.wait_for_function(
        "([root, was]) => getComputedStyle(root.querySelector('[data-node] rect')).fill !== was",
        arg=[picture.element_handle(), light[1]],
    )
    notebook.page.wait_for_timeout(500)
    assert surface.locator("canvas").evaluate(pixel) != light[0]
