"""`tokenization.pair_counts`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import (
    Pair,
    Ways,
    Words,
    ids_of,
    keys_written,
    letters,
    one_of,
)
from llmlab import tokenization

exercise = LAB.exercise(
    "pair_counts",
    reference=tokenization.pair_counts,
    hints=(
        "There are two loops: over the words with their frequency, and over the neighbors in a word.",
        "A pair that stands twice in a word which comes five times was seen ten times.",
        "Go through the neighbors with pairwise; for each pair that comes out, raise its count by the "
        "frequency of the word.",
    ),
    matters=(
        "GPT-2's 50,000 merges (2019) were chosen by such counts alone, one after the other. Read "
        "llmlab/tokenization/bpe.py."
    ),
)


def drawn_words(generator: Generator, drawn: int) -> dict[tuple[int, ...], int]:
    """Give words in which every misunderstanding shows, and some more that are drawn."""
    # Ids from 256 on come from merges that were made before.
    words = {
        (*ids_of("ba"), 256): whole(generator, 2, 3),
        ids_of("aaa"): whole(generator, 4, 5),
        ids_of("abab"): whole(generator, 6, 9),
        (256,): 7,
    }
    for size in range(drawn):
        words[ids_of(letters(generator, 3 + size % 4))] = whole(generator, 2, 9)
    words[ids_of("cbacab")] = 1
    return words


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The words aaa and ab of the worked example, with other frequencies."""
    words = {ids_of("aaa"): whole(generator, 3, 5), ids_of("ab"): whole(generator, 6, 9)}
    return keys_written(implementation(words))


@exercise.probe
def eight_words(implementation: Any, generator: Generator) -> Any:
    """Eight words as ids, among them aaa and abab (a is 97, b is 98), with their frequencies."""
    return keys_written(implementation(drawn_words(generator, 3)))


@exercise.probe
def one_word(implementation: Any, generator: Generator) -> Any:
    """One word that comes once, and then a word of a single id, which has no pair."""
    words = {ids_of("hello"): 1}
    return [keys_written(implementation(words)), keys_written(implementation({(256,): 3}))]


_AGAIN = "Reread 'Pairs that come together'."
_ACROSS = (
    "Your code pairs the last id of a word with the first of the next. Merges never cross the border between two "
    "words. "
    f"{_AGAIN}"
)
_EVERY = (
    "Your code pairs every id of a word with every other one, also with those before it. Only neighbors are a pair. "
    f"{_AGAIN}"
)
_BEST = (
    f"Your code returns one number, the largest count. Asked for is a count for each pair. {_AGAIN}"
)
_LIST = f"Your code returns a list. A dictionary is asked for, which gives each pair its count. {_AGAIN}"


@exercise.faults(
    step_two="Your code takes the ids two by two, so of a word of four it sees the first pair and the last, and not "
    "the "
    f"one between. Each id but the last begins a pair. {_AGAIN}",
    without_overlap="Your code jumps over an id after it has counted a pair of equal ids, so 'aaa' holds the pair (a, "
    "a) "
    f"once. For counting, every two neighbors are a pair, even if they share an id. {_AGAIN}",
    combinations="Your code also counts pairs of ids that do not stand side by side: every id with each that comes "
    f"later in the word. Only neighbors are a pair. {_AGAIN}",
    products="Your code pairs every id of a word with every id of it, in both orders and with itself. Only neighbors "
    "are "
    f"a pair. {_AGAIN}",
    permutations=_EVERY,
    different=_EVERY,
    equal_left_out="Your code leaves out pairs of two equal ids. In 'aaa' the pair (a, a) stands at two places, and "
    "both "
    f"count. {_AGAIN}",
    once_a_word="A pair that stands twice in a word is counted once for that word. Each place where it stands counts. "
    f"{_AGAIN}",
    last_missed=f"Your code does not see the last pair of a word: the loop ends a place too early. {_AGAIN}",
    first_missed=f"Your code does not see the first pair of a word: the loop begins a place too late. {_AGAIN}",
    wraps="Your code also pairs the last id of a word with its first, as if the word were a ring (in Python, the index "
    f"-1 is the last place). {_AGAIN}",
    turned=f"Your pairs stand the wrong way round: in 'ab' you count (b, a). Their order matters for merging. {_AGAIN}",
    without_order="Your code takes (a, b) and (b, a) for the same pair. Their order matters: merging them gives 'ab' "
    "and "
    f"'ba'. {_AGAIN}",
    set_keys="The keys of your dictionary are sets. A set has no order and holds (a, a) as one id; a pair is a tuple. "
    f"{_AGAIN}",
    text_keys=f"The keys of your dictionary are text. A pair is a tuple of two ids. {_AGAIN}",
    none_paired="Your code pairs the last id of a word with None. A word of n ids has n - 1 pairs of neighbors. "
    f"{_AGAIN}",
    past_the_end="Your code asks for the neighbor of the last id, and there is none: a word of n ids has n - 1 pairs. "
    f"{_AGAIN}",
    single_ids=f"Your code counts single ids. Asked for are pairs of neighbors, as tuples of two ids. {_AGAIN}",
    first_word_only="Your code returns after the first word. Does the `return` stand inside the loop over the words? "
    f"{_AGAIN}",
    first_pair_only="Your code returns after the first pair. Does the `return` stand inside the loop over the pairs? "
    f"{_AGAIN}",
    last_word_only="Your code gives the counts of the last word alone: for each word they begin anew. The dictionary "
    "is "
    f"one for all words. {_AGAIN}",
)
def wrong_pairs(on: Switches) -> Any:
    """Go through the wrong pairs, or not through all of them."""

    def pair_counts(words: Words) -> Any:
        counts: Counter[Any] = Counter()
        for word, frequency in words.items():
            if on("last_word_only"):
                counts = Counter()
            for pair in _places(on, word):
                counts[_key(on, pair)] += frequency
                if on("first_pair_only"):
                    return counts
            if on("first_word_only"):
                return counts
        return None if on("first_pair_only") else counts

    return pair_counts


