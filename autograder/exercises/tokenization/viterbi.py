"""`tokenization.viterbi`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import LimitedDict, Ways, letters, one_of
from llmlab import tokenization

exercise = LAB.exercise(
    "viterbi",
    reference=tokenization.viterbi,
    hints=(
        "Look at the table of the worked example: what is written down for each place in the word?",
        "For each end, try every start before it: the best score up to the start, plus the score of the "
        "piece between them. Keep the best sum, and the start that gave it.",
        "Fill two lists from left to right: the best score up to each place, and the start of the last "
        "piece. Then walk back from the end, from start to start, and turn the pieces around.",
    ),
    matters=(
        "T5 (2020) reads the 32,000 pieces of a Unigram vocabulary, and each word of its inputs is cut by this search. "
        "Read llmlab/tokenization/unigram.py."
    ),
)

# None of these overlaps itself, as "dd" in "ddd" does: the same pieces in two orders would be two best cuts.
_DRAWN = ("d", "e", "f", "de", "ef", "def", "ed", "fe", "fed")


def probabilities(generator: Generator, pieces: Sequence[str]) -> LimitedDict:
    """Draw log-probabilities for pieces: any cut of a word can turn out best."""
    values = torch.rand(len(pieces), generator=generator, dtype=torch.float64)
    return LimitedDict(
        (piece, -2 - 8 * float(value)) for piece, value in zip(pieces, values, strict=True)
    )


def fixed() -> LimitedDict:
    """Give scores for which every greedy rule fails on some word; a new dictionary each time."""
    return LimitedDict(
        {
            "a": -2.0,
            "b": -2.5,
            "c": -3.0,
            "ab": -4.0,
            "bc": -2.2,
            "abc": -8.0,
            "cc": -9.5,
            "cab": -6.0,
            "bca": -9.0,
        }
    )


def cuts(implementation: Any, words: tuple[str, ...], scores: Callable[[], LimitedDict]) -> Any:
    """Cut words, each with scores of its own."""
    return {f"word {word!r}": implementation(word, scores()) for word in words}


def long(implementation: Any, generator: Generator, pairs: int) -> Any:
    """Cut a word whose probability is too small for a floating-point number."""
    scores = {
        "a": -9.0,
        "b": -8.0,
        "ab": -20.0,
        "ba": -16.5,
        "aba": -30.0,
        "bab": -24.3,
        "c": -12.0,
    }
    middle = letters(generator, 1, "ab") + "c"
    return implementation("ab" * (pairs // 2) + middle + "ba" * (pairs // 2), LimitedDict(scores))


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The word abc of the worked example and three others with its scores, and cc: -9.5, cab: -6, bca: -9."""
    return cuts(implementation, ("abc", "abcc", "ccab", "cabca"), fixed)


@exercise.probe
def drawn_scores(implementation: Any, generator: Generator) -> Any:
    """Two words of d, e, f, with scores that are drawn."""
    first, second = letters(generator, 5, "def"), letters(generator, 7, "def")
    values = dict(probabilities(generator, _DRAWN))
    return cuts(implementation, (first, second), lambda: LimitedDict(values))


@exercise.probe
def one_letter(implementation: Any, generator: Generator) -> Any:
    """A word of one letter, and an empty word."""
    return [implementation("a", LimitedDict(a=-1.0)), implementation("", LimitedDict(a=-1.0))]


@exercise.probe
def other_scores(implementation: Any, generator: Generator) -> Any:
    """Words of o, w, l, with scores of which no rule that looks at one piece at a time finds the best cut."""
    scores = {"o": -2.5, "w": -5.0, "l": -1.0, "olw": -1.5, "wo": -6.0, "owl": -1.0, "lw": -5.0}
    return cuts(implementation, ("lwwll", "owlwl", "olwww"), lambda: LimitedDict(scores))


@exercise.probe
def long_pieces(implementation: Any, generator: Generator) -> Any:
    """Words of which long pieces are the best parts; two words are a piece as a whole, one of 22 letters."""
    scores = {**dict.fromkeys("unbreakable", -3.0), "unbreakab": -9.0, "able": -7.0, "le": -4.0}
    scores["unbreakable" * 2] = -20.0
    words = ("unbreakable", "unbreakab", "leunbreakab", "unbreakable" * 2)
    return cuts(implementation, words, lambda: LimitedDict(scores))


