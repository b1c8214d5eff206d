"""`data.runs_left`: right answers, written differently."""

from autograder.exercise import Private

private = Private()


private.right_value(2)
private.right_value(14 - 13 + 1)
