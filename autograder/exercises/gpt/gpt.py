"""`gpt.GPT`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import fill_parameters
from autograder.exercises.gpt import LAB
from llmlab import model
from llmlab.model import TransformerConfig

exercise = LAB.exercise(
    "GPT",
    reference=model.Transformer,
    hints=(
        "All the parts stand in __init__, in the order in which they are used.",
        "Tying means that two modules hold one and the same parameter. In forward, what one part "
        "gives goes into the next, and each block has to be told who may see whom.",
        "Make the head's weight the embedding's weight, if the configuration says so. Look the ids "
        "up; send the vectors through each block in turn, with the causal mask; norm them; and "
        "return what the head makes of them.",
    ),
)


def _filled(
    implementation: Any, generator: Generator, config: TransformerConfig
) -> tuple[Any, dict[str, Any]]:
    module = implementation(config)
    return module, {"parameters": fill_parameters(module, generator)}


@exercise.probe
def two_blocks(implementation: Any, generator: Generator) -> Any:
    """A model of two blocks and 11 tokens, fixed weights, and one text of six ids."""
    module, result = _filled(
        implementation, generator, TransformerConfig(11, 16, 8, 2, 2, hidden_dim=12)
    )
    return {**result, "output": module(torch.randint(0, 11, (1, 6), generator=generator))}


@exercise.probe
def three_blocks(implementation: Any, generator: Generator) -> Any:
    """A batch of two texts, three blocks with shared key-value heads, and the gradient of the embedding table."""
    config = TransformerConfig(9, 16, 16, 3, 4, num_kv_heads=2, hidden_dim=24)
    module, result = _filled(implementation, generator, config)
    output = module(torch.randint(0, 9, (2, 5), generator=generator))
    output.square().sum().backward()
    return {**result, "output": output, "gradient of the table": module.embedding.weight.grad}


def _stacked(
    self: model.Transformer, ids: Tensor, blocks: Sequence[Any], causal: bool = True
) -> Tensor:
    x = self.embedding(ids)
    for block in blocks:
        x = block(x, causal=causal)
    return x


@exercise.misconception(
    "The vectors go into the head as the last block leaves them. Blocks norm what they read and "
    "never what they add to, so the stream has to be normed once more at its end. Reread 'From the "
    "stream to the logits'."
)
class NoFinalNorm(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return self.head(_stacked(self, ids, list(self.blocks)))


@exercise.misconception(
    "Your blocks get no mask, so each token sees those after it. The model would learn to copy the "
    "next token instead of guessing it. Reread 'A stack of blocks'."
)
class SeesTheFuture(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return self.head(self.norm(_stacked(self, ids, list(self.blocks), causal=False)))


@exercise.misconception(
    "Your head has a table of its own, beside that of the embedding: the model has more "
    "parameters than it should, and the weights of a real model with one shared table would not "
    "fit. Reread 'One table, used twice'."
)
class NotTied(model.Transformer):
    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config.changed(tied_embeddings=False))


@exercise.misconception(
    "Only the first block is used: what the others would add is missing, and their weights would "
    "never learn. Reread 'A stack of blocks'."
)
class OneBlock(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return self.head(self.norm(_stacked(self, ids, [self.blocks[0]])))


@exercise.misconception(
    "The blocks read the embeddings side by side, and only the last one's result is kept. Each block "
    "has to work on what the block before it has left. Reread 'A stack of blocks'."
)
class NotChained(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        x = self.embedding(ids)
        for block in self.blocks:
            last = block(x, causal=True)
        return self.head(self.norm(last))


@exercise.misconception(
    "Your model returns probabilities. Loss, temperature and filters all start from the logits, so "
    "the softmax is left to whoever uses the model. Reread 'From the stream to the logits'."
)
class Probabilities(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(ids).softmax(dim=-1)


@exercise.misconception(
    "Your model gives logits for the last token alone. In training every token of a text is a "
    "guess at the next, so each of them needs its row. Reread 'From the stream to the logits'."
)
class LastOnly(model.Transformer):
    def forward(self, ids: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(ids)[:, -1]
