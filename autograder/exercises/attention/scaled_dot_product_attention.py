"""`attention.scaled_dot_product_attention`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional

from autograder.exercise import Switches, normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen
from llmlab import model

exercise = LAB.exercise(
    "scaled_dot_product_attention",
    reference=model.scaled_dot_product_attention,
    forbidden=(
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.functional.multi_head_attention_forward",
        "torch._native_multi_head_attention",
        "torch.nn.attention.flex_attention.flex_attention",
    ),
    matters="Llama 3 405B (2024) computes this formula in 126 layers for each token that it writes; FlashAttention "
    "(2022) gives the same result without storing the weights. Read llmlab/model/attention.py.",
    hints=(
        "Follow the shapes: (query, head_dim) by (key, head_dim) must give (query, key).",
        "There are four steps: compare, scale, turn scores into weights, average the values. The "
        "mask comes in between the second and the third.",
        "Multiply the query by the transposed key, divide by the root of the last size of the "
        "query, set the scores that are not allowed to minus infinity, take the softmax over the "
        "keys, and multiply by the value.",
    ),
)


def inputs(generator: Generator, queries: int, keys: int, *lead: int) -> tuple[Tensor, ...]:
    """Draw queries and keys of size 6, and values of size 5."""
    sizes = ((queries, 6), (keys, 6), (keys, 5))
    query, key, value = (normal(generator, *lead, *size) for size in sizes)
    return 2 * query, 2 * key, value


def some_hidden(generator: Generator, queries: int, keys: int) -> Tensor:
    """Draw a mask that lets each query see key 1, never key 3, and some of the others."""
    mask = torch.rand(queries, keys, generator=generator) < 0.5
    mask[:, 1], mask[:, 3] = True, False
    return mask


def large(generator: Generator) -> tuple[Tensor, ...]:
    """Make a batch of two: scores from about -100 down to -900, and from 100 up to 900, none of them rounded."""
    eighths = torch.randint(8, (2, 2, 3, 4), generator=generator) / 8
    growing = torch.arange(1, 4)[:, None] * (7 + eighths)
    query, key = growing.unbind()
    return query, key * torch.tensor([-1, 1])[:, None, None], normal(generator, 2, 3, 2)


@exercise.probe
def unmasked(implementation: Any, generator: Generator) -> Any:
    """Two queries, three keys, head size 6, values of 5 numbers, no mask."""
    return {"output": implementation(*inputs(generator, 2, 3))}


@exercise.probe
def square(implementation: Any, generator: Generator) -> Any:
    """Four queries, four keys, all sizes 4, the causal mask; and the gradients for the sum of the squares."""
    query, key, value = (normal(generator, 4, 4).requires_grad_() for _ in range(3))
    output = implementation(query, key, value, torch.ones(4, 4, dtype=torch.bool).tril())
    output.square().sum().backward()
    found = {"query": query.grad, "key": key.grad, "value": value.grad}
    return {"output": output, **{f"gradient of the {name}": one for name, one in found.items()}}


@exercise.probe
def masked(implementation: Any, generator: Generator) -> Any:
    """A batch of two with three heads, six queries, five keys, and one mask for all of them."""
    query, key, value = inputs(generator, 6, 5, 2, 3)
    return {"output": implementation(query, key, value, some_hidden(generator, 6, 5))}


@exercise.probe
def broadcast_mask(implementation: Any, generator: Generator) -> Any:
    """A mask of shape (batch, 1, 1, key) for padding; then one query that may see one key."""
    query, key, value = inputs(generator, 3, 4, 2, 3)
    padding = torch.tensor([[True] * 4, [True, True, False, False]])[:, None, None]
    one_key = torch.tensor([[False, False, True, False]])
    return {
        "output under padding": implementation(query, key, value, padding),
        "output for one query": implementation(query[0, 0, :1], key[0, 0], value[0, 0], one_key),
    }


@exercise.probe
def large_scores(implementation: Any, generator: Generator) -> Any:
    """A batch of two, with scores of many hundreds, below and above 0; without a mask, then with the causal one."""
    query, key, value = large(generator)
    mask = torch.ones(3, 3, dtype=torch.bool).tril()
    copies = query.clone(), key.clone(), value.clone()
    return {
        "output without a mask": implementation(*copies),
        "output with a mask": implementation(query, key, value, mask),
    }


_TWO_ONLY = (
    "Your code counts dimensions from the front, which fits only one number of them. Leading dimensions (batch, heads) "
    "are free, and may be absent: name the last two from the end. Reread 'Queries, keys and values'."
)
_NOT_TRANSPOSED = (
    "Your scores are a product of rows of the query with columns of the key. A score compares a whole query with a "
    "whole key: both are rows. Reread 'Queries, keys and values'."
)
_KEYS_ASK = (
    "In your code each key asks, and the queries are asked: the scores have one row a key. Each row must belong to one "
    "query. Reread 'Queries, keys and values'."
)
_SIZE_ITSELF = (
    "The scores are divided by the head size itself: either its root is not taken, or it is divided by twice. They "
    "become too small, and the attention too even. Reread 'Why the scores are scaled'."
)
_OTHER_SIZE = (
    "The scores are divided by the root of another size than the head size, such as the number of keys. The "
    "variance of a score grows with the length of a query. Reread 'Why the scores are scaled'."
)
_OVER_QUERIES = (
    "The softmax runs over the queries, and should run over the keys: the weights with which one query averages the "
    "values must sum to 1. Reread 'From scores to weights'."
)
_NO_DIMENSION = (
    "Your softmax does not say over which dimension it runs. It must be the one of the keys, however many dimensions "
    "there are. Reread 'From scores to weights'."
)
_ZERO_SCORE = (
    "The masked scores are set to 0, and the softmax gives a score of 0 its share of the weight: exp(0) is 1. A hidden "
    "key needs a score whose exponential is 0. Reread 'What a mask says'."
)
_FINITE_FILL = (
    "A hidden key gets a small score in your code, but not one that is small enough: when the scores of the others are "
    "smaller still, the hidden key takes the attention. Reread 'What a mask says'."
)
_AFTER = (
    "The mask is applied after the softmax: the hidden keys get no weight, and what is left no longer sums to 1. "
    "Masking must come before the weights are shared out. Reread 'What a mask says'."
)
_ADDED_MASK = (
    "The mask is added to the scores as 1 and 0 (or taken away). That shifts scores by 1 and hides nothing. Reread "
    "'What a mask says'."
)
_MASK_AXES = (
    "Your code gives the mask another dimension, which fits some calls and not others. The mask broadcasts to (..., "
    "query, key) as it comes. Reread 'What a mask says'."
)
_RAW = (
    "The softmax is missing: the values are added up with raw scores, which can be negative and do not sum to 1. "
    "Reread 'From scores to weights'."
)
_SHARES_OF_RAW = (
    "The scores are divided by their sum, without an exponential. Scores can be negative, and so are your shares; the "
    "sum can be 0. Reread 'From scores to weights'."
)
_CUT = (
    "The output is right, and the gradient does not reach all inputs: it is cut on the way. A model could not learn "
    "its queries, keys and values. Reread 'What holds for every answer'."
)

_COMPARISONS: dict[str, Any] = {
    "not_transposed": lambda query, key, value: query @ key,
    "keys_ask": lambda query, key, value: key @ query.mT,
    "t_of_all": lambda query, key, value: query @ key.T,
    "t_of_two": lambda query, key, value: query @ key.t(),
    "transpose_0_1": lambda query, key, value: query @ key.transpose(0, 1),
    "transpose_1_2": lambda query, key, value: query @ key.transpose(1, 2),
    "transpose_2_3": lambda query, key, value: query @ key.transpose(2, 3),
    "batched_product": lambda query, key, value: torch.bmm(query, key.transpose(1, 2)),
    "permute_three": lambda query, key, value: query @ key.permute(0, 2, 1),
    "permute_four": lambda query, key, value: query @ key.permute(0, 1, 3, 2),
    "einsum_two": lambda query, key, value: torch.einsum("qd,kd->qk", query, key),
    "einsum_three": lambda query, key, value: torch.einsum("bqd,bkd->bqk", query, key),
    "einsum_four": lambda query, key, value: torch.einsum("bhqd,bhkd->bhqk", query, key),
    "product_of_numbers": lambda query, key, value: query * key,
    "compares_values": lambda query, key, value: query @ value.mT,
    "compares_queries": lambda query, key, value: query @ query.mT,
    "compares_keys": lambda query, key, value: key @ key.mT,
    "cosines": lambda query, key, value: (
        functional.normalize(query, dim=-1) @ functional.normalize(key, dim=-1).mT
    ),
    "distances": lambda query, key, value: -torch.cdist(query, key),
    "scores_cut_off": lambda query, key, value: (query @ key.mT).relu(),
}
_SCALES: dict[str, Any] = {
    "no_scale": lambda scores, query, key, value: scores,
    "no_root": lambda scores, query, key, value: scores / query.shape[-1],
    "multiplied": lambda scores, query, key, value: scores * math.sqrt(query.shape[-1]),
    "root_of_keys": lambda scores, query, key, value: scores / math.sqrt(key.shape[-2]),
    "root_of_queries": lambda scores, query, key, value: scores / math.sqrt(query.shape[-2]),
    "root_of_values": lambda scores, query, key, value: scores / math.sqrt(value.shape[-1]),
    "root_of_first": lambda scores, query, key, value: scores / math.sqrt(query.shape[0]),
    "root_of_second": lambda scores, query, key, value: scores / math.sqrt(query.shape[1]),
    "root_of_size_two": lambda scores, query, key, value: scores / math.sqrt(query.size(2)),
    "root_of_third": lambda scores, query, key, value: scores / math.sqrt(query.shape[2]),
    "fourth_root": lambda scores, query, key, value: scores / query.shape[-1] ** 0.25,
    "squared": lambda scores, query, key, value: scores / query.shape[-1] ** 2,
    "head_of_64": lambda scores, query, key, value: scores / 8,
    "floor": lambda scores, query, key, value: scores // math.sqrt(query.shape[-1]),
    "standardized": lambda scores, query, key, value: scores / scores.std(dim=-1, keepdim=True),
}
_MASKS: dict[str, Any] = {
    "mask_turned": lambda scores, mask: mask.mT,
    "mask_for_a_batch": lambda scores, mask: mask.unsqueeze(0),
    "mask_for_heads": lambda scores, mask: mask.unsqueeze(1),
    "mask_for_heads_from_the_end": lambda scores, mask: mask.unsqueeze(-3),
    "mask_of_batch_and_heads": lambda scores, mask: mask[None, None],
    "inverted": lambda scores, mask: ~mask,
    "causal_instead": lambda scores, mask: torch.ones(scores.shape[-2:], dtype=torch.bool).tril(),
}
_HIDING: dict[str, Any] = {
    "mask_ignored": lambda scores, mask: scores,
    "zero_score": lambda scores, mask: scores.masked_fill(~mask, 0.0),
    "fill_minus_one": lambda scores, mask: scores.masked_fill(~mask, -1.0),
    "fill_minus_ten": lambda scores, mask: scores.masked_fill(~mask, -10.0),
    "fill_minus_hundred": lambda scores, mask: scores.masked_fill(~mask, -100.0),
    "fill_largest": lambda scores, mask: scores.masked_fill(~mask, 1e9),
    "fill_infinity": lambda scores, mask: scores.masked_fill(~mask, math.inf),
    "fill_smallest": lambda scores, mask: scores.masked_fill(~mask, scores.min().item()),
    "added": lambda scores, mask: scores + mask,
    "added_inverse": lambda scores, mask: scores + ~mask,
    "inverted_finite": lambda scores, mask: scores.masked_fill(mask, -1e9),
    "hides_the_seen": lambda scores, mask: scores + mask * -1e9,
    "infinity_by_product": lambda scores, mask: scores + ~mask * -math.inf,
    "indexed": lambda scores, mask: scores.clone().index_put_((~mask,), torch.tensor(-math.inf)),
    "kept_only": lambda scores, mask: scores[mask],
}


def _exponentials(scores: Tensor, dim: int = -1) -> Tensor:
    shares = (scores - scores.amax(dim=dim, keepdim=True)).exp()
    return shares / shares.sum(dim=dim, keepdim=True)


_softmax: Any = torch.softmax  # called without what it needs

_SHARES: dict[str, Any] = {
    "over_queries": lambda scores: scores.softmax(dim=-2),
    "over_first": lambda scores: scores.softmax(dim=0),
    "over_second": lambda scores: scores.softmax(dim=1),
    "over_third": lambda scores: scores.softmax(dim=2),
    "no_dimension": lambda scores: functional.softmax(scores),
    "no_dimension_given": lambda scores: _softmax(scores),
    "over_all": lambda scores: scores.flatten(-2).softmax(dim=-1).reshape(scores.shape),
    "over_everything": lambda scores: scores.flatten().softmax(dim=0).reshape(scores.shape),
    "unsafe": lambda scores: scores.exp() / scores.exp().sum(dim=-1, keepdim=True),
    "unsafe_repaired": lambda scores: torch.nan_to_num(
        scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
    ),
    "one_maximum": lambda scores: (
        (scores - scores.max()).exp() / (scores - scores.max()).exp().sum(dim=-1, keepdim=True)
    ),
    "sum_over_queries": lambda scores: (
        (scores - scores.amax(dim=-1, keepdim=True)).exp()
        / (scores - scores.amax(dim=-1, keepdim=True)).exp().sum(dim=-2, keepdim=True)
    ),
    "sum_of_all": lambda scores: (
        (scores - scores.amax(dim=-1, keepdim=True)).exp()
        / (scores - scores.amax(dim=-1, keepdim=True)).exp().sum()
    ),
    "without_keepdim": lambda scores: scores.exp() / scores.exp().sum(dim=-1),
    "maximum_without_keepdim": lambda scores: (
        (scores - scores.amax(dim=-1)).exp()
        / (scores - scores.amax(dim=-1)).exp().sum(dim=-1, keepdim=True)
    ),
    "not_divided": lambda scores: (scores - scores.amax(dim=-1, keepdim=True)).exp(),
    "exponentials_alone": lambda scores: scores.exp(),
    "no_softmax": lambda scores: scores.masked_fill(scores == -math.inf, 0.0),
    "no_softmax_infinite": lambda scores: scores,
    "shares_of_raw": lambda scores: scores / scores.sum(dim=-1, keepdim=True),
    "shares_of_raw_hidden_zero": lambda scores: (
        scores.masked_fill(scores == -math.inf, 0.0)
        / scores.masked_fill(scores == -math.inf, 0.0).sum(dim=-1, keepdim=True)
    ),
    "sigmoid": lambda scores: scores.sigmoid(),
    "logarithms": lambda scores: scores.log_softmax(dim=-1),
    "twice": lambda scores: scores.softmax(dim=-1).softmax(dim=-1),
    "powers_of_two": lambda scores: _exponentials(scores * math.log(2)),
    "hardest": lambda scores: functional.one_hot(scores.argmax(dim=-1), scores.shape[-1]).float(),
    "negative": lambda scores: (-scores).softmax(dim=-1),
    "detached": lambda scores: scores.softmax(dim=-1).detach(),
}
_AVERAGES: dict[str, Any] = {
    "returns_weights": lambda weights, key, value: weights,
    "returns_both": lambda weights, key, value: (weights @ value, weights),
    "averages_keys": lambda weights, key, value: weights @ key,
    "weights_turned": lambda weights, key, value: weights.mT @ value,
    "value_first": lambda weights, key, value: value @ weights,
    "times_numbers": lambda weights, key, value: weights * value,
    "mean_of_values": lambda weights, key, value: weights @ value / value.shape[-2],
    "detached_values": lambda weights, key, value: weights @ value.detach(),
    "all_detached": lambda weights, key, value: (weights @ value).detach(),
    "squeezed": lambda weights, key, value: (weights @ value).squeeze(),
    "output_softmax": lambda weights, key, value: (weights @ value).softmax(dim=-1),
    "output_turned": lambda weights, key, value: (weights @ value).mT,
    "first_query": lambda weights, key, value: (weights @ value)[..., 0, :],
    "summed": lambda weights, key, value: (weights @ value).sum(dim=-2),
}
_SENTENCES: dict[str, str] = {
    "not_transposed": _NOT_TRANSPOSED,
    "keys_ask": _KEYS_ASK,
    **dict.fromkeys(
        [
            "t_of_all",
            "t_of_two",
            "transpose_0_1",
            "transpose_1_2",
            "transpose_2_3",
            "batched_product",
            "permute_three",
            "permute_four",
            "einsum_two",
            "einsum_three",
            "einsum_four",
            "root_of_second",
            "root_of_size_two",
            "root_of_third",
            "unpacks_two",
            "unpacks_three",
            "unpacks_four",
        ],
        _TWO_ONLY,
    ),
    "product_of_numbers": "Your code multiplies queries and keys number by number. A score is a dot product: one "
    "number for each pair of a query and a key. Reread 'Queries, keys and values'.",
    "compares_values": "Your code compares the queries with the values. A token is found by its key; the value is what "
    "it gives then. Reread 'Queries, keys and values'.",
    "compares_queries": "Your code compares the queries with each other. Each query is to be compared with the keys. "
    "Reread 'Queries, keys and values'.",
    "compares_keys": "Your code compares the keys with each other. Each query is to be compared with the keys. Reread "
    "'Queries, keys and values'.",
    "cosines": "Queries and keys are brought to length 1 first, so that the scores are cosines. Here the lengths "
    "count, too. Reread 'Queries, keys and values'.",
    "distances": "Your scores are distances. A score here is a dot product. Reread 'Queries, keys and values'.",
    "scores_cut_off": "Negative scores become 0 in your code. A negative score is a key that fits badly, and must stay "
    "below the others. Reread 'From scores to weights'.",
    "no_scale": "The scores are not divided by the square root of the head size. Without it they grow with that size, "
    "the softmax saturates on the largest, and its gradient vanishes. Reread 'Why the scores are scaled'.",
    "no_root": _SIZE_ITSELF,
    "multiplied": "The scores are multiplied by the square root of the head size, where they should be divided by it: "
    "they grow when they should shrink. Reread 'Why the scores are scaled'.",
    **dict.fromkeys(
        [
            "root_of_keys",
            "root_of_queries",
            "root_of_values",
            "root_of_first",
        ],
        _OTHER_SIZE,
    ),
    "fourth_root": "The scores are divided by the fourth root of the head size: they are still too large. Either the "
    "root is taken twice, or it divides one factor of two. Reread 'Why the scores are scaled'.",
    "squared": "The scores are divided by the square of the head size: the attention becomes nearly even. Reread "
    "'Why the scores are scaled'.",
    "head_of_64": "The scores are divided by a fixed number, 8, which fits heads of size 64. The size is that of the "
    "queries at hand. Reread 'Why the scores are scaled'.",
    "floor": "Your division cuts fractions off: the scores become whole numbers, and their gradient is 0. Reread "
    "'Why the scores are scaled'.",
    "standardized": "The scores of each query are divided by their own spread. The lab divides all of them by one "
    "number, known beforehand. Reread 'Why the scores are scaled'.",
    "mask_turned": "The mask is turned round: its columns are taken for queries. Rows are queries, columns are keys. "
    "Reread 'What a mask says'.",
    **dict.fromkeys(
        [
            "mask_for_a_batch",
            "mask_for_heads",
            "mask_for_heads_from_the_end",
            "mask_of_batch_and_heads",
        ],
        _MASK_AXES,
    ),
    "inverted": "The mask is upside down: your code hides the keys where the mask is True, and True means 'may attend' "
    "here, as in PyTorch's own function. Reread 'What a mask says'.",
    "causal_instead": "Where a mask is given, your code uses a causal one of its own. Which keys a query may see is "
    "the mask's to say. Reread 'What a mask says'.",
    "always_causal": "Your code hides the keys after each query by itself, whether there is a mask or not. Without a "
    "mask each query may attend to all keys. Reread 'What a mask says'.",
    "causal_without_mask": "Your code uses a causal mask of its own where none is given. Without a mask each query may "
    "attend to all keys. Reread 'What a mask says'.",
    "truth_of_mask": "Your code asks whether the mask is true, and a tensor of many truth values has no single answer. "
    "The question is whether there is a mask at all. Reread 'What a mask says'.",
    "mask_ignored": "The mask is not used: queries still attend to the keys that they should not see. Reread 'What "
    "a mask says'.",
    "zero_score": _ZERO_SCORE,
    "fill_minus_one": _FINITE_FILL,
    "fill_minus_ten": _FINITE_FILL,
    "fill_minus_hundred": _FINITE_FILL,
    "fill_smallest": _FINITE_FILL,
    "fill_largest": "A hidden key gets a very large score in your code, and so all of the attention. Look at the sign. "
    "Reread 'What a mask says'.",
    "fill_infinity": "A hidden key gets plus infinity, or NaN, for a score in your code, and the softmax of that is "
    "NaN. Look at the sign. Reread 'What a mask says'.",
    "added": _ADDED_MASK,
    "added_inverse": _ADDED_MASK,
    "inverted_finite": "The mask is upside down: your code gives a very low score to the keys where the mask is True, "
    "and True means 'may attend' here. Reread 'What a mask says'.",
    "hides_the_seen": "Your code takes a large number away where the mask is True, so it hides what may be seen. True "
    "means 'may attend'. Reread 'What a mask says'.",
    "infinity_by_product": "Your mask is multiplied by infinity, and 0 times infinity is NaN: what may be seen is "
    "spoiled, too. Put infinity only where a key is hidden. Reread 'What a mask says'.",
    "indexed": "Your code indexes the scores by the mask, and then both must have the same shape. A mask only "
    "broadcasts to it, as (query, key) does for many heads. Reread 'What a mask says'.",
    "kept_only": "Your code picks the scores that may be seen out of the matrix: what is left is a flat list, without "
    "rows and columns. Reread 'What a mask says'.",
    "masked_after": _AFTER,
    "filled_after": "The mask is applied after the softmax, and hidden keys get minus infinity for a weight there. The "
    "score is what has to be so small, before the weights are shared out. Reread 'What a mask says'.",
    "shared_again": "The mask is applied after the softmax, and what is left is divided by its sum. Where a hidden key "
    "has by far the largest score, nothing is left, and 0 / 0 is NaN. Reread 'What a mask says'.",
    "over_queries": _OVER_QUERIES,
    "over_first": "Your softmax runs over the first dimension. That is the one of the queries, or of the batch, and "
    "the weights of one query do not sum to 1. Reread 'From scores to weights'.",
    "over_second": "Your softmax runs over the second dimension: that is the one of the keys only while there is no "
    "batch. Leading dimensions are free, so count from the end. Reread 'From scores to weights'.",
    "over_third": "Your softmax runs over the third dimension, and there may be fewer, or more. Leading dimensions are "
    "free, so count from the end. Reread 'From scores to weights'.",
    "no_dimension": _NO_DIMENSION,
    "no_dimension_given": _NO_DIMENSION,
    "over_all": "Your softmax shares 1 out among all pairs of a query and a key. Each query has 1 of its own to share "
    "out. Reread 'From scores to weights'.",
    "over_everything": "Your softmax shares 1 out among all scores, of all batches and heads. Each query has 1 of its "
    "own to share out. Reread 'From scores to weights'.",
    "unsafe": "Your softmax takes the exponential of the scores as they are. Scores in the hundreds overflow, or all "
    "become 0, and a quotient of such numbers is NaN. Reread 'From scores to weights'.",
    "unsafe_repaired": "Your softmax overflows for scores in the hundreds, and you turn the NaN that comes of it into "
    "0. Then such queries gather nothing. Reread 'From scores to weights'.",
    "one_maximum": "You take one maximum away from all scores. Rows that lie far below it become 0 / 0, which is NaN: "
    "each row has a largest score of its own. Reread 'From scores to weights'.",
    "sum_over_queries": "The exponentials are divided by their sum over the queries. The shares of one query must "
    "add up to 1. Reread 'From scores to weights'.",
    "sum_of_all": "The exponentials are divided by the sum of all of them. The shares of one query must add up to 1. "
    "Reread 'From scores to weights'.",
    "without_keepdim": "The sums of the rows have lost a dimension, and no longer line up with the rows: PyTorch sets "
    "them against the columns, or refuses. Reread 'From scores to weights'.",
    "maximum_without_keepdim": "The largest scores of the rows have lost a dimension, and no longer line up with "
    "the rows: PyTorch sets them against the columns, or refuses. Reread 'From scores to weights'.",
    "not_divided": "The exponentials are not divided by their sum: the largest score has the weight 1, whatever the "
    "others have. Reread 'From scores to weights'.",
    "exponentials_alone": "The exponentials are not divided by their sum: they add up to anything. Reread 'From scores "
    "to weights'.",
    "no_softmax": _RAW,
    "no_softmax_infinite": _RAW,
    "shares_of_raw": _SHARES_OF_RAW,
    "shares_of_raw_hidden_zero": _SHARES_OF_RAW,
    "sigmoid": "Each score is turned into a weight by itself (a sigmoid), so that the weights of a query do not add "
    "up to 1. Reread 'From scores to weights'.",
    "logarithms": "The values are added up with the logarithms of the weights, which are negative. Reread 'From "
    "scores to weights'.",
    "twice": "The softmax is taken twice: the second one makes the weights nearly equal, and gives hidden keys a share "
    "again. Reread 'From scores to weights'.",
    "powers_of_two": "Your shares are powers of 2, and the formula's are powers of e. Reread 'From scores to weights'.",
    "hardest": "Each query takes the value of its best key alone. Attention averages, and a choice has no gradient. "
    "Reread 'From scores to weights'.",
    "negative": "The scores have the wrong sign: keys that fit badly get the most. Reread 'From scores to weights'.",
    "dropout": "Your code sets some weights to 0 at random (dropout). The formula has no chance in it. Reread 'From "
    "scores to weights'.",
    "scaled_after": "You divide by the root of the head size after the softmax. By then the softmax has seen the large "
    "scores, and the weights no longer add up to 1. Reread 'Why the scores are scaled'.",
    "returns_weights": "Your code returns the weights. They say where each query looks; what it gathers there is the "
    "average of the values. Reread 'From scores to weights'.",
    "returns_both": "Your code returns two things, the output and the weights. Only the output is asked for. Reread "
    "'From scores to weights'.",
    "averages_keys": "Your code averages the keys. The key is the label, and the value is what stands in the book. "
    "Reread 'Queries, keys and values'.",
    "weights_turned": "The weights are turned round before they meet the values: each key gathers from the queries. "
    "Reread 'From scores to weights'.",
    "value_first": "The values stand on the left of your last product. The weights belong there: each of their rows is "
    "one average. Reread 'From scores to weights'.",
    "times_numbers": "Your code multiplies weights and values number by number. A query's output is a sum over the "
    "keys. Reread 'From scores to weights'.",
    "mean_of_values": "The output is divided by the number of keys. The weights add up to 1 already: it is an average "
    "as it is. Reread 'From scores to weights'.",
    "softmax_at_the_end": "Your code takes the softmax of scores times values. The softmax makes weights of the "
    "scores; the values come after it. Reread 'From scores to weights'.",
    "output_softmax": "There is a softmax too many, over the output. The values may be negative, and so may what is "
    "gathered. Reread 'From scores to weights'.",
    "output_turned": "The output is turned round: one column a query. It needs one row a query. Reread 'From scores to "
    "weights'.",
    "first_query": "Your code returns the output of the first query alone. Each query has one. Reread 'From scores to "
    "weights'.",
    "summed": "The outputs of all queries are added up into one. Each query keeps its own. Reread 'From scores to "
    "weights'.",
    "squeezed": "Dimensions of size 1 are gone from your result. One query is still a row. Reread 'What holds for "
    "every answer'.",
    "detached": _CUT,
    "detached_values": _CUT,
    "all_detached": _CUT,
    "query_changed": "Your code divides the query in place: the caller's tensor is changed. Make a new one. Reread "
    "'What holds for every answer'.",
    "key_changed": "Your code divides the key in place: the caller's tensor is changed. Make a new one. Reread "
    "'What holds for every answer'.",
}


def _unpacked(on: Switches, query: Tensor) -> None:
    if on("unpacks_two"):
        _, _ = query.shape
    if on("unpacks_three"):
        _, _, _ = query.shape
    if on("unpacks_four"):
        _, _, _, _ = query.shape


def _compared(on: Switches, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    _unpacked(on, query)
    if on("query_changed"):
        query /= math.sqrt(query.shape[-1])
        return query @ key.mT
    if on("key_changed"):
        key /= math.sqrt(key.shape[-1])
        return query @ key.mT
    compare = chosen(on, lambda query, key, value: query @ key.mT, _COMPARISONS)
    scores: Tensor = compare(query, key, value)
    if on("scaled_after"):
        return scores
    scale = chosen(on, lambda scores, *_: scores / math.sqrt(query.shape[-1]), _SCALES)
    scaled: Tensor = scale(scores, query, key, value)
    return scaled


def _hidden(on: Switches, scores: Tensor, mask: Tensor | None) -> Tensor:
    if on("always_causal") or (mask is None and on("causal_without_mask")):
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if on("truth_of_mask"):
        mask = mask if mask else None
    if mask is None or on("masked_after") or on("filled_after") or on("shared_again"):
        return scores
    mask = chosen(on, lambda scores, mask: mask, _MASKS)(scores, mask)
    hide = chosen(on, lambda scores, mask: scores.masked_fill(~mask, -math.inf), _HIDING)
    hidden: Tensor = hide(scores, mask)
    return hidden


def _masked_late(on: Switches, weights: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return weights
    if on("masked_after") or on("shared_again"):
        weights = weights * mask
    if on("filled_after"):
        weights = weights.masked_fill(~mask, -math.inf)
    return weights / weights.sum(dim=-1, keepdim=True) if on("shared_again") else weights


@exercise.faults(**_SENTENCES)
def faulty(on: Switches) -> Any:
    """Compare, scale, mask, share out, average."""

    def scaled_dot_product_attention(
        query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> Any:
        scores = _hidden(on, _compared(on, query, key, value), mask)
        if on("softmax_at_the_end"):
            return (scores @ value).softmax(dim=-1)
        weights = chosen(on, _exponentials, _SHARES)(scores)
        weights = _masked_late(on, weights, mask)
        if on("dropout"):
            weights = functional.dropout(weights, 0.1)
        if on("scaled_after"):
            weights = weights / math.sqrt(query.shape[-1])
        average = chosen(on, lambda weights, key, value: weights @ value, _AVERAGES)
        return average(weights, key, value)

    return scaled_dot_product_attention
