"""AttentionView: what travels, what stands in its place, and what it refuses."""

from __future__ import annotations

import base64
import re
from typing import Any

import nbformat
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from torch import Tensor

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.model import attention_weights, causal_mask
from llmlab.widgets import AttentionView
from llmlab.widgets.attention_view import pack, unpack, visible

TOKENS = ["the", " cat", "<b>"]
PREVIOUS = torch.tensor([[1.0, 0.0, 0.0], [0.75, 0.25, 0.0], [0.0, 0.6, 0.4]])


def weights(*shape: int, causal: bool = True) -> Tensor:
    x = torch.randn(*shape, 4, generator=torch.Generator().manual_seed(0))
    return attention_weights(x, x, causal_mask(shape[-1]) if causal else None)


@given(
    layers=st.integers(1, 3),
    heads=st.integers(1, 3),
    length=st.integers(1, 7),
    causal=st.booleans(),
)
def test_packing_keeps_every_weight_to_half_a_level(
    layers: int, heads: int, length: int, causal: bool
) -> None:
    before = weights(layers, heads, length, causal=causal)
    after = unpack(pack(before, causal), before.shape, causal).float() / 255
    assert torch.allclose(after, before, atol=0.5 / 255 + 1e-6)


def test_of_causal_attention_only_the_lower_triangle_travels() -> None:
    assert len(AttentionView(TOKENS, weights(2, 4, 3)).weights) == 2 * 4 * 6
    assert len(AttentionView(TOKENS, weights(2, 4, 3, causal=False)).weights) == 2 * 4 * 9


def test_twelve_layers_of_twelve_heads_over_128_tokens_are_less_than_two_megabytes() -> None:
    view = AttentionView([str(i) for i in range(128)], weights(12, 12, 128))
    assert len(view.weights) < 2_000_000


@pytest.mark.parametrize("lead", [(), (2,), (3, 2)])
def test_layers_and_heads_may_be_left_out(lead: tuple[int, ...]) -> None:
    view = AttentionView(TOKENS, weights(*lead, 3))
    assert view.shape == [*((1,) * (2 - len(lead)) + lead), 3, 3]


def test_with_a_cache_there_are_fewer_queries_than_keys() -> None:
    view = AttentionView(TOKENS, PREVIOUS[-1:])
    assert view.shape == [1, 1, 1, 3]
    assert view.strongest(1) == [("<b>", "␣cat", pytest.approx(0.6, abs=0.01))]


def test_the_strongest_pairs_leave_out_each_token_itself() -> None:
    pairs = AttentionView(TOKENS, PREVIOUS).strongest()
    assert [(query, key) for query, key, _ in pairs] == [("␣cat", "the"), ("<b>", "␣cat")]


def test_blanks_and_line_ends_can_be_seen() -> None:
    assert [visible(token) for token in (" a", "\n", "\t", "")] == ["␣a", "⏎", "⇥", "∅"]


def test_a_saved_page_shows_a_picture_and_a_text() -> None:
    data, _ = AttentionView(TOKENS, PREVIOUS, title="Who & whom")._repr_mimebundle_()
    assert data["text/plain"].startswith("Who & whom: 3 by 3 tokens, 1 layers, 1 heads.")
    assert "␣cat → the 0.75" in data["text/plain"]
    assert 'alt="Who &amp; whom' in data["text/html"]
    picture = base64.b64decode(re.search('base64,([^"]+)', data["text/html"])[1]).decode()
    assert "&lt;b&gt;" in picture
    assert "<b>" not in picture


def test_nbconvert_keeps_the_picture_and_asks_nobody_for_a_script() -> None:
    data, metadata = AttentionView(TOKENS, PREVIOUS)._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("AttentionView(TOKENS, PREVIOUS)", outputs=[output])
    page, _ = HTMLExporter(embed_images=True).from_notebook_node(
        nbformat.v4.new_notebook(cells=[cell])
    )
    # What stands around the cells is nbconvert's own: MathJax.
    shown = page[page.index("<main>") : page.index("</main>")]
    assert "data:image/svg+xml;base64," in shown
    assert "<script" not in shown
    assert "AttentionView object at" not in shown


@pytest.mark.parametrize(
    ("tokens", "given_weights", "options", "error", "said"),
    [
        (TOKENS, torch.ones(3), {}, ShapeError, "1 dimensions"),
        (TOKENS, torch.ones(1, 1, 1, 3, 3), {}, ShapeError, "Take one sequence out of a batch"),
        (TOKENS[:2], PREVIOUS, {}, ShapeError, "There are 2 tokens, and the weights are 3 by 3"),
        ([], torch.ones(0, 0), {}, ShapeError, "no weights to show"),
        (TOKENS, PREVIOUS * torch.nan, {}, ConfigurationError, "masked entirely"),
        (TOKENS, PREVIOUS - 0.5, {}, ConfigurationError, "not scores"),
        (TOKENS, PREVIOUS * 2, {}, ConfigurationError, "add up to 2, not to 1"),
        (TOKENS, PREVIOUS, {"layer": 1}, ConfigurationError, "no layer 1"),
        (TOKENS, PREVIOUS, {"head": -1}, ConfigurationError, "no head -1"),
        (TOKENS, PREVIOUS, {"view": "cube"}, ConfigurationError, "'matrix' or 'arcs'"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(
    unchecked: None,
    tokens: list[str],
    given_weights: Tensor,
    options: dict[str, Any],
    error: type[Exception],
    said: str,
) -> None:
    with pytest.raises(error, match=re.escape(said)):
        AttentionView(tokens, given_weights, **options)


def test_a_row_that_is_masked_entirely_may_be_zero() -> None:
    assert AttentionView(TOKENS, PREVIOUS * torch.tensor([[1.0], [0.0], [1.0]])).shape[-1] == 3
