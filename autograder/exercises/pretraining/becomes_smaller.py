"""`pretraining.becomes_smaller`: the right answer, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.pretraining import LAB

exercise = LAB.exercise(
    "becomes_smaller",
    reference="a",
    choices=("a", "b", "c", "d"),
    hints=(
        "Every text is still read once, forward and backward. What is there of all texts at the same time, and "
        "what of one part?",
        "The gradient that the optimizer gets is the same number by number. So what depends on the gradient alone "
        "is the same too.",
        "What was computed on the way forward is needed until that part has gone backward, and no longer.",
    ),
    matters="On one GPU of 80 GB this is what makes a batch of millions of tokens possible at all. Read "
    "llmlab/training/loop.py.",
)

exercise.wrong_value(
    "work",
    "b",
    "The arithmetic is the same: each text goes forward and backward once, in a part or in the whole. What is "
    "left is how much of it must be kept at one time. Reread 'A large batch in small parts'.",
)

exercise.wrong_value(
    "noise",
    "c",
    "The gradient is the same as that of the whole batch, so it is a matter of chance to the same degree. Reread "
    "'A large batch in small parts'.",
)

exercise.wrong_value(
    "optimizer",
    "d",
    "The optimizer keeps its means for each weight, however many texts a batch has. Reread 'A large batch in "
    "small parts'.",
)
