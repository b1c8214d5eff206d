"""`tokenization.train_bpe`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Generator

from autograder.exercise import whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Pair, letters
from llmlab import tokenization

exercise = LAB.exercise(
    "train_bpe",
    reference=tokenization.train_bpe,
    hints=(
        "Begin with every word as a tuple of its bytes. What changes in each round, and what is kept?",
        "Each round has three steps: count the pairs of the words as they are now, choose the best, "
        "and merge it in every word. End when there is no pair.",
        "Choose with min over the counts and a key that is a tuple: the negative count first, then the "
        "pair itself. Then build the dictionary of words anew, each word merged, with its old frequency.",
    ),
)


@exercise.probe
def drawn_words(implementation: Any, generator: Generator) -> Any:
    """Nine words of few letters, with frequencies, and six merges."""
    words = {
        letters(generator, whole(generator, 3, 7), "abcd").encode(): whole(generator, 2, 9)
        for _ in range(8)
    }
    return implementation({**words, b"cadabad": 3}, 6)


@exercise.probe
def equal_counts(implementation: Any, generator: Generator) -> Any:
    """Three words in which several pairs are equally frequent, and four merges."""
    frequency = whole(generator, 2, 9)
    words = {b"mud": frequency, b"cow": frequency, b"zip": frequency, b"at": 1}
    return implementation(words, 4)


@exercise.probe
def few_pairs(implementation: Any, generator: Generator) -> Any:
    """Two short words, and more merges than there are pairs."""
    return implementation({b"hi": whole(generator, 2, 9), b"ha": 1}, 10)


def _train(
    words: Mapping[bytes, int],
    num_merges: int,
    choose: Callable[[Mapping[Pair, int]], Pair],
    least: int = 1,
) -> dict[Pair, int]:
    """Train with another way to choose; end when the best pair is rarer than `least`."""
    current = {tuple(word): frequency for word, frequency in words.items()}
    merges: dict[Pair, int] = {}
    while len(merges) < num_merges:
        counts = tokenization.pair_counts(current)
        if least and (not counts or max(counts.values()) < least):
            break
        best = choose(counts)
        merges[best] = 256 + len(merges)
        current = {
            tuple(tokenization.merge_pair(ids, best, merges[best])): frequency
            for ids, frequency in current.items()
        }
    return merges


@exercise.misconception(
    "Of pairs that are equally frequent, your code takes the larger one. The rule says the smaller. Another "
    "choice would be as good, but two people must get the same tokenizer from the same text. Reread "
    "'When two pairs are equal'."
)
def larger_first(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(words, num_merges, lambda counts: max(counts, key=lambda p: (counts[p], p)))


@exercise.misconception(
    "Of pairs that are equally frequent, your code takes the one that it met first. Then the order of the "
    "words in the text decides which tokens there are. Reread 'When two pairs are equal'."
)
def first_met(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(words, num_merges, lambda counts: max(counts, key=lambda p: counts[p]))


@exercise.misconception(
    "Your code counts once, before the first merge, and takes the most frequent pairs of that count. Each "
    "merge makes new pairs and uses up old ones, and tokens longer than two bytes never come "
    "about. Reread 'One merge after the other'."
)
def counted_once(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    counts = tokenization.pair_counts({tuple(word): n for word, n in words.items()})
    best = sorted(counts, key=lambda pair: (-counts[pair], pair))[:num_merges]
    return {pair: 256 + i for i, pair in enumerate(best)}


@exercise.misconception(
    "Your code trains as if each word came once: the frequencies get lost on the way. Reread 'Pairs that "
    "come together'."
)
def frequencies_lost(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(dict.fromkeys(words, 1), num_merges, tokenization.most_frequent_pair)


@exercise.misconception(
    "Your code fails when every word has become a single id and no pair is left. Then training ends "
    "early, with fewer merges. Reread 'One merge after the other'."
)
def without_an_end(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(words, num_merges, tokenization.most_frequent_pair, least=0)


@exercise.misconception(
    "Your code ends when the best pair comes only once. Many libraries have such a limit; here training "
    "goes on as long as there is any pair. Reread 'One merge after the other'."
)
def ends_at_one(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(words, num_merges, tokenization.most_frequent_pair, least=2)


@exercise.misconception(
    "Your new ids begin at 257: 255 is the last byte, so the first merge makes the id after that. Reread "
    "'One merge after the other'."
)
def one_id_late(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    merges: dict[Pair, int] = {}
    for (left, right), new_id in tokenization.train_bpe(words, num_merges).items():
        merges[left + (left > 255), right + (right > 255)] = new_id + 1
    return merges
