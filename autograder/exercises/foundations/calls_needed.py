"""`foundations.calls_needed`: a question asked before the cell that answers it."""

from __future__ import annotations

from autograder.exercises.foundations import LAB

exercise = LAB.exercise(
    "calls_needed",
    reference=30100,
    hints=(
        "How many numbers are there to be moved? Do not forget the bias.",
        "Count the entries of the weight and of the bias.",
        "Each entry is moved up and moved down, and each time the loss is computed.",
    ),
    matters="A model of 70 billion numbers would need 140 billion runs for one step. The chain rule needs one, and a "
    "way back that costs about two more. Read llmlab/foundations/gradients.py.",
)

exercise.wrong_value(
    "one_call_each",
    15050,
    "You count one call for each number. A central difference looks at both sides. Reread 'Which "
    "difference?'.",
)

exercise.wrong_value(
    "bias_forgotten",
    30000,
    "You count the weight, and the bias has numbers too. Reread 'One entry at a time'.",
)

exercise.wrong_value(
    "weight_once",
    15000,
    "You count one call for each number of the weight. A central difference looks at both sides, and the bias"
    " has numbers too. Reread 'Which difference?'.",
)

exercise.wrong_value(
    "forward_differences",
    15051,
    "That is the count for forward differences, which share the value in the middle. A central difference "
    "looks at both sides of each number. Reread 'Which difference?'.",
)

exercise.wrong_value(
    "sizes_added",
    700,
    "You add inputs and outputs. The weight has a number for each pair of an input and an output. Reread 'One"
    " entry at a time'.",
)

exercise.wrong_value(
    "sizes_and_bias",
    800,
    "You add inputs and outputs. The weight has a number for each pair of an input and an output. Reread 'One"
    " entry at a time'.",
)

exercise.wrong_value(
    "two_calls",
    2,
    "Two calls tell one slope. There is one for each number of the weight and of the bias. Reread 'One entry "
    "at a time'.",
)
