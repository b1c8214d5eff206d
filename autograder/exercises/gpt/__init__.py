"""Lab 06: A GPT. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    6,
    "gpt",
    "A GPT",
    {
        "logit_count": 1,
        "GPT": 4,
        "count_parameters": 3,
        "deeper_stream": 1,
        "initial_deviation": 2,
        "apply_temperature": 2,
        "filter_order": 1,
        "top_p": 3,
        "write_on": 4,
        "tokens_read": 1,
        "attend_with_past": 4,
        "loud_exchange": 1,
        "name_from_gguf": 2,
    },
    stops=("top_p",),
)
