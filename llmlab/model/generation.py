"""Writing text: from the logits of the next token to a token, and on to the next.

The filters are plain functions of logits: what they rule out becomes minus infinity. Top-k is Fan
et al. (2018), top-p (nucleus sampling) Holtzman et al. (2019), min-p Nguyen et al. (2024), the
repetition penalty Keskar et al. (2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.model.cache import KVCache
from llmlab.model.transformer import Transformer


def apply_temperature(
    logits: Float[Tensor, "... vocabulary"], temperature: float
) -> Float[Tensor, "... vocabulary"]:
    """Divide the logits by the temperature; at 0 only the largest of each row is kept."""
    if temperature > 0:
        return logits / temperature
    largest = logits.argmax(dim=-1, keepdim=True)
    return torch.full_like(logits, -math.inf).scatter(-1, largest, logits.gather(-1, largest))


def top_k(logits: Float[Tensor, "... vocabulary"], k: int) -> Float[Tensor, "... vocabulary"]:
    """Keep the `k` largest logits of each row, and those that equal the smallest of them."""
    smallest = logits.topk(min(k, logits.shape[-1]), dim=-1).values[..., -1:]
    return logits.masked_fill(logits < smallest, -math.inf)


def top_p(logits: Float[Tensor, "... vocabulary"], p: float) -> Float[Tensor, "... vocabulary"]:
    """Keep the smallest set of likeliest tokens whose probabilities add up to at least `p`."""
    ordered, order = logits.sort(dim=-1, descending=True)
    probabilities = ordered.softmax(dim=-1)
    # What stands before a token decides, so that the one that crosses the line is kept.
    before = probabilities.cumsum(dim=-1) - probabilities
    ruled_out = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= p)
    return logits.masked_fill(ruled_out, -math.inf)


def min_p(logits: Float[Tensor, "... vocabulary"], p: float) -> Float[Tensor, "... vocabulary"]:
    """Keep tokens that are at least `p` times as likely as the likeliest one."""
    largest = logits.amax(dim=-1, keepdim=True)
    return logits.masked_fill(logits < largest + math.log(p), -math.inf)


def penalize_repetition(
    logits: Float[Tensor, "batch vocabulary"],
    ids: Int[Tensor, "batch length"],
    penalty: float,
    real: Bool[Tensor, "batch length"] | None = None,
) -> Float[Tensor, "batch vocabulary"]:
    """Make tokens that have occurred less likely: positive logits are divided, negative ones multiplied."""
    occurred = torch.zeros_like(logits, dtype=torch.bool)
    counted = torch.ones_like(ids, dtype=torch.bool) if real is None else real
    for row, (tokens, which) in enumerate(zip(ids, counted, strict=True)):
        occurred[row, tokens[which]] = True
    penalized = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(occurred, penalized, logits)


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; by default the likeliest one (greedy).

    Attributes:
        temperature: Divides the logits; 0 chooses the likeliest token always.
        top_k: Keep this many of the likeliest tokens.
        top_p: Keep the likeliest tokens that have this much probability together.
        min_p: Keep tokens at least this many times as likely as the likeliest.
        repetition_penalty: Above 1, tokens that have occurred become less likely.

    Raises:
        ConfigurationError: A number is out of its range.
    """

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        rules = (
            ("temperature", self.temperature >= 0, "0 or more"),
            ("top_k", self.top_k is None or self.top_k >= 1, "at least 1"),
            ("top_p", self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("min_p", self.min_p is None or 0 < self.min_p <= 1, "above 0 and at most 1"),
            ("repetition_penalty", self.repetition_penalty > 0, "above 0"),
        )
        for name, holds, range_ in rules:
            if not holds:
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)}; give a number {range_}."
                )

    def choose(
        self, logits: Float[Tensor, "batch vocabulary"], generator: torch.Generator | None = None
    ) -> Int[Tensor, "batch"]:
        """Choose a token for each row, by the temperature and the filters."""
        if self.temperature == 0:
            return logits.argmax(dim=-1)
        return torch.multinomial(self.probabilities(logits), 1, generator=generator).squeeze(-1)

    def probabilities(
        self, logits: Float[Tensor, "... vocabulary"]
    ) -> Float[Tensor, "... vocabulary"]:
        """Give the probabilities with which tokens are drawn."""
        logits = apply_temperature(logits.float(), self.temperature)
        if self.top_k is not None:
            logits = top_k(logits, self.top_k)
        if self.top_p is not None:
            logits = top_p(logits, self.top_p)
        if self.min_p is not None:
            logits = min_p(logits, self.min_p)
        return logits.softmax(dim=-1)


