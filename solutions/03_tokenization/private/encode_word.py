"""`tokenization.encode_word`: hidden probes, and right answers written differently."""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.tokenization import encode_word as public
from autograder.exercises.tokenization._shared import LimitedDict, letters

private = Private()


@private.probe
def trained_merges(implementation: Any, generator: Generator) -> Any:
    """Words encoded with the merges that other words taught, in the order learned."""
    from llmlab.tokenization import train_bpe

    words = {letters(generator, 6, "abcd").encode(): count for count in range(1, 9)}
    merges = train_bpe(words, 20)
    tried = [*words, *(letters(generator, 12, "abcd").encode() for _ in range(4)), b"aaaaaaa"]
    return [implementation(word, LimitedDict(merges)) for word in tried]


@private.probe
def drawn_order(implementation: Any, generator: Generator) -> Any:
    """Longer words and the public merges, in an order within the dictionary that is drawn."""
    order = torch.randperm(12, generator=generator).tolist()
    words = (*(letters(generator, 9, "abcdehnt") for _ in range(4)), letters(generator, 6, "xé"))
    return public.in_order(implementation, words, order)


Pair = tuple[int, int]


def merge_by_stack(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Push ids on a stack, and join the top when it is the pair."""
    stack: list[int] = []
    joined = False
    for token in ids:
        if stack and not joined and (stack[-1], token) == pair:
            stack[-1], joined = new_id, True
        else:
            stack.append(token)
            joined = False
    return stack


@private.variant
def encode_by_replay(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    """Replay all merges once, in the order in which they were learned."""
    ids = list(word)
    for pair in sorted(merges, key=lambda pair: merges[pair]):
        ids = merge_by_stack(ids, pair, merges[pair])
    return ids


@private.variant
def encode_by_place(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    """Merge one place at a time: the oldest pair, and of equals the leftmost."""
    ids = list(word)
    while len(ids) > 1:
        ranked = [(merges.get(pair, float("inf")), i) for i, pair in enumerate(pairwise(ids))]
        new_id, i = min(ranked)
        if new_id == float("inf"):
            break
        ids[i : i + 2] = [int(new_id)]
    return ids


@private.variant
def encode_by_heap(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    """Keep the candidates in a heap; what has changed since is passed over."""
    # The ends are in no pair that was learned.
    ids: list[Any] = [-1, *word, -1]
    heap: list[tuple[int, int, int, int]] = []

    def neighbor(i: int, step: int) -> int:
        i += step
        while ids[i] is None:
            i += step
        return i

    def offer(i: int, j: int) -> None:
        if (ids[i], ids[j]) in merges:
            heappush(heap, (merges[ids[i], ids[j]], i, ids[i], ids[j]))

    for i in range(len(word)):
        offer(i, i + 1)
    while heap:
        new_id, i, left, right = heappop(heap)
        j = neighbor(i, 1)
        if ids[i] == left and ids[j] == right:
            ids[i], ids[j] = new_id, None
            offer(neighbor(i, -1), i)
            offer(i, neighbor(i, 1))
    return [token for token in ids[1:-1] if token is not None]
