"""`data.changed_word`: right answers, written differently."""

from autograder.exercise import Private

private = Private()


private.right_value(91 / 101)
private.right_value(1 - 10 / 101)
