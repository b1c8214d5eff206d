"""`welcome.equal_share`: its probes, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.welcome import LAB

exercise = LAB.exercise(
    "equal_share",
    reference=0.25,
    hints=(
        "The shares of all words must add up to 1.",
        "Equal shares of 1 among four words.",
        "One divided by the number of words.",
    ),
)


exercise.wrong_value(
    "whole_for_each",
    1.0,
    "You give each word the whole of the attention. Shares are divided: all four together make 1. "
    "Reread 'An answer that is a number'.",
)


exercise.wrong_value(
    "the_count",
    4,
    "You give the number of words. The question asks for the share of one of them, which is less "
    "than 1. Reread 'An answer that is a number'.",
)


exercise.wrong_value(
    "percent",
    25,
    "You give percent. A share here is a fraction between 0 and 1. Reread 'An "
    "answer that is a number'.",
)
