"""`tokenization.merge_scores`: hidden probes, and right answers written differently."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from torch import Generator

from autograder.exercise import Private, whole
from autograder.exercises.tokenization import merge_scores as public
from autograder.exercises.tokenization._shared import keys_written, letters

private = Private()


@private.probe
def more_words(implementation: Any, generator: Generator) -> Any:
    """More words of few letters, and others of two letters with a single piece beside them."""
    words = {
        ("b",): whole(generator, 2, 5),
        ("b", "##a"): 2,
        public.cut(letters(generator, 6, "ab")): 3,
    }
    return [keys_written(implementation(one)) for one in (public.drawn(generator, 4), words)]


@private.variant
def scores_by_lists(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    """Write every piece and pair out as often as it comes."""
    pieces = [piece for word, n in words.items() for _ in range(n) for piece in word]
    pairs = [pair for word, n in words.items() for _ in range(n) for pair in pairwise(word)]
    return {
        pair: pairs.count(pair) / pieces.count(pair[0]) / pieces.count(pair[1])
        for pair in set(pairs)
    }


@private.variant
def scores_by_shares(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    """Divide first, and multiply after."""
    single: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for word, n in words.items():
        single.update({piece: n * word.count(piece) for piece in set(word)})
        for i in range(1, len(word)):
            both[word[i - 1], word[i]] += n
    return {(a, b): (both[a, b] / single[a]) * (1 / single[b]) for a, b in both}
