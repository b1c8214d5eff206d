"""`gpt.deeper_stream`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value((50 / 2) ** 0.5)
private.right_value(5)
