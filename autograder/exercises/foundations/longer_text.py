"""`foundations.longer_text`: a question asked before the cell that answers it."""

from __future__ import annotations

from autograder.exercises.foundations import LAB

exercise = LAB.exercise(
    "longer_text",
    reference="b",
    choices=("a", "b", "c", "d"),
    hints=(
        "What does the average of some numbers do when each number comes twice?",
        "The average is over tokens, whatever the length of the text.",
        "Try it on the three tokens of the example, and on six.",
    ),
    matters="So a model can be measured on a page and on WikiText-103's test set of 245,569 words (Merity et al., "
    "2016), and the numbers mean the same. Read llmlab/foundations/information.py.",
)

exercise.wrong_value(
    "doubled",
    "a",
    "The sum of the surprises doubles, and so does the number of tokens by which it is divided. Reread 'How "
    "many choices?'.",
)

exercise.wrong_value(
    "squared",
    "c",
    "The probability of the whole text is squared. Perplexity belongs to one token. Reread 'How many "
    "choices?'.",
)

exercise.wrong_value(
    "rooted",
    "d",
    "Dividing by twice as many tokens would give the root if the sum of the surprises stayed. It doubles. "
    "Reread 'How many choices?'.",
)
