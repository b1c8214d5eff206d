"""`data.largest_share`: right answers, written differently."""

from autograder.exercise import Private

private = Private()


private.right_value(0.2)
private.right_value(200 / 1000)
