"""`welcome.model_output`: its probes, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.welcome import LAB

exercise = LAB.exercise(
    "model_output",
    reference="b",
    choices=("a", "b", "c", "d"),
    hints=(
        "What does a model need to give, so that we can choose among words?",
        "One model, asked twice, can continue a text in two ways.",
        "It gives every possible next token a number: look for the choice that says so.",
    ),
)


exercise.wrong_value(
    "most_likely_word",
    "a",
    "A model does not pick the word; whoever uses it does, and can pick otherwise each time. The "
    "model gives what they pick from. Reread 'A question with choices'.",
)


exercise.wrong_value(
    "whole_text",
    "c",
    "A model writes one token at a time: the text grows as each new token is given back to it. "
    "Reread 'A question with choices'.",
)


exercise.wrong_value(
    "looks_up",
    "d",
    "A model does not look sentences up: its training text is not in it, only weights shaped by "
    "that text. Reread 'A question with choices'.",
)
