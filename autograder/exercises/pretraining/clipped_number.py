"""`pretraining.clipped_number`: the right answer, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.pretraining import LAB

exercise = LAB.exercise(
    "clipped_number",
    reference=4.0,
    hints=(
        "How long is the vector (6, 0, 8)?",
        "Its length is 10, and 5 is allowed. One factor goes for all numbers.",
        "Multiply 8 by what is allowed over what there is.",
    ),
    matters="One factor keeps the direction: a step that is shortened goes where it would have gone. Read "
    "llmlab/foundations/optimizers.py.",
)

exercise.wrong_value(
    "cut_off",
    5.0,
    "You cut at 5: either each number by itself, or each parameter by itself. One factor goes for all, and it is "
    "made of the length of all. Reread 'A step that is too long'.",
)

exercise.wrong_value(
    "unchanged",
    8.0,
    "You leave it as it was. Together the gradients are longer than 5: their length is that of one vector of all "
    "numbers. Reread 'A step that is too long'.",
)

exercise.wrong_value(
    "lengths_added",
    8 * 5 / 14,
    "You add the lengths 6 and 8. Lengths at right angles do not add up; their squares do. Reread 'A step that is "
    "too long'.",
)

exercise.wrong_value(
    "square",
    0.4,
    "You divide by the square of the length. The root of 100 is the length. Reread 'A step that is too long'.",
)

exercise.wrong_value(
    "factor",
    0.5,
    "You give the factor. It is asked what becomes of the 8. Reread 'A step that is too long'.",
)

exercise.wrong_value(
    "first_number",
    3.0,
    "You give what becomes of the 6. It is asked what becomes of the 8. Reread 'A step that is too long'.",
)

exercise.wrong_value(
    "to_one",
    0.8,
    "You shorten the gradients to the length 1. They may be as long as 5. Reread 'A step that is too long'.",
)
