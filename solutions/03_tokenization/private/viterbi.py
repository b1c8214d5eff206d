"""`tokenization.viterbi`: hidden probes, and right answers written differently."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private

private = Private()


def drawn(generator: Generator, length: int, alphabet: str) -> str:
    """Draw a word from an alphabet."""
    places = torch.randint(0, len(alphabet), (length,), generator=generator)
    return "".join(alphabet[int(place)] for place in places)


@private.probe
def drawn_scores(implementation: Any, generator: Generator) -> Any:
    """Twenty letters and all pieces of up to three of them, with scores that are drawn."""
    pieces = [left + middle + right for left in "ab" for middle in "ab" for right in ("", "a", "b")]
    pieces += ["a", "b", "abba"]
    values = torch.rand(len(pieces), generator=generator, dtype=torch.float64)
    scores = {piece: -1 - 9 * float(value) for piece, value in zip(pieces, values, strict=True)}
    found = list(implementation(drawn(generator, 20, "ab"), scores))
    # The same pieces in another order are as good a cut, so it is the score that counts.
    return {"word": "".join(found), "score": sum(scores.get(piece, -1e3) for piece in found)}


@private.variant
def viterbi_recursive(word: str, log_probs: Mapping[str, float]) -> list[str]:
    """Ask for the best cut of each rest of the word, and remember it."""
    longest = max(map(len, log_probs))

    @cache
    def best(start: int) -> tuple[float, tuple[str, ...]]:
        if start == len(word):
            return 0.0, ()
        ways = []
        for end in range(start + 1, min(start + longest, len(word)) + 1):
            if word[start:end] in log_probs:
                score, pieces = best(end)
                ways.append((log_probs[word[start:end]] + score, (word[start:end], *pieces)))
        return max(ways)

    return list(best(0)[1])


@private.variant
def viterbi_forward(word: str, log_probs: Mapping[str, float]) -> list[str]:
    """From each place, go on with every piece, and keep whole cuts."""
    best: dict[int, tuple[float, list[str]]] = {0: (0.0, [])}
    for start in range(len(word)):
        if start not in best:
            continue
        score, pieces = best[start]
        for piece, log_prob in log_probs.items():
            end = start + len(piece)
            if word.startswith(piece, start) and (
                end not in best or score + log_prob > best[end][0]
            ):
                best[end] = (score + log_prob, [*pieces, piece])
    return best[len(word)][1]


@private.variant
def viterbi_costs(word: str, log_probs: Mapping[str, float]) -> list[str]:
    """Take negative logarithms for costs, and find the cheapest cut."""
    cost, back = [0.0] + [float("inf")] * len(word), [0] * (len(word) + 1)
    for end in range(1, len(word) + 1):
        for start in range(end):
            price = -log_probs.get(word[start:end], float("-inf"))
            if cost[start] + price < cost[end]:
                cost[end], back[end] = cost[start] + price, start
    pieces, end = [], len(word)
    while end > 0:
        pieces.insert(0, word[back[end] : end])
        end = back[end]
    return pieces
