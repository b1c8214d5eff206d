"""`gpt.attend_with_past`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.exercise import fill_parameters
from autograder.exercise.comparison import at_most
from autograder.exercises.gpt import LAB
from llmlab import model
from llmlab.model.past import Past

exercise = LAB.exercise(
    "attend_with_past",
    reference=model.attend_with_past,
    hints=(
        "Follow the new tokens alone. Which two of their three vectors will later tokens ask for again?",
        "How many tokens came before can be read off the kept keys: it is the size of their dimension of "
        "tokens. It is also the position of the first new token. The queries are the last of all positions, "
        "and library.causal_mask can be told so.",
        "Project the new tokens at their true positions; put the kept keys before the new keys, and the kept "
        "values before the new values; attend with a mask of (new, all); join the heads and send them through "
        "the output map; return that, and the two tensors that have grown.",
    ),
)


class Multiplications(TorchDispatchMode):
    """Counts the multiplications and additions of matrix products with a map's weights."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here, and skipping would import the compiler: more than a second.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            self.total += 2 * result.numel() * args[-1].shape[0]
        return result


def _attention(generator: Generator, dim: int, heads: int, kv_heads: int) -> Any:
    attention = model.MultiHeadAttention(dim, heads, kv_heads, bias=False, rotary_base=10_000.0)
    fill_parameters(attention, generator)
    return attention.requires_grad_(False)


def _in_parts(implementation: Any, attention: Any, x: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    outputs, kept = [], None
    for part in x.split(list(sizes), dim=1):
        output, kept = implementation(attention, part, kept)
        outputs.append(output)
    return outputs


@exercise.probe
def prompt_alone(implementation: Any, generator: Generator) -> Any:
    """A prompt of five tokens at the beginning, without a past."""
    attention = _attention(generator, 8, 2, 2)
    return _in_parts(implementation, attention, torch.randn(1, 5, 8, generator=generator), [5])


@exercise.probe
def in_parts(implementation: Any, generator: Generator) -> Any:
    """A batch of two: four tokens, then one, then three, with key-value heads that are shared."""
    attention = _attention(generator, 16, 4, 2)
    x = 2 * torch.randn(2, 8, 16, generator=generator)
    return _in_parts(implementation, attention, x, [4, 1, 3])


@exercise.probe_with(at_most(1.05))
def work_of_the_maps(implementation: Any, generator: Generator) -> Any:
    """The operations of the four maps, for a prompt of ten tokens and then ten single tokens."""
    attention = _attention(generator, 16, 4, 4)
    x = torch.randn(1, 20, 16, generator=generator)
    with Multiplications() as counted:
        _in_parts(implementation, attention, x, [10] + [1] * 10)
    return counted.total


def _attended(
    attention: Any,
    x: Tensor,
    past: Past | None,
    *,
    from_zero: bool = False,
    mask: Callable[[int, int], Tensor | None] = model.causal_mask,
    output_map: bool = True,
    past_first: bool = True,
) -> tuple[Tensor, Past]:
    before = 0 if past is None or from_zero else past[0].shape[-2]
    query, key, value = attention.project(x, torch.arange(before, before + x.shape[1]))
    if past is not None:
        keys, values = ((past[0], key), (past[1], value))
        key, value = (torch.cat(pair if past_first else pair[::-1], -2) for pair in (keys, values))
    seen = mask(query.shape[-2], key.shape[-2])
    gathered = model.join_heads(model.fused_attention(query, key, value, seen))
    return attention.output(gathered) if output_map else gathered, (key, value)


@exercise.misconception(
    "Your new tokens stand at the positions 0, 1, 2, ... again, whatever came before, so their distances to "
    "the earlier tokens are wrong. Reread 'Where a new token stands'."
)
def from_position_zero(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    return _attended(attention, x, past, from_zero=True)


@exercise.misconception(
    "Your new tokens see only each other: the keys and values that were kept are not put before theirs. "
    "Reread 'What is kept'."
)
def past_unused(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    before = 0 if past is None else past[0].shape[-2]
    query, key, value = attention.project(x, torch.arange(before, before + x.shape[1]))
    gathered = model.fused_attention(query, key, value, model.causal_mask(x.shape[1]))
    kept = (key, value) if past is None else tuple(map(_joined, past, (key, value)))
    return attention.output(model.join_heads(gathered)), kept  # type: ignore[return-value]


def _joined(old: Tensor, new: Tensor) -> Tensor:
    return torch.cat([old, new], dim=-2)


@exercise.misconception(
    "What you hand back has not grown: the new tokens are used once, and the next step does not find them. "
    "Reread 'What is kept'."
)
def past_not_extended(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    output, grown = _attended(attention, x, past)
    return output, grown if past is None else past


@exercise.misconception(
    "You hand back the keys and values of the new tokens alone: the next step has forgotten all tokens before "
    "them. Reread 'What is kept'."
)
def past_replaced(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    output, (key, value) = _attended(attention, x, past)
    new = x.shape[1]
    return output, (key[..., -new:, :], value[..., -new:, :])


@exercise.misconception(
    "Your mask takes the queries for the first positions, and they are the last: a new token sees the "
    "beginning of the text and not what it should. Reread 'Who sees whom now'."
)
def mask_at_the_beginning(
    attention: Any, x: Tensor, past: Past | None = None
) -> tuple[Tensor, Past]:
    return _attended(
        attention, x, past, mask=lambda new, all_: torch.ones(new, all_, dtype=torch.bool).tril()
    )


@exercise.misconception(
    "Your tokens are not masked. A single new token may see everything, but the tokens of a prompt come "
    "together, and each would see those after it. Reread 'Who sees whom now'."
)
def no_mask(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    return _attended(attention, x, past, mask=lambda new, all_: None)


@exercise.misconception(
    "The output map is missing: what the heads gathered is joined and returned as it is. Reread 'What is "
    "kept': only keys and values are remembered, and the rest of attention is as in lab 05."
)
def no_output_map(attention: Any, x: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    return _attended(attention, x, past, output_map=False)


@exercise.misconception(
    "Your numbers are right, and nothing is saved: the vectors of all earlier tokens are kept, and their keys "
    "and values are computed again in every step. Reread 'What is kept'."
)
def computed_again(attention: Any, x: Tensor, past: Any = None) -> tuple[Tensor, Tensor]:
    everything = x if past is None else torch.cat([past, x], dim=1)
    output, _ = _attended(attention, everything, None)
    return output[:, -x.shape[1] :], everything
