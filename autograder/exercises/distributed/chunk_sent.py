"""`distributed.chunk_sent`: a prediction."""

from __future__ import annotations

from autograder.exercises.distributed import LAB

exercise = LAB.exercise(
    "chunk_sent",
    reference=3,
    hints=(
        "Which chunk has rank 2 finished after the first round?",
        "The text says which chunk rank r has the whole sum of.",
        "Put r = 2 and s = 0 into the formula for the second round, modulo 4.",
    ),
    matters="This half by itself, the all-gather, is how FSDP puts a layer together before it is used.",
)
exercise.wrong_value(
    "own_number",
    2,
    "Chunk 2 is not finished on rank 2: it has the whole sum of another. Reread 'Second round: pass on'.",
)
exercise.wrong_value(
    "the_one_before",
    1,
    "That is what rank 2 receives in the first step of the first round. Reread 'Second round: pass on'.",
)
exercise.wrong_value(
    "first",
    0,
    "Not every rank begins with chunk 0: all ranks are busy at once, each with another "
    "chunk. Reread 'Second round: pass on'.",
)
exercise.wrong_value(
    "from_one",
    4,
    "Chunks are counted from 0, so with four ranks there is no chunk 4. Reread 'Second round: pass on'.",
)
