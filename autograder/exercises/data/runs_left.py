"""`data.runs_left`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.data import LAB

exercise = LAB.exercise(
    "runs_left",
    reference=2,
    hints=(
        "How many runs of 13 words does a question of 20 words have?",
        "Number the words from 1 to 20. Which runs hold word 15?",
        "A run that begins at word k ends at word k + 12. Count the runs that end before word 15, and "
        "those that begin after it.",
    ),
    matters="So a light rewriting hides a test from a search for runs; models trained on rephrased tests "
    "scored far too high (Yang et al., 2023). Read llmlab/data/decontamination.py.",
)

exercise.wrong_value(
    "all_runs",
    8,
    "You count all runs of the question. Those that hold the changed word are not shared. Reread 'Do not "
    "train on the test'.",
)

exercise.wrong_value(
    "one_spoiled",
    7,
    "You let the changed word spoil one run. Runs overlap, and it stands in several. Reread 'Do not train "
    "on the test'.",
)

exercise.wrong_value(
    "spoiled_ones",
    6,
    "You count the runs that the changed word spoils. The question asks for those that are left. Reread "
    "'Do not train on the test'.",
)

exercise.wrong_value(
    "one_too_few",
    1,
    "You are one too low. The 14 words before the changed one hold a run that begins at word 1; which "
    "other one ends before word 15? Reread 'Do not train on the test'.",
)

exercise.wrong_value(
    "none",
    0,
    "You find none. Which runs end before the changed word? Reread 'Do not train on the test'.",
)

exercise.wrong_value(
    "three",
    3,
    "You are one too high: a run that ends with word 15 holds the changed word. Reread 'Do not train on "
    "the test'.",
)

exercise.wrong_value(
    "words_before",
    14,
    "You count the words before the changed one. The question asks for runs of 13 words. Reread 'Do not "
    "train on the test'.",
)

exercise.wrong_value(
    "words_left",
    19,
    "You count the words that are left. The question asks for runs of 13 words. Reread 'Do not train on "
    "the test'.",
)
