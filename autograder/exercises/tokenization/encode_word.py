"""`tokenization.encode_word`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import LimitedDict, Pair, Ways, letters, one_of
from llmlab import tokenization

exercise = LAB.exercise(
    "encode_word",
    reference=tokenization.encode_word,
    hints=(
        "Begin with the bytes, as training did. Which of the pairs in the word was learned first?",
        "Repeat: look at all neighbors, find the pair that was learned first, merge it. End when no pair "
        "of the word was learned.",
        "In a loop, collect the pairs of neighbors that are in the merges. If there are none, return "
        "the ids; if there are, take the min of them by the id that they make, and merge it with "
        "your merge_pair.",
    ),
    matters=(
        "The tokenizers of GPT-4o (2024) and Llama 3 (2024) cut every word of a prompt by this rule before a model "
        "sees "
        "any of it. Read llmlab/tokenization/bpe.py."
    ),
)

# What was learned first is neither always longest nor always leftmost nor the smallest pair.
_LEARNED = ("th", "cd", "en", "aa", "dc", "ab", "dab", "bcd", "da", "he", "ba", "the")
# Tokens of three letters and of two merges go on to be merged, to the left and to the right.
_LONGER = ("ea", "ts", "sea", "eats", "eat", "seal")


def merges_of(order: list[int] | None = None, learned: tuple[str, ...] = _LEARNED) -> LimitedDict:
    """Give merges, in the order in which they were learned or in another; a new dictionary each time."""
    made: dict[bytes, int] = {bytes([byte]): byte for byte in range(256)}
    pairs: list[tuple[Pair, int]] = []
    for spelled in (one.encode() for one in learned):
        # The last cut into two known parts is how each of them was made.
        cuts = range(len(spelled) - 1, 0, -1)
        cut = next(i for i in cuts if spelled[:i] in made and spelled[i:] in made)
        made[spelled] = 256 + len(pairs)
        pairs.append(((made[spelled[:cut]], made[spelled[cut:]]), made[spelled]))
    merges = LimitedDict(pairs if order is None else [pairs[i] for i in order])
    merges.most = 5_000
    return merges


def in_order(implementation: Any, words: tuple[str, ...], order: list[int] | None = None) -> Any:
    """Encode words, each with merges of its own."""
    return {f"word {word!r}": implementation(word.encode(), merges_of(order)) for word in words}


@exercise.probe
def known_words(implementation: Any, generator: Generator) -> Any:
    """Words such as 'then', with merges for (in this order) th, cd, en, aa, dc, ab, dab, bcd, da, he, ba, the."""
    words = ("then", "dabcd", "adcab", "bcaab", "baacbac", "bbcbcdb", letters(generator, 7, "abcd"))
    return in_order(implementation, words)


@exercise.probe
def repeated_pairs(implementation: Any, generator: Generator) -> Any:
    """Words in which a pair overlaps itself or comes several times, with the same merges."""
    return in_order(implementation, ("aaa", "ababab", "baadbdd", "tthet"))


@exercise.probe
def longer_tokens(implementation: Any, generator: Generator) -> Any:
    """Words such as 'seal', some of which become one token, with merges for ea, ts, sea, eats, eat, seal."""
    words = ("ts", "eats", "seal", "seats", "tea", "eas", letters(generator, 7, "seatl"))
    return {
        f"word {word!r}": implementation(word.encode(), merges_of(learned=_LONGER))
        for word in words
    }


@exercise.probe
def another_order(implementation: Any, generator: Generator) -> Any:
    """The same merges, with the same ids, in another order within the dictionary."""
    # As in any order that a dictionary of merges can have got, parts come before what is made of them.
    order = [4, 0, 11, 10, 1, 7, 8, 9, 2, 5, 6, 3]
    words = ("then", "dcdab", "bcdcd", letters(generator, 7, "abcd"))
    return in_order(implementation, words, order)


@exercise.probe
def never_seen(implementation: Any, generator: Generator) -> Any:
    """A word in which nothing can be merged, a single byte, and an empty word."""
    return in_order(implementation, (letters(generator, 5, "xyzé"), "x", ""))


@exercise.probe
def no_merges(implementation: Any, generator: Generator) -> Any:
    """A word, and no merges."""
    return implementation(letters(generator, 4, "aé€").encode(), LimitedDict())


_AGAIN = "Reread 'The oldest merge first'."
_TWO = "Reread 'Two become one'."
_DICTIONARY = (
    "Your code goes by the order of the dictionary. The ids say what was learned first, whatever that order is. "
    f"{_AGAIN}"
)
_SINGLE = (
    "Your code fails for a word of one byte or none: there is no pair to choose from. Such a word stays as it is. "
    f"{_AGAIN}"
)
_END = (
    "Your code fails when no pair of the word is left that was learned. Then the word is done, and its ids are the "
    f"answer. {_AGAIN}"
)


def _first_only(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    places = [i for i, both in enumerate(itertools.pairwise(ids)) if both == pair]
    return [*ids[: places[0]], new_id, *ids[places[0] + 2 :]] if places else ids


def _merge(on: Switches, ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """Merge a pair in a word."""
    if on("from_the_right"):
        return tokenization.merge_pair(ids[::-1], pair[::-1], new_id)[::-1]
    if on("second_half_kept"):
        pairs = zip(ids, [*ids[1:], None], strict=True)
        return [new_id if both == pair else both[0] for both in pairs]
    return tokenization.merge_pair(ids, pair, new_id)


def _spelled(merges: Mapping[Pair, int]) -> dict[int, bytes]:
    """Spell out all ids, whatever the order of the dictionary."""
    return tokenization.token_bytes(dict(sorted(merges.items(), key=lambda item: item[1])))


def _choose(on: Switches, known: list[Pair], merges: Mapping[Pair, int]) -> Pair:
    """Choose the pair to merge next among those of the word that were learned."""
    spelled = _spelled(merges) if on("longest_merge") else {}
    ways: Ways = {
        "leftmost": lambda: known[0],
        "rightmost": lambda: known[-1],
        "newest_first": lambda: max(known, key=lambda p: merges[p]),
        "by_count": lambda: min(known, key=lambda p: (-known.count(p), p)),
        "by_count_then_age": lambda: min(known, key=lambda p: (-known.count(p), merges[p])),
        "smallest_pair": lambda: min(known),
        "largest_pair": lambda: max(known),
        "longest_merge": lambda: min(known, key=lambda p: (-len(spelled[merges[p]]), merges[p])),
        "by_place_in_dictionary": lambda: min(known, key=list(merges).index),
    }
    return one_of(on, ways, min(known, key=lambda p: merges[p]))


@exercise.faults(
    leftmost="Your code merges the first pair that it meets from the left and that was learned at all. The pair that "
    f"was learned first goes first, wherever it stands. {_AGAIN}",
    rightmost="Your code merges the last pair in the word that was learned at all. The pair that was learned first "
    "goes "
    f"first, wherever it stands. {_AGAIN}",
    newest_first="Your code takes the pair that was learned last. The order is that of training: what was learned "
    "first "
    f"is merged first. {_AGAIN}",
    by_count="Your code counts pairs in the word and merges the most frequent. That is how merges are learned. "
    "Encoding "
    f"counts nothing; it replays what was learned. {_AGAIN}",
    by_count_then_age="Your code merges the pair that comes most often in the word, and goes by age between equals "
    "only. "
    f"Encoding counts nothing; it replays what was learned. {_AGAIN}",
    smallest_pair="Your code merges the smallest pair of ids. What counts is the id that a pair makes: it says when "
    "the "
    f"pair was learned. {_AGAIN}",
    largest_pair="Your code merges the largest pair of ids. What counts is the id that a pair makes: it says when the "
    f"pair was learned. {_AGAIN}",
    longest_merge="Your code prefers the merge that makes the longest token, and goes by age between equals only. "
    "Length does not count; the order of "
    f"learning does. {_AGAIN}",
    by_place_in_dictionary=_DICTIONARY,
    from_the_right="Where a pair overlaps itself, your code merges from the right. The rule says from the left. "
    f"{_TWO}",
    second_half_kept="Your code leaves the second half of a pair standing after the new id. Both halves are used up. "
    f"{_TWO}",
    one_merge="Your code merges one pair and stops. A merge makes new neighbors, and they may be a pair that was "
    "learned "
    f"too. {_AGAIN}",
    bytes_only=f"Your code merges nothing: what comes out are the bytes of the word. {_AGAIN}",
    last_pair_missed="Your code does not look at the last two ids of the word: they may be a pair that was learned. "
    f"{_AGAIN}",
    first_pair_missed="Your code does not look at the first two ids of the word: they may be a pair that was learned. "
    f"{_AGAIN}",
    unlearned_oldest="Your code takes a pair that was never learned for the oldest of all, and stops at it. It is no "
    f"candidate; the others are still to be merged. {_AGAIN}",
    unlearned_fails=f"Your code looks up pairs that were never learned, and fails. They stay as they are. {_AGAIN}",
    single_fails=_SINGLE,
    no_end=_END,
    no_end_by_max=_END,
    spelled_out="Your code returns pieces of type bytes. Asked for are ids: numbers are what a model reads. "
    f"{_AGAIN}",
    as_text=f"Your code returns the tokens as text. Asked for are their ids: numbers are what a model reads. {_AGAIN}",
    backwards=f"Your ids come from the last to the first. {_AGAIN}",
    merges_only="Your code returns new ids alone, and loses the bytes that belong to no merge. They are ids too, from "
    "0 "
    f"to 255. {_AGAIN}",
    made_only="Your code returns the ids that it made on the way, in the order of merging. Asked for is the row that "
    "is "
    f"left at the end. {_AGAIN}",
)
def merging(on: Switches) -> Any:
    """Merge one pair after the other."""

    def candidates(ids: list[int], merges: Mapping[Pair, int]) -> list[Pair]:
        pairs = list(itertools.pairwise(ids))
        if on("single_fails") and not pairs:
            min(pairs)
        if on("unlearned_fails") and pairs:
            min(pairs, key=lambda pair: merges[pair])
        if on("unlearned_oldest") and any(pair not in merges for pair in pairs):
            return []
        pairs = pairs[on("first_pair_missed") : len(pairs) - on("last_pair_missed")]
        known = [pair for pair in pairs if pair in merges]
        if on("no_end") and not known:
            min(known)
        if on("no_end_by_max") and not known:
            max(known)
        return known

    def encode_word(word: bytes, merges: Mapping[Pair, int]) -> Any:
        ids, made = list(word), []
        while not on("bytes_only") and (known := candidates(ids, merges)):
            pair = _choose(on, known, merges)
            ids = _merge(on, ids, pair, merges[pair])
            made.append(merges[pair])
            if on("one_merge"):
                break
        if on("merges_only"):
            return [token for token in ids if token > 255]
        return made if on("made_only") else _given(on, ids, merges)

    return encode_word


def _given(on: Switches, ids: list[int], merges: Mapping[Pair, int]) -> Any:
    if on("backwards"):
        return ids[::-1]
    if on("spelled_out") or on("as_text"):
        spelled = _spelled(merges)
        pieces = [spelled[token] for token in ids]
        return pieces if on("spelled_out") else [piece.decode(errors="replace") for piece in pieces]
    return ids


@exercise.faults(
    newest_to_oldest="Your code goes through the merges from the last learned to the first. By then the parts of the "
    f"long tokens are not there yet, and most merges find nothing. {_AGAIN}",
    in_dictionary_order=_DICTIONARY,
    rounds_in_dictionary_order=_DICTIONARY,
    backwards_in_dictionary="Your code goes through the dictionary from its end, where the newest merges can stand. "
    "What "
    f"was learned first is merged first. {_AGAIN}",
    by_pair=f"Your code goes through the merges sorted by pair. Their ids say what was learned first. {_AGAIN}",
    first_place="Your code merges each pair at one place of the word only. Every place where it stands is merged. "
    f"{_AGAIN}",
    stops_at_missing="Your code ends at the first merge that the word has no pair for. Later ones may be in it. "
    f"{_AGAIN}",
)
def replaying(on: Switches) -> Any:
    """Go through all merges once, in the order of learning."""

    def ordered(merges: Mapping[Pair, int]) -> list[Pair]:
        if on("in_dictionary_order") or on("rounds_in_dictionary_order"):
            return list(merges)
        if on("backwards_in_dictionary"):
            return list(merges)[::-1]
        if on("by_pair"):
            return sorted(merges)
        sign = -1 if on("newest_to_oldest") else 1
        return sorted(merges, key=lambda pair: sign * merges[pair])

    def encode_word(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
        ids = list(word)
        for _ in range(len(word) if on("rounds_in_dictionary_order") else 1):
            for pair in ordered(merges):
                found = pair in itertools.pairwise(ids)
                if not found and on("stops_at_missing"):
                    break
                merge = _first_only if on("first_place") else tokenization.merge_pair
                ids = merge(ids, pair, merges[pair])
        return ids

    return encode_word


@exercise.faults(
    one_scan="Your code goes through the word once, from left to right, and merges what it meets. A merge makes new "
    f"neighbors, and the oldest pair goes first, wherever it stands. {_AGAIN}",
    scans="Your code goes through the word from left to right and merges every pair that it meets and that was "
    "learned. "
    f"The oldest pair goes first, wherever it stands. {_AGAIN}",
    growing="Your code lets one token grow from the left as long as a merge fits. The oldest pair of the whole word "
    "goes "
    f"first, wherever it stands. {_AGAIN}",
)
def scanning(on: Switches) -> Any:
    """Merge from left to right whatever was learned."""

    def scan(ids: list[int], merges: Mapping[Pair, int]) -> list[int]:
        out: list[int] = []
        place = 0
        while place < len(ids):
            pair: Any = tuple(ids[place : place + 2])
            out.append(merges[pair] if pair in merges else ids[place])
            place += 2 if pair in merges else 1
        return out

    def grow(ids: list[int], merges: Mapping[Pair, int]) -> list[int]:
        out: list[int] = []
        for token in ids:
            if out and (out[-1], token) in merges:
                out[-1] = merges[out[-1], token]
            else:
                out.append(token)
        return out

    def encode_word(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
        ids = list(word)
        if on("one_scan"):
            return scan(ids, merges)
        if on("growing"):
            return grow(ids, merges)
        if on("scans"):
            while (longer := scan(ids, merges)) != ids:
                ids = longer
            return ids
        return tokenization.encode_word(word, merges)

    return encode_word


@exercise.misconception(
    "Your loop has no end: it finds the same pair again and again, since the ids that it looks at stay as they are. "
    "Merging "
    f"gives a new list, and leaves the old one alone. {_AGAIN}"
)
def endless(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    ids = list(word)
    while known := [pair for pair in itertools.pairwise(ids) if pair in merges]:
        min(known, key=lambda pair: merges[pair])
    return ids


@exercise.misconception(
    "Your code takes the longest token that fits, from left to right. BPE repeats what training did: merges, "
    f"the oldest first. Longest match belongs to WordPiece. {_AGAIN}"
)
def longest_token(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    known = _known(merges)
    ids, place = [], 0
    while place < len(word):
        end = next(end for end in range(len(word), place, -1) if word[place:end] in known)
        ids.append(known[word[place:end]])
        place = end
    return ids


@exercise.misconception(
    "Your code cuts the word into as few tokens as it can. BPE does not look for the fewest; it repeats what training "
    f"did: merges, the oldest first. {_AGAIN}"
)
def fewest_tokens(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    known = _known(merges)
    best: dict[int, list[int]] = {0: []}
    for end in range(1, len(word) + 1):
        starts = [start for start in range(end) if word[start:end] in known]
        best[end] = min(([*best[start], known[word[start:end]]] for start in starts), key=len)
    return best[len(word)]


def _known(merges: Mapping[Pair, int]) -> dict[bytes, int]:
    """Give the id of each token by its bytes."""
    return {spelled: token for token, spelled in _spelled(merges).items()}
