"""`tokenization.merge_scores`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Ways, keys_written, letters, one_of
from llmlab import tokenization

PiecePair = tuple[str, str]
PieceWords = Mapping[tuple[str, ...], int]

exercise = LAB.exercise(
    "merge_scores",
    reference=tokenization.merge_scores,
    hints=(
        "You need two counts: of the pairs, and of the single pieces. Both are weighted by frequency.",
        "Your pair_counts works on any tuples, so it gives the numerator. The pieces are counted in a "
        "loop of the same kind.",
        "For each pair, divide its count by the product of the counts of its left and its right piece.",
    ),
    matters=(
        "BERT (2019) reads 30,522 such pieces, and models made from it still do in search and ranking. Read "
        "llmlab/tokenization/wordpiece.py."
    ),
)


def cut(name: str) -> tuple[str, ...]:
    """Cut a word into letters, all but the first marked by '##'."""
    return (name[0], *(f"##{letter}" for letter in name[1:]))


def drawn(generator: Generator, words: int) -> dict[tuple[str, ...], int]:
    """Give words cut into WordPiece's letters, one of them of a single piece, with small frequencies."""
    made = {cut("a"): 3, cut("aaaab"): 2, cut("abc"): whole(generator, 2, 3), cut("cabab"): 1}
    for size in range(words):
        made[cut(letters(generator, 3 + size))] = whole(generator, 2, 4)
    return made


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The words que and tee of the worked example, with other frequencies."""
    frequency = whole(generator, 3, 5)
    return keys_written(implementation({cut("que"): frequency, cut("tee"): 2}))


@exercise.probe
def few_words(implementation: Any, generator: Generator) -> Any:
    """Words of few letters, cut as WordPiece does, with frequencies; one is a single piece."""
    return keys_written(implementation(drawn(generator, 2)))


@exercise.probe
def longer_pieces(implementation: Any, generator: Generator) -> Any:
    """Words whose pieces have grown by merges."""
    words = {
        ("th", "##e"): whole(generator, 2, 4),
        ("th", "##e", "##n"): 1,
        ("e", "##n"): 2,
        ("the",): 2,
    }
    return keys_written(implementation(words))


_AGAIN = "Reread 'More than chance'."
_PAIRS = "Reread 'Pairs that come together'."
_ONE = (
    "Your code divides by the count of one of the two pieces. That is how sure one follows the other; the score asks "
    f"about both. {_AGAIN}"
)
_LOG = f"Your scores are logarithms. The score is the ratio itself. {_AGAIN}"
_SCALED = (
    "Your scores are multiplied by a total, such as the number of all pieces. The formula has no such factor. "
    f"{_AGAIN}"
)
_FIRST = (
    "Your code does not count the first piece of a word among the single pieces. Every place where a piece stands "
    f"counts. {_AGAIN}"
)
_LAST = (
    "Your code does not count the last piece of a word among the single pieces, or counts only those on the left of "
    f"pairs. Every place where a piece stands counts. {_AGAIN}"
)
_LIST = (
    f"Your code returns a list. Asked for is a dictionary that gives each pair its score. {_AGAIN}"
)
_ROUNDED = (
    f"Your scores are rounded, and of small ones little is left. Return them as they are. {_AGAIN}"
)


@exercise.faults(
    bare_counts="Your scores are the bare counts: that is BPE's choice. WordPiece asks how much more often two pieces "
    f"come together than chance would bring them. {_AGAIN}",
    by_sum="Your code divides by the sum of the two counts. What chance would bring is proportional to their product. "
    f"{_AGAIN}",
    dice="Your code divides twice the count of the pair by the sum of the two counts. What chance would bring is "
    f"proportional to their product. {_AGAIN}",
    jaccard="Your code divides by the number of places where one of the two pieces stands. What chance would bring is "
    f"proportional to the product of their counts. {_AGAIN}",
    by_left=_ONE,
    by_right=_ONE,
    left_squared=f"Your code divides by the count of the left piece twice, and never by that of the right. {_AGAIN}",
    right_squared=f"Your code divides by the count of the right piece twice, and never by that of the left. {_AGAIN}",
    by_root="Your code divides by the root of the product of the two counts. The formula has no root. "
    f"{_AGAIN}",
    by_smaller=f"Your code divides by the smaller of the two counts. The formula has their product. {_AGAIN}",
    by_larger=f"Your code divides by the larger of the two counts. The formula has their product. {_AGAIN}",
    precedence="Your code divides by the first count and multiplies by the second: in Python n / a * b is (n / a) * b. "
    f"{_AGAIN}",
    multiplied=f"Your code multiplies the three counts. The pair's count is divided by those of its pieces. {_AGAIN}",
    upside_down="Your scores stand on their heads: the product of the counts of the pieces is divided by that of the "
    f"pair. {_AGAIN}",
    squared=f"Your code squares the count of the pair. The formula has it once. {_AGAIN}",
    smoothed=f"Your code adds 1 to counts before it divides. The formula has the counts as they are. {_AGAIN}",
    whole_division="Your scores are whole numbers: // leaves the fraction away, and most scores are below 1. "
    f"{_AGAIN}",
    rounded=_ROUNDED,
    rounded_to_three=_ROUNDED,
    natural_logarithm=_LOG,
    binary_logarithm=_LOG,
    times_pieces=_SCALED,
    times_pairs=_SCALED,
    information="Your scores are the logarithm of how many times more often a pair comes than by chance (mutual "
    f"information). The formula has neither logarithm nor total. {_AGAIN}",
    counted_two=f"Your scores are all twice what they should be. {_AGAIN}",
    counted_half=f"Your scores are all half of what they should be. {_AGAIN}",
)
def dividing(on: Switches) -> Any:
    """Count right, and put the counts together wrongly."""

    def merge_scores(words: PieceWords) -> Any:
        pieces, pairs = _pieces(words), _pairs(words)
        score = _formula(on, sum(pieces.values()), sum(pairs.values()))
        return {
            (left, right): score(n, pieces[left], pieces[right])
            for (left, right), n in pairs.items()
        }

    return merge_scores


def _pieces(words: PieceWords) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for word, frequency in words.items():
        for piece in word:
            pieces[piece] += frequency
    return pieces


def _pairs(words: PieceWords) -> Counter[PiecePair]:
    pairs: Counter[PiecePair] = Counter()
    for word, frequency in words.items():
        for pair in itertools.pairwise(word):
            pairs[pair] += frequency
    return pairs


def _formula(on: Switches, all_pieces: int, all_pairs: int) -> Callable[[int, int, int], float]:
    """Give the formula, or the wrong one that is on."""
    wrong: dict[str, Callable[[int, int, int], float]] = {
        "bare_counts": lambda n, a, b: n,
        "by_sum": lambda n, a, b: n / (a + b),
        "dice": lambda n, a, b: 2 * n / (a + b),
        "jaccard": lambda n, a, b: n / (a + b - n),
        "by_left": lambda n, a, b: n / a,
        "by_right": lambda n, a, b: n / b,
        "left_squared": lambda n, a, b: n / (a * a),
        "right_squared": lambda n, a, b: n / (b * b),
        "by_root": lambda n, a, b: n / math.sqrt(a * b),
        "by_smaller": lambda n, a, b: n / min(a, b),
        "by_larger": lambda n, a, b: n / max(a, b),
        "precedence": lambda n, a, b: n / a * b,
        "multiplied": lambda n, a, b: n * a * b,
        "upside_down": lambda n, a, b: a * b / n,
        "squared": lambda n, a, b: n * n / (a * b),
        "smoothed": lambda n, a, b: n / ((a + 1) * (b + 1)),
        "whole_division": lambda n, a, b: n // (a * b),
        "rounded": lambda n, a, b: round(n / (a * b), 2),
        "rounded_to_three": lambda n, a, b: round(n / (a * b), 3),
        "natural_logarithm": lambda n, a, b: math.log(n / (a * b)),
        "binary_logarithm": lambda n, a, b: math.log2(n / (a * b)),
        "times_pieces": lambda n, a, b: n / (a * b) * all_pieces,
        "times_pairs": lambda n, a, b: n / (a * b) * all_pairs,
        "information": lambda n, a, b: math.log(n * all_pieces / (a * b)),
        "counted_two": lambda n, a, b: 2 * n / (a * b),
        "counted_half": lambda n, a, b: n / (2 * a * b),
    }
    return next((one for name, one in wrong.items() if on(name)), lambda n, a, b: n / (a * b))


@exercise.faults(
    unweighted_pieces="Your code counts the single pieces without the frequency of their words, and the pairs with it. "
    f"The two must be counted alike. {_AGAIN}",
    unweighted_pairs="Your code counts the pairs without the frequency of their words, and the single pieces with it. "
    f"The two must be counted alike. {_AGAIN}",
    unweighted="Your code counts every word once, however often it comes. Pairs and pieces are weighted by the "
    "frequency "
    f"of their word. {_AGAIN}",
    piece_once_a_word="A piece that stands twice in a word is counted once for that word. Each place where it stands "
    f"counts. {_AGAIN}",
    pair_once_a_word="A pair that stands twice in a word is counted once for that word. Each place where it stands "
    f"counts. {_PAIRS}",
    pairs_apart="Your code counts a piece that stands three times in a row as one pair. Every two neighbors are a "
    "pair, "
    f"even if they share a piece. {_PAIRS}",
    across_words=f"Your code also counts pairs across the border of two words. Merges never cross it. {_PAIRS}",
    pieces_of_pairs="Your code counts the pieces as they come in pairs, so one within a word counts twice and a word "
    "of "
    f"one piece not at all. Each place where a piece stands counts once. {_AGAIN}",
    pieces_by_side="Your code counts a piece on the left of pairs for one half and on the right for the other. C(a) "
    "and "
    f"C(b) count every place where the piece stands. {_AGAIN}",
    first_not_counted=_FIRST,
    first_not_found=_FIRST,
    last_not_counted=_LAST,
    last_not_found=_LAST,
    single_words_left_out="Your code leaves out words of a single piece. They have no pair, but their piece counts. "
    f"{_AGAIN}",
    hashes_ignored="Your code counts a piece with '##' and one without as the same. `e` begins a word, `##e` goes on "
    "with "
    f"one: they are two pieces. {_AGAIN}",
    pieces_overwritten="Your code puts the frequency of the last word with a piece in the place of what was counted "
    f"before. The places add up. {_AGAIN}",
    pairs_overwritten="Your code puts the frequency of the last word with a pair in the place of what was counted "
    f"before. The places add up. {_PAIRS}",
    pieces_anywhere="Your code counts a piece wherever its letters stand, also within longer pieces. A piece counts "
    "where "
    f"it stands itself. {_AGAIN}",
)
def counting(on: Switches) -> Any:
    """Count wrongly, and put the counts together right."""

    def merge_scores(words: PieceWords) -> Any:
        pairs = _pairs_counted(on, words)
        left, right = _pieces_counted(on, words, pairs)
        return {(a, b): n / (left(a) * right(b)) for (a, b), n in pairs.items()}

    return merge_scores


def _pairs_counted(on: Switches, words: PieceWords) -> Counter[PiecePair]:
    pairs: Counter[PiecePair] = Counter()
    before: tuple[str, ...] = ()
    for word, frequency in words.items():
        found = list(itertools.pairwise((*before[-1:], *word) if on("across_words") else word))
        before = word
        if on("pair_once_a_word"):
            found = list(dict.fromkeys(found))
        if on("pairs_apart"):
            found = _apart(word)
        for pair in found:
            weight = 1 if on("unweighted_pairs") or on("unweighted") else frequency
            pairs[pair] = weight + (0 if on("pairs_overwritten") else pairs[pair])
    return pairs


def _apart(word: tuple[str, ...]) -> list[PiecePair]:
    found, place = [], 0
    while place + 1 < len(word):
        found.append((word[place], word[place + 1]))
        place += 2 if word[place : place + 2] == word[place + 1 : place + 3] else 1
    return found


def _pieces_counted(
    on: Switches, words: PieceWords, pairs: Counter[PiecePair]
) -> tuple[Callable[[str], int], Callable[[str], int]]:
    """Give the counts of left and of right pieces."""
    lefts: Counter[str] = Counter()
    rights: Counter[str] = Counter()
    for (a, b), n in pairs.items():
        lefts[a] += n
        rights[b] += n
    if on("pieces_by_side"):
        return lefts.__getitem__, rights.__getitem__
    if on("pieces_of_pairs"):
        return (lefts + rights).__getitem__, (lefts + rights).__getitem__
    if on("pieces_anywhere"):

        def anywhere(piece: str) -> int:
            return sum(n * "".join(word).count(piece) for word, n in words.items())

        return anywhere, anywhere
    pieces: Counter[str] = Counter()
    for word, frequency in words.items():
        first = on("first_not_counted") or on("first_not_found")
        last = on("last_not_counted") or on("last_not_found")
        kept = word[first : len(word) - last]
        if on("single_words_left_out") and len(word) == 1:
            kept = ()
        for piece in dict.fromkeys(kept) if on("piece_once_a_word") else kept:
            weight = 1 if on("unweighted_pieces") or on("unweighted") else frequency
            pieces[piece] = weight + (0 if on("pieces_overwritten") else pieces[piece])
    if on("hashes_ignored"):
        bare: Counter[str] = Counter()
        for piece, n in pieces.items():
            bare[piece.removeprefix("##")] += n
        return (lambda piece: bare[piece.removeprefix("##")],) * 2
    if on("first_not_found") or on("last_not_found"):
        return dict(pieces).__getitem__, dict(pieces).__getitem__
    return pieces.__getitem__, pieces.__getitem__


@exercise.faults(
    best_pair=f"Your code returns the best pair alone. Asked for is the score of each pair. {_AGAIN}",
    best_score=f"Your code returns the best score alone. Asked for is the score of each pair. {_AGAIN}",
    best_entry=f"Your dictionary holds the best pair alone. Asked for is the score of each pair. {_AGAIN}",
    ranked=_LIST,
    items_listed=_LIST,
    scores_listed=_LIST,
    ranked_by_score=_LIST,
    merged_keys="The keys of your dictionary are the pieces that a merge would make. A pair is a tuple of two pieces. "
    f"{_AGAIN}",
    turned=f"The keys of your dictionary are the pairs the wrong way round. (a, b) is an a followed by a b. {_AGAIN}",
    joined=f"The keys of your dictionary are text. A pair is a tuple of two pieces. {_AGAIN}",
    bare_keys="The pieces in your keys have lost their '##'. `e` begins a word, `##e` goes on with one: they are two "
    f"pieces. {_AGAIN}",
    zeros=f"Your dictionary has entries for pairs that stand nowhere. Only pairs that occur are asked for. {_AGAIN}",
    normalized=f"Your scores are divided by their sum. The formula does not share anything out. {_AGAIN}",
)
def giving(on: Switches) -> Any:
    """Compute the scores right, and return something else."""

    def merge_scores(words: PieceWords) -> Any:
        scores = dict(tokenization.merge_scores(words))
        pieces = sorted({piece for word in words for piece in word})
        best = max(scores, key=lambda pair: scores[pair])
        ways: Ways = {
            "best_pair": lambda: best,
            "best_score": lambda: max(scores.values()),
            "best_entry": lambda: {best: scores[best]},
            "ranked": lambda: sorted(scores.items(), key=lambda item: -item[1]),
            "items_listed": lambda: list(scores.items()),
            "scores_listed": lambda: list(scores.values()),
            "ranked_by_score": lambda: sorted(
                ((n, pair) for pair, n in scores.items()), reverse=True
            ),
            "merged_keys": lambda: {
                pair[0] + pair[1].removeprefix("##"): score for pair, score in scores.items()
            },
            "turned": lambda: {pair[::-1]: score for pair, score in scores.items()},
            "joined": lambda: {"".join(pair): score for pair, score in scores.items()},
            "bare_keys": lambda: {
                tuple(piece.removeprefix("##") for piece in pair): score
                for pair, score in scores.items()
            },
            "zeros": lambda: {
                pair: scores.get(pair, 0.0) for pair in itertools.product(pieces, pieces)
            },
            "normalized": lambda: {
                pair: score / sum(scores.values()) for pair, score in scores.items()
            },
        }
        return one_of(on, ways, scores)

    return merge_scores
