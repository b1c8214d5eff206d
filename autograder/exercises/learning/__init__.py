"""Lab 02: Learning. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    2,
    "learning",
    "Learning",
    {
        "gradient_descent": 2,
        "rate_divisor": 1,
        "closest_degree": 1,
        "split_examples": 2,
        "Value": 3,
        "gradient_of_x": 1,
        "backward": 3,
        "SGD": 2,
        "first_step": 1,
        "AdamW": 3,
        "train": 3,
        "context_windows": 2,
        "more_weights": 1,
        "NeuralLanguageModel": 3,
    },
    stops=("backward",),
)
