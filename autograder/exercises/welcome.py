"""Lab 00: three small exercises that show how checking works."""

from __future__ import annotations

import statistics
from typing import Any

from torch import Generator

from autograder.exercise import Lab

LAB = Lab(0, "welcome", "Welcome")

average = LAB.exercise(
    "average",
    points=1,
    reference=statistics.fmean,
    hints=(
        "Python has a function that adds up a list, and one that counts it.",
        "The average is the sum, shared out evenly among the numbers.",
        "Divide the sum of the list by its length, with the division that keeps fractions.",
    ),
)


@average.probe
def three_numbers(implementation: Any, generator: Generator) -> Any:
    """The list [1, 2, 6]."""
    return implementation([1, 2, 6])


@average.probe
def uneven_numbers(implementation: Any, generator: Generator) -> Any:
    """The list [2.5, -1, 3, 8.25], which is not in order and has fractions."""
    return implementation([2.5, -1, 3, 8.25])


@average.misconception(
    "Your code adds the numbers up and does not share the sum out: an average lies between the "
    "smallest and the largest number. Reread 'A first exercise'."
)
def only_the_sum(numbers: list[float]) -> float:
    return sum(numbers)


@average.misconception(
    "Your code divides with //, which cuts the fraction off. A single slash keeps it. "
    "Reread 'A first exercise'."
)
def whole_division(numbers: list[float]) -> float:
    return sum(numbers) // len(numbers)


@average.misconception(
    "Your code divides by one less than the count. That belongs to the sample variance; an average "
    "shares the sum among all the numbers. Reread 'A first exercise'."
)
def one_less(numbers: list[float]) -> float:
    return sum(numbers) / (len(numbers) - 1)


@average.misconception(
    "Your code returns the median, the number in the middle. The average moves with every number, "
    "the median does not. Reread 'A first exercise'."
)
def median(numbers: list[float]) -> float:
    return statistics.median(numbers)


equal_share = LAB.exercise(
    "equal_share",
    points=1,
    reference=0.25,
    hints=(
        "The shares of all words must add up to 1.",
        "Equal shares of 1 among four words.",
        "One divided by the number of words.",
    ),
)
equal_share.wrong_value(
    "whole_for_each",
    1.0,
    "You give each word the whole of the attention. Shares are divided: all four together make 1. "
    "Reread 'An answer that is a number'.",
)
equal_share.wrong_value(
    "the_count",
    4,
    "You give the number of words. The question asks for the share of one of them, which is less "
    "than 1. Reread 'An answer that is a number'.",
)
equal_share.wrong_value(
    "percent",
    25,
    "You give percent. A share here is a fraction between 0 and 1. Reread 'An "
    "answer that is a number'.",
)

model_output = LAB.exercise(
    "model_output",
    points=1,
    reference="b",
    choices=("a", "b", "c", "d"),
    hints=(
        "What does a model need to give, so that we can choose among words?",
        "One model, asked twice, can continue a text in two ways.",
        "It gives every possible next token a number: look for the choice that says so.",
    ),
)
model_output.wrong_value(
    "most_likely_word",
    "a",
    "A model does not pick the word; whoever uses it does, and can pick otherwise each time. The "
    "model gives what they pick from. Reread 'A question with choices'.",
)
model_output.wrong_value(
    "whole_text",
    "c",
    "A model writes one token at a time: the text grows as each new token is given back to it. "
    "Reread 'A question with choices'.",
)
model_output.wrong_value(
    "looks_up",
    "d",
    "A model does not look sentences up: its training text is not in it, only weights shaped by "
    "that text. Reread 'A question with choices'.",
)
