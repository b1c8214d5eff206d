"""`distributed.chunk_sent`: right answers written differently."""

from autograder.exercise import Private

private = Private()
private.right_value(2 + 1)
private.right_value((2 + 1 - 0) % 4)
