"""`attention.MultiHeadAttention`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from autograder.exercise import Switches, normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen, filled, gradients
from llmlab import model

exercise = LAB.exercise(
    "MultiHeadAttention",
    reference=model.MultiHeadAttention,
    forbidden=(
        "torch.nn.functional.multi_head_attention_forward",
        "torch.nn.functional.scaled_dot_product_attention",
        "torch._native_multi_head_attention",
        "torch.nn.attention.flex_attention.flex_attention",
    ),
    matters="Llama 3 8B (2024) has 32 query heads in each of its 32 blocks, and lets 8 key and value heads serve them, "
    "four to one. Read llmlab/model/attention.py.",
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
    """A sequence of four tokens, vectors of 6, two heads, no mask, fixed weights."""
    module, result = filled(implementation, generator, 6, 2)
    return {**result, "output": module(3 * normal(generator, 4, 6))}


def learned(implementation: Any, generator: Generator, dim: int, heads: int, *shape: int) -> Any:
    """Attend under the causal mask, and let a gradient flow back to the input and to the weights."""
    module, result = filled(implementation, generator, dim, heads)
    x = (2 * normal(generator, *shape, dim)).requires_grad_()
    output = module(x, model.causal_mask(shape[-1]))
    output.square().sum().backward()
    return {
        **result,
        "output": output,
        "gradient of the input": x.grad,
        "gradients of the weights": gradients(module),
    }


def padded(implementation: Any, generator: Generator, batch: int, length: int, heads: int) -> Any:
    """Attend with a mask of its own for each sequence: causal, and each hides another first token."""
    module, result = filled(implementation, generator, 4 * heads, heads)
    mask = model.causal_mask(length).repeat(batch, 1, 1, 1)
    for i in range(batch):
        mask[i, 0, i + 1 :, i] = False
    x = 3 * normal(generator, batch, length, 4 * heads)
    return {**result, "output": module(x, mask)}


@exercise.probe
def four_heads(implementation: Any, generator: Generator) -> Any:
    """Three sequences of five tokens, vectors of 8, four heads, the causal mask; and all gradients."""
    return learned(implementation, generator, 8, 4, 3, 5)


@exercise.probe
def mask_for_each(implementation: Any, generator: Generator) -> Any:
    """Three sequences of four tokens, two heads, and a mask of shape (3, 1, 4, 4): one for each sequence."""
    return padded(implementation, generator, 3, 4, 2)


@exercise.probe
def free_leading_dimensions(implementation: Any, generator: Generator) -> Any:
    """Two leading dimensions, then a single token, which can look only at itself."""
    module, _ = filled(implementation, generator, 8, 4)
    x = 3 * normal(generator, 2, 3, 4, 8)
    return {"two leading dimensions": module(x), "a single token": module(x[0, 0, :1].clone())}


_LOOK_THERE = "If you call your own attention, look there first: it may be the one that is wrong. "
_FRONT = (
    "Your code fits one number of dimensions only. Leading dimensions are free: none, one, or several. Count from the "
    "end instead. Reread 'Many heads'."
)
_MASK_AXES = (
    "Your code gives the mask another dimension, which fits some masks and not others. It broadcasts to (..., heads, "
    "length, length) as it comes. Reread 'What a mask says'."
)
_CUT = (
    "The output is right, and the gradient does not reach all that should learn: it is cut on the way. Reread 'What "
    "holds for every answer'."
)
_NOT_JOINED = (
    "A map gets the pieces of single heads, and each of the four takes vectors of the model's whole size: either "
    "you split before you map, or the heads are not side by side when they come to the output map. Reread 'Joining "
    "the heads'."
)
_ONE_SIZE = (
    "What comes to the output map is as long as one head: either the heads are added or averaged into one, or one is "
    "taken alone. Each keeps a place of its own in the joined vector. Reread 'Joining the heads'."
)
_HEADS_MERGED = (
    "Your heads are added or averaged, and the result is repeated. Each keeps a place of its own in the joined vector, "
    "so that the output map can tell them apart. Reread 'Joining the heads'."
)
_MAPLESS = (
    "One of the maps is left out: the vectors themselves serve in the place of queries, keys or values. Each of the "
    "three has a map of its own. Reread 'Queries, keys and values'."
)
_OUTPUT_EARLY = (
    "There is more than one output map in your result: it is applied twice, or before the heads are joined. It comes "
    "once, at the end. Reread 'Joining the heads'."
)

_MAPS: dict[str, Any] = {
    "keys_as_values": lambda m, x: (m.query(x), m.key(x), m.key(x)),
    "values_as_keys": lambda m, x: (m.query(x), m.value(x), m.value(x)),
    "queries_as_keys": lambda m, x: (m.query(x), m.query(x), m.value(x)),
    "keys_as_queries": lambda m, x: (m.key(x), m.key(x), m.value(x)),
    "queries_as_values": lambda m, x: (m.query(x), m.key(x), m.query(x)),
    "one_map": lambda m, x: (m.query(x), m.query(x), m.query(x)),
    "asks_and_is_asked": lambda m, x: (m.key(x), m.query(x), m.value(x)),
    "keys_and_values_exchanged": lambda m, x: (m.query(x), m.value(x), m.key(x)),
    "no_query_map": lambda m, x: (x, m.key(x), m.value(x)),
    "no_key_map": lambda m, x: (m.query(x), x, m.value(x)),
    "no_value_map": lambda m, x: (m.query(x), m.key(x), x),
    "no_maps": lambda m, x: (x, x, x),
    "maps_without_bias": lambda m, x: tuple(x @ one.weight.T for one in (m.query, m.key, m.value)),
    "weights_turned": lambda m, x: tuple(
        x @ one.weight + one.bias for one in (m.query, m.key, m.value)
    ),
    "one_map_after_another": lambda m, x: (
        m.query(x),
        m.key(m.query(x)),
        m.value(m.key(m.query(x))),
    ),
    "input_detached": lambda m, x: (m.query(x), m.key(x), m.value(x.detach())),
    "weights_detached": lambda m, x: (m.query(x).detach(), m.key(x), m.value(x)),
    "keys_detached": lambda m, x: (m.query(x), m.key(x).detach(), m.value(x)),
    "values_detached": lambda m, x: (m.query(x), m.key(x), m.value(x).detach()),
    "all_detached": lambda m, x: (m.query(x).detach(), m.key(x).detach(), m.value(x).detach()),
}
_SPLITS: dict[str, Any] = {
    "split_at_once": lambda x, heads: x.reshape(*x.shape[:-2], heads, x.shape[-2], -1),
    "split_strided": lambda x, heads: x.unflatten(-1, (-1, heads)).movedim(-1, -3),
    "split_not_swapped": lambda x, heads: x.unflatten(-1, (heads, -1)),
    "split_exchanged": lambda x, heads: x.unflatten(-1, (-1, heads)).transpose(-3, -2),
    "split_1_2": lambda x, heads: x.unflatten(-1, (heads, -1)).transpose(1, 2),
    "split_0_1": lambda x, heads: x.unflatten(-1, (heads, -1)).transpose(0, 1),
}
_SCALES: dict[str, Any] = {
    "scaled_by_model": lambda q, heads: math.sqrt(q.shape[-1] * heads),
    "unscaled": lambda q, heads: 1.0,
    "scaled_without_root": lambda q, heads: q.shape[-1],
    "scaled_by_heads": lambda q, heads: math.sqrt(heads),
    "scaled_by_length": lambda q, heads: math.sqrt(q.shape[-2]),
    "scale_multiplied": lambda q, heads: 1 / math.sqrt(q.shape[-1]),
}
_MASKS: dict[str, Any] = {
    "mask_ignored": lambda mask: torch.ones_like(mask),
    "mask_inverted": lambda mask: ~mask,
    "mask_turned": lambda mask: mask.mT,
    "mask_first": lambda mask: mask.unsqueeze(0),
    "mask_second": lambda mask: mask.unsqueeze(1),
    "mask_third_from_the_end": lambda mask: mask.unsqueeze(-3),
    "mask_of_batch_and_heads": lambda mask: mask[None, None],
    "mask_of_first_sequence": lambda mask: mask if mask.dim() == 2 else mask[0, 0],
}
_SHARES: dict[str, Any] = {
    "over_queries": lambda scores: scores.softmax(dim=-2),
    "over_heads": lambda scores: scores.softmax(dim=-3),
    "dropout": lambda scores: functional.dropout(scores.softmax(dim=-1), 0.1),
}
_JOINS: dict[str, Any] = {
    "joined_without_swap": lambda heads, x: heads.reshape(x.shape),
    "joined_strided": lambda heads, x: heads.movedim(-3, -1).flatten(-2),
    "joined_swapped_inside": lambda heads, x: heads.transpose(-2, -1).reshape(x.shape),
    "joined_1_2": lambda heads, x: heads.transpose(1, 2).reshape(x.shape),
    "joined_0_1": lambda heads, x: heads.transpose(0, 1).reshape(x.shape),
    "heads_averaged": lambda heads, x: heads.mean(dim=-3),
    "average_repeated": lambda heads, x: heads.mean(dim=-3).repeat_interleave(heads.shape[-3], -1),
    "first_head_repeated": lambda heads, x: torch.cat(
        [heads.select(-3, 0)] * heads.shape[-3], dim=-1
    ),
    "last_head_repeated": lambda heads, x: torch.cat(
        [heads.select(-3, -1)] * heads.shape[-3], dim=-1
    ),
    "average_tiled": lambda heads, x: torch.cat([heads.mean(dim=-3)] * heads.shape[-3], dim=-1),
    "sum_tiled": lambda heads, x: torch.cat([heads.sum(dim=-3)] * heads.shape[-3], dim=-1),
    "not_joined": lambda heads, x: heads,
    "joined_reversed": lambda heads, x: torch.cat(heads.unbind(-3)[::-1], dim=-1),
}
_OUTPUTS: dict[str, Any] = {
    "no_output_map": lambda m, joined, x: joined,
    "output_twice": lambda m, joined, x: m.output(m.output(joined)),
    "output_without_bias": lambda m, joined, x: joined @ m.output.weight.T,
    "output_turned": lambda m, joined, x: joined @ m.output.weight + m.output.bias,
    "output_by_value_map": lambda m, joined, x: m.value(joined),
    "residual": lambda m, joined, x: x + m.output(joined),
    "residual_before": lambda m, joined, x: m.output(x + joined),
    "bent": lambda m, joined, x: m.output(joined.relu()),
    "bent_after": lambda m, joined, x: m.output(joined).relu(),
    "normed": lambda m, joined, x: functional.layer_norm(m.output(joined), x.shape[-1:]),
    "output_detached": lambda m, joined, x: m.output(joined).detach(),
    "squeezed": lambda m, joined, x: m.output(joined).squeeze(),
    "twice_the_length": lambda m, joined, x: m.output(joined) / math.sqrt(m.num_heads),
}
_OWN_SENTENCES: dict[str, str] = {
    "output_by_head": "The output map is cut up, and each head gets a piece for itself. It takes the joined vector "
    "as a whole: that is how one head's findings reach every dimension. Reread 'Joining the heads'.",
    "one_wide_head": "There is one head as wide as the model: the vectors are never split, so all dimensions share one "
    "pattern of attention. Reread 'Many heads'.",
    "unpacks_three": _FRONT,
    "unpacks_two": _FRONT,
    "permuted": _FRONT,
    "view_of_first": _FRONT,
    "axes_1_2_both_ways": _FRONT,
    "axes_0_1_both_ways": _FRONT,
    "at_once_both_ways": "Your code splits by one reshape and joins by another. They undo each other, so the shapes "
    "are right, and each head compares pieces of different tokens. Reread 'Many heads'.",
    "always_causal": "Your code hides the tokens after each one by itself, whether there is a mask or not. Without "
    "a mask each token attends to all. Reread 'What a mask says'.",
    "causal_without_mask": "Your code uses a causal mask of its own where none is given. Without a mask each token "
    "attends to all. Reread 'What a mask says'.",
    "causal_instead": "Where a mask is given, your code uses a causal one of its own. Who may see whom is the "
    "mask's to say. Reread 'What a mask says'.",
    "zero_score": "A hidden key gets the score 0 in your heads, and keeps a share of the attention. "
    + _LOOK_THERE
    + "Reread 'What a mask says'.",
    "masked_after": "The mask is applied after the softmax in your heads: what is left no longer adds up to 1. "
    + _LOOK_THERE
    + "Reread 'What a mask says'.",
    "truth_of_mask": "Your code asks whether the mask is true, and a tensor of many truth values has no single "
    "answer. The question is whether there is a mask at all. Reread 'What a mask says'.",
    "no_softmax": "The softmax is missing in your heads: the values are added up with raw scores. "
    + _LOOK_THERE
    + "Reread 'From scores to weights'.",
    "returns_weights_too": "Your code returns two things, the output and the weights. Only the output is asked for. "
    "Reread 'Joining the heads'.",
}
_SENTENCES: dict[str, str] = {
    **_OWN_SENTENCES,
    "keys_as_values": "Keys and values come from the same map, that of the keys. They have different tasks, what a "
    "token is found by and what it gives, and each has its own map. Reread 'Queries, keys and values'.",
    "values_as_keys": "Keys and values come from the same map, that of the values. They have different tasks, what "
    "a token is found by and what it gives, and each has its own map. Reread 'Queries, keys and values'.",
    "queries_as_keys": "The queries are compared with queries: the key map is not used. What a token asks for is "
    "not what it is found by. Reread 'Queries, keys and values'.",
    "keys_as_queries": "The keys are compared with keys: the query map is not used. What a token asks for is not "
    "what it is found by. Reread 'Queries, keys and values'.",
    "queries_as_values": "Your heads average queries: the value map is not used. What a token asks for is not what it "
    "gives. Reread 'Queries, keys and values'.",
    "one_map": "Queries, keys and values all come from the query map. Each of the three has a map of its own. Reread "
    "'Queries, keys and values'.",
    "asks_and_is_asked": "Queries and keys are exchanged: each token is found by what it asks for, and asks for "
    "what it is found by. Reread 'Queries, keys and values'.",
    "keys_and_values_exchanged": "Keys and values are exchanged: your heads compare with the values and average the "
    "keys. Reread 'Queries, keys and values'.",
    **dict.fromkeys(("no_query_map", "no_key_map", "no_value_map"), _MAPLESS),
    "no_maps": "The three maps are left out: the vectors themselves are queries, keys and values. Reread 'Queries, "
    "keys and values'.",
    "maps_without_bias": "The biases of the query, key and value maps are left out. Call the maps as functions: "
    "they add them. Reread 'Joining the heads'.",
    "weights_turned": "The weights of the three maps are multiplied the wrong way round. nn.Linear stores the "
    "transpose of the matrix in the formula; call the map as a function. Reread 'Queries, keys and values'.",
    "one_map_after_another": "Your maps are applied to each other's results. All three read the same vectors. Reread "
    "'Queries, keys and values'.",
    **dict.fromkeys(
        (
            "input_detached",
            "weights_detached",
            "keys_detached",
            "values_detached",
            "all_detached",
            "output_detached",
        ),
        _CUT,
    ),
    "split_at_once": "Your heads are split by one reshape to (heads, length, head_dim), which mixes the tokens. Cut "
    "each vector first, then swap. Reread 'Many heads'.",
    "split_strided": "Your heads take every n-th dimension. A head's dimensions lie side by side: the first "
    "head_dim of them belong to head 0. Reread 'Many heads'.",
    "split_not_swapped": "Your heads stand behind the tokens when they attend, so that the heads of one token "
    "attend to each other. Reread 'Many heads'.",
    "split_exchanged": "The number of heads and the size of a head are exchanged in your split. Reread 'Many heads'.",
    **dict.fromkeys(("split_1_2", "split_0_1", "joined_1_2", "joined_0_1"), _FRONT),
    "scaled_by_model": "The scores are scaled by the root of the whole model's size. Each head compares vectors of "
    "its own, smaller size, and that is the one to scale by. Reread 'Many heads'.",
    "unscaled": "The scores inside your heads are not divided by the root of the head size. "
    + _LOOK_THERE
    + "Reread 'Why the scores are scaled'.",
    "scaled_without_root": "The scores inside your heads are divided by the head size itself: the root is not "
    "taken, or it is divided by twice. " + _LOOK_THERE + "Reread 'Why the scores are scaled'.",
    "scaled_by_heads": "The scores are scaled by the root of the number of heads. The size of one head is what "
    "counts. Reread 'Many heads'.",
    "scaled_by_length": "The scores are scaled by the root of the number of tokens. The size of one head is what "
    "counts. Reread 'Many heads'.",
    "scale_multiplied": "The scores inside your heads are multiplied by the root of the head size, where they "
    "should be divided by it. " + _LOOK_THERE + "Reread 'Why the scores are scaled'.",
    "mask_ignored": "The mask does not reach your heads: each token sees all others. "
    + _LOOK_THERE
    + "Reread 'What a mask says'.",
    "mask_inverted": "The mask is upside down in your heads: they see what is hidden, and True means 'may attend'. "
    + _LOOK_THERE
    + "Reread 'What a mask says'.",
    "mask_turned": "The mask is turned round: its columns are taken for queries. Rows are queries, columns are "
    "keys. Reread 'What a mask says'.",
    **dict.fromkeys(
        ("mask_first", "mask_second", "mask_third_from_the_end", "mask_of_batch_and_heads"),
        _MASK_AXES,
    ),
    "mask_of_first_sequence": "The mask of the first sequence serves for all of them. Each sequence may have a mask "
    "of its own. Reread 'What a mask says'.",
    "over_queries": "The softmax runs over the queries in your heads, and should run over the keys. "
    + _LOOK_THERE
    + "Reread 'From scores to weights'.",
    "over_heads": "The softmax runs over the heads, so that they compete for each pair of tokens. Each head shares "
    "1 out among the keys, by itself. Reread 'Many heads'.",
    "dropout": "Your code sets some weights to 0 at random (dropout). The formula has no chance in it. Reread 'From "
    "scores to weights'.",
    "joined_without_swap": "The heads are joined without swapping them back: flattening (head, length, head_dim) "
    "straight to (length, dim) puts pieces of different tokens into one vector. Reread 'Joining the heads'.",
    "joined_strided": "The heads' numbers are dealt out in turn: one of each head, then the next of each. A head's "
    "numbers lie side by side. Reread 'Joining the heads'.",
    "joined_swapped_inside": "Before joining, tokens and dimensions change places inside each head. The heads and "
    "the tokens have to. Reread 'Joining the heads'.",
    **dict.fromkeys(("average_repeated", "average_tiled", "sum_tiled"), _HEADS_MERGED),
    **dict.fromkeys(
        ("first_head_repeated", "last_head_repeated"),
        "One head is repeated in the place of all of them. Each head has a place of its own in the joined vector. "
        "Reread 'Joining the heads'.",
    ),
    "not_joined": _NOT_JOINED,
    "heads_averaged": _ONE_SIZE,
    "joined_reversed": "Your heads are joined in reverse order: head 0 comes first. Reread 'Joining the heads'.",
    "no_output_map": "The output map is missing: the heads are joined and returned as they are. It is what lets one "
    "head's findings reach every dimension. Reread 'Joining the heads'.",
    "output_twice": _OUTPUT_EARLY,
    "output_without_bias": "The bias of the output map is left out. Call the map as a function: it adds the bias. "
    "Reread 'Joining the heads'.",
    "no_biases": "The biases of all four maps are left out. Call the maps as functions: they add them. Reread "
    "'Joining the heads'.",
    "output_turned": "The weights of the output map are multiplied the wrong way round. nn.Linear stores the "
    "transpose of the matrix in the formula; call the map as a function. Reread 'Queries, keys and values'.",
    "output_by_value_map": "The joined heads go through the value map once more, and the output map is not used. "
    "Reread 'Joining the heads'.",
    "residual": "Your code adds the input to what attention gathered. That sum comes later, in the block, and would "
    "be there twice. Reread 'Joining the heads'.",
    "residual_before": "Your code adds the input to the joined heads. A sum like this comes later, in the block. "
    "Reread 'Joining the heads'.",
    "bent": "Your code sets the negative numbers of the joined heads to 0 (a ReLU). Between the heads and the "
    "output map there is no bend. Reread 'Joining the heads'.",
    "bent_after": "Your code sets the negative numbers of the output to 0 (a ReLU). The output map is the last "
    "step. Reread 'Joining the heads'.",
    "normed": "Your code norms the output. The output map is the last step; norms belong to the block. Reread "
    "'Joining the heads'.",
    "squeezed": "Dimensions of size 1 are gone from your result. A single token is still a sequence. Reread 'What "
    "holds for every answer'.",
    "twice_the_length": "The output is divided by the root of the number of heads. The output map is the last step. "
    "Reread 'Joining the heads'.",
}


class _Maps(nn.Module):
    """The part that the lab gives."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(model_dim, model_dim)
        self.key = nn.Linear(model_dim, model_dim)
        self.value = nn.Linear(model_dim, model_dim)
        self.output = nn.Linear(model_dim, model_dim)


