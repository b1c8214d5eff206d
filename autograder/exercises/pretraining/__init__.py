"""Lab 07: Pretraining. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    7,
    "pretraining",
    "Pretraining",
    {
        "guesses_in_batch": 1,
        "inputs_and_targets": 1,
        "next_token_loss": 2,
        "decay_groups": 2,
        "cosine_with_warmup": 2,
        "becomes_smaller": 1,
        "accumulate_gradients": 2,
        "clipped_number": 1,
        "clip_gradient_norm": 2,
        "thousand_steps": 1,
        "shared_after_step": 1,
        "snapshot": 3,
    },
    stops=("cosine_with_warmup",),
)
