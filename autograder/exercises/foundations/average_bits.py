"""`foundations.average_bits`: a question asked before the cell that answers it."""

from __future__ import annotations

from autograder.exercises.foundations import LAB

exercise = LAB.exercise(
    "average_bits",
    reference=1.75,
    hints=(
        "How surprising is a fair coin, in bits? And two of them?",
        "Each halving of the probability adds one bit.",
        "Write down the surprise at each of the four tokens, and take their average.",
    ),
    matters="Models with other tokens are compared by bits a byte, which depend on the text alone (lab 03). "
    "Read llmlab/foundations/information.py.",
)

exercise.wrong_value(
    "summed",
    7,
    "You add the surprises up. Asked for is their average over the four tokens. Reread 'Bits and nats'.",
)

exercise.wrong_value(
    "in_nats",
    1.213,
    "Your number is in nats. With base 2 the unit is the bit. Reread 'Bits and nats'.",
)

exercise.wrong_value(
    "in_nats_exactly",
    1.213007566,
    "Your number is in nats. With base 2 the unit is the bit. Reread 'Bits and nats'.",
)

exercise.wrong_value(
    "negative",
    -1.75,
    "A surprise is positive: the sign of the logarithm is changed. Reread 'Surprise'.",
)

exercise.wrong_value(
    "of_the_mean",
    1.540568381,
    "You take the surprise at the average probability. Average the surprises. Reread 'Surprise'.",
)

exercise.wrong_value(
    "of_the_mean_rounded",
    1.54,
    "You take the surprise at the average probability. Average the surprises. Reread 'Surprise'.",
)

exercise.wrong_value(
    "weighted",
    1.875,
    "You weigh each surprise by its probability. These tokens came: each counts once, as the other three do. "
    "Reread 'Surprise'.",
)

exercise.wrong_value(
    "mean_probability",
    0.34375,
    "You average the probabilities. Surprise is a logarithm of a probability. Reread 'Surprise'.",
)
