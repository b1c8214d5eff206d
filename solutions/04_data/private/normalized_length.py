"""`data.normalized_length`: right answers, written differently."""

from autograder.exercise import Private

private = Private()


private.right_value(7)
private.right_value(len("caf\u00e9 x\u00b2"))
