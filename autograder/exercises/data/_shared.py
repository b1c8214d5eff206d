"""What several exercises of lab 04 draw their inputs from, and how they measure what an answer costs."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Generator

WORDS = ("owl", "tree", "river", "window", "garden", "mountain", "lantern", "winter", "bridge")
# How many documents an answer gets when its cost is measured, and the time of a call that is long enough to measure.
SIZES = (32, 256, 2048)
LONG_SECONDS = 0.02
# Eight times the documents take eight times the time of one look for each, and 64 times that of all pairs.
LARGEST_GROWTH, TRIES = 22, 3
AS_EXPECTED, FAR_MORE = "about eight times as long", "far more than eight times as long"
# The time of this thread alone is the same on a busy machine; on Windows it is too coarse.
_now = time.thread_time if os.name == "posix" else time.perf_counter


def drawn(generator: Generator, count: int, words: Sequence[str] = WORDS) -> list[str]:
    """Draw words."""
    places = torch.randint(0, len(words), (count,), generator=generator)
    return [words[int(place)] for place in places]


def different(generator: Generator, count: int, words: Sequence[str] = WORDS) -> list[str]:
    """Draw words of which no two are the same: they are numbered."""
    return [f"{word}{number}" for number, word in enumerate(drawn(generator, count, words))]


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """Keep the garbage collector from running: it looks at all that there is, and comes more often to long calls."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def growth(prepare: Callable[[int], Callable[[], Any]]) -> str:
    """Say how the time of a call grows when it is given eight times as many documents.

    Only a growth that shows again and again counts, so that a busy machine makes no difference. Of a wrong answer the
    cost says nothing: a probe measures it only where a small case comes out right, and gives `AS_EXPECTED` otherwise.

    Args:
        prepare: Makes the input of so many documents, and gives what calls the answer with it.
    """

    def seconds(size: int, repeats: int) -> float:
        call, times = prepare(size), []
        for _ in range(repeats):
            with _no_collector():
                start = _now()
                call()
                times.append(_now() - start)
        return min(times)

    small, large = SIZES[:2] if seconds(SIZES[1], 1) > LONG_SECONDS else SIZES[1:]
    for _ in range(TRIES):
        if seconds(large, 1) < LARGEST_GROWTH * seconds(small, 3):
            return AS_EXPECTED
    return FAR_MORE
