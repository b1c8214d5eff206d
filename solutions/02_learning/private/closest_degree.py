"""`learning.closest_degree`: the right answer, written in several ways."""

from autograder.exercise import Private

private = Private()

private.right_value("c")
private.right_value("".join(["c"]))
