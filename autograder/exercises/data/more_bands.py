"""`data.more_bands`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.data import LAB

exercise = LAB.exercise(
    "more_bands",
    reference="a",
    choices=("a", "b", "c", "d"),
    hints=(
        "What has to happen for two documents to meet in one band? Is that more or less likely when the "
        "band is shorter?",
        "And how many chances do they have?",
        "Put s = 0.5 into the formula, once with 8 rows and 14 bands, once with 4 rows and 28 bands.",
    ),
    matters="FineWeb (2024) chose 14 bands of 8 rows, so that a pair that resembles by 0.8 meets in 92 "
    "cases of 100, and one that resembles by 0.5 in 5. Read llmlab/data/duplicates.py.",
)

exercise.wrong_value(
    "harder",
    "b",
    "It becomes easier to meet, not harder: in a band of four rows only four numbers have to agree, and "
    "there are twice as many bands. Reread 'Who has to be compared'.",
)

exercise.wrong_value(
    "same_numbers",
    "c",
    "The numbers are the same, but how many of them have to agree *at once* has changed, and how often "
    "two documents may try. Reread 'Who has to be compared'.",
)

exercise.wrong_value(
    "linear",
    "d",
    "The probability that all rows of a band agree is the resemblance to the power of their number. "
    "Halving the number does not double it. Reread 'Who has to be compared'.",
)
