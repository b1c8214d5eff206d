"""`attention.even_share`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(0.25)
private.right_value(1 / 4)
