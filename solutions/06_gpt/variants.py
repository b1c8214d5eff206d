"""Correct answers to lab 06, written differently: each must get full points."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

import llmlab.model as library
from llmlab.model import TransformerConfig


class _Parts(nn.Module):
    """What the lab gives."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = library.TokenEmbedding(config.vocabulary_size, config.model_dim)
        self.blocks = nn.ModuleList(
            library.TransformerBlock.from_config(config) for _ in range(config.num_layers)
        )
        self.norm = library.RMSNorm(config.model_dim, config.norm_epsilon)
        self.head = nn.Linear(config.model_dim, config.vocabulary_size, bias=False)


class GPTWithMask(_Parts):
    """A mask made by hand, positions given, and the embedding tied to the head instead."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        if config.tied_embeddings:
            self.embedding.weight = self.head.weight

    def forward(self, ids: Tensor) -> Tensor:
        """Compute the logits of the token that follows each token."""
        places = torch.arange(ids.shape[-1])
        mask = places[:, None] >= places
        x = self.embedding.weight[ids]
        for layer in range(self.config.num_layers):
            x = self.blocks[layer](x, mask, places)
        return self.norm(x) @ self.head.weight.T


class GPTWrittenOut(_Parts):
    """No head where the table is shared, and blocks taken apart."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        if config.tied_embeddings:
            del self.head

    def forward(self, ids: Tensor) -> Tensor:
        """Compute the logits of the token that follows each token."""
        stream = nn.functional.embedding(ids, self.embedding.weight)
        for block in self.blocks:
            stream = stream + block.attention(block.attention_norm(stream), causal=True)
            stream = stream + block.feed_forward(block.feed_forward_norm(stream))
        table = self.embedding if self.config.tied_embeddings else self.head
        return torch.einsum("bld,vd->blv", self.norm(stream), table.weight)


def count_by_building(config: TransformerConfig) -> int:
    """Make the model without its numbers, and count them."""
    with torch.device("meta"):
        model = library.Transformer(config)
    return sum(parameter.numel() for parameter in model.parameters())


def count_in_one_sum(config: TransformerConfig) -> int:
    """Add up all shapes in one list."""
    dim = config.model_dim
    keys = config.kv_heads * dim // config.num_heads
    block = [dim * dim, dim * keys, keys * dim, dim * dim, *[dim * config.hidden_dim] * 3, dim, dim]
    tables = [config.vocabulary_size * dim] * (1 if config.tied_embeddings else 2)
    return sum(tables + block * config.num_layers + [dim])


def deviation_by_part(name: str, num_layers: int) -> float:
    """Look at the last pieces of the name."""
    part = tuple(name.split(".")[-3:-1])
    if part in {("attention", "output"), ("feed_forward", "down")}:
        return 0.02 * (2 * num_layers) ** -0.5
    return 0.02


def deviation_by_pattern(name: str, num_layers: int) -> float:
    """Find the maps by a pattern, and return a tensor's number."""
    writes = re.search(r"(attention\.output|feed_forward\.down)\.weight$", name)
    return torch.tensor(2.0 * num_layers).rsqrt().item() / 50 if writes else 1 / 50


def temperature_of_differences(logits: Tensor, temperature: float) -> Tensor:
    """Measure from the largest logit, which then stays at 0."""
    behind = logits - logits.max(dim=-1, keepdim=True).values
    if temperature == 0:
        return torch.where(behind < 0, -math.inf, behind)
    return behind.double() / temperature


def temperature_in_logarithms(logits: Tensor, temperature: float) -> Tensor:
    """Give logarithms of probabilities, which are logits too; at 0 by a one-hot row."""
    if temperature == 0:
        choice = logits.argmax(dim=-1)
        return nn.functional.one_hot(choice, logits.shape[-1]).float().log()
    return torch.log_softmax(logits / temperature, dim=-1)


def top_p_by_counting(logits: Tensor, p: float) -> Tensor:
    """Keep the logits that are no smaller than the last one that it takes."""
    ordered = logits.sort(dim=-1, descending=True).values
    shares = ordered.softmax(dim=-1)
    needed = ((shares.cumsum(dim=-1) - shares) < p).sum(dim=-1, keepdim=True)
    smallest = ordered.gather(-1, needed - 1)
    return torch.where(logits >= smallest, logits, -math.inf)


def top_p_by_rank(logits: Tensor, p: float) -> Tensor:
    """Bring the marks back by sorting the order."""
    order = logits.argsort(dim=-1, descending=True)
    shares = logits.double().softmax(dim=-1).gather(-1, order)
    shifted = torch.roll(shares.cumsum(dim=-1), 1, dims=-1)
    shifted[..., 0] = 0
    keep = (shifted < p).gather(-1, order.argsort(dim=-1))
    return logits.masked_fill(~keep, -math.inf)


def top_p_row_by_row(logits: Tensor, p: float) -> Tensor:
    """Add up in a loop."""
    out = torch.full_like(logits, -math.inf)
    for row, kept in zip(
        logits.reshape(-1, logits.shape[-1]), out.reshape(-1, logits.shape[-1]), strict=True
    ):
        shares = row.double().softmax(dim=0).tolist()
        total = 0.0
        for token in sorted(range(len(shares)), key=lambda token: -shares[token]):
            if total >= p:
                break
            kept[token] = row[token]
            total += shares[token]
    return out


