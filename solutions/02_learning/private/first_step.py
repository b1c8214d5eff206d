"""`learning.first_step`: the right answer, written in several ways."""

from autograder.exercise import Private

private = Private()

private.right_value(0.01)
private.right_value(1 / 100)
