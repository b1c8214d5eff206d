"""`gpt.logit_count`: what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.gpt import LAB

exercise = LAB.exercise(
    "logit_count",
    reference=90,
    hints=(
        "At how many places of these texts does the model make a guess?",
        "Every token of each text gets a row of logits, and a row has one number for each token of the vocabulary.",
        "Multiply the number of texts by the length of a text, and that by the size of the vocabulary.",
    ),
    matters="In training these numbers are often the largest tensor of all: 8,192 tokens of Llama 3, with 128,256 "
    "logits each, take 4.2 GB in 32 bits (2024). Read llmlab/model/loss.py.",
)

exercise.wrong_value(
    "last_rows",
    18,
    "You count a row for the last token of each text. The model makes a guess at every place. Reread 'From the "
    "stream to the logits'.",
)
exercise.wrong_value(
    "one_text",
    45,
    "You count the logits of one text, and the batch has two. Reread 'From the stream to the logits'.",
)
exercise.wrong_value(
    "one_row",
    9,
    "You count one row of logits. Each place of each text has a row of its own. Reread 'From the stream to the "
    "logits'.",
)
exercise.wrong_value(
    "ids",
    10,
    "You count one number for each id. The model names no token: it gives a number for each token of the vocabulary. "
    "Reread 'From the stream to the logits'.",
)
exercise.wrong_value(
    "between_tokens",
    72,
    "You leave out one place of each text. After the last token too there is a guess: that is the one which writing "
    "needs. Reread 'From the stream to the logits'.",
)
exercise.wrong_value(
    "added",
    16,
    "You add the three numbers. There is a logit for each text, each place and each token of the vocabulary. "
    "Reread 'From the stream to the logits'.",
)
