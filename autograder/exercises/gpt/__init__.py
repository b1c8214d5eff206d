"""Lab 06: A GPT. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    6,
    "gpt",
    "A GPT",
    {
        "GPT": 4,
        "count_parameters": 3,
        "initial_deviation": 2,
        "apply_temperature": 2,
        "top_p": 3,
        "write_on": 4,
        "attend_with_past": 4,
        "name_from_gguf": 2,
    },
)
