"""`attention.score_count`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.attention import LAB

exercise = LAB.exercise(
    "score_count",
    reference=600,
    matters="At 100,000 tokens one head of one sequence has ten billion scores, which is why FlashAttention (2022) "
    "never stores them. Read llmlab/model/attention.py.",
    hints=(
        "A score belongs to one query and one key. How many pairs are there in one head of one sequence?",
        "Each head of each sequence has a table of scores of its own.",
        "Multiply sequences, heads, queries and keys. A head's size does not come into it: a score is one number.",
    ),
)

exercise.wrong_value(
    "one_sequence",
    300,
    "You counted one sequence. Each of the two has scores of its own. Reread 'Many heads'.",
)

exercise.wrong_value(
    "one_head",
    200,
    "You counted one head. Each of the three has scores of its own. Reread 'Many heads'.",
)

exercise.wrong_value(
    "one_table",
    100,
    "You counted one head of one sequence. Each head of each sequence has such a table. Reread 'Many heads'.",
)

exercise.wrong_value(
    "the_queries",
    240,
    "That is how many numbers the queries have. A score compares a whole query with a whole key, and there is one "
    "for each pair of tokens. Reread 'Many heads'.",
)

exercise.wrong_value(
    "times_size",
    2400,
    "You multiplied by the head size, too. A dot product adds these up into one number. Reread 'Many heads'.",
)

exercise.wrong_value(
    "only_visible",
    330,
    "You counted the scores that a causal mask lets through. All are computed first, and the mask hides some. "
    "Reread 'Many heads'.",
)

exercise.wrong_value(
    "across_sequences",
    1200,
    "You let the tokens of the two sequences look at each other. Each sequence keeps to itself. Reread 'Many heads'.",
)

exercise.wrong_value(
    "tokens",
    60,
    "You counted one score a token and head. Each token is compared with all ten of its sequence. Reread 'Many heads'.",
)
