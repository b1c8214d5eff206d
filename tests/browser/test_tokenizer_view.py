"""TokenizerView in a real browser: typing, the slider, the keyboard, and nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.jupyterlab import Lab, Notebook, watched

TOKENIZERS = """
from llmlab.tokenization import encode_word, split_by_pattern, token_bytes, train_bpe
from llmlab.widgets import TokenizerView


class Own:
    def __init__(self, merges):
        self.merges, self.spelled = merges, token_bytes(merges)

    def encode(self, text):
        words = [word.encode() for word in split_by_pattern(text)]
        return [token for word in words for token in encode_word(word, self.merges)]

    def token_bytes(self, token_id):
        return self.spelled[token_id]


merges = train_bpe({b" the": 9, b" then": 5, b" other": 4, b" ether": 3}, 12)
"""


@pytest.fixture
def notebook(page: Page, lab: Lab) -> Iterator[Notebook]:
    views = 'TokenizerView(Own(merges), " the other é")', "TokenizerView(Own({}))"
    lab.write("tokens.ipynb", TOKENIZERS, *views)
    with watched(page) as opened:
        opened.open(lab, "tokens.ipynb")
        opened.run("class Own")
        yield opened


def shown(notebook: Notebook, call: str) -> Locator:
    widget = notebook.run(call).locator(".llmlab-tokens[data-drawn=true]")
    widget.wait_for()
    return widget


def test_typing_the_slider_and_the_keyboard_change_what_is_shown(notebook: Notebook) -> None:
    widget = shown(notebook, "TokenizerView(Own(merges)")
    tokens = widget.locator(".llmlab-tokens-token > span")
    status = widget.locator(".llmlab-tokens-status")
    expect(tokens).to_have_text(["␣the", "␣other", "␣", "⟨C3⟩", "⟨A9⟩"])
    expect(widget.locator(".part")).to_have_count(2)
    expect(status).to_contain_text("12 characters, 13 bytes, 5 tokens: 2.60 bytes per token")

    widget.get_by_label("Text").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.type(" then")
    expect(tokens).to_have_text(["␣then"])
    expect(status).to_contain_text("5 characters, 5 bytes, 1 token: 5.00")

    slider = widget.get_by_label("Merges")
    slider.focus()
    notebook.page.keyboard.press("Home")
    expect(tokens).to_have_text(["␣", "t", "h", "e", "n"])
    expect(widget.locator(".llmlab-tokens-next")).to_have_text("Next, merge 1: h + e → he.")
    notebook.page.keyboard.press("ArrowRight")
    expect(tokens).to_have_text(["␣", "t", "he", "n"])
    expect(widget.locator(".new")).to_have_count(1)
    forth = widget.get_by_role("button", name="next change")
    for _ in range(2):
        before = tokens.all_inner_texts()
        forth.click()
        expect(tokens).not_to_have_text(before)
    before = tokens.all_inner_texts()
    widget.get_by_role("button", name="previous change").click()
    expect(tokens).not_to_have_text(before)
    forth.click()
    expect(tokens).to_have_text(before)


def test_the_arrow_keys_move_over_the_tokens_and_not_over_the_notebook(notebook: Notebook) -> None:
    widget = shown(notebook, "TokenizerView(Own(merges)")
    tokens, detail = widget.get_by_role("listbox"), widget.locator(".llmlab-tokens-detail")
    tokens.focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(detail).to_contain_text("Token 1: “␣the”, id 258, bytes 20 74 68 65, made of ␣ + the.")
    notebook.page.keyboard.press("End")
    expect(detail).to_contain_text("Token 5: “⟨A9⟩”, id 169, bytes A9.")
    expect(widget.get_by_role("option", selected=True)).to_have_count(1)
    expect(notebook.cell("TokenizerView(Own(merges)")).to_have_class(re.compile("jp-mod-active"))


def test_a_tokenizer_without_merges_shows_no_slider(notebook: Notebook) -> None:
    widget = shown(notebook, "TokenizerView(Own({}))")
    expect(widget.get_by_label("Merges")).to_be_hidden()
    expect(widget.get_by_label("Text")).to_be_visible()