def _attended(
    on: Switches, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, heads: int
) -> tuple[Tensor, Tensor]:
    scale = chosen(on, lambda q, heads: math.sqrt(q.shape[-1]), _SCALES)
    scores = query @ key.mT / scale(query, heads)
    causal = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if on("always_causal") or (on("causal_without_mask") and mask is None):
        mask = causal
    if on("truth_of_mask"):
        mask = mask if mask else None
    if mask is not None:
        mask = causal if on("causal_instead") else chosen(on, lambda mask: mask, _MASKS)(mask)
        if not on("masked_after"):
            scores = scores.masked_fill(~mask, 0.0 if on("zero_score") else -math.inf)
    if on("no_softmax"):
        weights = scores.masked_fill(scores == -math.inf, 0.0)
    else:
        weights = chosen(on, lambda scores: scores.softmax(dim=-1), _SHARES)(scores)
    if mask is not None and on("masked_after"):
        weights = weights * mask
    return weights @ value, weights


def _unpacked(on: Switches, x: Tensor) -> None:
    if on("unpacks_three"):
        _, _, _ = x.shape
    if on("unpacks_two"):
        _, _ = x.shape


def _split(on: Switches, x: Tensor, heads: int) -> Tensor:
    if on("one_wide_head"):
        return x
    if on("permuted"):
        return x.unflatten(-1, (heads, -1)).permute(0, 2, 1, 3)
    if on("view_of_first"):
        return x.view(x.shape[0], -1, heads, x.shape[-1] // heads).transpose(1, 2)
    if on("axes_1_2_both_ways"):
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)
    if on("axes_0_1_both_ways"):
        return x.unflatten(-1, (heads, -1)).transpose(0, 1)
    if on("at_once_both_ways"):
        return x.reshape(*x.shape[:-2], heads, x.shape[-2], -1)
    way = chosen(on, lambda x, heads: x.unflatten(-1, (heads, -1)).transpose(-3, -2), _SPLITS)
    parts: Tensor = way(x, heads)
    return parts


