"""Lab 07: Pretraining. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    7,
    "pretraining",
    "Pretraining",
    {
        "inputs_and_targets": 1,
        "next_token_loss": 2,
        "decay_groups": 2,
        "cosine_with_warmup": 2,
        "accumulate_gradients": 2,
        "clip_gradient_norm": 2,
        "snapshot": 3,
    },
)
