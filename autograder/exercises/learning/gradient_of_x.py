"""`learning.gradient_of_x`: a question to be answered before anything is run, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.learning import LAB

exercise = LAB.exercise(
    "gradient_of_x",
    reference=7,
    hints=(
        "How many times is x used, and in which operations?",
        "The product uses x twice, once as each factor, and the sum uses it once more. Each use brings its own part.",
        "Each factor of the product brings the other factor as its slope; the sum brings a slope of 1. Add up what "
        "the uses bring.",
    ),
    matters="In models whose table of embeddings is also the output map, as Gemma 3's (2025), each weight of the "
    "table is used twice, and its gradient is such a sum. Read llmlab/foundations/scalar.py.",
)

exercise.wrong_value(
    "product_only",
    6,
    "You have what comes by way of the product. x stands in the sum once more. Reread 'Gradients add up'.",
)

exercise.wrong_value(
    "sum_only",
    1,
    "You have what comes by way of the sum. x stands in the product too. Reread 'Gradients add up'.",
)

exercise.wrong_value(
    "one_factor",
    4,
    "You count the product once. x is both of its factors, and each of them is a use. Reread 'Gradients add up'.",
)

exercise.wrong_value(
    "one_factor_alone",
    3,
    "You have what one factor of the product brings. There are two more uses. Reread 'Gradients add up'.",
)

exercise.wrong_value(
    "value",
    12,
    "That is z itself. The question is how fast z changes with x. Reread 'Backward through the graph'.",
)

exercise.wrong_value(
    "parts_multiplied",
    9,
    "The parts that the uses bring add up; they are not multiplied. Reread 'Gradients add up'.",
)