@exercise.probe
def rare_letters(implementation: Any, generator: Generator) -> Any:
    """Twenty-four letters that are all rare: the best sum is about -150."""
    scores = {"z": -9.0, "q": -9.5, "x": -8.0, "j": -10.0, "qx": -6.0, "jz": -21.0}
    return implementation("zqxj" * 6, LimitedDict(scores))


@exercise.probe
def long_word(implementation: Any, generator: Generator) -> Any:
    """A hundred letters: too many ways to try all, and a probability too small for a floating-point number."""
    return long(implementation, generator, 49)


_PRODUCTS = ("multiplied", "multiplied_from_below", "multiplied_and_equal")
_PATH = "Reread 'The best path'."
_SUMS = "Reread 'Products become sums'."
_MULTIPLIED = (
    "Your code multiplies probabilities. For a long word the product becomes 0, and then all cuts look alike. "
    "Logarithms "
    f"are added, and stay in range. {_SUMS}"
)
_ALONE = (
    "Your code compares the last pieces alone, whatever leads up to them. The best sum up to the place where a piece "
    f"begins belongs to its score. {_PATH}"
)
_WHOLE = (
    "Your code returns the word in one piece, whatever its score: no way to its end was kept. It may be that the best "
    f"sums begin too high (at 0, say), or that the end never gets its sum. {_PATH}"
)
_UNKNOWN_CHEAP = (
    "Some of your pieces are none of the vocabulary. Either such parts of the word are given a score, or the best sums "
    f"begin at a number that low sums do not beat. {_PATH}"
)
_UNKNOWN_FAILS = (
    "Your code looks up parts of the word that are no pieces, and fails. Only pieces of the vocabulary take part. "
    f"{_PATH}"
)
_SHORT = f"Your code never tries long pieces. A piece can be of any length. {_PATH}"
_LETTERS = (
    "Your code cuts the word into single letters: at each place it keeps the last way that it tries, or the one with "
    "the "
    f"most pieces. The best sum is to be kept. {_PATH}"
)


@exercise.faults(
    least_probable="Your code finds the least probable cut. Logarithms of probabilities are negative, and the best sum "
    f"is the one nearest to 0. {_SUMS}",
    multiplied=_MULTIPLIED,
    multiplied_from_below=_MULTIPLIED,
    multiplied_and_equal=_MULTIPLIED,
    probabilities_added="Your code adds up probabilities, so many pieces look better than few. The probability of a "
    "cut is "
    f"the product; what adds up are the logarithms. {_SUMS}",
    logarithms_multiplied="Your code multiplies the logarithms. A product of probabilities is a sum of logarithms. "
    f"{_SUMS}",
    fewest=f"Your code finds the cut with the fewest pieces and does not ask how probable they are. {_PATH}",
    last_piece_alone=_ALONE,
    previous_place=_ALONE,
    start_at_zero=_WHOLE,
    end_never_reached=_WHOLE,
    unknown_free=_UNKNOWN_CHEAP,
    unknown_at_one=_UNKNOWN_CHEAP,
    unknown_at_ten=_UNKNOWN_CHEAP,
    unknown_at_hundred=_UNKNOWN_CHEAP,
    unknown_fails=_UNKNOWN_FAILS,
    unknown_fails_forward=_UNKNOWN_FAILS,
    first_way="At each place your code keeps the first way that it finds, and so takes the longest piece that ends "
    "there. "
    f"The best sum is to be kept. {_PATH}",
    last_way=_LETTERS,
    two_letters_at_most=_SHORT,
    three_letters_at_most=_SHORT,
    four_letters_at_most=_SHORT,
    six_letters_at_most=_SHORT,
    sixteen_letters_at_most=_SHORT,
    first_letter_apart="Your code cuts the first letter off by itself: no longer piece is tried at the beginning. "
    f"{_PATH}",
    whole_never=f"Your code never takes the whole word as one piece. It may be the best. {_PATH}",
    not_turned="Your pieces come out in reverse order: the walk goes from the end of the word to its beginning. "
    f"{_PATH}",
    letters_turned=f"Your pieces are in order, and the letters within each are in reverse. {_PATH}",
    all_places="Your code cuts at every place that was the start of some best way. Only those on the way back from the "
    f"end belong to the best cut. {_PATH}",
    first_lost=f"Your code loses the first piece: the walk back ends one step too early. {_PATH}",
    last_lost=f"Your code loses the last piece: the walk back begins one step too late. {_PATH}",
    empty_first=f"Your list has an empty piece at the front. The walk back ends at place 0. {_PATH}",
    empty_for_empty=f"For an empty word, your code gives one empty piece. It has no pieces. {_PATH}",
    fails_for_empty=f"Your code fails for an empty word. It has no pieces. {_PATH}",
    places_given=f"Your code returns places in the word, not the pieces between them. {_PATH}",
    score_given=f"Your code returns the best sum. Asked for are the pieces that give it. {_PATH}",
    score_too=f"Your code returns the best sum beside the pieces. The pieces alone are asked for. {_PATH}",
    as_text=f"Your code returns one text. Asked for is a list of pieces. {_PATH}",
)
def best_path(on: Switches) -> Any:
    """Fill the two lists from left to right, and walk back."""

    def viterbi(word: str, log_probs: Mapping[str, float]) -> Any:
        if on("fails_for_empty"):
            word[0]
        if on("empty_for_empty") and not word:
            return [""]
        best, came_from = _filled(on, word, log_probs)
        if on("all_places"):
            places = [*sorted(set(came_from)), len(word)]
            return [word[i:j] for i, j in itertools.pairwise(places)]
        places, end = [len(word)], len(word)
        while end:
            end = came_from[end]
            places.append(end)
        return _given(on, word, places[::-1], best[-1])

    return viterbi


