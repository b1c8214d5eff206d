"""Lab 03: the exercises on tokenization, with what people get wrong about them."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Lab, whole
from llmlab import tokenization

LAB = Lab(3, "tokenization", "Tokenization")

Pair = tuple[int, int]
Words = Mapping[tuple[int, ...], int]


def letters(generator: Generator, length: int, alphabet: str = "abc") -> str:
    """Draw a word of few different letters, so that pairs come back."""
    return "".join(alphabet[whole(generator, 0, len(alphabet) - 1)] for _ in range(length))


def ids_of(word: str) -> tuple[int, ...]:
    """Cut a word into its bytes, whose ids are the bytes themselves."""
    return tuple(word.encode())


# ----------------------------------------------------------------------------------------------
split = LAB.exercise(
    "split_utf8",
    points=2,
    reference=tokenization.split_utf8,
    hints=(
        "Look at the table of patterns: by which bits do you know a byte that begins no character?",
        "Go through the bytes. Each one either begins a new piece or belongs to the piece before it.",
        "A byte from 128 to 191 is a continuation byte: add it to the last piece if there is one. "
        "Any other byte, and the very first, begins a piece of its own.",
    ),
)


def _written(pieces: Iterable[Any]) -> list[str]:
    """Write pieces as Python does, so that the kinds can be told apart: b'e', 'e'."""
    return [repr(piece) for piece in pieces]


@split.probe
def mixed_scripts(implementation: Any, generator: Generator) -> Any:
    """Characters of one to four bytes, several of each in a row."""
    groups = ("aZ ", "éßñ", "€語ก", "😀🦉")
    text = "".join(letters(generator, 3, group) for group in groups)
    return _written(implementation(text.encode()))


@split.probe
def cut_in_the_middle(implementation: Any, generator: Generator) -> Any:
    """Bytes that begin and end in the middle of a character."""
    middle = letters(generator, 4, "aé€")
    return _written(implementation(f"😀{middle}語".encode()[2:-1]))


@split.probe
def no_bytes(implementation: Any, generator: Generator) -> Any:
    """No bytes at all, and a single letter."""
    return [_written(implementation(b"")), _written(implementation(b"x"))]


def _cut_before(data: bytes, begins: Callable[[int, int], bool]) -> list[bytes]:
    """Cut before each byte that begins a piece; the rule sees the byte and the one before it."""
    starts = [i for i in range(len(data)) if i == 0 or begins(data[i - 1], data[i])]
    return [data[i:j] for i, j in zip(starts, [*starts[1:], len(data)], strict=True)]


@split.misconception(
    "Your code makes a piece of each byte. Beyond ASCII a character has two to four bytes, and only "
    "together do they mean something. Reread 'Numbers become bytes'."
)
def each_byte(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


@split.misconception(
    "Your code decodes the bytes first, and that fails when they begin or end in the middle of a character. "
    "Where to cut can be seen in the bits, without decoding. Reread 'Numbers become bytes'."
)
def decoded(data: bytes) -> list[bytes]:
    return [character.encode() for character in data.decode()]


@split.misconception(
    "Your code puts neighboring bytes of 128 and more into one piece, so two characters in a row that "
    "are not ASCII become one. The first byte of a character looks different from those that "
    "follow. Reread 'Numbers become bytes'."
)
def runs_beyond_ascii(data: bytes) -> list[bytes]:
    return _cut_before(data, lambda before, byte: byte < 128 or before < 128)


@split.misconception(
    "Your code takes two bytes for every character beyond ASCII. Many have three, and emoji have "
    "four: the first byte says how many. Reread 'Numbers become bytes'."
)
def two_bytes_each(data: bytes) -> list[bytes]:
    pieces, place = [], 0
    while place < len(data):
        size = 1 if data[place] < 128 else 2
        pieces.append(data[place : place + size])
        place += size
    return pieces


@split.misconception(
    "Your code loses the continuation bytes that have no first byte before them. A text can be cut in "
    "the middle of a character, and joining the pieces must give back every byte. Reread 'Numbers "
    "become bytes'."
)
def orphans_lost(data: bytes) -> list[bytes]:
    pieces = tokenization.split_utf8(data)
    return [piece for piece in pieces if piece[0] & 0xC0 != 0x80]


# ----------------------------------------------------------------------------------------------
count = LAB.exercise(
    "pair_counts",
    points=2,
    reference=tokenization.pair_counts,
    hints=(
        "There are two loops: over the words with their frequency, and over the neighbors in a word.",
        "A pair that stands twice in a word which comes five times was seen ten times.",
        "Go through the neighbors with pairwise; for each pair that comes out, raise its count by the "
        "frequency of the word.",
    ),
)


def _words(generator: Generator) -> dict[tuple[int, ...], int]:
    """Give words in which every misunderstanding shows, and three more that are drawn."""
    # Ids from 256 on come from merges that were made before.
    words = {
        ids_of("aaa"): whole(generator, 2, 5),
        ids_of("abab"): whole(generator, 6, 9),
        (*ids_of("ba"), 256): whole(generator, 2, 9),
        (256,): 7,
    }
    for _ in range(3):
        words[ids_of(letters(generator, whole(generator, 2, 6)))] = whole(generator, 2, 9)
    return words


@count.probe
def seven_words(implementation: Any, generator: Generator) -> Any:
    """Seven words as ids, among them aaa and abab (a is 97, b is 98), with their frequencies."""
    return implementation(_words(generator))


@count.probe
def one_word(implementation: Any, generator: Generator) -> Any:
    """One word that comes once, and a word of a single token, which has no pair."""
    return [implementation({ids_of("hello"): 1}), implementation({(256,): 3})]


@count.misconception(
    "Your code counts each word once, however often it comes. A pair in a word that was seen 900 times "
    "was seen 900 times. Reread 'Pairs that come together'."
)
def by_word(words: Words) -> dict[Pair, int]:
    return tokenization.pair_counts(dict.fromkeys(words, 1))


@count.misconception(
    "Your code pairs the last token of a word with the first of the next. Merges never cross the border "
    "between two words. Reread 'Pairs that come together'."
)
def across_words(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    chain = [(token, frequency) for word, frequency in words.items() for token in word]
    for (left, frequency), (right, _) in itertools.pairwise(chain):
        counts[left, right] += frequency
    return dict(counts)


@count.misconception(
    "A pair that stands twice in a word is counted once for that word. Each place where it stands "
    "counts. Reread 'Pairs that come together'."
)
def once_a_word(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    for word, frequency in words.items():
        for pair in set(itertools.pairwise(word)):
            counts[pair] += frequency
    return dict(counts)


@count.misconception(
    "Your code jumps over a token after it has counted a pair, so 'aaa' holds the pair (a, a) once. For "
    "counting, every two neighbors are a pair, even if they share a token. Reread 'Pairs that come "
    "together'."
)
def without_overlap(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    for word, frequency in words.items():
        place = 0
        while place + 1 < len(word):
            counts[word[place], word[place + 1]] += frequency
            place += 2 if word[place : place + 2] == word[place + 1 : place + 3] else 1
    return dict(counts)


@count.misconception(
    "Your code takes (a, b) and (b, a) for the same pair. Their order matters: merging them gives 'ab' "
    "and 'ba'. Reread 'Pairs that come together'."
)
def without_order(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    for (left, right), frequency in tokenization.pair_counts(words).items():
        counts[min(left, right), max(left, right)] += frequency
    return dict(counts)


# ----------------------------------------------------------------------------------------------
merge = LAB.exercise(
    "merge_pair",
    points=2,
    reference=tokenization.merge_pair,
    hints=(
        "What do you do at a place where the pair stands, and what at one where it does not?",
        "Walk from left to right with an index. After a merge you are two tokens further, else one.",
        "While the index is inside: if there is a next token, and this one and the next are the pair, "
        "append their sum and move on by two; if not, append this token and move on by one.",
    ),
)


@merge.probe
def three_in_a_row(implementation: Any, generator: Generator) -> Any:
    """Rows of three and five equal ids, and the pair of them."""
    row = ids_of("aaa" + "b" * whole(generator, 1, 3) + "aaaaac")
    return list(implementation(list(row), (97, 97), 256))


@merge.probe
def both_orders(implementation: Any, generator: Generator) -> Any:
    """A row in which the pair stands in both orders, and at the end."""
    row = ids_of(letters(generator, 3) + "cabbac" + letters(generator, 2) + "cab")
    return list(implementation(list(row), (97, 98), 300))


@merge.probe
def no_pair(implementation: Any, generator: Generator) -> Any:
    """A row without the pair, a single id, and none."""
    row = [whole(generator, 256, 400) for _ in range(5)]
    return [list(implementation(ids, (97, 98), 401)) for ids in (row, row[:1], [])]


@merge.misconception(
    "Where the pair overlaps itself, your code merges twice: 'aaa' becomes 'aa', 'aa', a letter more than "
    "there was. An id that was merged is used up. Reread 'Two become one'."
)
def overlapping(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    found = [both == pair for both in itertools.pairwise(ids)]
    merged = []
    for i, token in enumerate(ids):
        if i < len(found) and found[i]:
            merged.append(new_id)
        elif i == 0 or not found[i - 1]:
            merged.append(token)
    return merged


@merge.misconception(
    "Your code merges the first place where the pair stands, and leaves the others. Reread 'Two become "
    "one'."
)
def first_place(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return [*ids[:i], new_id, *ids[i + 2 :]]
    return list(ids)


@merge.misconception(
    "Your code works from the right: 'aaa' becomes 'a', 'aa'. The rule says from the left. Training and "
    "encoding must cut alike, or the model meets tokens that it never saw. Reread 'Two become one'."
)
def from_the_right(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    return tokenization.merge_pair(ids[::-1], pair[::-1], new_id)[::-1]


def _merge_where(ids: Sequence[int], pairs: Sequence[Pair], new_id: int, end: int) -> list[int]:
    merged: list[int] = []
    place = 0
    while place < end:
        found = tuple(ids[place : place + 2]) in pairs
        merged.append(new_id if found else ids[place])
        place += 2 if found else 1
    return merged


@merge.misconception(
    "Your code merges the pair in either order. (a, b) stands for an a followed by a b, and says "
    "nothing about 'ba'. Reread 'Two become one'."
)
def either_order(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    return _merge_where(ids, [pair, pair[::-1]], new_id, len(ids))


@merge.misconception(
    "Your code loses the last id when it does not belong to a pair: the loop ends one place too early. "
    "Reread 'Two become one'."
)
def last_lost(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    return _merge_where(ids, [pair], new_id, len(ids) - 1)


@merge.misconception(
    "Your code puts the new id in the place of the first half and leaves the second half standing behind "
    "it. Both halves are used up. Reread 'Two become one'."
)
def second_half_kept(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    pairs = zip(ids, [*ids[1:], None], strict=True)
    return [new_id if both == pair else both[0] for both in pairs]


# ----------------------------------------------------------------------------------------------
train = LAB.exercise(
    "train_bpe",
    points=3,
    reference=tokenization.train_bpe,
    hints=(
        "Begin with every word as a tuple of its bytes. What changes in each round, and what is kept?",
        "Each round has three steps: count the pairs of the words as they are now, choose the best, "
        "and merge it in every word. End when there is no pair.",
        "Choose with min over the counts and a key that is a tuple: the negative count first, then the "
        "pair itself. Then build the dictionary of words anew, each word merged, with its old frequency.",
    ),
)


@train.probe
def drawn_words(implementation: Any, generator: Generator) -> Any:
    """Nine words of few letters, with frequencies, and six merges."""
    words = {
        letters(generator, whole(generator, 3, 7), "abcd").encode(): whole(generator, 2, 9)
        for _ in range(8)
    }
    return implementation({**words, b"cadabad": 3}, 6)


@train.probe
def equal_counts(implementation: Any, generator: Generator) -> Any:
    """Three words in which several pairs are equally frequent, and four merges."""
    frequency = whole(generator, 2, 9)
    words = {b"mud": frequency, b"cow": frequency, b"zip": frequency, b"at": 1}
    return implementation(words, 4)


@train.probe
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


@train.misconception(
    "Of pairs that are equally frequent, your code takes the larger one. The rule says the smaller. Another "
    "choice would be as good, but two people must get the same tokenizer from the same text. Reread "
    "'When two pairs are equal'."
)
def larger_first(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(words, num_merges, lambda counts: max(counts, key=lambda p: (counts[p], p)))


@train.misconception(
    "Of pairs that are equally frequent, your code takes the one that it met first. Then the order of the "
    "words in the text decides which tokens there are. Reread 'When two pairs are equal'."
)
def first_met(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(words, num_merges, lambda counts: max(counts, key=lambda p: counts[p]))


@train.misconception(
    "Your code counts once, before the first merge, and takes the most frequent pairs of that count. Each "
    "merge makes new pairs and uses up old ones, and tokens longer than two bytes never come "
    "about. Reread 'One merge after the other'."
)
def counted_once(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    counts = tokenization.pair_counts({tuple(word): n for word, n in words.items()})
    best = sorted(counts, key=lambda pair: (-counts[pair], pair))[:num_merges]
    return {pair: 256 + i for i, pair in enumerate(best)}


@train.misconception(
    "Your code trains as if each word came once: the frequencies get lost on the way. Reread 'Pairs that "
    "come together'."
)
def frequencies_lost(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(dict.fromkeys(words, 1), num_merges, tokenization.most_frequent_pair)


@train.misconception(
    "Your code fails when every word has become a single id and no pair is left. Then training ends "
    "early, with fewer merges. Reread 'One merge after the other'."
)
def without_an_end(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(words, num_merges, tokenization.most_frequent_pair, least=0)


@train.misconception(
    "Your code ends when the best pair comes only once. Many libraries have such a limit; here training "
    "goes on as long as there is any pair. Reread 'One merge after the other'."
)
def ends_at_one(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    return _train(words, num_merges, tokenization.most_frequent_pair, least=2)


@train.misconception(
    "Your new ids begin at 257: 255 is the last byte, so the first merge makes the id after that. Reread "
    "'One merge after the other'."
)
def one_id_late(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    merges: dict[Pair, int] = {}
    for (left, right), new_id in tokenization.train_bpe(words, num_merges).items():
        merges[left + (left > 255), right + (right > 255)] = new_id + 1
    return merges


# ----------------------------------------------------------------------------------------------
encode = LAB.exercise(
    "encode_word",
    points=3,
    reference=tokenization.encode_word,
    hints=(
        "Begin with the bytes, as training did. Which of the pairs in the word was learned first?",
        "Repeat: look at all neighbors, find the pair that was learned first, merge it. End when no pair "
        "of the word was learned.",
        "In a loop, collect the pairs of neighbors that are in the merges. If there are none, return "
        "the ids; if there are, take the min of them by the id that they make, and merge it with "
        "your merge_pair.",
    ),
)

# What was learned first is neither always longest nor always leftmost: he, bc, ab, hen, the, bcd, abab, th, cd.
MERGES: dict[Pair, int] = {
    (104, 101): 256,
    (98, 99): 257,
    (97, 98): 258,
    (256, 110): 259,
    (116, 256): 260,
    (257, 100): 261,
    (258, 258): 262,
    (116, 104): 263,
    (99, 100): 264,
}


@encode.probe
def known_words(implementation: Any, generator: Generator) -> Any:
    """Words such as 'then', with merges for (in this order) he, bc, ab, hen, the, bcd, abab, th, cd."""
    words = ("then", "the", "thehen", "abcd", "bcdcd", letters(generator, 8, "abcd"))
    return {f"word {word!r}": list(implementation(word.encode(), MERGES)) for word in words}


@encode.probe
def never_seen(implementation: Any, generator: Generator) -> Any:
    """A word in which nothing can be merged, and an empty word."""
    word = letters(generator, 5, "xyzé").encode()
    return [list(implementation(word, MERGES)), list(implementation(b"", MERGES))]


@encode.misconception(
    "Your code takes the longest token that fits, from left to right. BPE repeats what training did: merges, "
    "the oldest first. Longest match belongs to WordPiece. Reread 'The oldest merge first'."
)
def longest_token(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    known = {spelled: token for token, spelled in tokenization.token_bytes(merges).items()}
    ids, place = [], 0
    while place < len(word):
        end = next(end for end in range(len(word), place, -1) if word[place:end] in known)
        ids.append(known[word[place:end]])
        place = end
    return ids


def _encode(
    word: bytes, merges: Mapping[Pair, int], choose: Callable[[list[Pair]], Pair]
) -> list[int]:
    """Merge one pair after the other, chosen among those of the word that were learned."""
    ids = list(word)
    while True:
        known = [pair for pair in itertools.pairwise(ids) if pair in merges]
        if not known:
            return ids
        pair = choose(known)
        ids = tokenization.merge_pair(ids, pair, merges[pair])


@encode.misconception(
    "Your code merges the first pair that it meets from the left and that was learned at all. The pair that "
    "was learned first goes first, wherever it stands. Reread 'The oldest merge first'."
)
def leftmost(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    return _encode(word, merges, lambda known: known[0])


@encode.misconception(
    "Your code takes the pair that was learned last. The order is that of training: what was learned first "
    "is merged first. Reread 'The oldest merge first'."
)
def newest_first(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    return _encode(word, merges, lambda known: max(known, key=lambda pair: merges[pair]))


@encode.misconception(
    "Your code counts pairs in the word and merges the most frequent. That is how merges are learned. "
    "Encoding counts nothing; it replays what was learned. Reread 'The oldest merge first'."
)
def by_count(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    return _encode(word, merges, lambda known: min(known, key=lambda p: (-known.count(p), p)))


@encode.misconception(
    "Your code merges one pair and stops. A merge makes new neighbors, and they may be a pair that was "
    "learned too. Reread 'The oldest merge first'."
)
def one_merge(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    ids = list(word)
    known = [pair for pair in itertools.pairwise(ids) if pair in merges]
    if known:
        pair = min(known, key=lambda pair: merges[pair])
        ids = tokenization.merge_pair(ids, pair, merges[pair])
    return ids


@encode.misconception(
    "Your code goes through the merges from the last to the first. By then the parts of the long tokens "
    "are not there yet, and most merges find nothing. Reread 'The oldest merge first'."
)
def replayed_backwards(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    ids = list(word)
    for pair, new_id in reversed(list(merges.items())):
        ids = tokenization.merge_pair(ids, pair, new_id)
    return ids


# ----------------------------------------------------------------------------------------------
decode = LAB.exercise(
    "decode_ids",
    points=1,
    reference=tokenization.decode_ids,
    hints=(
        "What is one id, on its own: a character, or some bytes?",
        "First put all bytes together, then read them as UTF-8, once.",
        "Join the bytes of all ids, and decode the result as UTF-8 with the "
        "error handler called 'replace'.",
    ),
)

SPELLED = dict(
    enumerate(
        (b"a", b"ca", b"f", b"\xc3", b"\xa9", b" \xe2\x82", b"\xac", b"\xf0\x9f", b"\x98\x80")
    )
)


@decode.probe
def split_over_tokens(implementation: Any, generator: Generator) -> Any:
    """Characters whose bytes lie in two tokens each."""
    words = ([1, 2, 3, 4], [5, 6], [7, 8])
    order = torch.randperm(3, generator=generator).tolist()
    return implementation([token_id for one in order for token_id in words[one]], SPELLED)


@decode.probe
def broken(implementation: Any, generator: Generator) -> Any:
    """Ids that break off in the middle of a character, as a model's output can."""
    lone = [3, 4, 6][whole(generator, 0, 2)]
    return implementation([1, 2, lone, 0, 5, 2, 7], SPELLED)