def _joined(on: Switches, heads: Tensor, x: Tensor) -> Tensor:
    if on("one_wide_head"):
        return heads
    if on("view_of_first"):
        return heads.transpose(1, 2).reshape(x.shape[0], -1, x.shape[-1])
    if on("axes_1_2_both_ways"):
        return heads.transpose(1, 2).flatten(-2)
    if on("axes_0_1_both_ways"):
        return heads.transpose(0, 1).flatten(-2)
    if on("at_once_both_ways"):
        return heads.reshape(x.shape)
    way = chosen(on, lambda heads, x: heads.transpose(-3, -2).flatten(-2), _JOINS)
    joined: Tensor = way(heads, x)
    return joined


def _mapped(on: Switches, module: _Maps, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    _unpacked(on, x)
    if on("no_biases"):
        query, key, value = _MAPS["maps_without_bias"](module, x)
    else:
        query, key, value = chosen(on, lambda m, x: (m.query(x), m.key(x), m.value(x)), _MAPS)(
            module, x
        )
    heads = module.num_heads
    return _split(on, query, heads), _split(on, key, heads), _split(on, value, heads)


@exercise.faults(**_SENTENCES)
def faulty(on: Switches) -> Any:
    """Map, split, attend, join, map."""

    class MultiHeadAttention(_Maps):
        def forward(self, x: Tensor, mask: Tensor | None = None) -> Any:
            query, key, value = _mapped(on, self, x)
            gathered, weights = _attended(on, query, key, value, mask, self.num_heads)
            if on("output_by_head"):
                size = gathered.shape[-1]
                gathered = gathered @ self.output.weight[:size, :size].T
                return _joined(on, gathered, x)
            joined = _joined(on, gathered, x)
            if on("no_biases"):
                return joined @ self.output.weight.T
            output = chosen(on, lambda m, joined, x: m.output(joined), _OUTPUTS)(self, joined, x)
            return (output, weights) if on("returns_weights_too") else output

    return MultiHeadAttention
