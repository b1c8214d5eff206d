"""`foundations.warmer`: a question asked before the cell that answers it."""

from __future__ import annotations

from autograder.exercises.foundations import LAB

exercise = LAB.exercise(
    "warmer",
    reference="c",
    choices=("a", "b", "c", "d"),
    hints=(
        "Equal steps in score are equal factors in probability.",
        "What is the difference of the two scores after both are divided by T?",
        "At T = 1 the factor is e to the difference of the scores. Halve the difference.",
    ),
    matters="Services of language models let their users set this number, often between 0 and 2, 1 being the "
    "model as it was trained. Read llmlab/model/generation.py.",
)

exercise.wrong_value(
    "unchanged",
    "a",
    "Adding a number to all scores changes nothing; dividing them changes how far apart they are. Reread "
    "'From scores to shares'.",
)

exercise.wrong_value(
    "half_the_factor",
    "b",
    "What is halved is the difference of the scores. It stands in the exponent, so the factor is not halved. "
    "Reread 'From scores to shares'.",
)

exercise.wrong_value(
    "inverted",
    "d",
    "Dividing by T does not turn the order around: the larger score stays the more probable. Reread 'From "
    "scores to shares'.",
)
