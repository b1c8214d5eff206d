"""Correct answers to lab 03, written differently: each must get full points."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise

Pair = tuple[int, int]


def utf8_by_pattern(data: bytes) -> list[bytes]:
    """Let a regular expression over bytes find one byte and the continuation bytes behind it."""
    return re.findall(rb"(?s).[\x80-\xbf]*", data)


def utf8_by_starts(data: bytes) -> list[bytes]:
    """Write down where pieces begin, then slice."""
    starts = [i for i, byte in enumerate(data) if i == 0 or byte >> 6 != 0b10]
    return [data[i:j] for i, j in zip(starts, [*starts[1:], None], strict=False)]


def utf8_from_the_end(data: bytes) -> list[bytes]:
    """Collect from the end, and turn the pieces around."""
    pieces, end = [], len(data)
    for i in range(len(data) - 1, -1, -1):
        if not 128 <= data[i] < 192 or i == 0:
            pieces.append(data[i:end])
            end = i
    return pieces[::-1]


def counts_plain(words: Mapping[tuple[int, ...], int]) -> dict[Pair, int]:
    """Use a plain dictionary and indices."""
    counts: dict[Pair, int] = {}
    for word in words:
        for i in range(len(word) - 1):
            pair = (word[i], word[i + 1])
            counts[pair] = counts.get(pair, 0) + words[word]
    return counts


def counts_default(words: Mapping[tuple[int, ...], int]) -> defaultdict[Pair, int]:
    """Use a dictionary with a default."""
    counts: defaultdict[Pair, int] = defaultdict(int)
    for word, frequency in words.items():
        for pair in pairwise(word):
            counts[pair] += frequency
    return counts


def counts_repeated(words: Mapping[tuple[int, ...], int]) -> Counter[Pair]:
    """Let a counter count each pair as often as its word comes."""
    return Counter(pair for word, n in words.items() for pair in list(pairwise(word)) * n)


def merge_by_stack(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Push ids on a stack, and join the top when it is the pair."""
    stack: list[int] = []
    joined = False
    for token in ids:
        if stack and not joined and (stack[-1], token) == pair:
            stack[-1], joined = new_id, True
        else:
            stack.append(token)
            joined = False
    return stack


