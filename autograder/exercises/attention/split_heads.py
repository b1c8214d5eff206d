"""`attention.split_heads`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen
from llmlab import model

exercise = LAB.exercise(
    "split_heads",
    reference=model.split_heads,
    matters="GPT-2 small (2019) cuts vectors of 768 into 12 heads of 64 in this way, in each of its 12 blocks. Read "
    "llmlab/model/attention.py.",
    hints=(
        "The input has the head index hidden inside its last dimension: (…, "
        "length, heads × head_dim).",
        "There are two steps. First the last dimension becomes two; then two "
        "dimensions change places.",
        "Reshape to (…, length, num_heads, head_dim), and swap the length with the heads.",
    ),
)


def counted(*shape: int) -> Tensor:
    """Number the entries of a tensor in order, so that each can be found again."""
    size = torch.Size(shape).numel()
    return torch.arange(float(size)).reshape(shape)


@exercise.probe
def one_sequence(implementation: Any, generator: Generator) -> Any:
    """Four tokens, vectors of 6, two heads; the input's numbers are 0, 1, 2, ... in order."""
    return implementation(counted(4, 6), 2)


@exercise.probe
def several_sequences(implementation: Any, generator: Generator) -> Any:
    """A batch of three sequences of five tokens, vectors of 8, four heads; and the gradient of the input."""
    x = normal(generator, 3, 5, 8).requires_grad_()
    heads = implementation(x, 4)
    heads.square().sum().backward()
    return {"heads": heads, "gradient of the input": x.grad}


@exercise.probe
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """Two leading dimensions and two heads; a single head; a single token; heads of size 1."""
    x = normal(generator, 2, 3, 5, 4)
    return {
        "two leading dimensions": implementation(x.clone(), 2),
        "a single head": implementation(x[0].clone(), 1),
        "a single token": implementation(x[0, 0, :1].clone(), 2),
        "heads of size 1": implementation(x[0, 1].clone(), 4),
    }


_AT_ONCE = (
    "Your reshape has the right shape and mixes the tokens: reshaping straight to (heads, length, head_dim) reads on "
    "across the borders between tokens. Cut each vector first, then swap. Reread 'Many heads'."
)
_NOT_SWAPPED = (
    "Your code cuts the vectors into heads and leaves the heads behind the tokens. Attention works on the last two "
    "dimensions, so the length has to be one of them. Reread 'Many heads'."
)
_EXCHANGED = "You made pieces of size num_heads: number and size of the heads are exchanged. Reread 'Many heads'."
_FROM_THE_FRONT = (
    "Your code fits one number of dimensions only. Leading dimensions are free: none, one, or several. Count from the "
    "end instead. Reread 'Many heads'."
)
_REAL_SIZE = (
    "Your head size is a real number, since / gives one even where nothing is left over. A size must be whole. Reread "
    "'Many heads'."
)
_HEADS_FIRST = (
    "Your heads stand in front of the batch. They belong right before the tokens: (..., heads, length, head_dim). "
    "Reread 'Many heads'."
)
_CUT = (
    "The heads are right, and no gradient flows back to the input: it is cut on the way. Reread 'What holds for every "
    "answer'."
)
_TOKENS_CUT = (
    "Your code cuts the sequence into pieces, where it should cut each token's vector. Every head sees all tokens. "
    "Reread 'Many heads'."
)


def _size(x: Tensor, heads: int) -> int:
    return x.shape[-1] // heads


