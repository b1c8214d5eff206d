"""`foundations.calls_needed`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(2 * (300 * 50 + 50))
private.right_value(30_100.0)
