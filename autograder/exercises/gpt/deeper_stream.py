"""`gpt.deeper_stream`: what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.gpt import LAB

exercise = LAB.exercise(
    "deeper_stream",
    reference=5,
    hints=(
        "How many additions are there in each of the two models?",
        "Variances of independent draws add up. What does that say of the deviation, which is the root of the "
        "variance?",
        "There are 25 times as many additions. Take the root of that.",
    ),
    matters="Without smaller writers, a fresh model of 126 blocks as Llama 3 405B (2024) would have a sum of "
    "sixteen times the deviation of a single addition. Read llmlab/model/initialization.py.",
)

exercise.wrong_value(
    "like_the_depth",
    25,
    "You let the deviation grow like the number of additions. It is the variance that does, and the deviation is its "
    "root. Reread 'How large a fresh weight is'.",
)
exercise.wrong_value(
    "against_one_addition",
    10,
    "You compare the deep model with a single addition. The question compares it with a model of 2 blocks, which "
    "adds too. Reread 'How large a fresh weight is'.",
)
exercise.wrong_value(
    "root_of_blocks",
    50**0.5,
    "You compare the deep model with a model of one block. The question compares it with a model of 2 blocks. "
    "Reread 'How large a fresh weight is'.",
)
exercise.wrong_value(
    "does_not_grow",
    1,
    "You say that the depth makes no difference. Independent additions cancel out in part only: their variances "
    "add up. Reread 'How large a fresh weight is'.",
)
exercise.wrong_value(
    "shrinks",
    0.2,
    "You give how the draws have to shrink. The question asks how the sum grows. Reread 'How large a fresh weight "
    "is'.",
)
