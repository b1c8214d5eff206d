"""ResidualView: the guesses of each layer, what stands in its place, and what it refuses."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
import torch
from torch import Tensor

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.model import Transformer, TransformerConfig, logit_lens
from llmlab.widgets import ResidualView

CONFIG = TransformerConfig(12, 32, 16, 3, 2, hidden_dim=24)
IDS = torch.tensor([3, 1, 4, 1, 5])


def label(token: int) -> str:
    return f" <{token}>"


@pytest.fixture
def model() -> Transformer:
    torch.manual_seed(0)
    model = Transformer(CONFIG).requires_grad_(False)
    # Fresh weights would hardly move the stream.
    for parameter in model.parameters():
        parameter.mul_(12)
    return model


def test_a_cell_holds_the_likeliest_tokens_of_the_lens(model: Transformer) -> None:
    shown = ResidualView(model, IDS, label)
    assert shown.shape == [4, 5, 5]
    for layer, logits in enumerate(logit_lens(model, IDS)):
        chances = logits.softmax(dim=-1)
        for place in range(5):
            best = chances[place].topk(5)
            names, found = zip(*shown.guess(layer, place), strict=True)
            assert list(names) == [f"␣<{token}>" for token in best.indices.tolist()]
            assert list(found) == pytest.approx(best.values.tolist(), abs=0.5 / 255 + 1e-6)


def test_ranks_are_those_of_the_token_said_in_the_end(model: Transformer) -> None:
    shown = ResidualView(model, IDS, label)
    final = model(IDS[None])[0].argmax(dim=-1)
    for layer, logits in enumerate(logit_lens(model, IDS)):
        for place in range(5):
            order = logits[place].argsort(descending=True).tolist()
            assert shown.rank(layer, place) == 1 + order.index(int(final[place]))
    assert {shown.rank(3, place) for place in range(5)} == {1}
    assert max(shown.rank(0, place) for place in range(5)) > 1


def test_a_place_is_settled_from_where_its_guess_changes_no_more(model: Transformer) -> None:
    shown = ResidualView(model, IDS, label)
    for place in range(5):
        firsts = [shown.guess(layer, place)[0][0] for layer in range(4)]
        settled = shown.settled(place)
        assert set(firsts[settled:]) == {firsts[-1]}
        assert settled == 0 or firsts[settled - 1] != firsts[-1]


def test_a_vocabulary_of_fewer_than_five_tokens_is_shown_whole() -> None:
    small = Transformer(TransformerConfig(3, 8, 8, 1, 2, hidden_dim=8))
    shown = ResidualView(small, torch.tensor([0, 2]), label)
    assert shown.shape == [2, 2, 3]
    assert sum(share for _, share in shown.guess(1, 0)) == pytest.approx(1, abs=0.01)


def test_a_saved_page_shows_a_table_and_a_text(model: Transformer) -> None:
    data, _ = ResidualView(model, IDS, label, place=2, title="Lens")._repr_mimebundle_()
    assert data["text/plain"].startswith("Lens: 3 layers, 5 tokens. At ␣<4> it ends with ␣<")
    assert "After so many layers: 0: ␣<4> (rank of" in data["text/plain"]
    picture = base64.b64decode(re.search('base64,([^"]+)', data["text/html"])[1]).decode()
    assert "embedding" in picture
    assert "layer 3" in picture
    assert "rank of ␣&lt;" in picture
    assert "<4>" not in picture


def test_of_a_long_text_the_still_picture_keeps_the_chosen_place(model: Transformer) -> None:
    ids = torch.arange(30) % 12
    for place in (0, 15, 29):
        data, _ = ResidualView(model, ids, str, place=place)._repr_mimebundle_()
        picture = base64.b64decode(re.search('base64,([^"]+)', data["text/html"])[1]).decode()
        heads = re.findall(r'y="14" font-weight="bold">(\d+)<', picture)
        assert len(heads) == 8
        assert str(place % 12) in heads


@pytest.mark.parametrize(
    ("ids", "options", "error", "said"),
    [
        (IDS[None], {}, ShapeError, "the shape (1, 5); give one text of 1 to 64 tokens"),
        (IDS[:0], {}, ShapeError, "the shape (0,)"),
        (torch.zeros(65, dtype=torch.int64), {}, ShapeError, "the shape (65,)"),
        (IDS, {"place": 5}, ConfigurationError, "no place 5; the text has the places 0 to 4"),
        (IDS, {"view": "cube"}, ConfigurationError, "'guess' or 'rank'"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(
    unchecked: None,
    model: Transformer,
    ids: Tensor,
    options: dict[str, Any],
    error: type[Exception],
    said: str,
) -> None:
    with pytest.raises(error, match=re.escape(said)):
        ResidualView(model, ids, label, **options)


def test_a_model_that_gives_nan_is_refused(model: Transformer) -> None:
    model.head.weight[0] = torch.nan
    with pytest.raises(ConfigurationError, match="The model gives NaN"):
        ResidualView(model, IDS, label)
