"""The logit lens: every height of the stream, and at the top what the model says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from llmlab.model import RMSNorm, Transformer, TransformerConfig, logit_lens, residual_stream
from llmlab.model.lens import Stacked

CONFIG = TransformerConfig(20, 64, 16, 3, 2, hidden_dim=24)
IDS = torch.tensor([3, 1, 4, 1, 5])


class Own(nn.Module):
    """A learner's own model, with nothing but the parts that the lens names."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(9, 4)
        self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
        self.norm, self.head = RMSNorm(4), nn.Linear(4, 9)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.table(ids)
        for block in self.blocks:
            x = x + block(x)
        return self.head(self.norm(x))


def test_the_stream_begins_with_the_embeddings_and_ends_before_the_norm() -> None:
    model = Transformer(CONFIG)
    stream = residual_stream(model, IDS)
    assert stream.shape == (4, 5, 16)
    torch.testing.assert_close(stream[0], model.embedding(IDS).detach())
    torch.testing.assert_close(model.norm(stream[-1]), model.hidden(IDS[None])[0])


def test_the_last_height_says_what_the_model_says() -> None:
    model = Transformer(CONFIG)
    *below, top = logit_lens(model, IDS)
    assert len(below) == 3
    torch.testing.assert_close(top, model(IDS[None])[0].detach())


def test_with_tied_embeddings_the_lowest_height_says_the_token_itself() -> None:
    lowest = next(logit_lens(Transformer(CONFIG), IDS))
    assert lowest.argmax(dim=-1).tolist() == IDS.tolist()


def test_a_model_of_ones_own_can_be_looked_at_and_keeps_no_hooks() -> None:
    own = Own()
    assert isinstance(own, Stacked)
    assert len(list(logit_lens(own, torch.tensor([1, 2])))) == 3
    assert not any(block._forward_hooks or block._forward_pre_hooks for block in own.blocks)


def test_hooks_go_even_when_the_model_fails() -> None:
    own = Own()
    with pytest.raises(IndexError):
        residual_stream(own, torch.tensor([99]))
    assert not any(block._forward_hooks or block._forward_pre_hooks for block in own.blocks)
