"""`distributed.step_with_overlap`: a prediction."""

from __future__ import annotations

from autograder.exercises.distributed import LAB

exercise = LAB.exercise(
    "step_with_overlap",
    reference=0.35,
    hints=(
        "Which two of the three run at the same time?",
        "Of two that run side by side, the longer one decides.",
        "The forward pass, and then the longer of 0.2 and 0.25.",
    ),
    matters="PyTorch's DDP overlaps in this way since 2019; what shows is only what the backward pass cannot hide.",
)
exercise.wrong_value(
    "all_added",
    0.55,
    "You add all three. The ring runs beside the backward pass. Reread 'Where scaling stops'.",
)
exercise.wrong_value(
    "hidden",
    0.3,
    "Your ring hides behind the backward pass entirely. It takes longer than that. Reread 'Where scaling stops'.",
)
exercise.wrong_value(
    "ring_only",
    0.25,
    "Nothing hides the forward pass: no gradient is known yet while it runs. Reread 'Where scaling stops'.",
)
exercise.wrong_value(
    "both_hidden",
    0.45,
    "You add the forward pass to something else than the longer of the two that run side by "
    "side. Reread 'Where scaling stops'.",
)
