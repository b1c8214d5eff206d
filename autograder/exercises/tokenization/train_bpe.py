"""`tokenization.train_bpe`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Pair, Ways, keys_written, letters
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
    matters=(
        "This loop, run 50,000 times for GPT-2 (2019) and about 128,000 times for Llama 3 (2024), is all the training "
        "that a tokenizer gets. Read llmlab/tokenization/bpe_training.py for the fast way."
    ),
)


def drawn(generator: Generator, words: int, alphabet: str) -> dict[bytes, int]:
    """Draw words of few letters with their frequencies."""
    made = {
        letters(generator, 3 + i % 5, alphabet).encode(): whole(generator, 2, 9)
        for i in range(words)
    }
    return {**made, b"cadabad": 3, b"aaaab": 5, b"abcbab": 4}


def equal(generator: Generator) -> dict[bytes, int]:
    """Give words in which several pairs are equally frequent, and the smallest is neither first nor last."""
    frequency = whole(generator, 2, 9)
    return {b"mud": frequency, b"dab": frequency, b"dug": frequency, b"zip": frequency, b"at": 1}


def repeated(generator: Generator) -> dict[bytes, int]:
    """Give words in which a pair overlaps itself, and stands at two places."""
    return {b"aaab": whole(generator, 5, 7), b"cab": 2, b"cdcd": 4}


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The words sea, seal and eat of the worked example, and ten merges, more than there are."""
    return keys_written(implementation({b"sea": 3, b"seal": 2, b"eat": 4}, 10))


@exercise.probe
def repeats(implementation: Any, generator: Generator) -> Any:
    """The words aaab, cab and cdcd, with frequencies, and six merges; then the pairs in order."""
    merges = implementation(repeated(generator), 6)
    return [keys_written(merges), list(map(str, merges)) if isinstance(merges, dict) else None]


@exercise.probe
def drawn_words(implementation: Any, generator: Generator) -> Any:
    """Nine words of few letters, with frequencies, and six merges."""
    return keys_written(implementation(drawn(generator, 6, "abcd"), 6))


@exercise.probe
def equal_counts(implementation: Any, generator: Generator) -> Any:
    """Five words in which several pairs are equally frequent, and five merges."""
    return keys_written(implementation(equal(generator), 5))


@exercise.probe
def beyond_ascii(implementation: Any, generator: Generator) -> Any:
    """Two words of letters of two and three bytes, and three merges."""
    return keys_written(
        implementation({"éß€".encode(): whole(generator, 2, 9), "é€".encode(): 1}, 3)
    )


@exercise.probe
def few_pairs(implementation: Any, generator: Generator) -> Any:
    """Two short words, and more merges than there are pairs."""
    return keys_written(implementation({b"hi": whole(generator, 2, 9), b"ha": 1}, 10))


@exercise.probe
def no_merges(implementation: Any, generator: Generator) -> Any:
    """A word, and no merges asked for."""
    return keys_written(implementation({b"hello": whole(generator, 2, 9)}, 0))


_ROUNDS = "Reread 'One merge after the other'."
_TIES = "Reread 'When two pairs are equal'."
_PAIRS = "Reread 'Pairs that come together'."
_TWO = "Reread 'Two become one'."
_EMPTY = (
    "Your code fails when every word has become a single id and no pair is left. Then training ends early, with fewer "
    f"merges. {_ROUNDS}"
)
_MET = (
    "Of pairs that are equally frequent, your code takes the one that it met first. Then the order of the words in the "
    f"text decides which tokens there are. {_TIES}"
)


