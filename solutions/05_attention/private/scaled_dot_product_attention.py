"""`attention.scaled_dot_product_attention`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from autograder.exercises.attention.scaled_dot_product_attention import inputs, large, some_hidden

private = Private()


@private.probe
def other_sizes(implementation: Any, generator: Generator) -> Any:
    """One leading dimension and more queries than keys, with and without a mask, and the gradients."""
    tensors = [one.requires_grad_() for one in inputs(generator, 7, 5, 2)]
    plain = implementation(*tensors)
    masked = implementation(*tensors, some_hidden(generator, 7, 5))
    (plain.square().sum() + masked.square().sum()).backward()
    return [plain, masked, *(one.grad for one in tensors)]


@private.probe
def large_scores(implementation: Any, generator: Generator) -> Any:
    """Scores in the hundreds, whose exponentials overflow or vanish."""
    query, key, value = large(generator)
    mask = torch.tensor([[True, False, True], [True, False, False], [True, True, False]])
    copies = query.clone(), key.clone(), value.clone()
    return [implementation(*copies), implementation(query, key, value, mask)]


@private.probe
def broadcast_mask(implementation: Any, generator: Generator) -> Any:
    """A mask of (batch, 1, 1, key) for padding, and a single query with one key to see."""
    query, key, value = inputs(generator, 4, 6, 2, 3)
    padding = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])[:, None, None]
    one_key = torch.tensor([[False, False, False, True, False, False]])
    return [
        implementation(query, key, value, padding),
        implementation(query[0, 0, :1], key[0, 0], value[0, 0], one_key),
    ]


@private.variant
def attention_einsum(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Scale the query first, and add the mask as numbers."""
    scores = torch.einsum("...qd,...kd->...qk", query * query.shape[-1] ** -0.5, key)
    if mask is not None:
        scores = mask.log() + scores
    return torch.einsum("...qk,...kd->...qd", torch.softmax(scores, -1), value)


@private.variant
def attention_by_hand(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Write the softmax out, in float64, with a large negative number for what is hidden."""
    scores = query.double() @ key.double().transpose(-2, -1) / math.sqrt(key.size(-1))
    if mask is not None:
        scores = torch.where(mask, scores, -1e9)
    shares = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    shares = shares / shares.sum(dim=-1, keepdim=True)
    return shares @ value.double()


@private.variant
def attention_in_place(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Change the scores in place, which are this function's own."""
    scores = torch.matmul(query, key.mT)
    scores /= query.shape[-1] ** 0.5
    if mask is not None:
        scores.masked_fill_(mask.logical_not(), float("-inf"))
    return torch.matmul(nn.functional.softmax(scores, dim=-1), value)


@private.variant
def attention_loop(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Answer one query after the other."""
    shape = (*query.shape[:-1], key.shape[-2])
    allowed = torch.ones(shape, dtype=torch.bool) if mask is None else mask.expand(shape)
    outputs = []
    for i in range(query.shape[-2]):
        scores = (query[..., i : i + 1, :] * key).sum(dim=-1) / math.sqrt(query.shape[-1])
        weights = scores.masked_fill(~allowed[..., i, :], -math.inf).softmax(dim=-1)
        outputs.append((weights[..., None] * value).sum(dim=-2))
    return torch.stack(outputs, dim=-2)
