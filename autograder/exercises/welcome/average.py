"""`welcome.average`: its probes, and what people get wrong about it."""

from __future__ import annotations

import statistics
from typing import Any

from torch import Generator

from autograder.exercises.welcome import LAB

exercise = LAB.exercise(
    "average",
    reference=statistics.fmean,
    hints=(
        "Python has a function that adds up a list, and one that counts it.",
        "The average is the sum, shared out evenly among the numbers.",
        "Divide the sum of the list by its length, with the division that keeps fractions.",
    ),
)


@exercise.probe
def three_numbers(implementation: Any, generator: Generator) -> Any:
    """The list [1, 2, 6]."""
    return implementation([1, 2, 6])


@exercise.probe
def uneven_numbers(implementation: Any, generator: Generator) -> Any:
    """The list [2.5, -1, 3, 8.25], which is not in order and has fractions."""
    return implementation([2.5, -1, 3, 8.25])


@exercise.misconception(
    "Your code adds the numbers up and does not share the sum out: an average lies between the "
    "smallest and the largest number. Reread 'A first exercise'."
)
def only_the_sum(numbers: list[float]) -> float:
    return sum(numbers)


@exercise.misconception(
    "Your code divides with //, which cuts the fraction off. A single slash keeps it. "
    "Reread 'A first exercise'."
)
def whole_division(numbers: list[float]) -> float:
    return sum(numbers) // len(numbers)


@exercise.misconception(
    "Your code divides by one less than the count. That belongs to the sample variance; an average "
    "shares the sum among all the numbers. Reread 'A first exercise'."
)
def one_less(numbers: list[float]) -> float:
    return sum(numbers) / (len(numbers) - 1)


@exercise.misconception(
    "Your code returns the median, the number in the middle. The average moves with every number, "
    "the median does not. Reread 'A first exercise'."
)
def median(numbers: list[float]) -> float:
    return statistics.median(numbers)