@exercise.faults(
    larger_first="Of pairs that are equally frequent, your code takes the larger one. The rule says the smaller. "
    "Another "
    "choice would be as good, but two people must get the same tokenizer from the same text. "
    f"{_TIES}",
    first_met=_MET,
    last_met="Of pairs that are equally frequent, your code takes the one that it met last. Then the order of the "
    "words "
    f"in the text decides which tokens there are. {_TIES}",
    left_alone="Of pairs that are equally frequent, your code compares the first ids alone, and where they agree takes "
    f"the pair that it met first. Pairs are compared as Python compares tuples. {_TIES}",
    right_first="Of pairs that are equally frequent, your code compares the second ids first. Pairs are compared as "
    f"Python compares tuples. {_TIES}",
    ties_as_text="Of pairs that are equally frequent, your code compares the pairs as text, in which (100, 1) comes "
    f"before (97, 1). Compare them as tuples of numbers. {_TIES}",
    rarest="Your code merges the rarest pair first. The most frequent is to be merged, since a new token pays where it "
    f"is used often. {_ROUNDS}",
    by_pair="Your code always merges the smallest pair, whatever its count. The count decides, and the pair itself "
    "only "
    f"between equals. {_TIES}",
    by_largest_pair="Your code always merges the largest pair, whatever its count. The count decides, and the pair "
    f"itself only between equals. {_TIES}",
    by_score="Your code divides the count of a pair by the counts of its halves. That is WordPiece's question; BPE "
    "takes "
    f"the most frequent pair. {_ROUNDS}",
    by_word=f"Your code trains as if each word came once: the frequencies get lost on the way. {_PAIRS}",
    once_a_word="A pair that stands twice in a word is counted once for that word. Each place where it stands counts. "
    f"{_PAIRS}",
    without_overlap="Your code counts 'aaa' as one pair (a, a). For counting, every two neighbors are a pair, even if "
    f"they share an id. {_PAIRS}",
    across=f"Your code counts pairs across the border of two words. Merges never cross it. {_PAIRS}",
    counted_once="Your code counts once, before the first merge, and takes the most frequent pairs of that count. Each "
    f"merge makes new pairs and uses up old ones, and tokens longer than two bytes never come about. {_ROUNDS}",
    without_an_end=_EMPTY,
    without_an_end_by_max=_EMPTY,
    ends_at_one="Your code ends when the best pair comes only once. Many libraries have such a limit; here training "
    "goes "
    f"on as long as there is any pair. {_ROUNDS}",
    ends_at_one_pair=f"Your code ends when a single pair is left. It can be merged too. {_ROUNDS}",
)
def choosing(on: Switches) -> Any:
    """Count and choose wrongly."""

    def train_bpe(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
        current = {tuple(word): frequency for word, frequency in words.items()}
        merges: dict[Pair, int] = {}
        first = _counts(on, current)
        for new_id in range(256, 256 + num_merges):
            counts = _counts(on, current)
            if on("counted_once"):
                counts = Counter({pair: n for pair, n in first.items() if pair not in merges})
            if not counts and not (on("without_an_end") or on("without_an_end_by_max")):
                break
            if (on("ends_at_one") and max(counts.values()) < 2) or (
                on("ends_at_one_pair") and len(counts) < 2
            ):
                break
            best = _best(on, counts, current)
            merges[best] = new_id
            current = {
                tuple(tokenization.merge_pair(ids, best, new_id)): n for ids, n in current.items()
            }
        return merges

    return train_bpe


def _counts(on: Switches, current: Mapping[tuple[int, ...], int]) -> Counter[Pair]:
    counts: Counter[Pair] = Counter()
    if on("across"):
        chain = [(token, n) for word, n in current.items() for token in word]
        for (left, n), (right, _) in itertools.pairwise(chain):
            counts[left, right] += n
        return counts
    for word, frequency in current.items():
        pairs = list(itertools.pairwise(word))
        if on("once_a_word"):
            pairs = list(dict.fromkeys(pairs))
        if on("without_overlap"):
            pairs = _apart(word)
        for pair in pairs:
            counts[pair] += 1 if on("by_word") else frequency
    return counts


def _apart(word: tuple[int, ...]) -> list[Pair]:
    pairs, place = [], 0
    while place + 1 < len(word):
        pairs.append((word[place], word[place + 1]))
        place += 2 if word[place : place + 2] == word[place + 1 : place + 3] else 1
    return pairs


def _best(on: Switches, counts: Counter[Pair], current: Mapping[tuple[int, ...], int]) -> Pair:
    keys: dict[str, Any] = {
        "first_met": lambda p: -counts[p],
        "left_alone": lambda p: (-counts[p], p[0]),
        "right_first": lambda p: (-counts[p], p[::-1]),
        "ties_as_text": lambda p: (-counts[p], str(p)),
        "rarest": lambda p: (counts[p], p),
        "by_pair": lambda p: p,
    }
    if on("last_met"):
        return min(reversed(list(counts)), key=lambda p: -counts[p])
    if on("by_largest_pair"):
        return max(counts)
    if on("larger_first") or on("without_an_end_by_max"):
        sign = 1 if on("larger_first") else -1
        return max(counts, key=lambda p: (counts[p], sign * p[0], sign * p[1]))
    if on("by_score"):
        single: Counter[int] = Counter()
        for word, n in current.items():
            single.update({token: n * word.count(token) for token in set(word)})
        return min(counts, key=lambda p: (-counts[p] / (single[p[0]] * single[p[1]]), p))
    return min(
        counts, key=next((key for name, key in keys.items() if on(name)), lambda p: (-counts[p], p))
    )


_IDS = f"Your new ids begin at 257: 255 is the last byte, so the first merge makes the id after that. {_ROUNDS}"
_LIST = f"Your code returns a list. Asked for is a dictionary from each pair to the id that it makes. {_ROUNDS}"


@exercise.faults(
    one_id_late=_IDS,
    one_id_early="Your new ids begin at 255, which is a byte already. The first merge makes the id after that. "
    f"{_ROUNDS}",
    from_zero=f"Your new ids begin at 0, which is a byte already. Ids up to 255 stand for the bytes. {_ROUNDS}",
    after_the_largest="Your new ids begin after the largest byte of the words. Ids up to 255 stand for the bytes, "
    "also for "
    f"those that no word holds. {_ROUNDS}",
    counts_stored="Your dictionary gives each pair its count. Asked for is the id that the pair makes. "
    f"{_ROUNDS}",
    never_merged="Your code chooses the same pair in every round: the words stay as they are. After a merge it is the "
    f"merged words that are counted. {_ROUNDS}",
    first_place=f"In each word your code merges the first place of a pair, and leaves the others. {_TWO}",
    from_the_right="Your code merges from the right: 'aaa' becomes 'a', 'aa'. The rule says from the left. "
    f"{_TWO}",
    second_half_kept="Your code leaves the second half of a pair standing after the new id. Both halves are used up. "
    f"{_TWO}",
    frequencies_lost="Your code loses the frequencies with the first merge: from then on each word counts once. A "
    "merged "
    f"word comes as often as before. {_ROUNDS}",
    shrinking_words="Your code forgets the words without the pair in each round. They stay, and are counted again in "
    "the "
    f"next. {_ROUNDS}",
    list_keys="Your code makes a list the key of a dictionary, and Python refuses: a list can change. `merge_pair` "
    "returns "
    f"a list; the words are tuples. {_ROUNDS}",
    one_merge=f"Your code learns one merge and returns. Does the `return` stand inside the loop? {_ROUNDS}",
    one_extra=f"Your code learns one merge more than was asked for. {_ROUNDS}",
    one_less=f"Your code learns one merge fewer than was asked for. {_ROUNDS}",
    vocabulary_size="Your code takes the number of merges for the size of the vocabulary, and learns 256 merges fewer: "
    f"here, none. {_ROUNDS}",
    inverted="Your dictionary leads from ids to pairs. Asked for is the other way: from each pair to the id that it "
    f"makes. {_ROUNDS}",
    sorted_pairs="Your dictionary is sorted by pairs. Asked for is the order in which they were learned, which is "
    "that of "
    f"their ids. {_ROUNDS}",
    pairs_listed=_LIST,
    items_listed=_LIST,
    bytes_pairs="The keys of your dictionary are pairs of bytes. A pair is two ids, and a byte's id is its number. "
    f"{_ROUNDS}",
    spelled_keys="The keys of your dictionary are the merged bytes. Asked for are pairs of ids: encoding has to know "
    "what "
    f"was merged with what. {_ROUNDS}",
    text_keys=f"The keys of your dictionary are text. A pair is a tuple of two ids. {_ROUNDS}",
    with_words=f"Your code returns more than the merges. Asked for is the dictionary alone. {_ROUNDS}",
)
def merging(on: Switches) -> Any:
    """Number, merge and return wrongly."""

    def train_bpe(words: Mapping[bytes, int], num_merges: int) -> Any:
        current = {tuple(word): frequency for word, frequency in words.items()}
        merges: dict[Pair, int] = {}
        counted: dict[Pair, int] = {}
        first = _first_id(on, words)
        for new_id in range(first, first + _rounds(on, num_merges)):
            counts = tokenization.pair_counts(current)
            if not counts:
                break
            best = tokenization.most_frequent_pair(counts)
            merges[best], counted[best] = new_id, counts[best]
            if not on("never_merged"):
                current = _merged(on, current, best, new_id)
            if on("one_merge"):
                break
        if on("counts_stored"):
            return counted
        return (merges, current) if on("with_words") else _given(on, merges)

    return train_bpe


def _first_id(on: Switches, words: Mapping[bytes, int]) -> int:
    if on("after_the_largest"):
        return max(max(word) for word in words) + 1
    return 0 if on("from_zero") else 256 + on("one_id_late") - on("one_id_early")


def _rounds(on: Switches, num_merges: int) -> int:
    return num_merges - 256 * on("vocabulary_size") + on("one_extra") - on("one_less")


def _merged(
    on: Switches, current: Mapping[tuple[int, ...], int], pair: Pair, new_id: int
) -> dict[tuple[int, ...], int]:
    """Merge a pair in all words."""

    def merge(ids: Sequence[int]) -> Any:
        if on("from_the_right"):
            return tokenization.merge_pair(ids[::-1], pair[::-1], new_id)[::-1]
        if on("first_place"):
            places = [i for i, both in enumerate(itertools.pairwise(ids)) if both == pair]
            return [*ids[: places[0]], new_id, *ids[places[0] + 2 :]] if places else ids
        if on("second_half_kept"):
            pairs = zip(ids, [*ids[1:], None], strict=True)
            return [new_id if both == pair else both[0] for both in pairs]
        return tokenization.merge_pair(ids, pair, new_id)

    kept = {
        ids: n
        for ids, n in current.items()
        if not on("shrinking_words") or pair in itertools.pairwise(ids)
    }
    if on("list_keys"):
        return {list(merge(ids)): n for ids, n in kept.items()}  # type: ignore[misc]
    return {tuple(merge(ids)): 1 if on("frequencies_lost") else n for ids, n in kept.items()}


def _given(on: Switches, merges: dict[Pair, int]) -> Any:
    if not any(map(on, ("inverted", "sorted_pairs", "pairs_listed", "items_listed", "text_keys"))):
        if not on("bytes_pairs") and not on("spelled_keys"):
            return merges
        spelled = tokenization.token_bytes(merges)
        if on("bytes_pairs"):
            return {(spelled[a], spelled[b]): new_id for (a, b), new_id in merges.items()}
        return {spelled[new_id]: new_id for new_id in merges.values()}
    ways: Ways = {
        "inverted": lambda: {new_id: pair for pair, new_id in merges.items()},
        "sorted_pairs": lambda: {pair: merges[pair] for pair in sorted(merges)},
        "pairs_listed": lambda: list(merges),
        "items_listed": lambda: list(merges.items()),
        "text_keys": lambda: {str(pair): new_id for pair, new_id in merges.items()},
    }
    return next(made() for name, made in ways.items() if on(name))
