"""`gpt.filter_order`: what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.gpt import LAB

exercise = LAB.exercise(
    "filter_order",
    reference="a",
    choices=("a", "b", "c"),
    hints=(
        "What does a temperature of 2 do to the probability of the likeliest token?",
        "Top-p counts tokens until they have p together. Are more or fewer needed when the probabilities are more "
        "even?",
        "Filter the logits (2, 1, 0) with p = 0.6 by the table of 'Temperature': once with the row of 1, and once "
        "with that of 2.",
    ),
    matters="Libraries differ: vLLM and Hugging Face apply the temperature first (2025), and llama.cpp lets the "
    "user order the steps, with the temperature last. Read llmlab/model/generation.py.",
)

exercise.wrong_value(
    "filter_first",
    "b",
    "With the filter first, top-p sees the sharper distribution, in which few tokens have 0.9 together. The "
    "temperature changes nothing any more about who is left. Reread 'As many tokens as it takes'.",
)
exercise.wrong_value(
    "order_kept",
    "c",
    "The order of the tokens is the same at every temperature, but not their probabilities, and it is these that "
    "top-p adds up. Reread 'Temperature'.",
)