def _filled(
    on: Switches, word: str, log_probs: Mapping[str, float]
) -> tuple[list[float], list[int]]:
    """Fill the best sums and where they came from."""
    product = any(map(on, _PRODUCTS))
    worst = 0.0 if on("start_at_zero") or product else -math.inf
    worst = (
        -1.0
        if on("multiplied_from_below")
        else math.inf
        if on("least_probable") or on("fewest")
        else worst
    )
    if on("logarithms_multiplied"):
        product, worst = True, -math.inf
    best = [1.0 if product else 0.0, *[worst] * len(word)]
    came_from = [0] * (len(word) + 1)
    if on("unknown_fails_forward"):
        for start in range(len(word)):
            for end in range(start + 1, len(word) + 1):
                log_probs[word[start:end]]
    known = [False] * (len(word) + 1)
    for end in range(1, len(word) + 1 - on("end_never_reached")):
        for start in _starts(on, word, end):
            score = _score(on, word[start:end], log_probs)
            before = best[end - 1] if on("previous_place") else best[start]
            if math.isnan(score) or math.isinf(before):
                continue
            total = (
                before * score if product else score if on("last_piece_alone") else before + score
            )
            if _better(on, total, best[end], known[end]):
                best[end], came_from[end], known[end] = total, start, True
    return best, came_from


def _starts(on: Switches, word: str, end: int) -> list[int]:
    most = len(word)
    for name, size in (("two", 2), ("three", 3), ("four", 4), ("six", 6), ("sixteen", 16)):
        if on(f"{name}_letters_at_most"):
            most = size
    starts = list(range(max(0, end - most), end))
    if on("first_letter_apart") and end > 1:
        starts = [start for start in starts if start]
    if on("whole_never") and end == len(word) > 1:
        starts = [start for start in starts if start]
    return starts


def _score(on: Switches, piece: str, log_probs: Mapping[str, float]) -> float:
    """Score a piece; what is not a number takes no part."""
    if on("unknown_fails"):
        return log_probs[piece]
    unknown = math.nan
    for name, score in (("free", 0.0), ("at_one", -1.0), ("at_ten", -10.0), ("at_hundred", -100.0)):
        if on(f"unknown_{name}"):
            unknown = score
    value = log_probs.get(piece, unknown)
    if any(map(on, _PRODUCTS)) or on("probabilities_added"):
        return math.exp(value)
    return 1.0 if on("fewest") and piece in log_probs else value


