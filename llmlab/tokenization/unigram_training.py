"""Unigram training as SentencePiece does it (Kudo, 2018; Kudo & Richardson, 2018).

Start from the substrings that cover most of the corpus. Then in turn: improve the probabilities
by expectation-maximization, and remove the quarter of the pieces whose loss costs the least, until
few enough are left. `unigram.py` has the recursions for one word; here they run over all words of a
corpus at once, in NumPy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int

from llmlab.tokenization.pretokenization import METASPACE, compile_pattern, split_by_metaspace

LONGEST_PIECE = 16
SEED_PIECES = 1_000_000
SHRINKING_FACTOR = 0.75
EM_STEPS = 2  # before each pruning
UNKNOWN_PENALTY = 10.0  # how far an unknown character lies below the least probable piece
_LEAST_EXPECTED = 0.5  # a piece that is used less often than this is dropped

# What stands in the corpus for characters that get no piece of their own, and at the end of a text.
_RARE = "▅"
_END = "\0"

# No piece mixes scripts. These are the recommended ones of Unicode Standard Annex #31 (table 5),
# the three of Japanese together; all others count as one.
_SCRIPTS = ["Common", "Inherited", "Arabic", "Armenian", "Bengali", "Bopomofo", "Cyrillic"]
_SCRIPTS += ["Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi", "Hangul"]
_SCRIPTS += ["Hebrew", "Kannada", "Khmer", "Lao", "Latin", "Malayalam", "Myanmar", "Oriya"]
_SCRIPTS += ["Sinhala", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan"]
_JAPANESE = r"\p{Han}\p{Hiragana}\p{Katakana}ー"
_ONE_SCRIPT = [
    f"[{_JAPANESE}]",
    *(rf"[^\P{{{script}}}{METASPACE}{_RARE}\t]" for script in _SCRIPTS),
    "[^" + _JAPANESE + "".join(rf"\p{{{script}}}" for script in _SCRIPTS) + "]",
]
_VALID_PIECE = rf"{METASPACE}?(?:{'|'.join(f'{characters}*' for characters in _ONE_SCRIPT)})"

Number = TypeVar("Number", int, float)
Index = Int[np.ndarray, "..."]
Scores = Float[np.ndarray, "..."]


@dataclass(frozen=True)
class UnigramCorpus:
    """What training has to know of a corpus.

    Args:
        words: How often each word occurs; its rare characters are replaced by `▅`.
        followed: How often each word occurs before each character: `▁`, or the end of a text.
        alphabet: How often each character occurs, the rare ones left out.
    """

    words: Mapping[str, int]
    followed: Mapping[tuple[str, str], int]
    alphabet: Mapping[str, int]


def count_unigram_corpus(texts: Iterable[str], character_coverage: float = 0.9995) -> UnigramCorpus:
    """Count the words of some texts.

    Args:
        texts: The texts, a sentence or a paragraph each.
        character_coverage: The share of the text that the characters of the vocabulary have to
            make up. The rarest characters beyond it stay unknown.
    """
    raw: Counter[tuple[str, str]] = Counter()
    for text in texts:
        words = split_by_metaspace(text)
        raw.update(zip(words, [*(word[0] for word in words[1:]), _END], strict=False))
    characters: Counter[str] = Counter()
    for (word, _), count in raw.items():
        for character in word:
            characters[character] += count

    alphabet: dict[str, int] = {}
    missing = characters.total() * character_coverage
    for character, count in _largest_first(characters):
        if missing <= 0:
            break
        alphabet[character] = count
        missing -= count
    replace = str.maketrans(dict.fromkeys(characters.keys() - alphabet.keys(), _RARE))

    known: Counter[str] = Counter()
    followed: Counter[tuple[str, str]] = Counter()
    for (word, after), count in raw.items():
        known[word.translate(replace)] += count
        followed[word.translate(replace), after.translate(replace)] += count
    return UnigramCorpus(known, followed, alphabet)


def seed_pieces(corpus: UnigramCorpus, limit: int = SEED_PIECES) -> dict[str, float]:
    """Choose the pieces to start from: all characters, and substrings that come back.

    A substring that is always followed by the same character is left to the longer one that
    holds both, so only those that branch are taken. Those count most that cover most of the
    corpus: their number times their length. SentencePiece finds them with a suffix array.

    Returns:
        The log-probability of each piece, by coverage.
    """
    counts: Counter[str] = Counter()
    next_character: dict[str, str] = {}
    branching: set[str] = set()
    for (word, after), count in corpus.followed.items():
        extended = word + after
        for start in range(len(word)):
            for end in range(start + 2, min(start + LONGEST_PIECE, len(word)) + 1):
                piece = word[start:end]
                counts[piece] += count
                if next_character.setdefault(piece, extended[end]) != extended[end]:
                    branching.add(piece)
    is_valid = compile_pattern(_VALID_PIECE).fullmatch
    coverage = {piece: len(piece) * counts[piece] for piece in branching if is_valid(piece)}
    seeds = {**corpus.alphabet, **dict(_largest_first(coverage)[:limit])}
    total = sum(seeds.values())
    return {piece: float(np.log(count / total)) for piece, count in seeds.items()}


def train_unigram(corpus: UnigramCorpus, num_pieces: int, margin: int = 0) -> dict[str, float]:
    """Learn pieces and their probabilities.

    Args:
        corpus: What to learn from.
        num_pieces: How many pieces to end with, at least the characters of the alphabet.
        margin: Special tokens that the vocabulary will hold besides; SentencePiece counts them when
            it decides how far to prune.

    Returns:
        The log-probability of each piece, the most probable first.
    """
    seeds = seed_pieces(corpus)
    pieces, scores = list(seeds), np.array(list(seeds.values()))
    words = _Lattices(list(corpus.words), {piece: place for place, piece in enumerate(pieces)})
    # The ways to write each piece by other pieces.
    others = _Lattices(pieces, {piece: place for place, piece in enumerate(pieces)})
    others.drop_whole_words()
    frequencies = np.array(list(corpus.words.values()), dtype=float)
    enough = int(1.1 * (num_pieces + margin))

    def keep(kept: Index) -> None:
        nonlocal pieces
        pieces = [pieces[place] for place in kept]
        words.keep_pieces(kept)
        others.keep_words(kept)
        others.keep_pieces(kept)

    while True:
        for _ in range(EM_STEPS):
            expected = words.expected_counts(scores, frequencies)
            kept = np.flatnonzero(expected >= _LEAST_EXPECTED)
            digammas = _digamma(np.append(expected[kept], expected[kept].sum()))
            scores = digammas[:-1] - digammas[-1]
            keep(kept)
        if len(pieces) > enough:
            kept = _by_loss(words, others, scores, frequencies)
            kept = kept[: max(enough, int(SHRINKING_FACTOR * len(pieces)))]
            scores = scores[kept]
            keep(kept)
        if len(pieces) <= enough:
            break
    return _final(dict(zip(pieces, scores.tolist(), strict=True)), corpus.alphabet, num_pieces)


def _by_loss(words: _Lattices, others: _Lattices, scores: Scores, frequencies: Scores) -> Index:
    """Sort pieces by what the corpus would lose without them; those never used are left out.

    The loss is estimated: each time that the best cut of a word uses the piece, the best way to
    write the piece by others would take its place.
    """
    _, arcs = words.best_paths(scores)
    used = np.bincount(
        words.counted_as()[arcs], frequencies[words.word[arcs]], minlength=len(scores)
    )
    alternative, arcs = others.best_paths(scores)
    whole, part = others.word[arcs], others.counted_as()[arcs]
    parts = np.bincount(whole, minlength=len(scores))
    total = used.sum()
    gained = used[whole] + used[part]  # the parts get what was the share of the whole
    with np.errstate(divide="ignore", invalid="ignore"):  # pieces that are never used
        own = np.log(used / total)
        instead = np.log(gained / (total + used * (parts - 1))[whole])
        loss = used * (own - np.bincount(whole, instead, minlength=len(scores)))
    loss[parts == 0] = np.inf  # a character: nothing can take its place
    candidates = np.flatnonzero((used > 0) & (alternative <= scores))
    return candidates[np.argsort(-loss[candidates], kind="stable")]


def _final(scores: Mapping[str, float], alphabet: Mapping[str, int], num: int) -> dict[str, float]:
    """Take all characters, even those that pruning lost, and fill up with the most probable."""
    lowest = min(scores.values())
    final: dict[str, float] = {}
    for character, _ in _largest_first(alphabet):
        if character in scores:
            final[character] = scores[character]
        else:
            final[character] = lowest
            lowest += 1e-4  # so that no two of them are equally probable
    for piece, score in _largest_first(scores):
        if len(final) >= num:
            break
        final[piece] = score
    return dict(_largest_first(final))


class _Lattices:
    """All ways to cut many words into pieces.

    A word of n characters has n + 1 nodes, the places at which it can be cut. A piece in it is an
    arc from the node where it starts to the node where it ends. All arcs stand in arrays: `source`
    and `target` (nodes), `piece` (-1 for an unknown character), `word`.
    """

    def __init__(self, words: Sequence[str], pieces: Mapping[str, int]) -> None:
        lengths = np.array([len(word) for word in words])
        self.first_node = np.concatenate([[0], np.cumsum(lengths + 1)])[:-1]
        self.last_node = self.first_node + lengths
        longest = max(map(len, pieces), default=1)
        arcs: list[tuple[int, int, int, int]] = []
        for index, word in enumerate(words):
            node = int(self.first_node[index])
            for end in range(1, len(word) + 1):
                for start in range(max(0, end - longest), end):
                    piece = pieces.get(word[start:end], -1)
                    if piece >= 0 or end - start == 1:
                        arcs.append((node + start, node + end, piece, index))
        table = np.array(arcs, dtype=np.int64).reshape(-1, 4)
        self._set_arcs(*table.T)

    def _set_arcs(self, source: Index, target: Index, piece: Index, word: Index) -> None:
        """Take the arcs, and group them by how far from its word's start each ends and starts."""
        self.source, self.target, self.piece, self.word = source, target, piece, word
        self._by_end = _levels(target - self.first_node[word], target)
        self._by_start = _levels(self.last_node[word] - source, source)

    def _choose(self, chosen: Index) -> None:
        self._set_arcs(
            self.source[chosen], self.target[chosen], self.piece[chosen], self.word[chosen]
        )

    def drop_whole_words(self) -> None:
        """Drop the arcs that are a whole word."""
        whole = (self.source == self.first_node[self.word]) & (
            self.target == self.last_node[self.word]
        )
        self._choose(np.flatnonzero(~whole))

    def keep_pieces(self, kept: Index) -> None:
        """Drop the other pieces and number those kept in their order; a character stays, unknown."""
        number = np.full(max(self.piece.max(initial=-1), kept.max(initial=-1)) + 2, -1)
        number[kept] = np.arange(len(kept))
        self.piece = number[self.piece]  # the last entry is that of -1, and is -1
        self._choose(np.flatnonzero((self.piece >= 0) | (self.target - self.source == 1)))

    def keep_words(self, kept: Index) -> None:
        """Drop the other words and number those kept in their order; the nodes stay."""
        number = np.full(len(self.first_node), -1)
        number[kept] = np.arange(len(kept))
        chosen = np.flatnonzero(number[self.word] >= 0)
        self.word = number[self.word]
        self.first_node, self.last_node = self.first_node[kept], self.last_node[kept]
        self._choose(chosen)

    def expected_counts(self, scores: Scores, frequencies: Scores) -> Scores:
        """Count how often each piece is used, on average over all ways to cut the words."""
        arc_scores = self._arc_scores(scores)
        before, after = self._sums(arc_scores)
        whole = before[self.last_node]
        share = before[self.source] + arc_scores + after[self.target] - whole[self.word]
        counts = np.exp(share) * frequencies[self.word]
        return np.bincount(self.counted_as(), counts, minlength=len(scores))

    def counted_as(self) -> Index:
        """Tell for each arc which piece it is counted as: an unknown character as the first one.

        So does SentencePiece (0.2.3), perhaps by accident. It has a merit: a piece that alone holds
        a rare character seems easy to replace, and is removed early.
        """
        return np.maximum(self.piece, 0)

    def _sums(self, arc_scores: Scores) -> tuple[Scores, Scores]:
        """Run `forward` and `backward` for all words at once."""
        num_nodes = int(self.last_node.max(initial=-1)) + 1
        before = np.full(num_nodes, -np.inf)
        before[self.first_node] = 0.0
        for arcs, starts, nodes in self._by_end:
            ways = before[self.source[arcs]] + arc_scores[arcs]
            before[nodes] = np.logaddexp.reduceat(ways, starts)
        after = np.full(num_nodes, -np.inf)
        after[self.last_node] = 0.0
        for arcs, starts, nodes in self._by_start:
            ways = after[self.target[arcs]] + arc_scores[arcs]
            after[nodes] = np.logaddexp.reduceat(ways, starts)
        return before, after

    def best_paths(self, scores: Scores) -> tuple[Scores, Index]:
        """Run `viterbi` for all words at once.

        Returns:
            The score of each word's best path (minus infinity if it has none), and the arcs of all
            best paths together.
        """
        arc_scores = self._arc_scores(scores)
        num_nodes = int(self.last_node.max(initial=-1)) + 1
        best = np.full(num_nodes, -np.inf)
        best[self.first_node] = 0.0
        best_arc = np.full(num_nodes, -1)
        for arcs, starts, nodes in self._by_end:
            ways = best[self.source[arcs]] + arc_scores[arcs]
            best[nodes] = np.maximum.reduceat(ways, starts)
            sizes = np.diff([*starts, len(arcs)])
            # Of equally good arcs the first is taken, which is the longest piece.
            wins = np.where(ways == np.repeat(best[nodes], sizes), arcs, len(self.source))
            best_arc[nodes] = np.minimum.reduceat(wins, starts)
        paths = [np.zeros(0, dtype=np.int64)]
        nodes = self.last_node[best[self.last_node] > -np.inf]
        while len(nodes):
            arcs = best_arc[nodes]
            arcs = arcs[arcs >= 0]
            paths.append(arcs)
            nodes = self.source[arcs]
        return best[self.last_node], np.concatenate(paths)

    def _arc_scores(self, scores: Scores) -> Scores:
        # The last entry is that of piece -1.
        return np.append(scores, scores.min() - UNKNOWN_PENALTY)[self.piece]


