"""`distributed.ring_of_eight`: a prediction."""

from __future__ import annotations

from autograder.exercises.distributed import LAB

exercise = LAB.exercise(
    "ring_of_eight",
    reference="b",
    choices=("a", "b", "c", "d"),
    hints=(
        "Put N = 4 and N = 8 into the formula for the bytes of a rank.",
        "2 (N - 1) / N is 1.5 for four ranks.",
        "For eight ranks it is 1.75: by which share is that more?",
    ),
    matters="So a ring of thousands sends hardly more a rank than one of eight; what grows is the "
    "number of messages to wait for.",
)
exercise.wrong_value(
    "twice",
    "a",
    "The number of messages doubles, and each chunk is half as long: the bytes hardly "
    "change. Reread 'What a ring costs'.",
)
exercise.wrong_value(
    "half",
    "c",
    "Each chunk is half as long, and there are more than twice as many messages. Reread 'What a ring costs'.",
)
exercise.wrong_value(
    "same",
    "d",
    "Nearly, and not exactly: 2 (N - 1) / N grows towards 2. Reread 'What a ring costs'.",
)