def _places(on: Switches, word: tuple[int, ...]) -> Iterator[Any]:
    pairs: list[Any] = list(itertools.pairwise(word))
    if on("without_overlap"):
        return _without_overlap(word)
    ways: Ways = {
        "step_two": lambda: list(zip(word[::2], word[1::2], strict=False)),
        "combinations": lambda: list(itertools.combinations(word, 2)),
        "products": lambda: list(itertools.product(word, word)),
        "once_a_word": lambda: sorted(set(pairs)),
        "permutations": lambda: list(itertools.permutations(word, 2)),
        "different": lambda: [(a, b) for a in word for b in word if a != b],
        "equal_left_out": lambda: [(a, b) for a, b in pairs if a != b],
        "last_missed": lambda: pairs[:-1],
        "first_missed": lambda: pairs[1:],
        "wraps": lambda: [(word[i - 1], word[i]) for i in range(len(word))],
        "none_paired": lambda: list(itertools.zip_longest(word, word[1:])),
        "past_the_end": lambda: [(word[i], word[i + 1]) for i in range(len(word))],
        "single_ids": lambda: list(word),
    }
    return iter(one_of(on, ways, pairs))


def _without_overlap(word: tuple[int, ...]) -> Iterator[Pair]:
    place = 0
    while place + 1 < len(word):
        yield word[place], word[place + 1]
        place += 2 if word[place : place + 2] == word[place + 1 : place + 3] else 1


def _key(on: Switches, pair: Any) -> Any:
    kinds: Ways = {
        "turned": lambda: pair[::-1],
        "without_order": lambda: (min(pair), max(pair)),
        "set_keys": lambda: frozenset(pair),
        "text_keys": lambda: str(pair),
    }
    return one_of(on, kinds, pair)