def _levels(level: Index, node: Index) -> list[tuple[Index, Index, Index]]:
    """Group arcs by level, and in a level by node.

    Returns:
        For each level its arcs, where in these each node's arcs start, and the nodes.
    """
    order = np.lexsort((node, level))
    cuts = np.flatnonzero(np.diff(level[order])) + 1
    groups = []
    for arcs in np.split(order, cuts):
        if len(arcs):
            nodes, starts = np.unique(node[arcs], return_index=True)
            groups.append((arcs, starts, nodes))
    return groups


def _digamma(x: Scores) -> Scores:
    """Compute the derivative of the logarithm of the gamma function.

    In place of the logarithm it makes rare pieces rarer: the mean of the log-probability under a
    Dirichlet posterior (variational Bayes; Liang & Klein, 2007).
    """
    result = np.zeros_like(x)
    shifted = np.array(x, dtype=float)
    for _ in range(7):  # digamma(x) = digamma(x + 1) - 1 / x, up to where the series is exact
        small = shifted < 7
        result = np.where(small, result - 1 / shifted, result)
        shifted = np.where(small, shifted + 1, shifted)
    inverse = 1 / (shifted - 0.5) ** 2
    series = inverse * (
        1 / 24 - inverse * (7 / 960 - inverse * (31 / 8064 - inverse * 127 / 30720))
    )
    return result + np.log(shifted - 0.5) + series


def _largest_first(counts: Mapping[str, Number]) -> list[tuple[str, Number]]:
    """Sort by number, the largest first; of equal ones, in the order of strings."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
