"""`gpt.logit_count`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(2 * 5 * 9)
private.right_value(90.0)
