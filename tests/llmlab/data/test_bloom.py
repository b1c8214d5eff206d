import random

import pytest

from llmlab.data.bloom import BloomFilter
from llmlab.errors import ConfigurationError


def drawn(seed: int, count: int) -> list[int]:
    generator = random.Random(seed)
    return [generator.getrandbits(64) for _ in range(count)]


def test_what_was_put_in_is_always_seen_again() -> None:
    numbers = drawn(1, 5_000)
    seen = BloomFilter(5_000)
    for number in numbers:
        seen.add(number)
    assert all(seen.add(number) for number in numbers)


def test_what_is_new_is_hardly_ever_taken_for_seen() -> None:
    numbers = drawn(2, 30_000)
    seen = BloomFilter(10_000, error=0.01)
    for number in numbers[:10_000]:
        seen.add(number)
    # Asking adds, so each number is asked of a filter with the same content, a copy.
    content = seen._bytes.copy()
    wrong = 0
    for number in numbers[10_000:]:
        wrong += seen.add(number)
        seen._bytes[:] = content
    assert 0 < wrong / 20_000 < 0.015


def test_its_size_is_fixed() -> None:
    seen = BloomFilter(1_000)
    before = seen.nbytes
    for number in range(10_000):
        seen.add(number)
    assert seen.nbytes == before < 4_000


@pytest.mark.parametrize(("capacity", "error"), [(0, 0.1), (10, 0.0), (10, 1.0)])
def test_a_filter_that_cannot_be_is_refused(capacity: int, error: float) -> None:
    with pytest.raises(ConfigurationError, match="give a capacity of at least 1"):
        BloomFilter(capacity, error)
