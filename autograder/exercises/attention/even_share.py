"""`attention.even_share`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.attention import LAB

exercise = LAB.exercise(
    "even_share",
    reference=0.25,
    matters="Trained models often put much of the attention on the first token when nothing else fits (attention "
    "sinks, Xiao et al., 2023), since the shares must add up to 1. Read llmlab/model/attention.py.",
    hints=(
        "Count the tokens that the token at position 3 may see.",
        "Positions count from 0, and each token sees itself.",
        "Equal scores share 1 out equally among all that are not hidden.",
    ),
)

exercise.wrong_value(
    "no_mask",
    0.08333333333333333,
    "You share 1 out among all twelve tokens. Those after position 3 are hidden by the mask. Reread 'No looking "
    "ahead'.",
)

exercise.wrong_value(
    "not_itself",
    0.3333333333333333,
    "You leave a token out: positions 0, 1, 2 come before position 3, and it sees itself, too. Reread 'No looking "
    "ahead'.",
)

exercise.wrong_value(
    "one_too_many",
    0.2,
    "You count a token too many. Position 3 is the fourth token, and the fifth is hidden. Reread 'No looking ahead'.",
)

exercise.wrong_value(
    "only_future",
    0.1111111111111111,
    "You share 1 out among the tokens after position 3 and itself. It sees those before it and itself. Reread 'No "
    "looking ahead'.",
)

exercise.wrong_value(
    "hidden",
    0,
    "You say that position 1 gets nothing. It comes before position 3, so it may be seen. Reread 'No looking ahead'.",
)

exercise.wrong_value(
    "whole",
    1,
    "You give all of the attention to one token. Equal scores get equal shares, and together they make 1. Reread "
    "'No looking ahead'.",
)

exercise.wrong_value(
    "half",
    0.5,
    "You share 1 out among two tokens. All up to position 3 are seen, also those before position 1. Reread 'No "
    "looking ahead'.",
)

exercise.wrong_value(
    "the_count",
    4,
    "You give the number of tokens that share. Their shares add up to 1. Reread 'No looking ahead'.",
)

exercise.wrong_value(
    "percent",
    25,
    "You give percent. A share here is a fraction between 0 and 1. Reread 'No looking ahead'.",
)
