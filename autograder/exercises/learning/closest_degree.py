"""`learning.closest_degree`: a question to be answered before anything is run, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.learning import LAB

exercise = LAB.exercise(
    "closest_degree",
    reference="c",
    choices=("a", "b", "c", "d"),
    hints=(
        "The question is about the 12 points alone, and not about other hours of the day.",
        "Each polynomial is fitted as well as can be. Can one of degree 11 be anything that one of degree 4 can be?",
        "A higher degree may set its extra weights to 0, and then it is the lower one: it never has to be worse on "
        "what it is fitted to.",
    ),
    matters="Networks with more weights than examples learn even random answers by heart (Zhang et al., 2016), so a "
    "low training loss proves nothing by itself. Read llmlab/foundations/supervised.py.",
)

exercise.wrong_value(
    "straight",
    "a",
    "A straight line cannot bend, and misses the day by more than the errors. The question is which curve comes "
    "closest to the 12 points themselves. Reread 'Too good on what it has seen'.",
)

exercise.wrong_value(
    "sensible",
    "b",
    "That may be the one to trust, and the question is another: whose loss on the 12 points is lowest, when each is "
    "fitted to them as well as it can be? Reread 'Too good on what it has seen'.",
)

exercise.wrong_value(
    "unknown",
    "d",
    "It can be said for any points: think of what a polynomial becomes when its highest weights are 0. Reread 'Too "
    "good on what it has seen'.",
)
