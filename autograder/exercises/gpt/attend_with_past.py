"""`gpt.attend_with_past`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import llmlab.model as library
from autograder.exercise import Switches, fill_parameters
from autograder.exercise.comparison import at_most
from autograder.exercises.gpt import LAB

exercise = LAB.exercise(
    "attend_with_past",
    reference=library.attend_with_past,
    hints=(
        "Follow the new tokens alone. Which two of their three vectors will later tokens ask for again?",
        "How many tokens came before can be read off the kept keys: it is the size of their "
        "dimension of tokens. It is also the position of the first new token. The queries are the last "
        "of all positions, and library.causal_mask can be told so.",
        "Project the new tokens at their true positions; put the kept keys before the new keys, and "
        "the kept values before the new values; attend with a mask of (new, all); join the heads and "
        "send them through the output map; return that, and the two tensors that have grown.",
    ),
    matters="With 32 layers and 8 key-value heads, Llama 3 8B (2024) keeps 131 kB a token in 16 bits: a text of "
    "8,192 tokens takes 1.1 GB. Read llmlab/model/past.py, and llmlab/model/cache.py for one piece of memory.",
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


def attention_of(
    generator: Generator, dim: int, heads: int, kv_heads: int, bias: bool = False
) -> library.MultiHeadAttention:
    """Make an attention with drawn weights."""
    attention = library.MultiHeadAttention(dim, heads, kv_heads, bias=bias, rotary_base=100.0)
    fill_parameters(attention, generator)
    return attention.requires_grad_(False)


def in_parts(implementation: Any, attention: Any, x: Tensor, sizes: Sequence[int]) -> Any:
    """Let tokens come in parts, each with the past of those before."""
    outputs, past = {}, None
    for number, part in enumerate(x.split(list(sizes), dim=1), start=1):
        output, past = implementation(attention, part, past)
        outputs[f"output of part {number}"] = output
    return outputs


def one_past_twice(implementation: Any, attention: Any, x: Tensor, read: int) -> Any:
    """Let two texts go on from one past, and then the first of them once more."""
    _, past = implementation(attention, x[:, :read])
    first, longer = implementation(attention, x[:, read : read + 1], past)
    second, _ = implementation(attention, x[:, read + 1 :], past)
    more, _ = implementation(attention, x[:, -1:], longer)
    return {"first text": first, "second text": second, "first text, gone on": more}


@exercise.probe
def prompt_alone(implementation: Any, generator: Generator) -> Any:
    """A prompt of three tokens at the beginning, without a past."""
    attention = attention_of(generator, 4, 2, 2)
    return in_parts(implementation, attention, 2 * torch.randn(1, 3, 4, generator=generator), [3])


@exercise.probe
def one_by_one(implementation: Any, generator: Generator) -> Any:
    """A prompt of two tokens, then one token, and then another one."""
    attention = attention_of(generator, 4, 2, 2)
    x = 2 * torch.randn(1, 4, 4, generator=generator)
    return in_parts(implementation, attention, x, [2, 1, 1])


@exercise.probe
def parts_of_several(implementation: Any, generator: Generator) -> Any:
    """A batch of two: four tokens, then two, then three, with four heads that share two key-value heads."""
    attention = attention_of(generator, 24, 4, 2)
    return in_parts(
        implementation, attention, torch.randn(2, 9, 24, generator=generator), [4, 2, 3]
    )


@exercise.probe
def one_past_for_two_texts(implementation: Any, generator: Generator) -> Any:
    """Two texts that go on from one past of three tokens, by one token and by two; maps with biases."""
    attention = attention_of(generator, 8, 4, 1, bias=True)
    return one_past_twice(implementation, attention, torch.randn(2, 6, 8, generator=generator), 3)


@exercise.probe_with(at_most(1.05))
def work_of_the_maps(implementation: Any, generator: Generator) -> Any:
    """The operations of the four maps, for a prompt of five tokens and then four single tokens."""
    attention = attention_of(generator, 16, 4, 4)
    x = torch.randn(1, 9, 16, generator=generator)
    with Multiplications() as counted:
        in_parts(implementation, attention, x, [5] + [1] * 4)
    return counted.total


_KEPT = "Reread 'What is kept'."
_PLACE = "Reread 'Where a new token stands'."
_MASK = "Reread 'Who sees whom now'."
_BEGINNING = (
    "Your mask takes the queries for the first positions, and they are the last: a new token sees the "
    f"beginning of the text and not what it should. {_MASK}"
)
_NOT_JOINED = (
    "The heads are not joined as the output map needs them: side by side in one vector a token, (batch, new, "
    f"model_dim). {_MASK}"
)
_NOT_SEEN = (
    "Your new tokens see only each other. What was kept is either not handed on, not put before the new keys and "
    f"values, or hidden by the mask. {_KEPT}"
)
_NEW_MASK = (
    "Your mask has a row and a column for each new token. The keys are those of all tokens, so it needs a column "
    f"for each of them. {_MASK}"
)
_ALL_MASK = (
    "Your mask has a row for each of all tokens. There are queries for the new tokens alone. "
    + _MASK
)
_WRONG_AXIS = "You join old and new along another dimension than that of the tokens. "
_ONE_RETURNED = (
    f"You return the output alone. The next call needs the past as well: give both. {_KEPT}"
)


@exercise.faults(
    from_position_zero="Your new tokens stand at the positions 0, 1, 2, ... again, whatever came before, so their "
    f"distances to the earlier tokens are wrong. {_PLACE}",
    one_place_early="Your new tokens stand one place too early: the first new one takes the position of the last "
    f"that was kept. {_PLACE}",
    one_place_late=f"Your new tokens stand one place too late, and a position between old and new is empty. {_PLACE}",
    places_by_batch="You take the number of texts for the number of tokens before. " + _PLACE,
    places_by_heads="You take the number of heads for the number of tokens before. " + _PLACE,
    places_by_width="You take the size of a head for the number of tokens before. " + _PLACE,
    places_by_past_alone="Your positions are those of the old tokens. The new ones come after them. "
    + _PLACE,
    places_of_all="You give a position for each of all tokens. You project the new ones alone, so each of these "
    "needs one. " + _PLACE,
    places_by_pair=f"You take the number of things in the past, two, for the number of tokens in it. {_PLACE}",
    new_by_batch=f"You take the number of texts for the number of new tokens. {_PLACE}",
    new_by_width=f"You take the length of a vector for the number of new tokens. {_PLACE}",
    same_place="All new tokens stand at one position. Each has a place of its own. " + _PLACE,
    places_backwards="The positions of your new tokens run backwards. " + _PLACE,
    past_unused=_NOT_SEEN,
    values_exchanged="Keys and values are exchanged: queries are compared with values, and keys are gathered. "
    + _KEPT,
    kept_exchanged="You hand keys and values on in another order than you take them: in the next call, keys are "
    "taken for values. " + _KEPT,
    past_not_extended="What you hand back has not grown: the new tokens are used once, and the next step does not "
    f"find them. {_KEPT}",
    past_replaced="You hand back the keys and values of the new tokens alone: the next step has forgotten all tokens "
    f"before them. {_KEPT}",
    nothing_handed_on=_NOT_SEEN,
    queries_kept="You hand queries on in the place of keys. Later tokens compare *their* queries with the old "
    "keys. " + _KEPT,
    new_first="The new keys and values come before the kept ones. The mask takes the last places for the new "
    f"tokens, so they belong behind. {_KEPT}",
    new_keys_first="The new keys come before the kept ones, and the new values behind: keys and values no longer "
    f"belong together. {_KEPT}",
    new_values_first="The new values come before the kept ones, and the new keys behind: keys and values no "
    f"longer belong together. {_KEPT}",
    joined_by_batch=_WRONG_AXIS + _KEPT,
    joined_by_heads=_WRONG_AXIS + _KEPT,
    joined_by_width=_WRONG_AXIS + _KEPT,
    stacked="You stack old and new along a new dimension. They are joined along that of the tokens, which grows. "
    f"{_KEPT}",
    joined_twice="The new keys and values are put behind the kept ones twice. " + _KEPT,
    added="You add old and new. They belong one behind the other. " + _KEPT,
    all_queries="You put old queries before the new ones, or keys in the place of queries. Only the new tokens "
    "ask. " + _KEPT,
    mask_at_the_beginning=_BEGINNING,
    causal_word=_BEGINNING,
    no_mask="Your tokens are not masked. A single new token may see everything, but the tokens of a prompt come "
    f"together, and each would see those after it. {_MASK}",
    no_mask_with_past="Where there is a past, your tokens are not masked. Several new tokens can come at once, "
    f"and each would see those after it. {_MASK}",
    mask_inverted="Your mask is turned round: each token sees those after it and not those before. True means "
    f"'may see'. {_MASK}",
    blind_to_itself="In your mask no token sees itself. " + _MASK,
    one_too_far="Your mask lets each token see one token after it. " + _MASK,
    past_hidden=_NOT_SEEN,
    new_hidden="Your mask hides the new tokens from each other: each sees the kept ones alone. "
    + _MASK,
    mask_of_new=_NEW_MASK,
    mask_of_all=_ALL_MASK,
    mask_turned="Your mask has its two sizes exchanged: rows are queries, of which there are fewer. "
    + _MASK,
    real_mask="Your mask holds ones and zeros that are real numbers. Those are added to the scores and hide "
    f"nothing; True and False hide. {_MASK}",
    no_output_map="The output map is missing: what the heads gathered is joined and returned as it is. Reread "
    "'What is kept': only keys and values are remembered, and the rest of attention is as in lab 05.",
    not_joined=_NOT_JOINED,
    flattened_heads=_NOT_JOINED,
    joined_before_tokens="The heads are joined without being brought behind the tokens, so the numbers of several "
    f"tokens are mixed. `join_heads` does both. {_MASK}",
    residual_added="You add what came in to what goes out. The block does that, around its attention. "
    + _KEPT,
    scaled_again="Your queries are scaled before attention, and attention divides by the root of the head's size "
    "by itself. " + _KEPT,
    kept_on_attention="Your keys and values are kept somewhere else than in what you return, so two texts that go "
    f"on from one past are mixed up. {_KEPT}",
    computed_again="Your numbers are right, and nothing is saved: the vectors of all earlier tokens are kept, and "
    f"their keys and values are computed again in every step. {_KEPT}",
    output_of_all="You return what all tokens gathered, the old ones too. Only the new ones are asked for. "
    + _KEPT,
    last_output="You return what the last new token gathered. Each new token has an output. "
    + _KEPT,
    output_alone=_ONE_RETURNED,
    three_returned="You return three things. It should be two: the output, and the past in one piece, as a pair "
    "for example. " + _KEPT,
    order_exchanged="You return the past first and the output second. It is the other way round. "
    + _KEPT,
)
def faulty(on: Switches) -> Any:
    def attend_with_past(attention: Any, x: Tensor, past: Any = None) -> Any:
        if on("computed_again") or on("output_of_all"):
            return _all_again(attention, x, past, on)
        if on("kept_on_attention"):
            past = getattr(attention, "kept", None)
        query, key, value = attention.project(x, _positions(x, past, on))
        new = (key, value)
        if past is not None:
            key, value = _grown(past, new, on)
        if on("all_queries"):
            query = key.repeat_interleave(query.shape[-3] // key.shape[-3], dim=-3)
        if on("values_exchanged"):
            gathered = _gathered(query, value, key, past, on)
        else:
            gathered = _gathered(query, key, value, past, on)
        attention.kept = (key, value)
        output = _output(attention, gathered, x, on)
        return _returned(output, query, (key, value), new, past, on)

    return attend_with_past


def _all_again(attention: Any, x: Tensor, past: Any, on: Switches) -> Any:
    everything = x if past is None else torch.cat([past, x], dim=1)
    output = attention(everything, causal=True)
    return output if on("output_of_all") else output[:, -x.shape[1] :], everything


def _positions(x: Tensor, past: Any, on: Switches) -> Tensor:
    new, before = x.shape[1], 0 if past is None else past[0].shape[-2]
    if past is not None:
        if on("places_by_batch"):
            before = past[0].shape[0]
        elif on("places_by_heads"):
            before = past[0].shape[1]
        elif on("places_by_width"):
            before = past[0].shape[-1]
        elif on("places_by_pair"):
            before = len(past)
        elif on("places_by_past_alone"):
            return torch.arange(before)
        before += on("one_place_late") - on("one_place_early")
    if on("new_by_batch"):
        new = x.shape[0]
    elif on("new_by_width"):
        new = x.shape[-1]
    if on("from_position_zero"):
        before = 0
    if on("places_of_all"):
        return torch.arange(before + new)
    if on("same_place"):
        return torch.full((new,), before)
    places = torch.arange(before, before + new)
    return places.flip(0) if on("places_backwards") else places


def _grown(past: Any, new: tuple[Tensor, Tensor], on: Switches) -> tuple[Tensor, Tensor]:
    if on("past_unused"):
        return new
    pairs = [(old, added) for old, added in zip(past, new, strict=True)]
    if on("added"):
        return past[0] + new[0], past[1] + new[1]
    if on("joined_twice"):
        pairs = [(old, added, added) for old, added in pairs]  # type: ignore[misc]
    if on("stacked"):
        return torch.stack(pairs[0]), torch.stack(pairs[1])
    if on("new_first"):
        pairs = [(added, old) for old, added in pairs]
    if on("new_keys_first"):
        pairs[0] = pairs[0][::-1]
    elif on("new_values_first"):
        pairs[1] = pairs[1][::-1]
    axis = (
        0
        if on("joined_by_batch")
        else 1
        if on("joined_by_heads")
        else -1
        if on("joined_by_width")
        else -2
    )
    key, value = (torch.cat(pair, dim=axis) for pair in pairs)
    return key, value


def _gathered(query: Tensor, key: Tensor, value: Tensor, past: Any, on: Switches) -> Tensor:
    if on("scaled_again"):
        query = query / math.sqrt(query.shape[-1])
    if on("causal_word"):
        return library.fused_attention(query, key, value, causal=True)
    return library.fused_attention(query, key, value, _mask(query, key, past, on))


def _mask(query: Tensor, key: Tensor, past: Any, on: Switches) -> Tensor | None:
    new, total = query.shape[-2], key.shape[-2]
    every = torch.ones(new, total, dtype=torch.bool)
    if on("no_mask") or (on("no_mask_with_past") and past is not None):
        return None
    if on("mask_at_the_beginning"):
        return every.tril()
    if on("blind_to_itself"):
        return every.tril(total - new - 1)
    if on("one_too_far"):
        return every.tril(total - new + 1)
    if on("past_hidden"):
        return torch.cat([~every[:, : total - new], library.causal_mask(new)], dim=-1)
    if on("new_hidden") and total > new:
        return (torch.arange(total) < total - new).expand(new, total)
    if on("mask_of_new"):
        return library.causal_mask(new)
    if on("mask_of_all"):
        return library.causal_mask(total)
    if on("mask_turned"):
        return library.causal_mask(total, new)
    mask = library.causal_mask(new, total)
    if on("real_mask"):
        return mask.float()
    return ~mask if on("mask_inverted") else mask


def _output(attention: Any, gathered: Tensor, x: Tensor, on: Switches) -> Tensor:
    if on("flattened_heads"):
        gathered = gathered.flatten(2)
    if on("not_joined") or on("flattened_heads"):
        output: Tensor = attention.output(gathered)
        return output
    joined = (
        gathered.reshape(x.shape) if on("joined_before_tokens") else library.join_heads(gathered)
    )
    output = joined if on("no_output_map") else attention.output(joined)
    output = output[:, -1:] if on("last_output") else output
    return output + x if on("residual_added") else output


def _returned(
    output: Tensor, query: Tensor, grown: tuple[Tensor, Tensor], new: Any, past: Any, on: Switches
) -> Any:
    key, value = grown
    if on("output_alone"):
        return output
    if on("three_returned"):
        return output, key, value
    if on("order_exchanged"):
        return grown, output
    if on("kept_exchanged"):
        return output, (value, key)
    if on("nothing_handed_on"):
        return output, None
    if on("queries_kept"):
        return output, (query, value)
    if on("past_replaced"):
        return output, new
    if on("past_not_extended"):
        return output, grown if past is None else past
    return output, grown
