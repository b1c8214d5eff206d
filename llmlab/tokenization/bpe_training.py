"""BPE training at speed: the merges of `train_bpe`, without counting everything again each time.

A merge changes only the words that hold its pair, so the counts of the pairs in these words are
corrected and all others stay (Sennrich et al., 2016, do so too). A heap gives the best pair, and
reading the corpus is shared among processes.
"""

from __future__ import annotations

import heapq
import multiprocessing
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import pairwise

from llmlab.tokenization.bpe import Pair, merge_pair, pair_counts
from llmlab.tokenization.pretokenization import SAFE_CUTS, split_by_pattern
from llmlab.tokenization.special import SpecialTokens
from llmlab.tokenization.streaming import safe_segments

# Characters that a process reads at a time: enough that sending them costs little.
BATCH = 1 << 20


def learn_merges(
    words: Mapping[tuple[int, ...], int],
    num_merges: int,
    first_new_id: int = 256,
    min_frequency: int = 1,
) -> list[Pair]:
    """Learn merges, each the most frequent pair of its time; ties go to the smaller ids.

    Args:
        words: Each word as its ids, and how often the word occurs.
        num_merges: How many merges to learn; fewer are learned when no pair is left.
        first_new_id: The id that the first merge makes; the next ones count on from it.
        min_frequency: A pair that occurs less often is not merged.

    Returns:
        The pairs, in the order in which they were learned.
    """
    counts = pair_counts(words)
    current = [list(ids) for ids in words]
    frequencies = list(words.values())
    holders: defaultdict[Pair, set[int]] = defaultdict(set)
    for index, ids in enumerate(current):
        for pair in pairwise(ids):
            holders[pair].add(index)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)

    merges: list[Pair] = []
    while heap and len(merges) < num_merges:
        negative_count, pair = heapq.heappop(heap)
        if counts[pair] != -negative_count:
            # The count has fallen since this entry was made. It never rises again, for a pair comes
            # up with the merge that makes the later of its two ids, all at once.
            if counts[pair]:
                heapq.heappush(heap, (-counts[pair], pair))
            continue
        if counts[pair] < min_frequency:
            break
        new_id = first_new_id + len(merges)
        merges.append(pair)
        created: set[Pair] = set()
        for index in holders.pop(pair):
            frequency = frequencies[index]
            for old in pairwise(current[index]):
                counts[old] -= frequency
            current[index] = merge_pair(current[index], pair, new_id)
            for new in pairwise(current[index]):
                counts[new] += frequency
                if new_id in new:
                    holders[new].add(index)
                    created.add(new)
        del counts[pair]
        for new in created:
            heapq.heappush(heap, (-counts[new], new))
    return merges


def count_corpus(
    corpus: Iterable[str], pattern: str, special: SpecialTokens, workers: int = 1
) -> Counter[bytes]:
    """Count the words of a corpus; special tokens in it are left out, and nothing crosses them.

    Args:
        corpus: Texts. Long ones are cut where their words stay whole.
        pattern: What cuts a text into words.
        special: The special tokens.
        workers: How many processes read; with 1, this one.
    """
    total: Counter[str] = Counter()
    batches = _batches(_segments(corpus, pattern, special))
    if workers == 1:
        for batch in batches:
            _count_batch(batch, pattern, total)
    else:
        # 'spawn', since forking a process that has threads (Jupyter's, PyTorch's) can hang it.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            waiting: deque[Future[Counter[str]]] = deque()
            for batch in batches:
                waiting.append(pool.submit(_count_batch, batch, pattern))
                # So that a corpus larger than memory is not read ahead of those who count it.
                if len(waiting) > 2 * workers:
                    total.update(waiting.popleft().result())
            for future in waiting:
                total.update(future.result())
    return Counter({word.encode(): count for word, count in total.items()})


def _segments(corpus: Iterable[str], pattern: str, special: SpecialTokens) -> Iterator[str]:
    """Cut texts into segments without special tokens, none much longer than a batch."""
    for text in corpus:
        chunks = (text[start : start + BATCH] for start in range(0, len(text), BATCH))
        for segment in safe_segments(chunks, SAFE_CUTS.get(pattern), special):
            yield from special.split(segment)[::2]


def _batches(segments: Iterable[str]) -> Iterator[list[str]]:
    """Group segments, so that many short ones travel together."""
    batch: list[str] = []
    size = 0
    for segment in segments:
        batch.append(segment)
        size += len(segment)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _count_batch(
    batch: list[str], pattern: str, counts: Counter[str] | None = None
) -> Counter[str]:
    counts = Counter() if counts is None else counts
    for segment in batch:
        counts.update(split_by_pattern(segment, pattern))
    return counts
