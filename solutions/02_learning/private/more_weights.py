"""`learning.more_weights`: the right answer, written in several ways."""

from autograder.exercise import Private

private = Private()

private.right_value(2000)
private.right_value(2 * 10 * 100.0)
