"""`data.normalized_length`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.data import LAB

exercise = LAB.exercise(
    "normalized_length",
    reference=7,
    hints=(
        "Which characters of the text does nobody see? Which of those go?",
        "Take the rules in their order, and write down what is left after each.",
        "The accent joins its letter, the invisible character goes, and what stands between the two words "
        "becomes one blank.",
    ),
    matters="A tokenizer and a search for copies see characters, not what they look like, so every large "
    "corpus settles on one writing. Read llmlab/data/cleaning.py.",
)

exercise.wrong_value(
    "as_it_came",
    11,
    "That is the length of the text as it came. Rules 1, 2 and 3 make it shorter. Reread 'One text, "
    "written in many ways'.",
)

exercise.wrong_value(
    "not_composed",
    8,
    "You are one too high. The accent that stands behind its letter may be counted apart, or a second "
    "blank may be left: the invisible character stood among blanks, and the whole run becomes one. Reread "
    "'One text, written in many ways'.",
)

exercise.wrong_value(
    "blanks_left",
    9,
    "You are two too high: the invisible character stood in a run of blanks, and when it is gone, the "
    "whole run becomes one. Reread 'One text, written in many ways'.",
)

exercise.wrong_value(
    "no_blank",
    6,
    "You are one too low. A run of spaces becomes one blank, it does not vanish. Reread 'One text, "
    "written in many ways'.",
)

exercise.wrong_value(
    "only_invisible",
    10,
    "You have taken away one character. There is more to do: think of the accent and of the run of "
    "blanks. Reread 'One text, written in many ways'.",
)
