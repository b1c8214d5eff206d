"""Lab 02: Learning. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    2,
    "learning",
    "Learning",
    {
        "gradient_descent": 2,
        "split_examples": 2,
        "Value": 3,
        "backward": 3,
        "SGD": 2,
        "AdamW": 3,
        "train": 3,
        "context_windows": 2,
        "NeuralLanguageModel": 3,
    },
)
