"""Small tasks and good answers to them, drawn from a grammar: `instructions`.

The tasks are those whose answers can be worked out here, so that every answer is right, and a few
questions about the world from a table. An answer is a whole sentence or exactly what was asked for.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_WORDS = (
    *("apple", "river", "garden", "window", "mountain", "candle", "bridge", "forest"),
    *("summer", "letter", "market", "island", "winter", "pencil", "blanket", "rocket"),
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_CAPITALS = {
    "France": "Paris",
    "Japan": "Tokyo",
    "Kenya": "Nairobi",
    "Peru": "Lima",
    "Norway": "Oslo",
    "Egypt": "Cairo",
    "Canada": "Ottawa",
    "Greece": "Athens",
}
_OPPOSITES = {
    "hot": "cold",
    "early": "late",
    "heavy": "light",
    "full": "empty",
    "quiet": "loud",
    "open": "closed",
    "old": "young",
    "near": "far",
}
_EXPLANATIONS = {
    "why it gets dark at night": "The Earth turns, and at night our side faces away from the sun.",
    "what a noun is": "A noun is a word that names something: a person, a place, a thing or an idea.",
    "why ice floats": "Water expands when it freezes, so ice is lighter than the water it displaces.",
    "what a library is for": "A library keeps books and lends them, so that everybody can read them.",
    "how a bicycle stays up": "When it leans, its front wheel steers to that side and catches it.",
    "why we sleep": "Sleep lets the body recover, and helps the brain to keep what it has learned.",
}

Task = dict[str, str]


def tasks(seed: int) -> Iterator[Task]:
    """Draw tasks without end; the same seed draws the same ones.

    Yields:
        `instruction` and `response`.
    """
    generator = random.Random(seed)  # noqa: S311 - no secret
    while True:
        instruction, response = generator.choice(_KINDS)(generator)
        yield {"instruction": instruction, "response": response}


def _shout(generator: random.Random) -> tuple[str, str]:
    words = " ".join(generator.sample(_WORDS, 3))
    return f"Write these words in capital letters: {words}", words.upper()


def _turn_around(generator: random.Random) -> tuple[str, str]:
    words = generator.sample(_WORDS, generator.randint(3, 5))
    return f"Reverse the order of these words: {' '.join(words)}", " ".join(words[::-1])


def _sort(generator: random.Random) -> tuple[str, str]:
    words = generator.sample(_WORDS, generator.randint(3, 5))
    return f"Put these words into alphabetical order: {', '.join(words)}", ", ".join(sorted(words))


def _count_letters(generator: random.Random) -> tuple[str, str]:
    word = generator.choice(_WORDS)
    return f'How many letters does "{word}" have?', f'"{word}" has {len(word)} letters.'


def _first_letter(generator: random.Random) -> tuple[str, str]:
    word = generator.choice(_WORDS)
    return f'Which letter does "{word}" begin with?', f'It begins with the letter "{word[0]}".'


def _largest(generator: random.Random) -> tuple[str, str]:
    numbers = generator.sample(range(1, 100), 4)
    listed = ", ".join(map(str, numbers))
    return f"Which of these numbers is the largest: {listed}?", f"The largest is {max(numbers)}."


def _add(generator: random.Random) -> tuple[str, str]:
    first, second = generator.randint(1, 50), generator.randint(1, 50)
    return f"What is {first} plus {second}?", f"{first} plus {second} is {first + second}."


def _count_up(generator: random.Random) -> tuple[str, str]:
    last = generator.randint(3, len(_NUMBERS))
    return f"Count from one to {_NUMBERS[last - 1]}.", ", ".join(_NUMBERS[:last]) + "."


def _capital(generator: random.Random) -> tuple[str, str]:
    country, capital = generator.choice(sorted(_CAPITALS.items()))
    return f"What is the capital of {country}?", f"The capital of {country} is {capital}."


def _opposite(generator: random.Random) -> tuple[str, str]:
    word, opposite = generator.choice(sorted(_OPPOSITES.items()))
    return f'What is the opposite of "{word}"?', f'The opposite of "{word}" is "{opposite}".'


def _explain(generator: random.Random) -> tuple[str, str]:
    subject, explanation = generator.choice(sorted(_EXPLANATIONS.items()))
    return f"Explain in one sentence {subject}.", explanation


_KINDS: tuple[Callable[[random.Random], tuple[str, str]], ...] = (
    _shout,
    _turn_around,
    _sort,
    _count_letters,
    _first_letter,
    _largest,
    _add,
    _count_up,
    _capital,
    _opposite,
    _explain,
)