GREEDY = Sampling()


def pad_left(
    prompts: Sequence[Sequence[int]], pad: int = 0
) -> tuple[Int[Tensor, "batch length"], Bool[Tensor, "batch length"]]:
    """Put prompts of different lengths into one batch, so that all of them end in the last column.

    Returns:
        The tokens, and which of them are no padding.

    Raises:
        ShapeError: There is no prompt, or an empty one.
    """
    if not prompts or not all(len(prompt) for prompt in prompts):
        raise ShapeError("A prompt is empty; give at least one token to begin with.")
    longest = max(map(len, prompts))
    ids = torch.full((len(prompts), longest), pad)
    real = torch.zeros(len(prompts), longest, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        real[row, longest - len(prompt) :] = True
    return ids, real


def stream(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    sampling: Sampling = GREEDY,
    *,
    stop: Sequence[int] = (),
    generator: torch.Generator | None = None,
    memory: Memory | None = None,
) -> Iterator[list[int | None]]:
    """Write on from each prompt, one token a step.

    Args:
        model: What gives the logits.
        prompts: Token ids to begin with, of any lengths.
        max_new_tokens: When to stop at the latest.
        sampling: How tokens are chosen.
        stop: Tokens that end a sequence; the one that did is given too.
        generator: Draws the tokens; needed when the temperature is above 0.
        memory: What the model has read of a single prompt before, so that it reads the rest alone.

    Yields:
        At each step, the new token of each sequence; None for those that have ended.

    Raises:
        ShapeError: A prompt is empty, or there are several and a memory.
        ConfigurationError: Tokens are to be drawn, and there is no generator.
    """
    if sampling.temperature > 0 and generator is None:
        raise ConfigurationError(
            "Drawing tokens needs a generator, as torch.Generator().manual_seed(0); give one, or a "
            "temperature of 0."
        )
    if memory is not None and len(prompts) != 1:
        raise ShapeError(
            f"A memory is of one sequence, and there are {len(prompts)} prompts; write them one by one."
        )
    writer = _Writer(model, prompts, max_new_tokens, memory or Memory())
    ended = [False] * len(prompts)
    for _ in range(max_new_tokens):
        tokens = writer.next(sampling, generator)
        yield [None if over else token for token, over in zip(tokens, ended, strict=True)]
        ended = [over or token in stop for token, over in zip(tokens, ended, strict=True)]
        if all(ended):
            return


class Memory:
    """What a model has read of a text that grows from one writing to the next, as a conversation does."""

    def __init__(self) -> None:
        self.ids: Int[Tensor, "batch length"] | None = None
        self.cache: KVCache | None = None

    @torch.inference_mode()
    def recall(
        self, model: Transformer, ids: Int[Tensor, "batch length"], capacity: int
    ) -> KVCache:
        """Give a cache that holds the beginning of a text, as far as it is the one that was read.

        Args:
            model: The model that reads; the same each time.
            ids: The text. Its last token is left to be read, since the next one's logits come from it.
            capacity: How many tokens the text may have in the end.
        """
        common = 0
        if self.ids is not None:
            pairs = zip(self.ids[0, : ids.shape[-1] - 1].tolist(), ids[0].tolist(), strict=False)
            common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        if self.cache is None or not self.cache.reaches(common):
            weight = model.embedding.weight
            self.cache = KVCache(model.config, len(ids), capacity, weight.dtype, weight.device)
        else:
            self.cache.rewind(common)
            self.cache.enlarge(capacity)
        self.ids = ids[:, : self.cache.length]
        return self.cache


class _Writer:
    """What writing one more token needs to know: the tokens so far, the padding, the cache."""

    def __init__(
        self,
        model: Transformer,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        memory: Memory,
    ) -> None:
        device = model.embedding.weight.device
        ids, real = pad_left(prompts)
        self.model, self.ids, self.real = model, ids.to(device), real.to(device)
        self.padded = not bool(real.all())
        self.memory = memory
        self.cache = memory.recall(model, self.ids, ids.shape[-1] + max_new_tokens)

    @torch.inference_mode()
    def next(self, sampling: Sampling, generator: torch.Generator | None) -> list[int]:
        """Read what has not been read, choose a token for each sequence, and add it."""
        length = self.ids.shape[-1]
        # A prompt is read in parts of a window, which always fit into the cache.
        part = self.cache.window or length
        for begin in range(self.cache.length, length, part):
            end = min(begin + part, length)
            logits = self.model(
                self.ids[:, begin:end],
                cache=self.cache,
                real=self.real[:, :end] if self.padded else None,
                last_only=True,
            )
        self.memory.ids = self.ids
        scores = logits[:, -1]
        if sampling.repetition_penalty != 1:
            scores = penalize_repetition(scores, self.ids, sampling.repetition_penalty, self.real)
        chosen = sampling.choose(scores, generator)
        self.ids = torch.cat([self.ids, chosen[:, None]], dim=-1)
        self.real = torch.cat([self.real, torch.ones_like(self.real[:, :1])], dim=-1)
        return chosen.tolist()


def generate(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    sampling: Sampling = GREEDY,
    *,
    stop: Sequence[int] = (),
    generator: torch.Generator | None = None,
    memory: Memory | None = None,
) -> list[list[int]]:
    """Write on from each prompt, and give the new tokens of each; the arguments are those of `stream`."""
    written: list[list[int]] = [[] for _ in prompts]
    steps = stream(
        model, prompts, max_new_tokens, sampling, stop=stop, generator=generator, memory=memory
    )
    for step in steps:
        for sequence, token in zip(written, step, strict=True):
            if token is not None:
                sequence.append(token)
    return written


def stream_text(
    steps: Iterator[list[int | None]],
    decode: Callable[[list[int]], str],
    stop_strings: Sequence[str] = (),
) -> Iterator[str]:
    """Turn the tokens of one sequence into pieces of text as they come.

    A piece waits while its last character is not complete, or while it may be the beginning of a
    stop string; so what is given is never taken back.

    Args:
        steps: What `stream` yields for one prompt.
        decode: Turns token ids into text.
        stop_strings: Texts that end the writing; they are not given.

    Yields:
        Pieces that are the whole text when joined.
    """
    tokens: list[int] = []
    given = 0
    for step in steps:
        if step[0] is None:
            break
        tokens.append(step[0])
        text = decode(tokens)
        places = [place for stop in stop_strings if (place := text.find(stop)) >= 0]
        if places:
            yield text[given : min(places)]
            return
        sure = len(text) - _unsure(text, stop_strings)
        if sure > given:
            yield text[given:sure]
            given = sure
    rest = decode(tokens)[given:]
    if rest:
        yield rest


def _unsure(text: str, stop_strings: Sequence[str]) -> int:
    """Count the characters at the end that another token may still change or take away."""
    incomplete = len(text) - len(text.rstrip("\N{REPLACEMENT CHARACTER}"))
    begun = (
        length
        for stop in stop_strings
        for length in range(min(len(stop) - 1, len(text)), 0, -1)
        if text.endswith(stop[:length])
    )
    return max(incomplete, max(begun, default=0))
