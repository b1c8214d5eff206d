"""`foundations.four_rows`: a question asked before the cell that answers it."""

from __future__ import annotations

from autograder.exercises.foundations import LAB

exercise = LAB.exercise(
    "four_rows",
    reference="a",
    choices=("a", "b", "c", "d"),
    hints=(
        "Write the two shapes under each other, at the right margin.",
        "Two sizes that stand under each other have to be equal, or one of them has to be 1.",
        "Compare the size of the last dimension of the matrix with the only size of the lengths.",
    ),
    matters="Most errors of this kind never stop a program: sizes of real models, such as 4,096 by 4,096, "
    "often happen to fit. Read llmlab/foundations/linear.py.",
)

exercise.wrong_value(
    "each_row",
    "b",
    "Each row by its own length is what is wanted, and PyTorch does not know it: it lines shapes up from the "
    "right, where the 4 lengths meet 3 columns. Reread 'Broadcasting, and its trap'.",
)

exercise.wrong_value(
    "each_column",
    "c",
    "That happened with two rows and two columns, where the sizes were equal by chance. Here 4 lengths meet 3"
    " columns. Reread 'Broadcasting, and its trap'.",
)

exercise.wrong_value(
    "all_pairs",
    "d",
    "A result of all rows with all lengths needs a size of 1 to be stretched, and neither shape has one. "
    "Reread 'Broadcasting, and its trap'.",
)
