"""`distributed.step_with_overlap`: right answers written differently."""

from autograder.exercise import Private

private = Private()
private.right_value(0.1 + max(0.2, 0.25))
private.right_value(7 / 20)
