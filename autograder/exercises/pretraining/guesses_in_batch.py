"""`pretraining.guesses_in_batch`: the right answer, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.pretraining import LAB

exercise = LAB.exercise(
    "guesses_in_batch",
    reference=2048,
    hints=(
        "How many guesses does one window ask for? Look at the table above: five tokens, four guesses.",
        "A window of n + 1 tokens holds n questions, and each window of the batch has as many.",
        "Multiply the number of windows by one less than the tokens of a window.",
    ),
    matters="Attention lets all of them be asked in one pass; a model of the nineties was asked one at a time. Read "
    "llmlab/training/loss.py.",
)

exercise.wrong_value(
    "every_token",
    2056,
    "You count every token. The last one of a window has no successor in it, so nothing is asked after it. Reread "
    "'One token further'.",
)

exercise.wrong_value(
    "one_window",
    256,
    "You count one window. The batch has eight of them, and the loss is the mean over all. Reread 'One token "
    "further'.",
)

exercise.wrong_value(
    "tokens_of_a_window",
    257,
    "You give the tokens of one window. The batch has eight windows, and the last token of each is followed by "
    "nothing. Reread 'One token further'.",
)

exercise.wrong_value(
    "one_a_window",
    8,
    "You count one guess a window. The model guesses at every place that has a next token, not at the end alone. "
    "Reread 'One token further'.",
)

exercise.wrong_value(
    "one_less",
    2055,
    "You take one guess away for the whole batch. Each window has a last token of its own. Reread 'One token "
    "further'.",
)

exercise.wrong_value(
    "two_less",
    2040,
    "You take two guesses away from each window. Only one token of a window is not followed by another. Reread "
    "'One token further'.",
)
