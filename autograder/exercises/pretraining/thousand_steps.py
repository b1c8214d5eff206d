"""`pretraining.thousand_steps`: the right answer, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.pretraining import LAB

exercise = LAB.exercise(
    "thousand_steps",
    reference="c",
    choices=("a", "b", "c", "d"),
    hints=(
        "What is 1 + 0.001, if the next number after 1 is 1.0078?",
        "A sum that falls between two numbers is rounded to the nearer one. Which one is nearer to 1.001?",
        "Take the first step, round, and take the second from there.",
    ),
    matters="For this reason runs keep the weights in float32, and compute products in bfloat16 (Micikevicius et al., "
    "2017). Read course/07_pretraining.md.",
)

exercise.wrong_value(
    "exact",
    "a",
    "A thousand times 0.001 is 1 on paper. Here each sum is rounded before the next step is added. Reread "
    "'Sixteen bits'.",
)

exercise.wrong_value(
    "nearly",
    "b",
    "Errors would have to be small beside the steps. Here the gap between two neighboring numbers is almost eight "
    "steps wide. Reread 'Sixteen bits'.",
)

exercise.wrong_value(
    "overflow",
    "d",
    "bfloat16 has the range of float32: 2 is far from its end. It is digits that are missing. Reread 'Sixteen "
    "bits'.",
)
