"""`distributed.mean_over_tokens`: a prediction."""

from __future__ import annotations

from autograder.exercises.distributed import LAB

exercise = LAB.exercise(
    "mean_over_tokens",
    reference=3.0,
    hints=(
        "Forget the ranks: write down the gradients of all three tokens.",
        "A mean is a sum over a number, and the number is that of all tokens.",
        "Add up the three gradients and divide by three.",
    ),
    matters="In October 2024 trainers in wide use were found to weight short texts too much in just this way.",
)
exercise.wrong_value(
    "mean_of_means",
    3.75,
    "That is the mean of the ranks' means, 6 and 1.5: the lonely token has as much say as "
    "the two others together. Reread 'The mean of means'.",
)
exercise.wrong_value(
    "the_sum",
    9,
    "That is the sum over all tokens. A mean is a sum over a number. Reread 'The mean of means'.",
)
exercise.wrong_value(
    "by_ranks",
    4.5,
    "That is the sum over all tokens, divided by the number of ranks. How many tokens are "
    "there? Reread 'The mean of means'.",
)
exercise.wrong_value(
    "sum_of_means", 7.5, "That is the sum of the two ranks' means. Reread 'The mean of means'."
)
