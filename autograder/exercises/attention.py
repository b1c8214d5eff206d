"""Lab 05: the exercises on attention, with what people get wrong about them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Lab, fill_parameters, normal
from llmlab import model

LAB = Lab(5, "attention", "Attention")


# ----------------------------------------------------------------------------------------------
embed = LAB.exercise(
    "embed",
    points=1,
    reference=model.embed,
    forbidden=("torch.nn.functional.embedding",),
    hints=(
        "Look at the shapes: the table has one row a token, and each id names a row.",
        "A tensor can be indexed by a whole tensor of indices at once; the result has the shape "
        "of the indices, followed by what is left of the table.",
        "Index the table with the ids, and return what comes out: one expression, no loop.",
    ),
)


@embed.probe
def one_sentence(implementation: Any, generator: Generator) -> Any:
    """Five ids, one of them twice, and a table of 10 tokens by 4."""
    table = normal(generator, 10, 4)
    return {"output": implementation(table, torch.tensor([7, 0, 3, 3, 9]))}


@embed.probe
def batch(implementation: Any, generator: Generator) -> Any:
    """A batch of two sentences of three ids, and a square table of 6 tokens by 6."""
    table = normal(generator, 6, 6).requires_grad_()
    output = implementation(table, torch.tensor([[1, 2, 1], [5, 0, 4]]))
    output.square().sum().backward()
    return {"output": output, "gradient of the table": table.grad}


@embed.misconception(
    "Your code picks columns of the table. A token's vector is a row: the first index of the table "
    "counts tokens, the second counts dimensions. Reread 'A table with one row a token'."
)
def picks_columns(table: Tensor, ids: Tensor) -> Tensor:
    return table[:, ids.clamp(max=table.shape[1] - 1)].movedim(0, -1)


@embed.misconception(
    "Your code averages the vectors of all tokens into one. Each token keeps a vector of its own; "
    "attention is what mixes them, later. Reread 'A table with one row a token'."
)
def averages(table: Tensor, ids: Tensor) -> Tensor:
    return table[ids].mean(dim=-2)


@embed.misconception(
    "Your code cuts the gradient: the vectors come out right, and the table would never learn, "
    "since it is detached from what was looked up. Reread 'The table is learned'."
)
def detached(table: Tensor, ids: Tensor) -> Tensor:
    return table.detach()[ids].requires_grad_()


# ----------------------------------------------------------------------------------------------
positions = LAB.exercise(
    "sinusoidal_positions",
    points=2,
    reference=model.sinusoidal_positions,
    hints=(
        "Look at the formula: which part depends on the position, and which on the dimension?",
        "Make the vector of frequencies first, one for each pair of dimensions, and multiply each "
        "position by each frequency. Sine goes to the even dimensions and cosine to the odd ones.",
        "Start from a tensor of zeros of the final shape; assign the sines of the angles to every "
        "second column from column 0 on, and the cosines to every second column from column 1 on.",
    ),
)


@positions.probe
def small_positions(implementation: Any, generator: Generator) -> Any:
    """Six positions, vectors of 8."""
    return implementation(6, 8)


@positions.probe
def long_positions(implementation: Any, generator: Generator) -> Any:
    """A hundred positions, vectors of 32."""
    return implementation(100, 32)


def _angles(length: int, exponents: Tensor, start: int = 0) -> Tensor:
    return torch.outer(torch.arange(start, start + length).float(), 10_000.0**-exponents)


def _interleaved(angles: Tensor) -> Tensor:
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@positions.misconception(
    "Your sines fill the first half of each vector and your cosines the second. In Vaswani et al. "
    "they alternate: even dimensions are sines, odd ones cosines. Both work in a model, but this "
    "lab checks the paper's order. Reread 'Waves for positions'."
)
def in_halves(length: int, model_dim: int) -> Tensor:
    angles = _angles(length, torch.arange(0, model_dim, 2) / model_dim)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


@positions.misconception(
    "Your exponent counts pairs, and the formula's counts dimensions: the exponent runs "
    "up to nearly 1, and yours stops at a half, so the slowest waves are too fast. "
    "Reread 'Waves for positions'."
)
def half_exponent(length: int, model_dim: int) -> Tensor:
    return _interleaved(_angles(length, torch.arange(model_dim // 2) / model_dim))


@positions.misconception(
    "Each dimension of yours has a frequency of its own. A sine and the cosine beside "
    "it share one: that is what makes a shift in position a rotation of the pair. "
    "Reread 'Waves for positions'."
)
def own_frequencies(length: int, model_dim: int) -> Tensor:
    angles = _angles(length, torch.arange(model_dim) / model_dim)
    odd = torch.arange(model_dim) % 2 == 1
    return torch.where(odd, angles.cos(), angles.sin())


@positions.misconception(
    "Your positions start at 1. The first token stands at position 0, where all sines are 0 and "
    "all cosines are 1. Reread 'Waves for positions'."
)
def from_one(length: int, model_dim: int) -> Tensor:
    return _interleaved(_angles(length, torch.arange(0, model_dim, 2) / model_dim, start=1))


@positions.misconception(
    "Your cosines are in the even dimensions and your sines in the odd ones: the two are "
    "exchanged. Reread 'Waves for positions'."
)
def cosine_first(length: int, model_dim: int) -> Tensor:
    angles = _angles(length, torch.arange(0, model_dim, 2) / model_dim)
    return torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(-2)


# ----------------------------------------------------------------------------------------------
attention = LAB.exercise(
    "scaled_dot_product_attention",
    points=3,
    reference=model.scaled_dot_product_attention,
    forbidden=("torch.nn.functional.scaled_dot_product_attention",),
    hints=(
        "Follow the shapes: (query, head_dim) by (key, head_dim) must give (query, key).",
        "There are four steps: compare, scale, turn scores into weights, average the values. The "
        "mask comes in between the second and the third.",
        "Multiply the query by the transposed key, divide by the root of the last size of the "
        "query, set the scores that are not allowed to minus infinity, take the softmax over the "
        "keys, and multiply by the value.",
    ),
)


def _attention_inputs(generator: Generator, *lead: int) -> tuple[Tensor, Tensor, Tensor]:
    query = 2 * normal(generator, *lead, 3, 8)
    key = 2 * normal(generator, *lead, 5, 8)
    return query, key, normal(generator, *lead, 5, 6)


@attention.probe
def unmasked(implementation: Any, generator: Generator) -> Any:
    """Three queries, five keys, head size 8, no mask."""
    return {"output": implementation(*_attention_inputs(generator))}


@attention.probe
def masked(implementation: Any, generator: Generator) -> Any:
    """A batch of two with four heads, and a boolean mask that lets each query see some keys."""
    query, key, value = _attention_inputs(generator, 2, 4)
    mask = torch.rand(3, 5, generator=generator) < 0.5
    mask[:, 1] = True
    return {"output": implementation(query, key, value, mask)}


@attention.probe
def square(implementation: Any, generator: Generator) -> Any:
    """As many queries as keys, with the causal mask, and the gradient of the query."""
    query, key, value = (2 * normal(generator, 4, 4) for _ in range(3))
    query.requires_grad_()
    output = implementation(query, key, value, torch.ones(4, 4, dtype=torch.bool).tril())
    output.square().sum().backward()
    return {"output": output, "gradient of the query": query.grad}


def _attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    scale: float | None = None,
    dim: int = -1,
    invert: bool = False,
    fill: float = -math.inf,
) -> Tensor:
    scores = query @ key.mT / (scale or math.sqrt(query.shape[-1]))
    if mask is not None:
        scores = scores.masked_fill(mask if invert else ~mask, fill)
    return scores.softmax(dim=dim) @ value


@attention.misconception(
    "The scores are not divided by the square root of the head size. Without it they grow "
    "with that size, the softmax saturates on the largest, and its gradient vanishes. Reread "
    "'Why the scores are scaled'."
)
def no_scale(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    return _attend(query, key, value, mask, scale=1.0)


@attention.misconception(
    "The scores are divided by the head size, not by its square root. They become too "
    "small, and the attention too even. Reread 'Why the scores are scaled': which of the "
    "two brings the variance back to 1?"
)
def scale_without_root(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    return _attend(query, key, value, mask, scale=query.shape[-1])


@attention.misconception(
    "The scores are multiplied by the square root of the head size, where they should be divided "
    "by it: they grow when they should shrink. Reread 'Why the scores are scaled'."
)
def scale_multiplied(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    return _attend(query, key, value, mask, scale=1 / math.sqrt(query.shape[-1]))


@attention.misconception(
    "The softmax runs over the queries, and should run over the keys: the weights with which one "
    "query averages the values must sum to 1. Reread 'From scores to weights'."
)
def softmax_over_queries(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    return _attend(query, key, value, mask, dim=-2)


@attention.misconception(
    "The mask is upside down: your code hides the keys where the mask is True, and True means 'may "
    "attend' here, as in PyTorch's own function. Reread 'What a mask says'."
)
def mask_inverted(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    return _attend(query, key, value, mask, invert=True)


@attention.misconception(
    "The mask is not used: queries still attend to the keys that they should not see. "
    "Reread 'What a mask says'."
)
def mask_ignored(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    return _attend(query, key, value)


@attention.misconception(
    "The masked scores are set to 0, and the softmax gives a score of 0 its share of the weight: "
    "exp(0) is 1. A hidden key needs a score whose exponential is 0. Reread 'What a mask says'."
)
def masked_with_zero(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    return _attend(query, key, value, mask, fill=0.0)


@attention.misconception(
    "The mask is applied after the softmax: the hidden keys get no weight, and what is "
    "left no longer sums to 1. Masking must come before the weights are shared out. "
    "Reread 'What a mask says'."
)
def masked_after_softmax(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    weights = (query @ key.mT / math.sqrt(query.shape[-1])).softmax(dim=-1)
    return (weights if mask is None else weights * mask) @ value


@attention.misconception(
    "The softmax is missing: the values are added up with raw scores, which can be negative and do "
    "not sum to 1. Reread 'From scores to weights'."
)
def no_softmax(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    return (scores if mask is None else scores.masked_fill(~mask, 0.0)) @ value


# ----------------------------------------------------------------------------------------------
mask = LAB.exercise(
    "causal_mask",
    points=1,
    reference=model.causal_mask,
    hints=(
        "Write the mask for three tokens on paper: which tokens may the first one see?",
        "Row i is the query at position i; it may see the keys 0 to i, itself included.",
        "Make a square of True values and keep its lower triangle, the diagonal included.",
    ),
)


@mask.probe
def four_tokens(implementation: Any, generator: Generator) -> Any:
    """Four tokens."""
    return implementation(4)


@mask.probe
def one_token(implementation: Any, generator: Generator) -> Any:
    """A single token, then seven."""
    return [implementation(1), implementation(7)]


@mask.misconception(
    "Your mask lets each token see those that come after it: it is the transpose of the right one. "
    "Row i is the query, column j the key. Reread 'No looking ahead'."
)
def looks_ahead(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).triu()


@mask.misconception(
    "Your tokens cannot see themselves: the diagonal is False. Then the first token sees nothing "
    "at all, and its softmax has nothing to share out. Reread 'No looking ahead'."
)
def blind_to_itself(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).tril(-1)


@mask.misconception(
    "Your mask marks what is hidden: it is True where attention is forbidden. In this course, as "
    "in PyTorch's scaled_dot_product_attention, True means 'may attend'. Reread 'What a mask says'."
)
def marks_the_future(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).triu(1)


@mask.misconception(
    "Your mask has numbers, 1 and 0, where True and False are asked for. Added to the scores, a 0 "
    "and a 1 hide nothing. Reread 'What a mask says'."
)
def of_numbers(length: int) -> Tensor:
    return torch.ones(length, length).tril()


@mask.misconception(
    "Your mask is the additive kind, with minus infinity for what is hidden. It would work, but "
    "this exercise asks for the boolean kind. Reread 'What a mask says'."
)
def additive(length: int) -> Tensor:
    return torch.zeros(length, length).masked_fill(~model.causal_mask(length), -math.inf)


# ----------------------------------------------------------------------------------------------
heads = LAB.exercise(
    "split_heads",
    points=2,
    reference=model.split_heads,
    hints=(
        "The input has the head index hidden inside its last dimension: (…, "
        "length, heads × head_dim).",
        "There are two steps. First the last dimension becomes two; then two "
        "dimensions change places.",
        "Reshape to (…, length, num_heads, head_dim), and swap the length with the heads.",
    ),
)


@heads.probe
def one_sequence(implementation: Any, generator: Generator) -> Any:
    """One sequence of five tokens, vectors of 6, two heads."""
    return implementation(normal(generator, 5, 6), 2)


@heads.probe
def several_sequences(implementation: Any, generator: Generator) -> Any:
    """A batch of three sequences of four tokens, vectors of 8, four heads."""
    return implementation(normal(generator, 3, 4, 8), 4)


@heads.misconception(
    "Your reshape has the right shape and mixes the tokens: reshaping straight to (heads, "
    "length, head_dim) reads on across the borders between tokens. Cut each vector first, then "
    "swap. Reread 'Many heads'."
)
def reshaped_at_once(x: Tensor, num_heads: int) -> Tensor:
    return x.reshape(*x.shape[:-2], num_heads, x.shape[-2], -1)


@heads.misconception(
    "Your code cuts the vectors into heads and leaves the heads behind the tokens. Attention works "
    "on the last two dimensions, so the length has to be one of them. Reread 'Many heads'."
)
def not_swapped(x: Tensor, num_heads: int) -> Tensor:
    return x.unflatten(-1, (num_heads, -1))


@heads.misconception(
    "Your heads take every n-th dimension. A head's dimensions lie side by side: the first "
    "head_dim of them belong to head 0. Reread 'Many heads'."
)
def strided(x: Tensor, num_heads: int) -> Tensor:
    return x.unflatten(-1, (-1, num_heads)).movedim(-1, -3)


@heads.misconception(
    "You made pieces of size num_heads: the number of heads and the size of a head are "
    "exchanged. Reread 'Many heads'."
)
def sizes_exchanged(x: Tensor, num_heads: int) -> Tensor:
    return x.unflatten(-1, (-1, num_heads)).transpose(-3, -2)


# ----------------------------------------------------------------------------------------------
multi_head = LAB.exercise(
    "MultiHeadAttention",
    points=4,
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


def _filled(implementation: Any, generator: Generator, *args: Any) -> tuple[Any, dict[str, Any]]:
    module = implementation(*args)
    return module, {"parameters": fill_parameters(module, generator)}


@multi_head.probe
def two_heads(implementation: Any, generator: Generator) -> Any:
    """A sequence of five tokens, vectors of 8, two heads, no mask, fixed weights."""
    module, result = _filled(implementation, generator, 8, 2)
    return {**result, "output": module(3 * normal(generator, 5, 8))}


@multi_head.probe
def four_heads(implementation: Any, generator: Generator) -> Any:
    """A batch of three sequences, vectors of 12, four heads, the causal mask, and the gradient of the input."""
    module, result = _filled(implementation, generator, 12, 4)
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


@multi_head.misconception(
    "The output map is missing: the heads are joined and returned as they are. It is what lets one "
    "head's findings reach every dimension. Reread 'Joining the heads'."
)
class NoOutputMap(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, value = _scored(self, x, mask, self.head_dim)
        return (weights @ value).transpose(-3, -2).flatten(-2)


@multi_head.misconception(
    "The heads are joined without swapping them back: flattening (head, length, head_dim) straight "
    "to (length, dim) puts pieces of different tokens into one vector. Reread 'Joining the heads'."
)
class JoinedWithoutSwap(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, value = _scored(self, x, mask, self.head_dim)
        return self.output((weights @ value).reshape(x.shape))


@multi_head.misconception(
    "The scores are scaled by the root of the whole model's size. Each head compares vectors of "
    "its own, smaller size, and that is the one to scale by. Reread 'Many heads'."
)
class ScaledByModel(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, value = _scored(self, x, mask, x.shape[-1])
        return self.output((weights @ value).transpose(-3, -2).flatten(-2))


@multi_head.misconception(
    "The scores inside your heads are not divided by the root of the head size. If you "
    "call your own attention, look there first: the heads are right when it is. Reread "
    "'Why the scores are scaled'."
)
class UnscaledHeads(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, value = _scored(self, x, mask, 1)
        return self.output((weights @ value).transpose(-3, -2).flatten(-2))


@multi_head.misconception(
    "There is one head as wide as the model: the vectors are never split, so all dimensions share "
    "one pattern of attention. Reread 'Many heads'."
)
class OneWideHead(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return self.output(_attend(self.query(x), self.key(x), self.value(x), mask))


@multi_head.misconception(
    "The mask is not passed on to the attention, so every token sees the whole sequence, the "
    "future included. Reread 'No looking ahead'."
)
class MaskNotPassed(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return super().forward(x)


@multi_head.misconception(
    "Keys and values come from the same map. They have different tasks, what a token is found by "
    "and what it gives, and each has its own map. Reread 'Queries, keys and values'."
)
class KeysAsValues(model.MultiHeadAttention):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        weights, _ = _scored(self, x, mask, self.head_dim)
        value = model.split_heads(self.key(x), self.num_heads)
        return self.output((weights @ value).transpose(-3, -2).flatten(-2))


# ----------------------------------------------------------------------------------------------
norm = LAB.exercise(
    "layer_norm",
    points=2,
    reference=model.layer_norm,
    forbidden=("torch.nn.functional.layer_norm", "torch.nn.functional.batch_norm"),
    hints=(
        "Which numbers belong to one token? Mean and variance are taken over those, and no others.",
        "Four steps: center, measure the variance, divide by its root, scale and shift.",
        "Take mean and (biased) variance over the last dimension with keepdim, add epsilon to the "
        "variance inside the root, then multiply by the weight and add the bias.",
    ),
)


@norm.probe
def one_batch(implementation: Any, generator: Generator) -> Any:
    """A batch of two sequences of three tokens, vectors of 8, with weight and bias."""
    x = 3 * normal(generator, 2, 3, 8) + 1
    return {"output": implementation(x, normal(generator, 8), normal(generator, 8))}


@norm.probe
def constant_vector(implementation: Any, generator: Generator) -> Any:
    """Two tokens: one whose numbers are all equal, one with tiny differences; epsilon matters here."""
    x = torch.tensor([[2.0, 2.0, 2.0, 2.0], [0.0, 0.003, -0.003, 0.001]])
    return {"output": implementation(x, torch.ones(4), torch.zeros(4))}


def _normalized(x: Tensor, dim: int = -1, correction: int = 0, epsilon: float = 1e-5) -> Tensor:
    variance = x.var(dim=dim, keepdim=True, correction=correction)
    return (x - x.mean(dim=dim, keepdim=True)) / torch.sqrt(variance + epsilon)


@norm.misconception(
    "Mean and variance are taken over the tokens. LayerNorm looks at one token at a time, over "
    "the dimensions of its vector; otherwise a token would change with its neighbors. Reread "
    "'Keeping vectors in bounds'."
)
def over_tokens(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    return _normalized(x, dim=-2, epsilon=epsilon) * weight + bias


@norm.misconception(
    "The variance divides by one less than the number of dimensions, as PyTorch's var does by "
    "default. LayerNorm divides by the number itself. Reread 'Keeping vectors in bounds'."
)
def unbiased(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    return _normalized(x, correction=1, epsilon=epsilon) * weight + bias


@norm.misconception(
    "Epsilon is added to the standard deviation, outside the root. The formula adds it to "
    "the variance, inside; for vectors that hardly vary the two differ much. Reread "
    "'Keeping vectors in bounds'."
)
def epsilon_outside(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    deviation = x.std(dim=-1, keepdim=True, correction=0)
    return (x - x.mean(dim=-1, keepdim=True)) / (deviation + epsilon) * weight + bias


@norm.misconception(
    "The mean is not taken away: what you wrote is RMSNorm with a bias. LayerNorm centers first. "
    "Reread 'Keeping vectors in bounds'."
)
def not_centered(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + epsilon) * weight + bias


@norm.misconception(
    "The variance is not put under a root: dividing by it leaves vectors whose size is one over "
    "their spread, instead of 1. Reread 'Keeping vectors in bounds'."
)
def no_root(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    variance = x.var(dim=-1, keepdim=True, correction=0)
    return (x - x.mean(dim=-1, keepdim=True)) / (variance + epsilon) * weight + bias


@norm.misconception(
    "Weight and bias are not used: the vectors are normalized, and the model cannot choose a scale "
    "and a shift of its own. Reread 'Keeping vectors in bounds'."
)
def no_scale_and_shift(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    return _normalized(x, epsilon=epsilon)


# ----------------------------------------------------------------------------------------------
block = LAB.exercise(
    "TransformerBlock",
    points=3,
    reference=model.TransformerBlock,
    hints=(
        "Draw the block: two parts, each with a norm before it and a sum after it.",
        "The sum adds what came into the norm, not what came out of it.",
        "Add to the input the attention of its norm; add to that result the feed-forward network "
        "of its norm, with the second norm.",
    ),
)


@block.probe
def one_block(implementation: Any, generator: Generator) -> Any:
    """A sequence of five tokens, vectors of 8, two heads, no mask, fixed weights."""
    module, result = _filled(implementation, generator, 8, 2)
    return {**result, "output": module(2 * normal(generator, 5, 8))}


@block.probe
def block_with_mask(implementation: Any, generator: Generator) -> Any:
    """A batch of two sequences with the causal mask, and the gradient of the input."""
    module, result = _filled(implementation, generator, 12, 3)
    x = (2 * normal(generator, 2, 4, 12)).requires_grad_()
    output = module(x, model.causal_mask(4))
    output.square().sum().backward()
    return {**result, "output": output, "gradient of the input": x.grad}


@block.misconception(
    "Your block norms after each sum: that is post-norm, as in the paper of 2017. This exercise "
    "asks for pre-norm, which leaves the residual path free and trains without warm-up. Reread "
    "'Where the norm stands'."
)
class PostNorm(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.attention_norm(x + self.attention(x, mask))
        return self.feed_forward_norm(x + self.feed_forward(x))


@block.misconception(
    "The residual sums are missing: each part replaces its input instead of adding to it, and the "
    "gradient has no straight way down. Reread 'Adding instead of replacing'."
)
class NoResidual(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.attention(self.attention_norm(x), mask)
        return self.feed_forward(self.feed_forward_norm(x))


@block.misconception(
    "Your sums add the normed input. The residual path must stay free: what is added is the input "
    "as it came, and only the branch sees the norm. Reread 'Adding instead of replacing'."
)
class NormedResidual(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = self.attention_norm(x)
        x = x + self.attention(x, mask)
        x = self.feed_forward_norm(x)
        return x + self.feed_forward(x)


@block.misconception(
    "Attention and feed-forward network both read the block's input, side by side. Some "
    "models do that (GPT-J, 2021), but here the network works on what attention has "
    "gathered. Reread 'A whole block'."
)
class Parallel(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        attended = self.attention(self.attention_norm(x), mask)
        return x + attended + self.feed_forward(self.feed_forward_norm(x))


@block.misconception(
    "The feed-forward network comes first. The order is: gather from the other tokens, then think "
    "about it. Reread 'A whole block'."
)
class FeedForwardFirst(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = x + self.feed_forward(self.feed_forward_norm(x))
        return x + self.attention(self.attention_norm(x), mask)


@block.misconception(
    "The mask does not reach the attention, so each token sees the future. "
    "Reread 'No looking ahead'."
)
class BlockWithoutMask(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return super().forward(x)


@block.misconception(
    "One norm serves both parts: the first is used twice and the second never. Each part has its "
    "own scale to learn. Reread 'A whole block'."
)
class SharedNorm(model.TransformerBlock):
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        x = x + self.attention(self.attention_norm(x), mask)
        return x + self.feed_forward(self.attention_norm(x))
