"""`attention.score_count`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(600)
private.right_value(2 * 3 * 10 * 10)
