"""`tokenization.rare_pair`: a quick question, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.tokenization import LAB

exercise = LAB.exercise(
    "rare_pair",
    reference="c",
    choices=("a", "b", "c"),
    hints=(
        "Write the score of each pair down: the count of the pair over the product of the counts of its pieces.",
        "A score is large where the pieces hardly come without each other. Are large counts needed for that?",
        "Compare 900 over 6,000,000 with 40 over 20,000, and with 1 over 1.",
    ),
    matters=(
        "Trainers meet this by a least count: what comes less often is no candidate, however good its score. Read "
        "llmlab/tokenization/wordpiece_training.py."
    ),
)

exercise.wrong_value(
    "most_frequent",
    "a",
    "You take the most frequent pair, as byte pair encoding does. WordPiece divides by the counts of both pieces, and "
    "both are large here. Reread 'More than chance'.",
)

exercise.wrong_value(
    "surest_of_the_known",
    "b",
    "You take a pair of which one piece never comes alone. Its score is 40 / (40 · 500); another's is larger. Compute "
    "all three. Reread 'More than chance'.",
)
