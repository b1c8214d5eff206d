"""Probes of lab 05 that are never released: other shapes, and the edges that the text allows."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import HiddenProbes, fill_parameters

HIDDEN = HiddenProbes("attention")


@HIDDEN.probe("embed")
def one_id(implementation: Any, generator: Generator) -> Any:
    """A single id, and a batch of batches of ids."""
    table = torch.randn(7, 3, generator=generator)
    ids = torch.randint(0, 7, (2, 1, 4), generator=generator)
    return [implementation(table, torch.tensor(6)), implementation(table, ids)]


@HIDDEN.probe("embed")
def learned_rows(implementation: Any, generator: Generator) -> Any:
    """The gradient that reaches each row of the table, in double precision."""
    table = torch.randn(5, 4, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    (implementation(table, torch.tensor([4, 4, 0, 1, 4, 1])) * weight).sum().backward()
    return {"gradient of the table": table.grad}


@HIDDEN.probe("sinusoidal_positions")
def smallest(implementation: Any, generator: Generator) -> Any:
    """A single position, and vectors of a single pair."""
    return [implementation(1, 6), implementation(9, 2)]


@HIDDEN.probe("sinusoidal_positions")
def more_dimensions_than_positions(implementation: Any, generator: Generator) -> Any:
    """Three positions of 66 dimensions."""
    return implementation(3, 66)


@HIDDEN.probe("scaled_dot_product_attention")
def large_scores(implementation: Any, generator: Generator) -> Any:
    """Scores in the hundreds, whose exponentials overflow."""
    query, key = (20 * torch.randn(4, 3, 16, generator=generator) for _ in range(2))
    value = torch.randn(4, 3, 2, generator=generator)
    mask = torch.ones(3, 3, dtype=torch.bool).tril()
    return [implementation(query, key, value), implementation(query, key, value, mask)]


@HIDDEN.probe("scaled_dot_product_attention")
def broadcast_mask(implementation: Any, generator: Generator) -> Any:
    """A mask of (batch, 1, 1, key) for padding, and a single query with one key to see."""
    query = torch.randn(2, 3, 4, 5, generator=generator)
    key = torch.randn(2, 3, 6, 5, generator=generator)
    value = torch.randn(2, 3, 6, 7, generator=generator)
    padding = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])[:, None, None]
    one_key = torch.tensor([[False, False, True, False, False, False]])
    return [
        implementation(query, key, value, padding),
        implementation(query[0, 0, :1], key[0, 0], value[0, 0], one_key),
    ]


@HIDDEN.probe("causal_mask")
def other_lengths(implementation: Any, generator: Generator) -> Any:
    """Two tokens, and thirty-three."""
    return [implementation(2), implementation(33)]


@HIDDEN.probe("split_heads")
def free_dimensions(implementation: Any, generator: Generator) -> Any:
    """Two leading dimensions; a single head; a single token; heads of size 1."""
    x = torch.randn(2, 3, 5, 12, generator=generator)
    return [
        implementation(x, 3),
        implementation(x[0], 1),
        implementation(x[0, 0, :1], 4),
        implementation(x[0, 0], 12),
    ]


@HIDDEN.probe("MultiHeadAttention")
def padded_batch(implementation: Any, generator: Generator) -> Any:
    """A batch with a mask of its own for each sequence."""
    module = implementation(12, 3)
    shapes = fill_parameters(module, generator)
    x = 3 * torch.randn(2, 5, 12, generator=generator)
    mask = torch.ones(5, 5, dtype=torch.bool).tril().repeat(2, 1, 1, 1)
    mask[1, ..., 0] = False
    mask[1, :, 0, 0] = True
    return {"parameters": shapes, "output": module(x, mask)}


@HIDDEN.probe("MultiHeadAttention")
def free_leading_dimensions(implementation: Any, generator: Generator) -> Any:
    """Two leading dimensions, then a single token, which can look only at itself."""
    module = implementation(8, 4)
    fill_parameters(module, generator)
    x = 3 * torch.randn(2, 3, 4, 8, generator=generator)
    return [module(x), module(x[0, 0, :1])]


@HIDDEN.probe("layer_norm")
def other_epsilon(implementation: Any, generator: Generator) -> Any:
    """A single vector with an epsilon of its own, and four dimensions of double precision."""
    x = torch.randn(2, 2, 3, 6, generator=generator, dtype=torch.float64)
    weight, bias = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    return [implementation(x[0, 0, 0], weight, bias, 0.25), implementation(x, weight, bias)]


@HIDDEN.probe("layer_norm")
def gradient_of_the_norm(implementation: Any, generator: Generator) -> Any:
    """The gradients of the input, the weight and the bias."""
    x = torch.randn(4, 6, generator=generator).requires_grad_()
    weight = torch.randn(6, generator=generator).requires_grad_()
    bias = torch.randn(6, generator=generator).requires_grad_()
    implementation(x, weight, bias).square().sum().backward()
    return {"input": x.grad, "weight": weight.grad, "bias": bias.grad}


@HIDDEN.probe("TransformerBlock")
def one_token(implementation: Any, generator: Generator) -> Any:
    """Two leading dimensions, then a single token and a single head."""
    module = implementation(6, 1)
    shapes = fill_parameters(module, generator)
    x = 2 * torch.randn(2, 2, 3, 6, generator=generator)
    return {"parameters": shapes, "batch": module(x), "token": module(x[0, 0, :1])}


@HIDDEN.probe("TransformerBlock")
def padded_block(implementation: Any, generator: Generator) -> Any:
    """A mask that hides one token from all others."""
    module = implementation(8, 2)
    fill_parameters(module, generator)
    mask = torch.ones(5, 5, dtype=torch.bool)
    mask[:, 2] = False
    mask[2, 2] = True
    return module(2 * torch.randn(3, 5, 8, generator=generator), mask)
