"""`foundations.average_bits`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(7 / 4)
private.right_value(1.75)
