"""`tokenization.merged_length`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.tokenization import LAB

exercise = LAB.exercise(
    "merged_length",
    reference=3,
    hints=(
        "Write the nine letters down, and merge the pair from left to right.",
        "After the first merge there are two kinds of neighbors: which comes more often?",
        "The first merge leaves four pairs and a letter; the second joins these pairs two by two, and the letter "
        "stays.",
    ),
    matters=(
        "Each merge halves at best, so long rows of one sign need many: GPT-4's vocabulary (2023) has tokens for rows "
        "of blanks, which makes code cheap. Read llmlab/tokenization/bpe.py."
    ),
)

exercise.wrong_value(
    "untouched",
    9,
    "You count letters. Two merges were made, each at every place where its pair stands. Reread 'One merge after the "
    "other'.",
)

exercise.wrong_value(
    "one_place_each",
    7,
    "You let each merge shorten the word by one. A merge is made at every place where the pair stands. Reread 'Two "
    "become one'.",
)

exercise.wrong_value(
    "one_merge",
    5,
    "You stopped after the first merge: aa, aa, aa, aa, a. The second one joins what the first has made. Reread 'One "
    "merge after the other'.",
)

exercise.wrong_value(
    "letter_forgotten_once",
    4,
    "You forgot the ninth letter after the first merge, and the second merge. Write down what each of them leaves. "
    "Reread 'One merge after the other'.",
)

exercise.wrong_value(
    "letter_forgotten",
    2,
    "You forgot the letter that is left over. It is in no pair that was merged, and stays a token. Reread 'Two become "
    "one'.",
)

exercise.wrong_value(
    "whole",
    1,
    "You let the whole word become one token. It has two merges, and each joins two tokens, no more. Reread 'One "
    "merge after the other'.",
)
