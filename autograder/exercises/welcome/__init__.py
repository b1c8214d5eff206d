"""Lab 00: Welcome. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    0,
    "welcome",
    "Welcome",
    {
        "average": 1,
        "equal_share": 1,
        "model_output": 1,
    },
)
