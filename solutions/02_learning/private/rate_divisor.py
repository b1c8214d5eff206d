"""`learning.rate_divisor`: the right answer, written in several ways."""

from autograder.exercise import Private

private = Private()

private.right_value(10_000)
private.right_value(100.0**2)
