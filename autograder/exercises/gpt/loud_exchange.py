"""`gpt.loud_exchange`: what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.gpt import LAB

exercise = LAB.exercise(
    "loud_exchange",
    reference="c",
    choices=("a", "b", "c", "d"),
    hints=(
        "Numbers are copied into a parameter only if the shapes fit. Write down the shapes of each pair.",
        "Look into the table of 'Where the parameters are', and mind that SmolLM2 has 9 query heads and 3 "
        "key-value heads.",
        "With g smaller than h, one map in these pairs is narrower than the other.",
    ),
    matters="Loaders of weights compare logits with those of a program that is known to be right, since shapes "
    "catch only some mistakes. Read llmlab/model/gguf_file.py.",
)

exercise.wrong_value(
    "gate_and_up",
    "a",
    "Gate and up both go from d to f numbers, so each takes the other's weights without a word. Reread 'Where the "
    "parameters are'.",
)
exercise.wrong_value(
    "keys_and_values",
    "b",
    "Keys and values are equally narrow, so each takes the other's weights without a word. Reread 'Where the "
    "parameters are'.",
)
exercise.wrong_value(
    "norms",
    "d",
    "Both norms have d numbers, so each takes the other's weights without a word. Reread 'Where the parameters are'.",
)
