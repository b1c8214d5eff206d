"""SamplingView and ResidualView in a real browser: what is drawn, by pointer and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyterlab import Lab, Notebook, watched

SAMPLING = """
import torch
from llmlab.widgets import SamplingView

words = [" cat", " dog", " owl", " fox", " bee"]
logits = torch.tensor([0.5, 0.3, 0.13, 0.05, 0.02]).log()
SamplingView(logits, words.__getitem__, "I saw a", rows=4)
"""
RESIDUAL = """
import torch
from llmlab.model import Transformer, TransformerConfig
from llmlab.widgets import ResidualView

torch.manual_seed(0)
model = Transformer(TransformerConfig(12, 32, 16, 3, 2, hidden_dim=24)).requires_grad_(False)
for parameter in model.parameters():
    parameter.mul_(12)
ResidualView(model, torch.tensor([3, 1, 4, 1, 5]), lambda token: f"<{token}>")
"""


@pytest.fixture(scope="module")
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    """Open a notebook with one cell for each widget."""
    lab.write("gpt-widgets.ipynb", SAMPLING, RESIDUAL)
    with watched(page) as opened:
        opened.open(lab, "gpt-widgets.ipynb")
        yield opened


def sampling(notebook: Notebook) -> Locator:
    """Show a fresh SamplingView."""
    view = notebook.run("import SamplingView").locator(".llmlab-sampling[data-drawn=true]")
    view.wait_for()
    return view


def residual(notebook: Notebook) -> Locator:
    """Show a fresh ResidualView."""
    view = notebook.run("import ResidualView").locator(".llmlab-residual[data-drawn=true]")
    view.wait_for()
    return view


def widths(view: Locator) -> list[float]:
    """Measure the thick bars, once they have come to rest."""
    view.page.wait_for_timeout(400)
    bars = view.locator(".llmlab-sampling-now").all()
    return [bar.evaluate("bar => bar.getBoundingClientRect().width") for bar in bars]


def test_sampling_view_shows_the_chances_as_bars(notebook: Notebook) -> None:
    view = sampling(notebook)
    expect(view.locator(".llmlab-sampling-token")).to_have_text(
        ["␣cat", "␣dog", "␣owl", "␣fox", "1 others"]
    )
    expect(view.locator(".llmlab-sampling-chance")).to_have_text(
        ["50.0 %", "30.0 %", "13.0 %", "5.0 %", "2.0 %"]
    )
    cat, dog, *_, others = widths(view)
    assert dog / cat == pytest.approx(0.6, abs=0.02)
    assert others == 0
    expect(view.locator(".llmlab-sampling-prompt")).to_have_text("I saw a")


def test_sampling_view_answers_every_slider_by_keyboard(notebook: Notebook) -> None:
    view = sampling(notebook)
    status = view.locator("[role=status]")
    expect(status).to_contain_text("5 of 5 tokens can come next")
    before = widths(view)
    ruled_out = view.locator(".llmlab-sampling-out")

    view.get_by_label("Temperature").focus()
    notebook.page.keyboard.press("Home")
    expect(status).to_contain_text("1 of 5 tokens can come next")
    expect(ruled_out).to_have_count(4)
    assert widths(view)[1] == 0
    notebook.page.keyboard.press("End")
    expect(status).to_contain_text("5 of 5 tokens")
    assert widths(view)[2] / widths(view)[0] > 1.5 * before[2] / before[0]

    view.get_by_label("Top-k").focus()
    for _ in range(2):
        notebook.page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("2 of 5 tokens")
    expect(view.get_by_label("Top-k")).to_have_attribute("aria-valuetext", "2")
    notebook.page.keyboard.press("Home")
    expect(view.get_by_label("Top-k")).to_have_attribute("aria-valuetext", "off")
    expect(status).to_contain_text("5 of 5 tokens")

    view.get_by_label("Top-p").focus()
    notebook.page.keyboard.press("Home")
    expect(status).to_contain_text("1 of 5 tokens")
    notebook.page.keyboard.press("End")
    view.get_by_label("Min-p").focus()
    notebook.page.keyboard.press("End")
    expect(view.get_by_label("Min-p")).to_have_attribute("aria-valuetext", "0.50")
    expect(view.get_by_label("Min-p")).to_be_focused()


def test_sampling_view_draws_tokens_and_counts_them(notebook: Notebook) -> None:
    view = sampling(notebook)
    drawn = view.locator(".llmlab-sampling-drawn b")
    view.get_by_role("button", name="Draw a token").click()
    expect(drawn).to_have_count(1)
    view.get_by_role("button", name="Draw 100").click()
    expect(drawn).to_have_count(60)
    counts = view.locator(".llmlab-sampling-count").all_inner_texts()
    assert sum(int(number) for text in counts for number in re.findall(r"\d+", text)) == 101
    view.get_by_label("Temperature").focus()
    notebook.page.keyboard.press("ArrowLeft")
    expect(drawn).to_have_count(0)


def test_residual_view_answers_pointer_and_keyboard(notebook: Notebook) -> None:
    view = residual(notebook)
    status, cells = view.locator("[role=status]"), view.locator("td")
    expect(cells).to_have_count(4 * 5)
    expect(status).to_contain_text("After layer 3, at “<5>” (4), the model would say: “<")
    expect(status).to_contain_text("which has rank 1 here")
    # The lowest row is the embedding: one table, used twice, says the token itself.
    assert cells.all_inner_texts()[-5:] == ["<3>", "<1>", "<4>", "<1>", "<5>"]

    view.locator(".llmlab-residual-scroll").focus()
    notebook.page.keyboard.press("ArrowDown")
    expect(status).to_contain_text("After layer 2, at “<5>” (4)")
    notebook.page.keyboard.press("ArrowLeft")
    expect(status).to_contain_text("After layer 2, at “<1>” (3)")
    expect(view.locator(".llmlab-residual-scroll")).to_be_focused()
    cells.last.click()
    expect(status).to_contain_text(
        "From the embedding alone, at “<5>” (4), the model would say: “<5>”"
    )
    expect(view.locator("td.chosen")).to_have_count(1)


def test_residual_view_shows_ranks(notebook: Notebook) -> None:
    view = residual(notebook)
    cells = view.locator("td")
    view.get_by_label("Show").select_option("rank")
    ranks = [int(text) for text in cells.all_inner_texts()]
    assert ranks[:5] == [1] * 5
    assert max(ranks) > 1
    assert all(1 <= rank <= 12 for rank in ranks)
    settled = view.locator("td.settled").all_inner_texts()
    assert set(settled) == {"1"}


def test_both_widgets_follow_the_theme(notebook: Notebook) -> None:
    bars, table = sampling(notebook), residual(notebook)
    shade = "cell => getComputedStyle(cell).backgroundColor"
    ink = "root => getComputedStyle(root).color"
    cell = table.locator("td").last
    light = cell.evaluate(shade), bars.evaluate(ink)
    notebook.page.get_by_role("menuitem", name="Settings").first.click()
    notebook.page.get_by_text("Theme", exact=True).first.hover()
    notebook.page.get_by_text("JupyterLab Dark", exact=True).first.click()
    notebook.page.wait_for_function(
        "([root, was]) => getComputedStyle(root).color !== was",
        arg=[bars.element_handle(), light[1]],
    )
    assert cell.evaluate(shade) != light[0]
