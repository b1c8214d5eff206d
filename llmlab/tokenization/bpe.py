"""Byte pair encoding: start from bytes and merge, again and again, the most frequent pair.

A compression scheme (Gage, 1994) that Sennrich et al. (2016) brought to translation and Radford et
al. (2019) to bytes, so that no text is ever unknown. These functions are the whole algorithm, on
small data and in the plainest form. `ByteLevelBPE` does the same at speed.

Ids 0 to 255 are the bytes, and the first merge makes id 256, the next 257, and so on. `merges` maps
each pair to the id that it makes; the lower that id, the earlier the merge was learned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Pair = tuple[int, int]


def byte_characters() -> dict[int, str]:
    """Give each byte the visible character by which GPT-2's files write it.

    A byte that is a visible character of Latin-1 stands for itself. The other 68 (control
    characters, the space, the soft hyphen) take the characters from U+0100 on, in turn, so the
    space is `Ġ`. The order is GPT-2's: the visible bytes first, then the rest.
    """
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    visible += range(ord("®"), ord("ÿ") + 1)
    table = {byte: chr(byte) for byte in visible}
    for byte in range(256):
        if byte not in table:
            table[byte] = chr(256 + len(table) - len(visible))
    return table


def pair_counts(words: Mapping[tuple[int, ...], int]) -> Counter[Pair]:
    """Count the neighbors: how often does each pair of ids stand side by side?

    Args:
        words: Each word as its ids, and how often the word occurs.
    """
    counts: Counter[Pair] = Counter()
    for ids, count in words.items():
        for pair in pairwise(ids):
            counts[pair] += count
    return counts


def most_frequent_pair(counts: Mapping[Pair, int]) -> Pair:
    """Choose the pair to merge; of equally frequent pairs, the one with the smaller ids.

    Some rule has to break ties, or the same text would give two tokenizers. This is the rule of
    Hugging Face's `tokenizers`.
    """
    return min(counts, key=lambda pair: (-counts[pair], pair))


def merge_pair(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Replace each occurrence of a pair by a new id, from left to right and without overlap.

    For example `merge_pair([1, 1, 1, 2], (1, 1), 256)` is `[256, 1, 2]`.
    """
    left, right = pair
    merged: list[int] = []
    place = 0
    while place < len(ids):
        if ids[place] == left and place + 1 < len(ids) and ids[place + 1] == right:
            merged.append(new_id)
            place += 2
        else:
            merged.append(ids[place])
            place += 1
    return merged


def train_bpe(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    """Learn merges from words and how often each occurs.

    Args:
        words: The words of the corpus, as `count_words` gives them.
        num_merges: How many merges to learn; fewer are learned when no pair is left.

    Returns:
        The id that each merged pair makes, in the order in which they were learned.
    """
    current = {tuple(word): count for word, count in words.items()}
    merges: dict[Pair, int] = {}
    while len(merges) < num_merges:
        counts = pair_counts(current)
        if not counts:
            break
        pair = most_frequent_pair(counts)
        new_id = 256 + len(merges)
        merges[pair] = new_id
        current = {tuple(merge_pair(ids, pair, new_id)): count for ids, count in current.items()}
    return merges


def encode_word(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    """Turn one word into ids: of all pairs in it, merge the one learned first, until none is left.

    The order matters. Merges were learned in turn, each on what those before it had made, and
    replaying them in that order cuts a word as training cut it.
    """
    ids = list(word)
    while True:
        mergeable = [pair for pair in pairwise(ids) if pair in merges]
        if not mergeable:
            return ids
        first_learned = min(mergeable, key=lambda pair: merges[pair])
        ids = merge_pair(ids, first_learned, merges[first_learned])


def token_bytes(merges: Mapping[Pair, int]) -> dict[int, bytes]:
    """Spell out each id: a byte is itself, a merge is its two parts joined."""
    spelled = {byte: bytes([byte]) for byte in range(256)}
    for (left, right), new_id in merges.items():
        spelled[new_id] = spelled[left] + spelled[right]
    return spelled


def decode_ids(ids: Iterable[int], spelled: Mapping[int, bytes]) -> str:
    """Turn ids into text: join their bytes, then read them as UTF-8.

    A token can end in the middle of a character, so the bytes are joined first. Bytes that are no
    UTF-8 become U+FFFD, the replacement character.
    """
    return b"".join(spelled[token] for token in ids).decode("utf-8", errors="replace")
