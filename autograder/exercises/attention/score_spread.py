"""`attention.score_spread`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.attention import LAB

exercise = LAB.exercise(
    "score_spread",
    reference=8,
    matters="Llama 3 (2024) has heads of 128 numbers: without the scale its fresh scores would spread by 11. Read "
    "llmlab/model/attention.py.",
    hints=(
        "How many products does a score add up, and what is the variance of each?",
        "Variances of independent numbers add up. A standard deviation is the root of a variance.",
        "Add up as many ones as there are products, and take the root of that.",
    ),
)

exercise.wrong_value(
    "variance",
    64,
    "That is the variance of a score, the mean of its square. The standard deviation is asked for. Reread 'Why the "
    "scores are scaled'.",
)

exercise.wrong_value(
    "of_one_product",
    1,
    "One product spreads by 1. A score is a sum of 64 of them. Reread 'Why the scores are scaled'.",
)

exercise.wrong_value(
    "squared",
    4096,
    "You squared the number of products. Variances add up, they are not squared. Reread 'Why the scores are scaled'.",
)

exercise.wrong_value(
    "inverse",
    0.125,
    "That is what a score is multiplied by later, to bring its spread back to 1. Before that it spreads by more "
    "than 1. Reread 'Why the scores are scaled'.",
)

exercise.wrong_value(
    "mean",
    0,
    "That is the mean of a score: positive and negative products balance. It is asked how far it spreads around 0. "
    "Reread 'Why the scores are scaled'.",
)

exercise.wrong_value(
    "half",
    32,
    "You halved the number of products. Their variances add up, and a root makes a standard deviation of the sum. "
    "Reread 'Why the scores are scaled'.",
)

exercise.wrong_value(
    "both_sizes",
    128,
    "You counted the numbers of query and key together. They are multiplied in pairs: there are 64 products. Reread "
    "'Why the scores are scaled'.",
)

exercise.wrong_value(
    "root_of_both",
    11.313708498984761,
    "You counted the numbers of query and key together. They are multiplied in pairs: there are 64 products. Reread "
    "'Why the scores are scaled'.",
)
