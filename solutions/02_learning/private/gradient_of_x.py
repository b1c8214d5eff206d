"""`learning.gradient_of_x`: the right answer, written in several ways."""

from autograder.exercise import Private

private = Private()

private.right_value(7.0)
private.right_value(7)