@decode.probe
def no_ids(implementation: Any, generator: Generator) -> Any:
    """No ids."""
    return implementation([], SPELLED)


@decode.misconception(
    "Your code decodes token by token. A character whose bytes lie in two tokens breaks: neither half is "
    "text. Reread 'Back to text'."
)
def token_by_token(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return "".join(spelled[i].decode("utf-8", "replace") for i in ids)


@decode.misconception(
    "Your code drops the bytes that are no UTF-8. A reader should see that something was lost; the "
    "replacement character � says so. Reread 'Back to text'."
)
def dropped(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return b"".join(spelled[i] for i in ids).decode("utf-8", "ignore")


@decode.misconception(
    "Your code makes a character of each byte, as Latin-1 does: 'é' comes out as 'Ã©'. The bytes are UTF-8. "
    "Reread 'Back to text'."
)
def latin(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return b"".join(spelled[i] for i in ids).decode("latin-1")


@decode.misconception(
    "Your code stops with an error at bytes that are no UTF-8. A model can write any token after any other, so "
    "decoding must take whatever comes. Reread 'Back to text'."
)
def strict(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return b"".join(spelled[i] for i in ids).decode("utf-8")


# ----------------------------------------------------------------------------------------------
score = LAB.exercise(
    "merge_scores",
    points=2,
    reference=tokenization.merge_scores,
    hints=(
        "You need two counts: of the pairs, and of the single pieces. Both are weighted by frequency.",
        "Your pair_counts works on any tuples, so it gives the numerator. The pieces are counted in a "
        "loop of the same kind.",
        "For each pair, divide its count by the product of the counts of its left and its right piece.",
    ),
)


def _pieces(generator: Generator) -> dict[tuple[str, ...], int]:
    """Give words cut into WordPiece's letters, with frequencies."""
    names = ["aaab", "abc", "cab", letters(generator, 4), letters(generator, 5)]
    return {
        (name[0], *(f"##{letter}" for letter in name[1:])): whole(generator, 2, 9) for name in names
    }


@score.probe
def few_words(implementation: Any, generator: Generator) -> Any:
    """Words of few letters, cut as WordPiece does, with frequencies."""
    return implementation(_pieces(generator))


@score.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The two words of the worked example."""
    return implementation({("q", "##u", "##e"): 2, ("t", "##e", "##e"): 3})


def _scores(
    words: Mapping[tuple[str, ...], int],
    divide: Callable[[int, int, int], float],
    weighted: bool = True,
) -> dict[tuple[str, str], float]:
    pieces: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for word, frequency in words.items():
        for piece in word:
            pieces[piece] += frequency if weighted else 1
        for pair in itertools.pairwise(word):
            pairs[pair] += frequency
    return {pair: divide(found, pieces[pair[0]], pieces[pair[1]]) for pair, found in pairs.items()}


@score.misconception(
    "Your scores are the bare counts: that is BPE's choice. WordPiece asks how much more often two pieces come "
    "together than chance would bring them. Reread 'More than chance'."
)
def bare_counts(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    return _scores(words, lambda both, left, right: both)


@score.misconception(
    "Your code divides by the sum of the two counts. What chance would bring is proportional to their "
    "product. Reread 'More than chance'."
)
def by_sum(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    return _scores(words, lambda both, left, right: both / (left + right))


@score.misconception(
    "Your code divides by the count of one of the two pieces. That is how sure one follows the other; the "
    "score asks about both. Reread 'More than chance'."
)
def by_left(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    return _scores(words, lambda both, left, right: both / left)


@score.misconception(
    "Your code counts the single pieces without the frequency of their words, and the pairs with it. The "
    "two must be counted alike. Reread 'More than chance'."
)
def unweighted_pieces(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    return _scores(words, lambda both, left, right: both / (left * right), weighted=False)


# ----------------------------------------------------------------------------------------------
wordpiece = LAB.exercise(
    "longest_match",
    points=3,
    reference=tokenization.longest_match,
    hints=(
        "At each place, which end do you try first, and how is a piece spelled that does not begin the "
        "word?",
        "From the current start, try the ends from the far one to the near one. The first piece that "
        "is in the vocabulary is taken, and its end is the next start.",
        "Loop over the ends from the length of the word down to the start plus one; write '##' before "
        "the piece unless the start is 0; if it is in the vocabulary, keep it and go on from its end. If "
        "no end works, return a list with '[UNK]' alone.",
    ),
)

_START = ("a", "ab", "able", "b", "c", "e", "l", "u", "un", "una", "unab")
_WITHIN = ("a", "ab", "abl", "able", "b", "bl", "ble", "c", "e", "l", "n", "u", "un", "una")
PIECES = frozenset((*_START, *(f"##{piece}" for piece in _WITHIN), "[UNK]"))


@wordpiece.probe
def known_pieces(implementation: Any, generator: Generator) -> Any:
    """Words that the vocabulary can spell, some in several ways."""
    words = ("unable", "able", "can", "unablecable", "c", letters(generator, 7, "ablcu"))
    return {f"word {word!r}": list(implementation(word, PIECES)) for word in words}


@wordpiece.probe
def unknown_letter(implementation: Any, generator: Generator) -> Any:
    """Words with a letter that the vocabulary does not have: at the end, within, and alone."""
    words = ("unabx", "axle", "x", letters(generator, 3, "ab") + "x" + letters(generator, 2, "ab"))
    return {f"word {word!r}": list(implementation(word, PIECES)) for word in words}


def _longest(
    word: str,
    known: Callable[[int, int], bool],
    spelled: Callable[[int, int], str],
    shortest: bool = False,
    go_on: bool = False,
) -> list[str]:
    pieces, start = [], 0
    while start < len(word):
        ends = list(range(len(word), start, -1))
        end = next((e for e in (ends[::-1] if shortest else ends) if known(start, e)), None)
        if end is None and not go_on:
            return ["[UNK]"]
        pieces.append("[UNK]" if end is None else spelled(start, end))
        start = start + 1 if end is None else end
    return pieces


def _hashed(word: str) -> Callable[[int, int], str]:
    return lambda start, end: ("##" if start else "") + word[start:end]


@wordpiece.misconception(
    "Your code looks up pieces within a word without '##'. In this vocabulary 'able' begins a word, and "
    "'##able' goes on with one: they are two tokens. Reread 'The longest piece first'."
)
def without_hashes(word: str, vocabulary: frozenset[str]) -> list[str]:
    return _longest(word, lambda s, e: word[s:e] in vocabulary, lambda s, e: word[s:e])


@wordpiece.misconception(
    "Your code writes '##' before every piece, the first included. Only a piece that goes on with a word has "
    "it. Reread 'The longest piece first'."
)
def hashes_everywhere(word: str, vocabulary: frozenset[str]) -> list[str]:
    def spelled(start: int, end: int) -> str:
        return "##" + word[start:end]

    return _longest(word, lambda s, e: spelled(s, e) in vocabulary, spelled)


@wordpiece.misconception(
    "Your code looks up the right pieces and returns them without '##', so nobody can tell any more where a "
    "word begins. Reread 'The longest piece first'."
)
def hashes_lost(word: str, vocabulary: frozenset[str]) -> list[str]:
    pieces = tokenization.longest_match(word, vocabulary)
    return [piece.removeprefix("##") for piece in pieces]


@wordpiece.misconception(
    "Your code takes the shortest piece that fits, and so spells words letter by letter. Reread 'The longest "
    "piece first'."
)
def shortest_first(word: str, vocabulary: frozenset[str]) -> list[str]:
    spelled = _hashed(word)
    return _longest(word, lambda s, e: spelled(s, e) in vocabulary, spelled, shortest=True)


@wordpiece.misconception(
    "Your code puts [UNK] where nothing fits and goes on with the rest. In WordPiece a word that cannot be "
    "spelled to its end is unknown as a whole. Reread 'The longest piece first'."
)
def unknown_in_part(word: str, vocabulary: frozenset[str]) -> list[str]:
    spelled = _hashed(word)
    return _longest(word, lambda s, e: spelled(s, e) in vocabulary, spelled, go_on=True)


@wordpiece.misconception(
    "Your code stops where nothing fits and returns the pieces that it has, so a part of the word vanishes. "
    "A word that cannot be spelled to its end is unknown as a whole. Reread 'The longest piece first'."
)
def rest_vanishes(word: str, vocabulary: frozenset[str]) -> list[str]:
    pieces = unknown_in_part(word, vocabulary)
    return pieces[: pieces.index("[UNK]")] if "[UNK]" in pieces else pieces


# ----------------------------------------------------------------------------------------------
unigram = LAB.exercise(
    "viterbi",
    points=3,
    reference=tokenization.viterbi,
    hints=(
        "Look at the table of the worked example: what is written down for each place in the word?",
        "For each end, try every start before it: the best score up to the start, plus the score of the "
        "piece between them. Keep the best sum, and the start that gave it.",
        "Fill two lists from left to right: the best score up to each place, and the start of the last "
        "piece. Then walk back from the end, from start to start, and turn the pieces around.",
    ),
)


def _probabilities(generator: Generator, pieces: Sequence[str]) -> dict[str, float]:
    """Draw log-probabilities for pieces: any cut of a word can turn out best."""
    values = torch.rand(len(pieces), generator=generator, dtype=torch.float64)
    return {piece: -2 - 8 * float(value) for piece, value in zip(pieces, values, strict=True)}


@unigram.probe
def every_cut(implementation: Any, generator: Generator) -> Any:
    """Short words, whose best cut is neither the longest piece first nor the fewest pieces."""
    fixed = {"a": -2.0, "b": -2.5, "c": -3.0, "ab": -4.0, "bc": -2.2, "abc": -8.0, "cc": -9.5}
    # None overlaps itself, as "dd" in "ddd" does: the same pieces in two orders would be two best cuts.
    pieces = ("d", "e", "f", "de", "ef", "def", "ed", "fe", "fed")
    drawn = _probabilities(generator, pieces)
    word = letters(generator, 7, "def")
    results = {f"word {known!r}": implementation(known, fixed) for known in ("abc", "abcc", "ccab")}
    return {**results, f"word {word!r}": implementation(word, drawn)}


@unigram.probe
def one_letter(implementation: Any, generator: Generator) -> Any:
    """A word of one letter, and an empty word."""
    scores = {"a": -1.0}
    return [list(implementation("a", scores)), list(implementation("", scores))]


@unigram.probe
def long_word(implementation: Any, generator: Generator) -> Any:
    """Two hundred letters: the probability of the whole is too small for a floating-point number."""
    scores = {"a": -9.0, "b": -8.0, "ab": -16.0, "ba": -18.5, "aba": -24.5}
    return list(implementation("ab" * 100, scores))


def _path(
    word: str, weight: Callable[[str], float], better: Callable[[float, float], bool]
) -> list[str]:
    """Find the path with the best sum of weights, by another measure; pieces without weight are no pieces."""
    best: list[float | None] = [0.0] + [None] * len(word)
    starts = [0] * (len(word) + 1)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 4), end):
            before, value = best[start], weight(word[start:end])
            if before is None or math.isnan(value):
                continue
            current = best[end]
            if current is None or better(before + value, current):
                best[end], starts[end] = before + value, start
    pieces, end = [], len(word)
    while end:
        pieces.append(word[starts[end] : end])
        end = starts[end]
    return pieces[::-1]


@unigram.misconception(
    "Your code takes the longest piece that fits, from left to right. A piece that looks good here can force "
    "bad ones later; Viterbi compares whole paths. Reread 'The best path'."
)
def greedy_longest(word: str, log_probs: Mapping[str, float]) -> list[str]:
    return _longest(word, lambda s, e: word[s:e] in log_probs, lambda s, e: word[s:e])


@unigram.misconception(
    "At each place your code takes the most probable piece. What counts is the sum over the whole word, and "
    "a good first piece can lead to a bad rest. Reread 'The best path'."
)
def greedy_probable(word: str, log_probs: Mapping[str, float]) -> list[str]:
    pieces, start = [], 0
    while start < len(word):
        known = [word[start:e] for e in range(start + 1, start + 5) if e <= len(word)]
        known = [piece for piece in known if piece in log_probs]
        pieces.append(max(known, key=lambda piece: log_probs[piece]))
        start += len(pieces[-1])
    return pieces


@unigram.misconception(
    "Your code finds the cut with the fewest pieces and does not ask how probable they are. Reread 'The best "
    "path'."
)
def fewest(word: str, log_probs: Mapping[str, float]) -> list[str]:
    def weight(piece: str) -> float:
        return 1.0 if piece in log_probs else math.nan

    return _path(word, weight, lambda new, old: new < old)


@unigram.misconception(
    "Your code finds the least probable cut. Logarithms of probabilities are negative, and the best sum is "
    "the one nearest to 0. Reread 'Products become sums'."
)
def least_probable(word: str, log_probs: Mapping[str, float]) -> list[str]:
    return _path(word, lambda p: log_probs.get(p, math.nan), lambda new, old: new < old)


@unigram.misconception(
    "Your code multiplies probabilities. For a long word the product becomes 0, and then all cuts look "
    "alike. Logarithms are added, and stay in range. Reread 'Products become sums'."
)
def multiplied(word: str, log_probs: Mapping[str, float]) -> list[str]:
    best, starts = [1.0] + [0.0] * len(word), [0] * (len(word) + 1)
    for end in range(1, len(word) + 1):
        for start in range(end):
            piece = word[start:end]
            if piece in log_probs:
                probability = best[start] * math.exp(log_probs[piece])
                if probability > best[end]:
                    best[end], starts[end] = probability, start
    pieces, end = [], len(word)
    while end:
        pieces.append(word[starts[end] : end])
        end = starts[end]
    return pieces[::-1]


@unigram.misconception(
    "Your pieces come out in reverse order: the walk goes from the end of the word to its beginning. Reread "
    "'The best path'."
)
def not_turned(word: str, log_probs: Mapping[str, float]) -> list[str]:
    return tokenization.viterbi(word, log_probs)[::-1]
