"""`distributed.mean_over_tokens`: right answers written differently."""

from autograder.exercise import Private

private = Private()
private.right_value(9 / 3)
private.right_value(3)