@exercise.faults(
    by_word="Your code counts each word once, however often it comes. A pair in a word that was seen 900 times was "
    "seen "
    f"900 times. {_AGAIN}",
    overwritten="Your code puts the frequency of the last word with the pair in the place of what was counted before. "
    f"The places add up. {_AGAIN}",
    first_kept="Your code keeps the frequency of the first word with the pair, and adds nothing to it. The places add "
    f"up. {_AGAIN}",
    largest_kept=f"Your code keeps the largest frequency of a word with the pair. The places add up. {_AGAIN}",
    first_as_one="Your code counts a pair as 1 where it meets it first, and by the frequency of the word from then on. "
    f"The first place counts by the frequency too. {_AGAIN}",
    from_one="Your counts are all one too large: they begin at 1. A pair that was not seen yet has the count 0. "
    f"{_AGAIN}",
    first_twice="Your code counts the place where it first meets a pair twice: once when the pair gets its entry, and "
    f"once more when it is counted. {_AGAIN}",
    squared="A pair that stands n times in a word gets n times n: each of its places is multiplied by their number "
    f"once more. {_AGAIN}",
    by_length="Your code weights a pair by the length of its word, not by how often the word comes. "
    f"{_AGAIN}",
    plus_one="Your code counts 1 for each place beside the frequency of the word. The frequency alone is the count. "
    f"{_AGAIN}",
)
def wrong_weights(on: Switches) -> Any:
    """Count the right pairs in a wrong way."""

    def count(before: int | None, frequency: int, word: tuple[int, ...], times: int) -> int:
        if on("overwritten"):
            return frequency
        if on("first_kept"):
            return frequency if before is None else before
        if on("largest_kept"):
            return max(before or 0, frequency)
        if on("first_as_one") and before is None:
            return 1
        weight = len(word) if on("by_length") else frequency * times if on("squared") else frequency
        weight = 1 if on("by_word") else weight + on("plus_one")
        if before is None:
            return weight * (2 if on("first_twice") else 1) + on("from_one")
        return before + weight

    def pair_counts(words: Words) -> dict[Pair, int]:
        counts: dict[Pair, int] = {}
        for word, frequency in words.items():
            pairs = list(itertools.pairwise(word))
            for pair in pairs:
                counts[pair] = count(counts.get(pair), frequency, word, pairs.count(pair))
        return counts

    return pair_counts


@exercise.faults(
    zeros="Your dictionary has an entry of 0 for pairs that stand nowhere. Only the pairs that occur are asked for: "
    f"of 256 ids alone there would be 65,536. {_AGAIN}",
    shares=f"Your counts are divided by their sum. Asked for are the counts themselves. {_AGAIN}",
    once_dropped="Your dictionary lacks the pairs that come only once. Every pair that occurs is asked for. "
    f"{_AGAIN}",
    best_only="Your code returns the most frequent pair alone. Asked for are the counts of all pairs; to choose one is "
    f"the next step. {_AGAIN}",
    sum_only=f"Your code returns one number, the sum of all counts. Asked for is a count for each pair. {_AGAIN}",
    largest=_BEST,
    largest_or_fail=_BEST,
    ranked=_LIST,
    sorted_items=_LIST,
    listed=_LIST,
    pairs_only=_LIST,
)
def wrong_results(on: Switches) -> Any:
    """Count right, and return something else."""

    def pair_counts(words: Words) -> Any:
        counts = Counter(tokenization.pair_counts(words))
        ids = sorted({token for word in words for token in word})
        ways: Ways = {
            "zeros": lambda: {pair: counts[pair] for pair in itertools.product(ids, ids)},
            "shares": lambda: {pair: n / counts.total() for pair, n in counts.items()},
            "once_dropped": lambda: {pair: n for pair, n in counts.items() if n > 1},
            "best_only": lambda: max(counts, key=lambda pair: counts[pair]),
            "sum_only": lambda: counts.total(),
            "largest": lambda: max(counts.values(), default=0),
            "largest_or_fail": lambda: max(counts.values()),
            "ranked": lambda: counts.most_common(),
            "sorted_items": lambda: sorted(counts.items()),
            "listed": lambda: list(counts.items()),
            "pairs_only": lambda: list(counts),
        }
        return one_of(on, ways, counts)

    return pair_counts


@exercise.misconception(_ACROSS)
def across_words(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    chain = [(token, frequency) for word, frequency in words.items() for token in word]
    for (left, frequency), (right, _) in itertools.pairwise(chain):
        counts[left, right] += frequency
    return counts


@exercise.misconception(_ACROSS)
def across_weighted_by_the_next(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    chain = [(token, frequency) for word, frequency in words.items() for token in word]
    for (left, _), (right, frequency) in itertools.pairwise(chain):
        counts[left, right] += frequency
    return counts


@exercise.misconception(_ACROSS)
def across_written_out(words: Words) -> dict[Pair, int]:
    chain = [token for word, frequency in words.items() for _ in range(frequency) for token in word]
    return Counter(itertools.pairwise(chain))


@exercise.misconception(
    "Your code pairs the last id of a word with the first of the next, and counts each word once. Merges never cross "
    "the "
    f"border between two words, and a word counts as often as it comes. {_AGAIN}"
)
def across_unweighted(words: Words) -> dict[Pair, int]:
    return Counter(itertools.pairwise([token for word in words for token in word]))
