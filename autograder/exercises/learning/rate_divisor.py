"""`learning.rate_divisor`: a question to be answered before anything is run, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.learning import LAB

exercise = LAB.exercise(
    "rate_divisor",
    reference=10000,
    hints=(
        "Two things change with the unit: how large the gradient is, and how far the weight has to go.",
        "Look at the formula of the gradient: each error is multiplied by an input. Then look at the right weight "
        "itself.",
        "The gradient grows by one factor of a hundred; the way that the weight has to go shrinks by another.",
    ),
    matters="Models bring what flows through them to one size, layer after layer, so that one learning rate suits "
    "all of their weights. Read llmlab/model/norms.py.",
)

exercise.wrong_value(
    "one_factor",
    100,
    "One of two changes is missing. The inputs are larger, so the gradient is; and the weight is smaller, so its "
    "steps have to be. Reread 'Down the slope'.",
)

exercise.wrong_value(
    "root",
    10,
    "The gradient grows by as much as the inputs do, and not by the root of it. Reread 'Down the slope'.",
)

exercise.wrong_value(
    "turned_around",
    1 / 10_000,
    "You give the factor and not its divisor: by which number is the learning rate divided? Reread 'Down the slope'.",
)

exercise.wrong_value(
    "turned_around_once",
    1 / 100,
    "By which number is the learning rate divided? Yours would make it larger. Reread 'Down the slope'.",
)

exercise.wrong_value(
    "unchanged",
    1,
    "With the same learning rate a step in this weight would be much longer, and its way is shorter now. Put inputs "
    "that are 100 times as large into the formula of the gradient. Reread 'Down the slope'.",
)

exercise.wrong_value(
    "cubed",
    1_000_000,
    "That is one factor of a hundred too many: each error is multiplied by one input, and the weight shrinks once. "
    "Reread 'Down the slope'.",
)

exercise.wrong_value(
    "doubled",
    200,
    "The two factors of a hundred act one after the other. Do they add up? Reread 'Down the slope'.",
)