def merge_in_place(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Change a copy in place."""
    merged = list(ids)
    i = 0
    while i < len(merged) - 1:
        if merged[i] == pair[0] and merged[i + 1] == pair[1]:
            merged[i : i + 2] = [new_id]
        i += 1
    return merged


def merge_by_iterator(ids: Sequence[int], pair: Pair, new_id: int) -> tuple[int, ...]:
    """Hold one id back, and give a tuple."""
    merged, held = [], None
    for token in ids:
        if held is not None and (held, token) == pair:
            merged.append(new_id)
            held = None
        else:
            if held is not None:
                merged.append(held)
            held = token
    return (*merged,) if held is None else (*merged, held)


def train_with_max(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    """Choose with max and negated ids."""
    rows = [(list(word), count) for word, count in words.items()]
    merges: dict[Pair, int] = {}
    for new_id in range(256, 256 + num_merges):
        counts: Counter[Pair] = Counter()
        for row, count in rows:
            for pair in pairwise(row):
                counts[pair] += count
        if not counts:
            return merges
        best = max(counts, key=lambda pair: (counts[pair], -pair[0], -pair[1]))
        merges[best] = new_id
        rows = [(merge_in_place(row, best, new_id), count) for row, count in rows]
    return merges


def train_with_sorting(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    """Sort the pairs, first by themselves and then by count, which keeps the order of equals."""
    current = {tuple(word): count for word, count in words.items()}
    merges: dict[Pair, int] = {}
    while len(merges) < num_merges and (counts := counts_plain(current)):
        ordered = sorted(sorted(counts), key=counts.__getitem__, reverse=True)
        merges[ordered[0]] = len(merges) + 256
        current = {
            tuple(merge_by_stack(ids, ordered[0], merges[ordered[0]])): count
            for ids, count in current.items()
        }
    return merges


def encode_by_replay(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    """Replay all merges once, in the order in which they were learned."""
    ids = list(word)
    for pair in sorted(merges, key=lambda pair: merges[pair]):
        ids = merge_by_stack(ids, pair, merges[pair])
    return ids


def encode_by_place(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    """Merge one place at a time: the oldest pair, and of equals the leftmost."""
    ids = list(word)
    while len(ids) > 1:
        ranked = [(merges.get(pair, float("inf")), i) for i, pair in enumerate(pairwise(ids))]
        new_id, i = min(ranked)
        if new_id == float("inf"):
            break
        ids[i : i + 2] = [int(new_id)]
    return ids


def encode_by_heap(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    """Keep the candidates in a heap; what has changed since is passed over."""
    ids: list[int | None] = list(word)
    heap: list[tuple[int, int, int, int]] = []

    def neighbor(i: int, step: int) -> int | None:
        i += step
        while 0 <= i < len(ids) and ids[i] is None:
            i += step
        return i if 0 <= i < len(ids) else None

    def offer(i: int | None, j: int | None) -> None:
        if i is not None and j is not None and (ids[i], ids[j]) in merges:
            heappush(heap, (merges[ids[i], ids[j]], i, ids[i], ids[j]))

    for i in range(len(ids) - 1):
        offer(i, i + 1)
    while heap:
        new_id, i, left, right = heappop(heap)
        j = neighbor(i, 1)
        if ids[i] == left and j is not None and ids[j] == right:
            ids[i], ids[j] = new_id, None
            offer(neighbor(i, -1), i)
            offer(i, neighbor(i, 1))
    return [token for token in ids if token is not None]


def decode_bytearray(ids: Iterable[int], spelled: Mapping[int, bytes]) -> str:
    """Gather bytes one by one."""
    data = bytearray()
    for token in ids:
        data += spelled[token]
    return str(data, "utf-8", "replace")


def decode_by_latin(ids: Iterable[int], spelled: Mapping[int, bytes]) -> str:
    """Make a text of one character a byte on the way."""
    characters = [chr(byte) for token in ids for byte in spelled[token]]
    return "".join(characters).encode("latin-1").decode(errors="replace")


def scores_by_lists(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    """Write every piece and pair out as often as it comes."""
    pieces = [piece for word, n in words.items() for _ in range(n) for piece in word]
    pairs = [pair for word, n in words.items() for _ in range(n) for pair in pairwise(word)]
    return {
        pair: pairs.count(pair) / pieces.count(pair[0]) / pieces.count(pair[1])
        for pair in set(pairs)
    }


def scores_by_shares(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    """Divide first, and multiply after."""
    single: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for word, n in words.items():
        single.update({piece: n * word.count(piece) for piece in set(word)})
        for i in range(1, len(word)):
            both[word[i - 1], word[i]] += n
    return {(a, b): (both[a, b] / single[a]) * (1 / single[b]) for a, b in both}


def match_recursive(word: str, vocabulary: Collection[str]) -> list[str]:
    """Find the first piece, then the rest."""

    def rest(start: int) -> list[str] | None:
        if start == len(word):
            return []
        for end in range(len(word), start, -1):
            piece = word[start:end] if start == 0 else f"##{word[start:end]}"
            if piece in vocabulary:
                following = rest(end)
                return None if following is None else [piece, *following]
        return None

    found = rest(0)
    return ["[UNK]"] if found is None else found


def match_by_shrinking(word: str, vocabulary: Collection[str]) -> list[str]:
    """Shorten what is left from its end until it is known."""
    pieces: list[str] = []
    left = word
    while left:
        piece = left
        while piece not in vocabulary:
            piece = piece[:-1]
            if piece in ("", "##"):
                return ["[UNK]"]
        pieces.append(piece)
        left = left[len(piece) :]
        left = left and "##" + left
    return pieces


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


def viterbi_forward(word: str, log_probs: Mapping[str, float]) -> list[str]:
    """From each place, go on with every piece, and keep whole cuts."""
    best: dict[int, tuple[float, list[str]]] = {0: (0.0, [])}
    for start in range(len(word)):
        if start not in best:
            continue
        score, pieces = best[start]
        for piece, log_prob in log_probs.items():
            end = start + len(piece)
            if word.startswith(piece, start) and (
                end not in best or score + log_prob > best[end][0]
            ):
                best[end] = (score + log_prob, [*pieces, piece])
    return best[len(word)][1]


def viterbi_costs(word: str, log_probs: Mapping[str, float]) -> list[str]:
    """Take negative logarithms for costs, and find the cheapest cut."""
    cost, back = [0.0] + [float("inf")] * len(word), [0] * (len(word) + 1)
    for end in range(1, len(word) + 1):
        for start in range(end):
            price = -log_probs.get(word[start:end], float("-inf"))
            if cost[start] + price < cost[end]:
                cost[end], back[end] = cost[start] + price, start
    pieces, end = [], len(word)
    while end > 0:
        pieces.insert(0, word[back[end] : end])
        end = back[end]
    return pieces


VARIANTS: dict[str, list[object]] = {
    "tokenization.split_utf8": [utf8_by_pattern, utf8_by_starts, utf8_from_the_end],
    "tokenization.pair_counts": [counts_plain, counts_default, counts_repeated],
    "tokenization.merge_pair": [merge_by_stack, merge_in_place, merge_by_iterator],
    "tokenization.train_bpe": [train_with_max, train_with_sorting],
    "tokenization.encode_word": [encode_by_replay, encode_by_place, encode_by_heap],
    "tokenization.decode_ids": [decode_bytearray, decode_by_latin],
    "tokenization.merge_scores": [scores_by_lists, scores_by_shares],
    "tokenization.longest_match": [match_recursive, match_by_shrinking],
    "tokenization.viterbi": [viterbi_recursive, viterbi_forward, viterbi_costs],
}
