"""What several exercises of lab 03 draw their inputs and faults from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Generator

from autograder.exercise import Switches, whole

Pair = tuple[int, int]
Words = Mapping[tuple[int, ...], int]
Ways = Mapping[str, Callable[[], Any]]

# A word of a hundred letters has about 5,000 parts, and an answer may ask for each of them three times.
LOOK_UPS = 25_000
QUESTIONS = 5_000


def letters(generator: Generator, length: int, alphabet: str = "abc") -> str:
    """Draw a word of few different letters, so that pairs come back."""
    return "".join(alphabet[whole(generator, 0, len(alphabet) - 1)] for _ in range(length))


def ids_of(word: str) -> tuple[int, ...]:
    """Cut a word into its bytes, whose ids are the bytes themselves."""
    return tuple(word.encode())


def one_of(on: Switches, ways: Ways, otherwise: Any) -> Any:
    """Return what the fault that is on makes, or, if none is, what is right."""
    return next((made() for name, made in ways.items() if on(name)), otherwise)


def keys_written(result: Any) -> Any:
    """Write the keys of a dictionary as Python does, so that a pair and its text are two; leave anything else."""
    return (
        {repr(key): value for key, value in result.items()}
        if isinstance(result, Mapping)
        else result
    )


class LimitedDict(dict[Any, Any]):
    """A dictionary that can be looked into only so often: a loop without an end is found at once, and told by name."""

    asked, most = 0, LOOK_UPS

    def _count(self) -> None:
        self.asked += 1
        if self.asked > self.most:
            raise RuntimeError(f"it looks into the dictionary more than {self.most:,} times")

    def __getitem__(self, key: Any) -> Any:
        self._count()
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._count()
        return super().__contains__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """Look a key up, and count it."""
        self._count()
        return super().get(key, default)


class LimitedSet(set[str]):
    """A set that can be asked only so often, as `LimitedDict`."""

    asked = 0

    def __contains__(self, item: object) -> bool:
        self.asked += 1
        if self.asked > QUESTIONS:
            raise RuntimeError(f"it looks into the set more than {QUESTIONS:,} times")
        return super().__contains__(item)
