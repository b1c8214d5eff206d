"""`gpt.tokens_read`: what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.gpt import LAB

exercise = LAB.exercise(
    "tokens_read",
    reference=109,
    hints=(
        "What does the model read before it can choose the first new token?",
        "In each later round it reads one token alone. Which token is never read?",
        "The prompt, and each new token but the last, since nothing is chosen after it.",
    ),
    matters="Reading the prompt and writing are billed apart: in 2025 a written token cost four to eight times a "
    "read one with most providers, since it is read alone. Read llmlab/model/cache.py.",
)

exercise.wrong_value(
    "without_cache",
    1045,
    "That is without a cache: each round reads the whole text. With it, a token that was read is not read again. "
    "Reread 'What is kept'.",
)
exercise.wrong_value(
    "last_one_too",
    110,
    "You count the last new token too. It is chosen and given, and nothing is chosen after it, so the model never "
    "reads it. Reread 'What is kept'.",
)
exercise.wrong_value(
    "new_alone",
    10,
    "You count the new tokens alone. The prompt has to be read as well, once. Reread 'What is kept'.",
)
exercise.wrong_value(
    "new_alone_but_last",
    9,
    "You count the new tokens alone. The prompt has to be read as well, once. Reread 'What is kept'.",
)
exercise.wrong_value(
    "prompt_alone",
    100,
    "You count the prompt alone. To choose the second new token the model has to have read the first. Reread "
    "'What is kept'.",
)
exercise.wrong_value(
    "without_cache_and_one_more",
    1155,
    "That is without a cache, and with a round too many: each round reads the whole text. With it, a token that "
    "was read is not read again. Reread 'What is kept'.",
)
exercise.wrong_value(
    "prompt_each_round",
    1000,
    "You let every round read the prompt. Its keys and values are kept, so it is read once. Reread 'What is kept'.",
)