def write_with_tensors(
    model: Any,
    prompt: Sequence[int],
    max_new_tokens: int,
    choose: Callable[[Tensor], int],
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Keep the text as a tensor, and break out of a loop without end."""
    ids = torch.tensor(prompt).unsqueeze(0)
    written = 0
    while written < max_new_tokens:
        token = choose(model(ids)[:, -1, :].squeeze(0))
        if token in stop:
            break
        ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        written += 1
        yield token


def write_by_recursion(
    model: Any,
    prompt: Sequence[int],
    max_new_tokens: int,
    choose: Callable[[Tensor], int],
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Give one token, and then what follows the longer prompt."""
    if max_new_tokens == 0:
        return
    token = choose(model(torch.as_tensor([list(prompt)]))[0][-1])
    if token not in set(stop):
        yield token
        yield from write_by_recursion(model, [*prompt, token], max_new_tokens - 1, choose, stop)


class _Writing:
    """An iterator that is a class."""

    def __init__(
        self, model: Any, ids: list[int], left: int, choose: Any, stop: Collection[int]
    ) -> None:
        self.model, self.ids, self.left, self.choose, self.stop = model, ids, left, choose, stop

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        token = int(self.choose(self.model(torch.tensor(self.ids)[None])[0, len(self.ids) - 1]))
        if token in self.stop:
            self.left = 0
            raise StopIteration
        self.ids.append(token)
        return token


def write_by_class(
    model: Any,
    prompt: Sequence[int],
    max_new_tokens: int,
    choose: Callable[[Tensor], int],
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Hand out an iterator."""
    return _Writing(model, list(prompt), max_new_tokens, choose, stop)


def past_written_out(
    attention: Any, x: Tensor, past: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """The softmax by hand, with heads repeated and positions compared."""
    before = past[0].shape[2] if past else 0
    places = torch.arange(before, before + x.shape[1])
    query, key, value = attention.project(x, positions=places)
    if past:
        key, value = torch.cat((past[0], key), 2), torch.cat((past[1], value), 2)
    group = query.shape[1] // key.shape[1]
    keys, values = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
    scores = query @ keys.mT / math.sqrt(attention.head_dim)
    scores = scores.masked_fill(torch.arange(keys.shape[2]) > places[:, None], -math.inf)
    gathered = scores.softmax(dim=-1) @ values
    return attention.output(gathered.transpose(1, 2).flatten(2)), (key, value)


def past_stacked(attention: Any, x: Tensor, past: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Keep keys and values in one tensor."""
    before = 0 if past is None else past.shape[-2]
    query, *new = attention.project(x, torch.arange(x.shape[1]) + before)
    kept = torch.stack(new) if past is None else torch.cat([past, torch.stack(new)], dim=-2)
    mask = torch.ones(x.shape[1], kept.shape[-2], dtype=torch.bool).tril(diagonal=before)
    gathered = nn.functional.scaled_dot_product_attention(
        query, kept[0], kept[1], attn_mask=mask, enable_gqa=True
    )
    return attention.output(library.join_heads(gathered)), kept


_TABLE = {
    "token_embd": "embedding",
    "output_norm": "norm",
    "output": "head",
    "attn_norm": "attention_norm",
    "attn_q": "attention.query",
    "attn_k": "attention.key",
    "attn_v": "attention.value",
    "attn_output": "attention.output",
    "ffn_norm": "feed_forward_norm",
    "ffn_gate": "feed_forward.gate",
    "ffn_up": "feed_forward.up",
    "ffn_down": "feed_forward.down",
}


def name_by_pattern(name: str) -> str | None:
    """Take the name apart by two patterns."""
    if inside := re.fullmatch(r"blk\.(\d+)\.((?:attn|ffn)_\w+)\.(\w+)", name):
        layer, part, kind = inside.groups()
        return f"blocks.{layer}.{_TABLE[part]}.{kind}" if part in _TABLE else None
    if outside := re.fullmatch(r"(token_embd|output_norm|output)\.(\w+)", name):
        return f"{_TABLE[outside[1]]}.{outside[2]}"
    return None


def name_by_matching(name: str) -> str | None:
    """Match the pieces of the name."""
    match name.split("."):
        case ["blk", layer, part, kind] if part.startswith(("attn", "ffn")) and part in _TABLE:
            return ".".join(["blocks", layer, _TABLE[part], kind])
        case ["token_embd" | "output_norm" | "output" as part, kind]:
            return ".".join([_TABLE[part], kind])
        case _:
            return None


VARIANTS: dict[str, list[object]] = {
    "gpt.GPT": [GPTWithMask, GPTWrittenOut],
    "gpt.count_parameters": [count_by_building, count_in_one_sum],
    "gpt.initial_deviation": [deviation_by_part, deviation_by_pattern],
    "gpt.apply_temperature": [temperature_of_differences, temperature_in_logarithms],
    "gpt.top_p": [top_p_by_counting, top_p_by_rank, top_p_row_by_row],
    "gpt.write_on": [write_with_tensors, write_by_recursion, write_by_class],
    "gpt.attend_with_past": [past_written_out, past_stacked],
    "gpt.name_from_gguf": [name_by_pattern, name_by_matching],
}
