"""`attention.TransformerBlock`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import filled
from llmlab import model

exercise = LAB.exercise(
    "TransformerBlock",
    reference=model.TransformerBlock,
    hints=(
        "Draw the block: two parts, each with a norm before it and a sum after it.",
        "The sum adds what came into the norm, not what came out of it.",
        "Add to the input the attention of its norm; add to that result the feed-forward network "
        "of its norm, with the second norm.",
    ),
)


@exercise.probe
def one_block(implementation: Any, generator: Generator) -> Any:
    """A sequence of five tokens, vectors of 8, two heads, no mask, fixed weights."""
    module, result = filled(implementation, generator, 8, 2)
    return {**result, "output": module(2 * normal(generator, 5, 8))}


@exercise.probe
def block_with_mask(implementation: Any, generator: Generator) -> Any:
    """A batch of two sequences with the causal mask, and the gradient of the input."""
    module, result = filled(implementation, generator, 12, 3)
    x = (2 * normal(generator, 2, 4, 12)).requires_grad_()
    output = module(x, model.causal_mask(4))
    output.square().sum().backward()
    return {**result, "output": output, "gradient of the input": x.grad}


@exercise.misconception(
    "Your block norms after each sum: that is post-norm, as in the paper of 2017. This exercise "
    "asks for pre-norm, which leaves the residual path free and trains without warm-up. Reread "
    "'Where the norm stands'."
)
class PostNorm(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.attention_norm(x + self.attention(x, mask))
        return self.feed_forward_norm(x + self.feed_forward(x))


@exercise.misconception(
    "The residual sums are missing: each part replaces its input instead of adding to it, and the "
    "gradient has no straight way down. Reread 'Adding instead of replacing'."
)
class NoResidual(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.attention(self.attention_norm(x), mask)
        return self.feed_forward(self.feed_forward_norm(x))


@exercise.misconception(
    "Your sums add the normed input. The residual path must stay free: what is added is the input "
    "as it came, and only the branch sees the norm. Reread 'Adding instead of replacing'."
)
class NormedResidual(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.attention_norm(x)
        x = x + self.attention(x, mask)
        x = self.feed_forward_norm(x)
        return x + self.feed_forward(x)


@exercise.misconception(
    "Attention and feed-forward network both read the block's input, side by side. Some "
    "models do that (GPT-J, 2021), but here the network works on what attention has "
    "gathered. Reread 'A whole block'."
)
class Parallel(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        attended = self.attention(self.attention_norm(x), mask)
        return x + attended + self.feed_forward(self.feed_forward_norm(x))


@exercise.misconception(
    "The feed-forward network comes first. The order is: gather from the other tokens, then think "
    "about it. Reread 'A whole block'."
)
class FeedForwardFirst(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = x + self.feed_forward(self.feed_forward_norm(x))
        return x + self.attention(self.attention_norm(x), mask)


@exercise.misconception(
    "The mask does not reach the attention, so each token sees the future. "
    "Reread 'No looking ahead'."
)
class BlockWithoutMask(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return super().forward(x)


@exercise.misconception(
    "One norm serves both parts: the first is used twice and the second never. Each part has its "
    "own scale to learn. Reread 'A whole block'."
)
class SharedNorm(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = x + self.attention(self.attention_norm(x), mask)
        return x + self.feed_forward(self.attention_norm(x))
