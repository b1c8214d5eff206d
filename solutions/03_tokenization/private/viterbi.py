"""`tokenization.viterbi`: hidden probes, and right answers written differently."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.tokenization import viterbi as public
from autograder.exercises.tokenization._shared import LimitedDict, letters

private = Private()


@private.probe
def drawn_pieces(implementation: Any, generator: Generator) -> Any:
    """Twelve letters, with other scores, and all pieces of up to three different letters."""
    pieces = ["a", "b", "c", "ab", "bc", "ca", "ac", "cb", "ba", "abc", "cab", "acb"]
    scores = dict(public.probabilities(generator, pieces))
    found = implementation(letters(generator, 12, "abc"), LimitedDict(scores))
    if not isinstance(found, (list, tuple)) or not all(isinstance(piece, str) for piece in found):
        return found
    # The same pieces in another order are as good a cut, so it is the score that counts.
    return {"word": "".join(found), "score": sum(scores.get(piece, -1e3) for piece in found)}


@private.probe
def another_long_word(implementation: Any, generator: Generator) -> Any:
    """Ninety letters or so, and the scores of the worked example on drawn words."""
    words = tuple(letters(generator, size, "abc") for size in (1, 2, 3))
    return [
        public.long(implementation, generator, 44),
        public.cuts(implementation, words, public.fixed),
    ]


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
    costs, back = [0.0], [0]
    for end in range(1, len(word) + 1):
        ways = [
            cost - log_probs.get(word[start:end], float("-inf")) for start, cost in enumerate(costs)
        ]
        costs.append(min(ways))
        back.append(ways.index(costs[end]))
    end = len(word)
    pieces: list[str] = []
    while end > 0:
        pieces.insert(0, word[back[end] : end])
        end = back[end]
    return pieces


private.equivalent(
    "for start, end, score in _arcs(word, log_probs, unknown_score, longest):",
    "NAME",
    "every letter is a piece, so no unknown one has a score",
)
for kind in ("CONSTANT", "NUMBER"):
    private.equivalent(
        "came_from = [0] * (len(word) + 1)", kind, "every place behind the first is written over"
    )
    private.equivalent(
        "costs, back = [0.0], [0]",
        kind,
        "costs are compared with each other, and nothing leads back from the beginning",
    )
