"""Probes of lab 06 that are never released: other shapes, and the edges that the text allows."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import HiddenProbes, fill_parameters
from llmlab.model import MultiHeadAttention, TransformerConfig

HIDDEN = HiddenProbes("gpt")


@HIDDEN.probe("GPT")
def tables_apart(implementation: Any, generator: Generator) -> Any:
    """A single block whose embeddings are not tied, another epsilon, and a single token."""
    config = TransformerConfig(
        13, 8, 8, 1, 2, hidden_dim=10, norm_epsilon=0.1, tied_embeddings=False
    )
    module = implementation(config)
    shapes = fill_parameters(module, generator)
    ids = torch.randint(0, 13, (3, 7), generator=generator)
    return {"parameters": shapes, "output": module(ids), "token": module(ids[:1, :1])}


@HIDDEN.probe("GPT")
def learned_parameters(implementation: Any, generator: Generator) -> Any:
    """The gradient of every parameter, the last norm's included."""
    module = implementation(TransformerConfig(7, 8, 8, 2, 2, num_kv_heads=1, hidden_dim=6))
    fill_parameters(module, generator)
    module(torch.randint(0, 7, (2, 4), generator=generator)).square().sum().backward()
    return {name: parameter.grad for name, parameter in module.named_parameters()}


@HIDDEN.probe("count_parameters")
def drawn_sizes(implementation: Any, generator: Generator) -> Any:
    """Three configurations of drawn sizes: one query head a key head, one for all, one layer."""
    sizes = torch.randint(1, 60, (4,), generator=generator).tolist()
    return [
        implementation(TransformerConfig(sizes[0], 9, 12, sizes[1], 6, 6, hidden_dim=sizes[2])),
        implementation(
            TransformerConfig(
                sizes[3], 9, 24, sizes[1], 6, 1, hidden_dim=sizes[2], tied_embeddings=False
            )
        ),
        implementation(TransformerConfig(sizes[0], 9, 16, 1, 4, 2, hidden_dim=sizes[3])),
    ]


@HIDDEN.probe("initial_deviation")
def all_in_one_model(implementation: Any, generator: Generator) -> Any:
    """Matrices of a model of drawn depth."""
    depth = int(torch.randint(2, 90, (), generator=generator))
    parts = ("attention.value", "attention.output", "feed_forward.up", "feed_forward.down")
    names = [f"blocks.{depth - 1}.{part}.weight" for part in parts]
    return [implementation(name, depth) for name in (*names, "head.weight", "embedding.weight")]


@HIDDEN.probe("apply_temperature")
def many_rows(implementation: Any, generator: Generator) -> Any:
    """Several leading dimensions, a very low temperature, and logits in the hundreds."""
    logits = 100 * torch.randn(2, 3, 6, generator=generator)
    return [implementation(logits, t).softmax(dim=-1) for t in (0.0, 0.05, 3.0)]


@HIDDEN.probe("apply_temperature")
def negative_logits(implementation: Any, generator: Generator) -> Any:
    """A single row in which every logit is below zero."""
    logits = -1 - torch.rand(7, generator=generator)
    return [implementation(logits, t).softmax(dim=-1) for t in (0.0, 0.7)]


@HIDDEN.probe("top_p")
def edges(implementation: Any, generator: Generator) -> Any:
    """A p that the likeliest token reaches alone, and a p of 1."""
    logits = torch.randn(2, 2, 9, generator=generator)
    return [implementation(logits, 1e-6), implementation(logits, 1.0)]


@HIDDEN.probe("top_p")
def after_another_filter(implementation: Any, generator: Generator) -> Any:
    """Logits of which some are ruled out already."""
    logits = 3 * torch.randn(40, generator=generator)
    logits[torch.randperm(40, generator=generator)[:25]] = -torch.inf
    return implementation(logits, 0.8)


class _Counted:
    """A model whose next token is the sum of all tokens so far, and one more, modulo 10."""

    def __call__(self, ids: Tensor) -> Tensor:
        nexts = (ids.cumsum(dim=-1) + 1) % 10
        return torch.nn.functional.one_hot(nexts, 10).float()


def _largest(logits: Tensor) -> int:
    return int(logits.argmax())


@HIDDEN.probe("write_on")
def ends_of_the_writing(implementation: Any, generator: Generator) -> Any:
    """No round at all, one round, a stop token at once, and a stop token that the prompt holds."""
    model = _Counted()
    first = int(torch.randint(1, 9, (), generator=generator))
    return [
        list(implementation(model, [first], 0, _largest)),
        list(implementation(model, [first], 1, _largest)),
        list(implementation(model, [first], 9, _largest, [(first + 1) % 10])),
        list(implementation(model, [first, 3], 5, _largest, stop=(first,))),
    ]


@HIDDEN.probe("write_on")
def drawn_tokens(implementation: Any, generator: Generator) -> Any:
    """Tokens drawn by a chooser that keeps a state of its own: it is asked once a token."""
    draws: Iterator[int] = iter(torch.randint(0, 10, (50,), generator=generator).tolist())
    tokens = list(implementation(_Counted(), [1, 2], 12, lambda logits: next(draws)))
    return {"tokens": tokens, "next draw": next(draws)}


@HIDDEN.probe("attend_with_past")
def grown_by_many(implementation: Any, generator: Generator) -> Any:
    """Parts of drawn sizes, a single key-value head, and the state that a second text begins from."""
    attention = MultiHeadAttention(12, 6, 1, bias=True, rotary_base=500.0)
    fill_parameters(attention, generator)
    sizes = torch.randint(1, 5, (5,), generator=generator).tolist()
    outputs = []
    for _ in range(2):
        past = None
        for part in torch.randn(1, sum(sizes), 12, generator=generator).split(sizes, dim=1):
            output, past = implementation(attention, part, past)
            outputs.append(output)
    return outputs


@HIDDEN.probe("attend_with_past")
def one_past_continued_twice(implementation: Any, generator: Generator) -> Any:
    """Two ways to go on from the same past, which must not change it."""
    attention = MultiHeadAttention(8, 2, 2, bias=False, rotary_base=10_000.0)
    fill_parameters(attention, generator)
    x = torch.randn(2, 6, 8, generator=generator)
    _, past = implementation(attention, x[:, :3])
    first, _ = implementation(attention, x[:, 3:4], past)
    second, _ = implementation(attention, x[:, 4:], past)
    return [first, second]


@HIDDEN.probe("name_from_gguf")
def every_layer(implementation: Any, generator: Generator) -> Any:
    """Drawn layers up to four digits, and names cut short."""
    layers = torch.randint(0, 2000, (4,), generator=generator).tolist()
    names = [f"blk.{layer}.{part}.weight" for layer in layers for part in ("ffn_up", "attn_norm")]
    names += ["blk.1.attn_k.bias", "blk.7.attn_q", "token_embd", "blk.2.output_norm.weight"]
    return {name: implementation(name) for name in names}
