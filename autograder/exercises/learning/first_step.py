"""`learning.first_step`: a question to be answered before anything is run, and what people get wrong about it."""

from __future__ import annotations

from autograder.exercises.learning import LAB

exercise = LAB.exercise(
    "first_step",
    reference=0.01,
    hints=(
        "What are the two corrected means after one step, when only one gradient has been seen?",
        "Corrected, the first mean is the gradient, and the second its square.",
        "The step is the learning rate times the first mean over the root of the second: what is left of the "
        "gradient there?",
    ),
    matters="That is why Adam's first steps are as long with noise as with signal, and why large models begin with a "
    "small learning rate that grows: Llama 3's over 8,000 steps (2024). Read llmlab/foundations/optimizers.py.",
)

exercise.wrong_value(
    "plain_descent",
    0.2,
    "That is a step of plain descent: the learning rate times the gradient. Adam divides by the root of the mean "
    "square. Reread 'Two running means'.",
)

exercise.wrong_value(
    "uncorrected",
    0.01 * 0.1 / 0.001**0.5,
    "You take both means as they are. They are corrected first, each by its own share. Reread 'Correcting the start'.",
)

exercise.wrong_value(
    "second_uncorrected",
    0.01 / 0.001**0.5,
    "You correct the first mean and leave the second as it is. Reread 'Correcting the start'.",
)

exercise.wrong_value(
    "first_uncorrected",
    0.001,
    "You correct the second mean and leave the first as it is. Reread 'Correcting the start'.",
)

exercise.wrong_value(
    "without_root",
    0.0005,
    "You divide by the mean square itself. Its root is what is of the gradient's size. Reread 'Two running means'.",
)

exercise.wrong_value(
    "backward",
    -0.01,
    "The length is asked for, without a sign.",
)

exercise.wrong_value(
    "no_rate",
    1,
    "The step is still multiplied by the learning rate. Reread 'Two running means'.",
)

exercise.wrong_value(
    "gradient",
    20,
    "That is the gradient. Adam divides it by its usual size, and multiplies by the learning rate. Reread 'Two "
    "running means'.",
)