def _unpacked(x: Tensor, heads: int, count: int) -> Tensor:
    """Cut as people do who know how many dimensions there are."""
    if count == 2:
        length, dim = x.shape
        return x.reshape(length, heads, dim // heads).transpose(0, 1)
    batch, length, dim = x.shape
    return x.reshape(batch, length, heads, dim // heads).transpose(1, 2)


def _cut(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1))


_WAYS: dict[str, Any] = {
    "at_once": lambda x, heads: x.reshape(*x.shape[:-2], heads, x.shape[-2], _size(x, heads)),
    "at_once_in_front": lambda x, heads: x.reshape(heads, *x.shape[:-1], _size(x, heads)),
    "not_swapped": _cut,
    "strided": lambda x, heads: x.unflatten(-1, (-1, heads)).movedim(-1, -3),
    "exchanged": lambda x, heads: x.unflatten(-1, (-1, heads)).transpose(-3, -2),
    "exchanged_not_swapped": lambda x, heads: x.unflatten(-1, (-1, heads)),
    "transpose_0_1": lambda x, heads: _cut(x, heads).transpose(0, 1),
    "transpose_1_2": lambda x, heads: _cut(x, heads).transpose(1, 2),
    "permute_three": lambda x, heads: _cut(x, heads).permute(1, 0, 2),
    "permute_four": lambda x, heads: _cut(x, heads).permute(0, 2, 1, 3),
    "unpacks_two": lambda x, heads: _unpacked(x, heads, 2),
    "unpacks_three": lambda x, heads: _unpacked(x, heads, 3),
    "view_of_first": lambda x, heads: x.view(x.shape[0], -1, heads, _size(x, heads)).transpose(
        1, 2
    ),
    "heads_in_front": lambda x, heads: torch.stack(x.chunk(heads, dim=-1), dim=0),
    "keys_turned": lambda x, heads: _cut(x, heads).movedim(-3, -1),
    "stacked_last": lambda x, heads: torch.stack(x.chunk(heads, dim=-1), dim=-1),
    "chunks": lambda x, heads: x.chunk(heads, dim=-1),
    "chunks_in_a_list": lambda x, heads: list(x.chunk(heads, dim=-1)),
    "joined_again": lambda x, heads: torch.cat(x.chunk(heads, dim=-1), dim=-2),
    "joined_as_they_were": lambda x, heads: torch.cat(x.chunk(heads, dim=-1), dim=-1),
    "tokens_cut": lambda x, heads: torch.stack(x.chunk(heads, dim=-2), dim=-3),
    "tokens_cut_first": lambda x, heads: torch.stack(x.chunk(heads), dim=-3),
    "real_size": lambda x, heads: x.reshape(*x.shape[:-1], heads, x.shape[-1] / heads),
    "real_size_view": lambda x, heads: x.view(*x.shape[:-1], heads, x.shape[-1] / heads),
    "real_size_unflatten": lambda x, heads: x.unflatten(-1, (heads, x.shape[-1] / heads)),
    "turned_before": lambda x, heads: x.mT.reshape(
        *x.shape[:-2], heads, x.shape[-2], _size(x, heads)
    ),
    "whole_vectors": lambda x, heads: torch.stack([x] * heads, dim=-3),
    "first_head": lambda x, heads: x[..., : _size(x, heads)],
    "reversed_heads": lambda x, heads: torch.stack(x.chunk(heads, dim=-1)[::-1], dim=-3),
}
_ENDS: dict[str, Any] = {
    "squeezed": lambda heads: heads.squeeze(),
    "single_head_squeezed": lambda heads: heads.squeeze(-3),
    "flattened": lambda heads: heads.flatten(0, -3),
    "extra_dimension": lambda heads: heads.unsqueeze(0),
    "detached": lambda heads: heads.detach(),
    "new_leaf": lambda heads: heads.detach().clone().requires_grad_(),
    "scaled": lambda heads: heads / heads.shape[-1] ** 0.5,
}


@exercise.faults(
    at_once=_AT_ONCE,
    at_once_in_front=_AT_ONCE,
    not_swapped=_NOT_SWAPPED,
    strided="Your heads take every n-th dimension. A head's dimensions lie side by side: the first head_dim of them "
    "belong to head 0. Reread 'Many heads'.",
    exchanged=_EXCHANGED,
    exchanged_not_swapped=_EXCHANGED,
    transpose_0_1=_FROM_THE_FRONT,
    transpose_1_2=_FROM_THE_FRONT,
    permute_three=_FROM_THE_FRONT,
    permute_four=_FROM_THE_FRONT,
    unpacks_two=_FROM_THE_FRONT,
    unpacks_three=_FROM_THE_FRONT,
    view_of_first=_FROM_THE_FRONT,
    heads_in_front=_HEADS_FIRST,
    keys_turned="Your heads hold one column a token: (..., heads, head_dim, length). Attention turns the keys "
    "itself; here a token is a row. Reread 'Many heads'.",
    stacked_last="Your heads stand last. They belong right before the tokens: (..., heads, length, head_dim). "
    "Reread 'Many heads'.",
    chunks="Your code returns several tensors, one a head. One tensor is asked for, in which the heads are a "
    "dimension. Reread 'Many heads'.",
    chunks_in_a_list="Your code returns a list, one tensor a head. One tensor is asked for, in which the heads are a "
    "dimension. Reread 'Many heads'.",
    joined_again="Your heads stand one below the other in one long sequence. They need a dimension of their own. "
    "Reread 'Many heads'.",
    joined_as_they_were="Your code returns what it was given: the pieces are put together again. The heads need a "
    "dimension of their own. Reread 'Many heads'.",
    tokens_cut=_TOKENS_CUT,
    tokens_cut_first=_TOKENS_CUT,
    real_size=_REAL_SIZE,
    real_size_view=_REAL_SIZE,
    real_size_unflatten=_REAL_SIZE,
    turned_before="Your code exchanges tokens and dimensions first and then reshapes, which mixes the numbers of "
    "different tokens. Cut each vector first. Reread 'Many heads'.",
    whole_vectors="Each of your heads gets the whole vector. A head gets its own part: model_dim / num_heads numbers. "
    "Reread 'Many heads'.",
    first_head="Your code returns the first head alone. Reread 'Many heads'.",
    reversed_heads="Your heads come in reverse order: the first dimensions belong to head 0. Reread 'Many heads'.",
    squeezed="Dimensions of size 1 are gone from your result. A single token is still a sequence, and a single head a "
    "head. Reread 'What holds for every answer'.",
    single_head_squeezed="With a single head, its dimension is gone from your result. It stays, with size 1. Reread "
    "'What holds for every answer'.",
    flattened="Your heads and the batch have become one dimension. The leading dimensions stay as they are. Reread "
    "'Many heads'.",
    extra_dimension="Your result has a dimension too many in front. Reread 'Many heads'.",
    detached=_CUT,
    new_leaf=_CUT,
    scaled="Your heads are divided by the root of their size. That is for the scores to do, later. Reread 'Many "
    "heads'.",
)
def faulty(on: Switches) -> Any:
    """Cut and swap, then do something to the heads."""

    def split_heads(x: Tensor, num_heads: int) -> Any:
        way = chosen(on, lambda x, heads: _cut(x, heads).transpose(-3, -2), _WAYS)
        return chosen(on, lambda heads: heads, _ENDS)(way(x, num_heads))

    return split_heads