def _better(on: Switches, total: float, best: float, known: bool) -> bool:
    if on("first_way"):
        return not known
    if on("last_way") or (on("multiplied_and_equal") and total == best):
        return True
    return total < best if on("least_probable") or on("fewest") else total > best


def _given(on: Switches, word: str, places: list[int], best: float) -> Any:
    pieces = [word[i:j] for i, j in itertools.pairwise(places)]
    ways: Ways = {
        "not_turned": lambda: pieces[::-1],
        "letters_turned": lambda: [piece[::-1] for piece in pieces],
        "first_lost": lambda: pieces[1:],
        "last_lost": lambda: pieces[:-1],
        "empty_first": lambda: ["", *pieces],
        "places_given": lambda: places,
        "score_given": lambda: best,
        "score_too": lambda: (pieces, best),
        "as_text": lambda: " ".join(pieces),
    }
    return one_of(on, ways, pieces)


@exercise.misconception(
    "Your code takes the longest piece that fits, from left to right. A piece that looks good here can force "
    f"bad ones later; Viterbi compares whole paths. {_PATH}"
)
def greedy_longest(word: str, log_probs: Mapping[str, float]) -> list[str]:
    pieces, start = [], 0
    while start < len(word):
        end = next(end for end in range(len(word), start, -1) if word[start:end] in log_probs)
        pieces.append(word[start:end])
        start = end
    return pieces


@exercise.misconception(
    "Your code lets probable pieces decide, and not the sum over the whole word: a good first piece can lead "
    f"to a bad rest. {_PATH}"
)
def greedy_probable(word: str, log_probs: Mapping[str, float]) -> list[str]:
    pieces, start = [], 0
    while start < len(word):
        parts = (word[start:end] for end in range(start + 1, len(word) + 1))
        pieces.append(max((p for p in parts if p in log_probs), key=lambda piece: log_probs[piece]))
        start += len(pieces[-1])
    return pieces


@exercise.misconception(
    "Your code finds the cut whose pieces have the best score on average. What counts is the sum, so a cut of few "
    "pieces "
    f"is not judged by their mean. {_PATH}"
)
def best_on_average(word: str, log_probs: Mapping[str, float]) -> list[str]:
    # The best sum for each number of pieces.
    best: list[dict[int, tuple[float, list[str]]]] = [{0: (0.0, [])}, *({} for _ in word)]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 12), end):
            piece = word[start:end]
            for count, (score, pieces) in best[start].items() if piece in log_probs else ():
                total = score + log_probs[piece]
                if count + 1 not in best[end] or total > best[end][count + 1][0]:
                    best[end][count + 1] = total, [*pieces, piece]
    return max(best[-1].items(), key=lambda way: way[1][0] / max(1, way[0]))[1][1]


_ALL = (
    "Your code looks into the dictionary far more often than the word has parts: it tries cut after cut, and their "
    "number "
    f"doubles with each letter. Keep the best for each place instead. {_PATH}"
)


def _all_cuts(word: str, log_probs: Mapping[str, float]) -> list[list[str]]:
    if not word:
        return [[]]
    found = []
    for end in range(1, len(word) + 1):
        if word[:end] in log_probs:
            found += [[word[:end], *rest] for rest in _all_cuts(word[end:], log_probs)]
    return found


@exercise.misconception(_ALL)
def rest_again_and_again(word: str, log_probs: Mapping[str, float]) -> list[str]:
    def best(rest: str) -> tuple[float, list[str]]:
        if not rest:
            return 0.0, []
        return max(
            (log_probs[rest[:end]] + best(rest[end:])[0], [rest[:end], *best(rest[end:])[1]])
            for end in range(1, len(rest) + 1)
            if rest[:end] in log_probs
        )

    return best(word)[1]


@exercise.misconception(_ALL)
def all_cuts(word: str, log_probs: Mapping[str, float]) -> list[str]:
    return max(_all_cuts(word, log_probs), key=lambda cut: sum(log_probs[piece] for piece in cut))
