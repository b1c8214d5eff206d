"""`gpt.tokens_read`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(100 + 10 - 1)
private.right_value(109.0)
