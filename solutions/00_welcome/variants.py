"""Correct answers to lab 00, written differently: each must get full points."""

import functools
import operator


def running(numbers: list[float]) -> float:
    """Keep a running average, as one does when the list does not fit into memory."""
    mean = 0.0
    for count, number in enumerate(numbers, start=1):
        mean += (number - mean) / count
    return mean


def folded(numbers: list[float]) -> float:
    """Fold the list with addition."""
    return functools.reduce(operator.add, numbers, 0.0) * (1 / len(numbers))


VARIANTS = {
    "welcome.average": [running, folded],
    "welcome.equal_share": [0.25, 2.0**-2],
    "welcome.model_output": ["b", "".join(["b"])],
}
