"""`attention.MultiHeadAttention`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import attend, filled
from llmlab import model

exercise = LAB.exercise(
    "MultiHeadAttention",
    reference=model.MultiHeadAttention,
    forbidden=(
        "torch.nn.functional.multi_head_attention_forward",
        "torch.nn.functional.scaled_dot_product_attention",
    ),
    hints=(
        "All the parts exist already: your split_heads, your attention, and the four linear maps.",
        "The order is: map to queries, keys and values; split each into heads; attend; join "
        "the heads; map once more.",
        "To join the heads, undo the split: swap the heads with the length, flatten the last two "
        "dimensions, and pass the result through the output map.",
    ),
)


@exercise.probe
def two_heads(implementation: Any, generator: Generator) -> Any:
    """A sequence of five tokens, vectors of 8, two heads, no mask, fixed weights."""
    module, result = filled(implementation, generator, 8, 2)
    return {**result, "output": module(3 * normal(generator, 5, 8))}


@exercise.probe
def four_heads(implementation: Any, generator: Generator) -> Any:
    """A batch of three sequences, vectors of 12, four heads, the causal mask, and the gradient of the input."""
    module, result = filled(implementation, generator, 12, 4)
    x = (3 * normal(generator, 3, 6, 12)).requires_grad_()
    output = module(x, model.causal_mask(6))
    output.square().sum().backward()
    return {**result, "output": output, "gradient of the input": x.grad}


def _scored(
    module: model.MultiHeadAttention, x: Tensor, mask: Tensor | None, size: int
) -> tuple[Tensor, Tensor]:
    query, key, value = (
        model.split_heads(linear(x), module.num_heads)
        for linear in (module.query, module.key, module.value)
    )
    scores = query @ key.mT / math.sqrt(size)
    scores = scores if mask is None else scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1), value


@exercise.misconception(
    "The output map is missing: the heads are joined and returned as they are. It is what lets one "
    "head's findings reach every dimension. Reread 'Joining the heads'."
)
class NoOutputMap(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, value = _scored(self, x, mask, self.head_dim)
        return (weights @ value).transpose(-3, -2).flatten(-2)


@exercise.misconception(
    "The heads are joined without swapping them back: flattening (head, length, head_dim) straight "
    "to (length, dim) puts pieces of different tokens into one vector. Reread 'Joining the heads'."
)
class JoinedWithoutSwap(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, value = _scored(self, x, mask, self.head_dim)
        return self.output((weights @ value).reshape(x.shape))


@exercise.misconception(
    "The scores are scaled by the root of the whole model's size. Each head compares vectors of "
    "its own, smaller size, and that is the one to scale by. Reread 'Many heads'."
)
class ScaledByModel(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, value = _scored(self, x, mask, x.shape[-1])
        return self.output((weights @ value).transpose(-3, -2).flatten(-2))


@exercise.misconception(
    "The scores inside your heads are not divided by the root of the head size. If you "
    "call your own attention, look there first: the heads are right when it is. Reread "
    "'Why the scores are scaled'."
)
class UnscaledHeads(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, value = _scored(self, x, mask, 1)
        return self.output((weights @ value).transpose(-3, -2).flatten(-2))


@exercise.misconception(
    "There is one head as wide as the model: the vectors are never split, so all dimensions share "
    "one pattern of attention. Reread 'Many heads'."
)
class OneWideHead(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return self.output(attend(self.query(x), self.key(x), self.value(x), mask))


@exercise.misconception(
    "The mask is not passed on to the attention, so every token sees the whole sequence, the "
    "future included. Reread 'No looking ahead'."
)
class MaskNotPassed(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return super().forward(x)


@exercise.misconception(
    "Keys and values come from the same map. They have different tasks, what a token is found by "
    "and what it gives, and each has its own map. Reread 'Queries, keys and values'."
)
class KeysAsValues(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, _ = _scored(self, x, mask, self.head_dim)
        value = model.split_heads(self.key(x), self.num_heads)
        return self.output((weights @ value).transpose(-3, -2).flatten(-2))
