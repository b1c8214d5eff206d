"""`foundations.bigram_probabilities`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Rules, Sequences, unless
from llmlab import foundations

exercise = LAB.exercise(
    "bigram_probabilities",
    reference=foundations.bigram_probabilities,
    hints=(
        "Two parts: count the pairs of neighbors in each sequence, then turn each row of counts into "
        "shares.",
        "Walk through each sequence with two indices, the token and the one after it, and add 1 at "
        "that place of a square table. The smoothing joins the counts before anything is divided.",
        "Add the smoothing to the whole table of counts, and divide it by its own sums over the last "
        "dimension, kept as a column.",
    ),
    matters="Tables of this kind, for runs of up to five words counted in two trillion, served in machine "
    "translation before neural networks did (Brants et al., 2007). Read llmlab/foundations/bigram.py.",
)


@exercise.probe
def toy_names(implementation: Any, generator: Generator) -> Any:
    """The sequences [0, 1, 1, 1, 2, 0] and [0, 2, 1, 0], three tokens, no smoothing."""
    return implementation([[0, 1, 1, 1, 2, 0], [0, 2, 1, 0]], 3)


@exercise.probe
def smoothed(implementation: Any, generator: Generator) -> Any:
    """The sequences [0, 1, 1, 2, 0] and [0, 1, 0], three tokens, a smoothing of 0.5."""
    return implementation([[0, 1, 1, 2, 0], [0, 1, 0]], 3, 0.5)


@exercise.probe
def drawn(implementation: Any, generator: Generator) -> Any:
    """Four random sequences over four tokens, with a smoothing of 2."""
    inner = torch.randint(1, 4, (4, 5), generator=generator).tolist()
    return implementation([[0, *ids, 0] for ids in inner], 4, 2.0)


@exercise.probe
def more_tokens_than_seen(implementation: Any, generator: Generator) -> Any:
    """The sequences [0, 3, 3, 3, 0], [0, 0] and [0, 1, 3, 0], five tokens, a smoothing of 1."""
    return implementation([[0, 3, 3, 3, 0], [0, 0], [0, 1, 3, 0]], 5, 1.0)


_COUNTS = "Reread 'A table of counts'."
_UNSEEN = "Reread 'What was never seen'."
_COLUMNS = (
    "Each column of yours adds up to 1, and each row should. Either the sums are taken down the columns, or they "
    "have lost their last dimension and line up with the columns: a token comes as often first as second here, so "
    f"both give the same. {_COUNTS}"
)
_NO_EFFECT = (
    "The smoothing changes nothing in your table: either it is not used, or it multiplies what was counted, as "
    f"when it is added anew for every pair, and cancels in the shares. {_UNSEEN}"
)
_FRAGMENT = "so that how names begin, or when they end, is not learned. "


@exercise.faults(
    across="Your code counts pairs across sequences: the end of one and the beginning of the next. They are "
    f"no neighbors, and the model would learn that nothing follows nothing. {_COUNTS}",
    other_way="Your rows count what came before a token. A row is to hold what comes after its token. "
    + _COUNTS,
    both_ways="Your code counts each pair in both directions. A row is to hold what comes after its token, not before. "
    + _COUNTS,
    each_pair_once="Your table knows whether a pair occurs and not how often: each counts once. Adding 1 at a list "
    f"of places does that too, for a place that is named twice gets 1 once. {_COUNTS}",
    once_a_sequence="Your table counts in how many sequences a pair occurs: a pair that comes twice in one sequence "
    f"is counted once. Adding 1 at a list of places does that. {_COUNTS}",
    no_boundary="Your code leaves the boundary out at both ends, " + _FRAGMENT + _COUNTS,
    first_pair_missing="Your code leaves out the first pair of each sequence, "
    + _FRAGMENT
    + _COUNTS,
    last_pair_missing="Your code leaves out the last pair of each sequence, " + _FRAGMENT + _COUNTS,
    every_other="Your code takes every other pair: a token that ends one pair also begins the next. "
    + _COUNTS,
    two_apart="Your code pairs a token with the one after the next. " + _COUNTS,
    all_later="Your code pairs a token with every later one of its sequence. Neighbors alone are a pair. "
    + _COUNTS,
    no_doubles="Your code leaves out pairs of twice the same token. They are pairs as others are. "
    + _COUNTS,
    with_itself="Your code pairs each token with itself. A pair is a token and the one after it. "
    + _COUNTS,
    wraps_around="Your code also pairs the end of a sequence with its own beginning. They are no neighbors. "
    + _COUNTS,
    first_sequence="Your code counts the first sequence alone. Does the work end after one round of the loop? "
    + _COUNTS,
    last_sequence="Your code counts the last sequence alone: is the table made anew in each round of the loop? "
    + _COUNTS,
    last_left_out="Your code leaves the last sequence out. Where does your loop end? " + _COUNTS,
    what_came_alone="All rows of yours are alike: they say how often a token comes, whatever came before. "
    + _COUNTS,
    shares_of_names="Your code turns each sequence into shares by itself and then adds them up. All pairs are "
    f"counted first. {_COUNTS}",
    every_smoothing="Your code adds the smoothing once for each sequence. It joins the counts once. "
    + _UNSEEN,
    pair_smoothing=_NO_EFFECT,
)
def by_counting(on: Switches) -> Any:
    def bigram_probabilities(
        sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0
    ) -> Tensor:
        rounds = len(sequences) if on("every_smoothing") else 1
        if on("across"):
            sequences = [[token for sequence in sequences for token in sequence]]
        counts = torch.zeros(vocabulary_size, vocabulary_size)
        for sequence in _chosen(on, sequences):
            counts = counts + _counted(on, sequence, vocabulary_size, smoothing)
        if on("each_pair_once"):
            counts = counts.clamp(max=1)
        if not on("pair_smoothing"):
            counts = counts + smoothing * rounds
        if on("what_came_alone"):
            counts = counts.sum(dim=0).expand_as(counts)
        return counts / counts.sum(dim=-1, keepdim=True)

    return bigram_probabilities


def _chosen(on: Switches, sequences: Sequences) -> Sequences:
    if on("first_sequence"):
        return sequences[:1]
    if on("last_sequence"):
        return sequences[-1:]
    return sequences[:-1] if on("last_left_out") else sequences


def _counted(on: Switches, sequence: list[int], size: int, smoothing: float) -> Tensor:
    """Count the pairs of one sequence."""
    counts = torch.zeros(size, size)
    for first, second in _pairs(on, sequence):
        place = (second, first) if on("other_way") else (first, second)
        counts[place] += 1 + (smoothing if on("pair_smoothing") else 0)
        if on("both_ways"):
            counts[second, first] += 1
    if on("once_a_sequence"):
        return counts.clamp(max=1)
    if on("shares_of_names"):
        return counts / counts.sum(dim=-1, keepdim=True).clamp_min(1)
    return counts


def _pairs(on: Switches, ids: list[int]) -> Iterator[tuple[int, int]]:
    others: Rules = {
        "no_boundary": lambda: pairwise(ids[1:-1]),
        "first_pair_missing": lambda: pairwise(ids[1:]),
        "last_pair_missing": lambda: pairwise(ids[:-1]),
        "every_other": lambda: zip(ids[::2], ids[1::2], strict=False),
        "two_apart": lambda: zip(ids, ids[2:], strict=False),
        "all_later": lambda: (
            (first, second) for i, first in enumerate(ids) for second in ids[i + 1 :]
        ),
        "no_doubles": lambda: (pair for pair in pairwise(ids) if pair[0] != pair[1]),
        "with_itself": lambda: zip(ids, ids, strict=True),
        "wraps_around": lambda: pairwise([*ids, ids[0]]),
    }
    return iter(unless(on, others, pairwise(ids)))


@exercise.faults(
    whole_table="Your table adds up to 1 as a whole: it holds the probability of each pair. A model is told one "
    f"token and guesses the next, so each row is a distribution. {_COUNTS}",
    by_columns=_COLUMNS,
    table_turned="Your table is turned on its side: rows and columns have changed places after the division. A row "
    f"is to hold the probabilities of what follows its token. {_COUNTS}",
    by_occurrences="Your code divides by how often a token comes. The boundary comes once more than it is "
    f"followed, in each sequence: what is needed is how often something follows. {_COUNTS}",
    only_counts="Your table holds counts. They are to be turned into shares, row by row. "
    + _COUNTS,
    by_largest="Your code divides each row by its largest count, so that it does not add up to 1. "
    + _COUNTS,
    mean_for_sum="Your code divides each row by its mean, so that it adds up to the count of tokens. "
    + _COUNTS,
    by_sequences="Your code divides by the number of sequences. Each row is divided by its own sum. "
    + _COUNTS,
    of_scores="Your code takes the counts for scores and sends them through a softmax. Shares of counts are what was "
    f"seen. {_COUNTS}",
    logarithms="Your table holds logarithms. Probabilities are asked for. " + _COUNTS,
    floored="Your table holds whole numbers: the division cuts fractions off, or the table cannot hold them. "
    + _COUNTS,
    listed="Your code returns a list of lists. The result has to be one tensor. " + _COUNTS,
    size_from_data="Your table is as large as the largest id that was seen asks for. It has a row and a column "
    f"for each token of the vocabulary. {_COUNTS}",
    one_too_large="Your table has a row and a column too many: ids run from 0 to vocabulary_size - 1. "
    + _COUNTS,
    boundary_cut="Your table lacks the row and the column of the boundary. It is a token as others are. "
    + _COUNTS,
    rounded="Your code rounds the probabilities. " + _COUNTS,
    no_smoothing=_NO_EFFECT,
    always_one="Your code adds 1 to every count, whatever the smoothing is. " + _UNSEEN,
    smoothed_too_late="Your code adds the smoothing to the probabilities, after the division, so the rows no longer "
    f"add up to 1. It is a count, and joins the counts. {_UNSEEN}",
    smoothed_above="Your code adds the smoothing above the line of the fraction and not below it, so the rows add "
    f"up to more than 1. {_UNSEEN}",
    smoothed_below="Your code adds the smoothing below the line of the fraction and not above it, so the rows add "
    f"up to less than 1. {_UNSEEN}",
    smoothed_below_once="Your code adds the smoothing to every count and only once to their sum, so the rows add "
    f"up to more than 1. The sum has as many counts as there are tokens. {_UNSEEN}",
    smoothed_by_square="Your code adds the smoothing below the line for every place of the table. A row has only "
    f"as many places as there are tokens. {_UNSEEN}",
    only_unseen="Your code gives the smoothing to pairs that were never seen, and nothing to the others. It joins "
    f"every count. {_UNSEEN}",
    only_seen="Your code gives the smoothing to pairs that were seen, and nothing to the others, which need it most. "
    + _UNSEEN,
    at_least="Your code raises counts below the smoothing to it, and leaves the others. It is added to every count. "
    + _UNSEEN,
    whole_smoothing="Your code cuts the smoothing off to a whole number. It can be a fraction. "
    + _UNSEEN,
    smoothed_twice="Your code adds the smoothing twice. " + _UNSEEN,
    divided_smoothing="Your code shares the smoothing out among the tokens of a row. It is added whole to every "
    "count. " + _UNSEEN,
    times_smoothing="Your code adds the smoothing times the number of tokens to every count. Below the line it "
    f"comes that often, above it once. {_UNSEEN}",
    mixed="Your code mixes the shares with even odds. That is another kind of smoothing: here it joins the counts. "
    + _UNSEEN,
    multiplied="Your code multiplies the counts by the smoothing. It is added. " + _UNSEEN,
    diagonal="Your code adds the smoothing to pairs of twice the same token alone. It joins every count. "
    + _UNSEEN,
    shared_again="Your code adds the smoothing to the shares and shares them out again. It is a count, and joins the "
    f"counts before the division. {_UNSEEN}",
    only_empty_rows="Your code smooths the rows without a count alone. It joins every count. "
    + _UNSEEN,
)
def by_dividing(on: Switches) -> Any:
    def bigram_probabilities(
        sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0
    ) -> Any:
        size = vocabulary_size + on("one_too_large")
        if on("size_from_data"):
            size = max(max(sequence) for sequence in sequences) + 1
        counts = foundations.count_pairs(sequences, size).float()
        if on("boundary_cut"):
            counts = counts[1:, 1:]
        counts = _smoothed(on, counts, smoothing)
        return _shared_out(on, counts, smoothing, len(sequences))

    return bigram_probabilities


def _smoothed(on: Switches, counts: Tensor, smoothing: float) -> Tensor:
    """Add the smoothing to the counts, or do with it what a fault does."""
    size = len(counts)
    unsmoothed = ("smoothed_too_late", "smoothed_above", "smoothed_below", "smoothed_below_once")
    others: Rules = {
        **dict.fromkeys(
            (*unsmoothed, "no_smoothing", "mixed", "smoothed_by_square", "shared_again"),
            lambda: counts,
        ),
        "always_one": lambda: counts + 1,
        "only_unseen": lambda: torch.where(counts == 0, smoothing, counts),
        "only_seen": lambda: torch.where(counts > 0, counts + smoothing, counts),
        "at_least": lambda: counts.clamp_min(smoothing),
        "whole_smoothing": lambda: counts + int(smoothing),
        "smoothed_twice": lambda: counts + 2 * smoothing,
        "divided_smoothing": lambda: counts + smoothing / size,
        "times_smoothing": lambda: counts + smoothing * size,
        "multiplied": lambda: counts * smoothing,
        "diagonal": lambda: counts + smoothing * torch.eye(size),
        "only_empty_rows": lambda: counts + smoothing * (counts.sum(dim=-1, keepdim=True) == 0),
    }
    return unless(on, others, counts + smoothing)


def _shared_out(on: Switches, counts: Tensor, smoothing: float, sequences: int) -> Any:
    sums, size = counts.sum(dim=-1, keepdim=True), len(counts)
    others: Rules = {
        "whole_table": lambda: counts / counts.sum(),
        "by_columns": lambda: counts / counts.sum(dim=0),
        "table_turned": lambda: (counts / sums).T,
        "by_occurrences": lambda: counts / (sums + sequences * (torch.arange(size) == 0)[:, None]),
        "only_counts": lambda: counts,
        "by_largest": lambda: counts / counts.amax(dim=-1, keepdim=True),
        "mean_for_sum": lambda: counts / counts.mean(dim=-1, keepdim=True),
        "by_sequences": lambda: counts / sequences,
        "of_scores": lambda: counts.softmax(dim=-1),
        "logarithms": lambda: (counts / sums).log(),
        "floored": lambda: (counts / sums).long(),
        "listed": lambda: (counts / sums).tolist(),
        "rounded": lambda: (counts / sums).round(decimals=1),
        "smoothed_too_late": lambda: counts / sums + smoothing,
        "smoothed_above": lambda: (counts + smoothing) / sums,
        "smoothed_below": lambda: counts / (sums + smoothing * size),
        "smoothed_below_once": lambda: (counts + smoothing) / (sums + smoothing),
        "smoothed_by_square": lambda: (counts + smoothing) / (sums + smoothing * size**2),
        "mixed": lambda: (counts / sums + smoothing / size) / (1 + smoothing),
        "shared_again": lambda: _again(counts / sums + smoothing),
    }
    return unless(on, others, counts / sums)


def _again(shares: Tensor) -> Tensor:
    return shares / shares.sum(dim=-1, keepdim=True)


@exercise.misconception(
    "Your table holds whole numbers while it counts, so that a smoothing of 0.5 is cut off on its way into it. "
    + _UNSEEN
)
def whole_number_table(
    sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    counts = torch.zeros(vocabulary_size, vocabulary_size, dtype=torch.long)
    for sequence in sequences:
        for pair in pairwise(sequence):
            counts[pair] += 1
    counts += smoothing
    return counts / counts.sum(dim=-1, keepdim=True)
