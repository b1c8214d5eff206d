"""`pretraining.shared_after_step`: the right answer, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.pretraining import LAB

exercise = LAB.exercise(
    "shared_after_step",
    reference="b",
    choices=("a", "b", "c", "d"),
    hints=(
        "Two names, and perhaps one tensor. Which of the two asked for a copy?",
        "`small.weight += 1` changes a tensor in place: whoever holds that tensor sees it.",
        "A deep copy has tensors of its own. A `state_dict` has those of the model.",
    ),
    matters="A snapshot that moves with the model is found out on the day on which one has to go back to it. Read "
    "llmlab/training/checkpoint.py.",
)

exercise.wrong_value(
    "both_old",
    "a",
    "A `state_dict` is a new dictionary, and the tensors in it are the model's own. Only one of the two is safe "
    "from the step. Reread 'A run that can be stopped'.",
)

exercise.wrong_value(
    "exchanged",
    "c",
    "It is the other way around: which of the two copied the tensors? Reread 'A run that can be stopped'.",
)

exercise.wrong_value(
    "both_new",
    "d",
    "A deep copy has tensors of its own, which no step of the model can reach. Reread 'A run that can be "
    "stopped'.",
)
