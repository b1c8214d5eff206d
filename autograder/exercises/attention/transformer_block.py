"""`attention.TransformerBlock`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional

from autograder.exercise import Switches, normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen, filled, gradients
from llmlab import model

exercise = LAB.exercise(
    "TransformerBlock",
    reference=model.TransformerBlock,
    matters="GPT-2 (2019) stacks 12 to 48 blocks of exactly this kind, and Llama 3 405B (2024) 126 with the norms "
    "in the same places. Read llmlab/model/block.py.",
    hints=(
        "Draw the block: two parts, each with a norm before it and a sum after it.",
        "The sum adds what came into the norm, not what came out of it.",
        "Add to the input the attention of its norm; add to that result the feed-forward network "
        "of its norm, with the second norm.",
    ),
)


def learned(implementation: Any, generator: Generator, dim: int, heads: int, *shape: int) -> Any:
    """Run a block under the causal mask, and let a gradient flow back to the input and to the weights."""
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


def one_token_hidden(generator: Generator, batch: int, length: int) -> Tensor:
    """Make a mask for each sequence: one token is hidden from all others, another in each sequence."""
    mask = torch.ones(batch, 1, length, length, dtype=torch.bool)
    for i in range(batch):
        mask[i, 0, :, i + 1] = False
        mask[i, 0, i + 1, i + 1] = True
    return mask


@exercise.probe
def one_block(implementation: Any, generator: Generator) -> Any:
    """A sequence of three tokens, vectors of 4, two heads, no mask, fixed weights."""
    module, result = filled(implementation, generator, 4, 2)
    return {**result, "output": module(2 * normal(generator, 3, 4))}


@exercise.probe
def block_with_mask(implementation: Any, generator: Generator) -> Any:
    """A batch of two sequences of four tokens, vectors of 6, three heads, the causal mask; and all gradients."""
    return learned(implementation, generator, 6, 3, 2, 4)


@exercise.probe
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """A mask of its own for each of two sequences; two leading dimensions; then a single token."""
    module, _ = filled(implementation, generator, 4, 2)
    x = 2 * normal(generator, 2, 3, 4, 4)
    return {
        "output with masks": module(x[:, 0].clone(), one_token_hidden(generator, 2, 4)),
        "output for two leading dimensions": module(x.clone()),
        "output for a single token": module(x[0, 0, :1].clone()),
    }


_ONE_NORM = (
    "One norm serves both parts: one of the two is used twice and the other never. Each part has its own scale to "
    "learn. Reread 'A whole block'."
)
_NOT_NORMED = (
    "A part of your block works on the vectors as they are: its norm is left out, and they grow from layer to layer. "
    "Reread 'Where the norm stands'."
)
_EXTRA_NORM = (
    "There is a norm too many in your block, on the residual path or after a part. Each part has one norm, before it, "
    "and the path stays free. Reread 'Where the norm stands'."
)
_NO_SUM = (
    "One of the two sums is missing: that part replaces its input instead of adding to it, and the gradient has no "
    "straight way down. Reread 'Adding instead of replacing'."
)
_CUT = (
    "The output is right, and the gradient is cut on one of its ways down: through the sums or through the parts. "
    "Reread 'What holds for every answer'."
)
_BRANCH_ONLY = "Your block returns what the second part found, without the sum. Reread 'Adding instead of replacing'."


def _attend(m: Any, x: Tensor, mask: Tensor | None) -> Tensor:
    found: Tensor = m.attention(x, mask)
    return found


# What the first part makes of x.
_FIRST: dict[str, Any] = {
    "first_norm_missing": lambda m, x, mask: x + _attend(m, x, mask),
    "first_sum_missing": lambda m, x, mask: _attend(m, m.attention_norm(x), mask),
    "first_norm_second": lambda m, x, mask: x + _attend(m, m.feed_forward_norm(x), mask),
    "first_sum_normed": lambda m, x, mask: (
        m.attention_norm(x) + _attend(m, m.attention_norm(x), mask)
    ),
    "first_norm_after_attention": lambda m, x, mask: x + m.attention_norm(_attend(m, x, mask)),
    "first_norm_after_sum": lambda m, x, mask: m.attention_norm(x + _attend(m, x, mask)),
    "first_norm_both": lambda m, x, mask: (
        x + m.attention_norm(_attend(m, m.attention_norm(x), mask))
    ),
    "first_normed_twice": lambda m, x, mask: (
        x + _attend(m, m.attention_norm(m.attention_norm(x)), mask)
    ),
    "first_part_missing": lambda m, x, mask: x,
    "attention_twice": lambda m, x, mask: (
        x + _attend(m, _attend(m, m.attention_norm(x), mask), mask)
    ),
    "first_part_twice": lambda m, x, mask: _sum(m, _sum(m, x, mask), mask),
    "first_path_detached": lambda m, x, mask: x.detach() + _attend(m, m.attention_norm(x), mask),
    "first_part_detached": lambda m, x, mask: x + _attend(m, m.attention_norm(x), mask).detach(),
    "first_taken_away": lambda m, x, mask: x - _attend(m, m.attention_norm(x), mask),
    "first_multiplied": lambda m, x, mask: x * _attend(m, m.attention_norm(x), mask),
    "first_halved": lambda m, x, mask: (x + _attend(m, m.attention_norm(x), mask)) / 2,
    "first_doubled": lambda m, x, mask: 2 * x + _attend(m, m.attention_norm(x), mask),
    "first_dropout": lambda m, x, mask: (
        x + functional.dropout(_attend(m, m.attention_norm(x), mask), 0.1)
    ),
}
# What the second part makes of x, the input, and of y, what the first part made of it.
_SECOND: dict[str, Any] = {
    "second_norm_missing": lambda m, x, y: y + m.feed_forward(y),
    "second_sum_missing": lambda m, x, y: m.feed_forward(m.feed_forward_norm(y)),
    "second_norm_first": lambda m, x, y: y + m.feed_forward(m.attention_norm(y)),
    "second_sum_normed": lambda m, x, y: (
        m.feed_forward_norm(y) + m.feed_forward(m.feed_forward_norm(y))
    ),
    "second_norm_after_network": lambda m, x, y: y + m.feed_forward_norm(m.feed_forward(y)),
    "second_norm_after_sum": lambda m, x, y: m.feed_forward_norm(y + m.feed_forward(y)),
    "second_norm_both": lambda m, x, y: (
        y + m.feed_forward_norm(m.feed_forward(m.feed_forward_norm(y)))
    ),
    "second_normed_twice": lambda m, x, y: (
        y + m.feed_forward(m.feed_forward_norm(m.feed_forward_norm(y)))
    ),
    "second_part_missing": lambda m, x, y: y,
    "parallel": lambda m, x, y: y + m.feed_forward(m.feed_forward_norm(x)),
    "sum_with_the_input": lambda m, x, y: x + m.feed_forward(m.feed_forward_norm(y)),
    "input_added_again": lambda m, x, y: x + y + m.feed_forward(m.feed_forward_norm(y)),
    "network_twice": lambda m, x, y: y + m.feed_forward(m.feed_forward(m.feed_forward_norm(y))),
    "second_part_twice": lambda m, x, y: _thought(m, _thought(m, y)),
    "second_path_detached": lambda m, x, y: y.detach() + m.feed_forward(m.feed_forward_norm(y)),
    "second_part_detached": lambda m, x, y: y + m.feed_forward(m.feed_forward_norm(y)).detach(),
    "second_input_detached": lambda m, x, y: y + m.feed_forward(m.feed_forward_norm(y.detach())),
    "second_taken_away": lambda m, x, y: y - m.feed_forward(m.feed_forward_norm(y)),
    "second_multiplied": lambda m, x, y: y * m.feed_forward(m.feed_forward_norm(y)),
    "second_halved": lambda m, x, y: (y + m.feed_forward(m.feed_forward_norm(y))) / 2,
    "second_doubled": lambda m, x, y: 2 * y + m.feed_forward(m.feed_forward_norm(y)),
    "second_dropout": lambda m, x, y: (
        y + functional.dropout(m.feed_forward(m.feed_forward_norm(y)), 0.1)
    ),
    "weights_detached": lambda m, x, y: _thought(m, y).detach(),
}
_LAST: dict[str, Any] = {
    "normed_at_the_end": lambda m, out: m.feed_forward_norm(out),
    "normed_at_the_end_first": lambda m, out: m.attention_norm(out),
    "bent_at_the_end": lambda m, out: functional.gelu(out),
    "relu_at_the_end": lambda m, out: out.relu(),
    "squeezed": lambda m, out: out.squeeze(),
    "returns_list": lambda m, out: (out, None),
}
_MASKS: dict[str, Any] = {
    "mask_forgotten": lambda x, mask: None,
    "mask_inverted": lambda x, mask: None if mask is None else ~mask,
    "mask_turned": lambda x, mask: None if mask is None else mask.mT,
    "always_causal": lambda x, mask: model.causal_mask(x.shape[-2]),
    "causal_without_mask": lambda x, mask: model.causal_mask(x.shape[-2]) if mask is None else mask,
    "causal_instead": lambda x, mask: None if mask is None else model.causal_mask(x.shape[-2]),
    "truth_of_mask": lambda x, mask: mask if mask else None,
}
_WHOLE: dict[str, Any] = {
    "no_sums": lambda m, x, mask: m.feed_forward(
        m.feed_forward_norm(_attend(m, m.attention_norm(x), mask))
    ),
    "one_sum": lambda m, x, mask: (
        x + m.feed_forward(m.feed_forward_norm(_attend(m, m.attention_norm(x), mask)))
    ),
    "one_sum_without_second_norm": lambda m, x, mask: (
        x + m.feed_forward(_attend(m, m.attention_norm(x), mask))
    ),
    "no_norms": lambda m, x, mask: (
        x + _attend(m, x, mask) + m.feed_forward(x + _attend(m, x, mask))
    ),
    "post_norm": lambda m, x, mask: _post(m, m.attention_norm(x + _attend(m, x, mask))),
    "sums_normed": lambda m, x, mask: _normed_path(m, m.attention_norm(x), mask),
    "network_first": lambda m, x, mask: _sum(m, _thought(m, x), mask),
    "norms_exchanged": lambda m, x, mask: _exchanged(
        m, x + _attend(m, m.feed_forward_norm(x), mask)
    ),
    "parallel_one_norm": lambda m, x, mask: (
        x + _attend(m, m.attention_norm(x), mask) + m.feed_forward(m.attention_norm(x))
    ),
    "sandwich": lambda m, x, mask: _sandwich(
        m, x + m.attention_norm(_attend(m, m.attention_norm(x), mask))
    ),
    "norms_after_the_parts": lambda m, x, mask: _late(m, x + m.attention_norm(_attend(m, x, mask))),
    "mask_for_the_network": lambda m, x, mask: _thought_with(m, _sum(m, x, mask), mask),
    "network_of_attention": lambda m, x, mask: (
        x
        + _attend(m, m.attention_norm(x), mask)
        + m.feed_forward(m.feed_forward_norm(_attend(m, m.attention_norm(x), mask)))
    ),
}


def _sum(m: Any, x: Tensor, mask: Tensor | None) -> Tensor:
    return x + _attend(m, m.attention_norm(x), mask)


def _thought(m: Any, y: Tensor) -> Any:
    return y + m.feed_forward(m.feed_forward_norm(y))


def _thought_with(m: Any, y: Tensor, mask: Tensor | None) -> Any:
    return y + m.feed_forward(m.feed_forward_norm(y), mask)


def _post(m: Any, y: Tensor) -> Any:
    return m.feed_forward_norm(y + m.feed_forward(y))


def _exchanged(m: Any, y: Tensor) -> Any:
    return y + m.feed_forward(m.attention_norm(y))


def _sandwich(m: Any, y: Tensor) -> Any:
    return y + m.feed_forward_norm(m.feed_forward(m.feed_forward_norm(y)))


def _late(m: Any, y: Tensor) -> Any:
    return y + m.feed_forward_norm(m.feed_forward(y))


def _normed_path(m: Any, x: Tensor, mask: Tensor | None) -> Any:
    y = m.feed_forward_norm(x + _attend(m, x, mask))
    return y + m.feed_forward(y)


def _in_place(on: Switches, m: Any, x: Tensor, mask: Tensor | None) -> Any:
    if on("changes_a_copy"):
        x = x.clone()
    x += _attend(m, m.attention_norm(x), mask)
    x += m.feed_forward(m.feed_forward_norm(x))
    return x


@exercise.faults(
    post_norm="Your block norms after each sum: that is post-norm, as in the paper of 2017. This exercise asks for "
    "pre-norm, which leaves the residual path free and trains without warm-up. Reread 'Where the norm stands'.",
    no_sums="The residual sums are missing: each part replaces its input instead of adding to it, and the gradient "
    "has no straight way down. Reread 'Adding instead of replacing'.",
    one_sum="There is one sum around both parts. Each part has its own: what attention gathers is added before the "
    "network reads it. Reread 'A whole block'.",
    one_sum_without_second_norm="There is one sum around both parts, and the second norm is not used. Each part has "
    "its own norm and its own sum. Reread 'A whole block'.",
    sums_normed="Your sums add the normed input. The residual path must stay free: what is added is the input as it "
    "came, and only the branch sees the norm. Reread 'Adding instead of replacing'.",
    network_first="The feed-forward network comes first. The order is: gather from the other tokens, then think "
    "about it. Reread 'A whole block'.",
    norms_exchanged="The two norms are exchanged: the network's stands before the attention, and the attention's "
    "before the network. Reread 'A whole block'.",
    no_norms="Neither norm is used: the vectors grow from layer to layer. Reread 'Where the norm stands'.",
    parallel="Attention and feed-forward network both read the block's input, side by side. Some models do that "
    "(GPT-J, 2021), but here the network works on what attention has gathered. Reread 'A whole block'.",
    parallel_one_norm="Attention and feed-forward network both read the same normed input, side by side, and the "
    "second norm is not used. Here the network works on what attention has gathered. Reread 'A whole block'.",
    sandwich="Each part has a norm before it and the same norm after it. Some models norm on both sides (Gemma 2, "
    "2024); here one norm stands before each part. Reread 'Where the norm stands'.",
    norms_after_the_parts="Your norms stand after the parts, inside the sums. Some models do that (OLMo 2, 2024); "
    "here they stand before the parts. Reread 'Where the norm stands'.",
    mask_for_the_network="Your code gives the mask to the feed-forward network, too. It works on each token by "
    "itself, and sees no others. Reread 'A network for each token'.",
    network_of_attention="The network reads what attention gathered, without the input. It reads the sum of both. "
    "Reread 'A whole block'.",
    first_norm_missing=_NOT_NORMED,
    second_norm_missing=_NOT_NORMED,
    first_sum_missing=_NO_SUM,
    second_sum_missing=_BRANCH_ONLY,
    first_norm_second=_ONE_NORM,
    second_norm_first=_ONE_NORM,
    first_sum_normed="Your first sum adds the normed input. The residual path must stay free: what is added is the "
    "input as it came. Reread 'Adding instead of replacing'.",
    second_sum_normed="Your second sum adds the normed input. The residual path must stay free: what is added is "
    "what came into the norm. Reread 'Adding instead of replacing'.",
    first_norm_after_attention="Your first norm stands after the attention. It stands before it. Reread 'Where the "
    "norm stands'.",
    second_norm_after_network="Your second norm stands after the network. It stands before it. Reread 'Where the "
    "norm stands'.",
    first_norm_after_sum="Your first norm stands after the sum, on the residual path. It stands before the "
    "attention. Reread 'Where the norm stands'.",
    second_norm_after_sum="Your second norm stands after the sum, on the residual path. It stands before the "
    "network. Reread 'Where the norm stands'.",
    first_norm_both=_EXTRA_NORM,
    second_norm_both=_EXTRA_NORM,
    first_normed_twice=_EXTRA_NORM,
    second_normed_twice=_EXTRA_NORM,
    normed_at_the_end=_EXTRA_NORM,
    normed_at_the_end_first=_EXTRA_NORM,
    first_part_missing="The attention is missing: no token hears of another. Reread 'A whole block'.",
    second_part_missing="The feed-forward network is missing: your block gathers and does not think. Reread 'A "
    "whole block'.",
    attention_twice="The attention is applied to its own result. It comes once in a block. Reread 'A whole block'.",
    network_twice="The network is applied to its own result. It comes once in a block. Reread 'A whole block'.",
    first_part_twice="The first part comes twice in your block. Reread 'A whole block'.",
    second_part_twice="The second part comes twice in your block. Reread 'A whole block'.",
    sum_with_the_input="Your second sum adds the block's input, so that what attention gathered is lost from the "
    "path. It adds what the first part made. Reread 'A whole block'.",
    input_added_again="The block's input is added twice. The second sum adds what the first part made, which holds "
    "it already. Reread 'A whole block'.",
    first_path_detached=_CUT,
    first_part_detached=_CUT,
    second_path_detached=_CUT,
    second_part_detached=_CUT,
    second_input_detached=_CUT,
    weights_detached=_CUT,
    first_taken_away="Your first sum is a difference: what attention gathered is taken away. Reread 'Adding instead of "
    "replacing'.",
    second_taken_away="Your second sum is a difference: what the network found is taken away. Reread 'Adding "
    "instead of replacing'.",
    first_multiplied="Your first part multiplies where it should add. Reread 'Adding instead of replacing'.",
    second_multiplied="Your second part multiplies where it should add. Reread 'Adding instead of replacing'.",
    first_halved="Your first sum is halved. The path goes on as it came: nothing may shrink it. Reread 'Where the "
    "norm stands'.",
    second_halved="Your second sum is halved. The path goes on as it came: nothing may shrink it. Reread 'Where the "
    "norm stands'.",
    first_doubled="Your first sum adds the input twice. Reread 'Adding instead of replacing'.",
    second_doubled="Your second sum adds its input twice. Reread 'Adding instead of replacing'.",
    first_dropout="Your code sets some of what attention gathered to 0 at random (dropout). The formula has no "
    "chance in it. Reread 'A whole block'.",
    second_dropout="Your code sets some of what the network found to 0 at random (dropout). The formula has no "
    "chance in it. Reread 'A whole block'.",
    bent_at_the_end="There is a bend around your result. The block ends with a sum: nothing stands on the path. "
    "Reread 'A whole block'.",
    relu_at_the_end="There is a ReLU around your result. The block ends with a sum: nothing stands on the path. "
    "Reread 'A whole block'.",
    squeezed="Dimensions of size 1 are gone from your result. A single token is still a sequence. Reread 'What "
    "holds for every answer'.",
    returns_list="Your code returns two things. Only the block's output is asked for. Reread 'A whole block'.",
    mask_forgotten="The mask does not reach the attention, so each token sees the future. Reread 'No looking ahead'.",
    mask_inverted="The mask is turned upside down on its way to the attention: tokens see what is hidden. Reread "
    "'What a mask says'.",
    mask_turned="The mask's rows and columns are exchanged on its way to the attention. Reread 'What a mask says'.",
    always_causal="Your block uses a causal mask of its own in all cases. Who may see whom is the mask's to say; "
    "without one, each token sees all. Reread 'What a mask says'.",
    causal_without_mask="Your block uses a causal mask of its own where none is given. Without a mask each token "
    "sees all. Reread 'What a mask says'.",
    causal_instead="Where a mask is given, your block uses a causal one of its own. Who may see whom is the mask's "
    "to say. Reread 'What a mask says'.",
    truth_of_mask="Your code asks whether the mask is true, and a tensor of many truth values has no single answer. "
    "The attention takes None as well: hand the mask on. Reread 'What a mask says'.",
    changes_x="Your code changes x in place (as `+=` does), and the caller still needs it. Make a new tensor for "
    "each sum. Reread 'What holds for every answer'.",
    changes_a_copy="Your code copies x and then changes the copy in place (as `+=` does). The backward pass needs "
    "it as it was. Make a new tensor for each sum. Reread 'What holds for every answer'.",
)
def faulty(on: Switches) -> Any:
    """Gather, then think; the parts are those that the lab gives."""

    class TransformerBlock(model.TransformerBlock):
        def forward(self, x: Tensor, mask: Tensor | None = None) -> Any:  # type: ignore[override]
            mask = chosen(on, lambda x, mask: mask, _MASKS)(x, mask)
            if on("changes_x") or on("changes_a_copy"):
                return _in_place(on, self, x, mask)
            whole = chosen(on, None, _WHOLE)
            if whole:
                return whole(self, x, mask)
            y = chosen(on, _sum, _FIRST)(self, x, mask)
            out = chosen(on, lambda m, x, y: _thought(m, y), _SECOND)(self, x, y)
            return chosen(on, lambda m, out: out, _LAST)(self, out)

    return TransformerBlock
