"""`tokenization.merged_length`: right answers written differently."""

from autograder.exercise import Private

private = Private()


private.right_value(3)
private.right_value(len(["aaaa", "aaaa", "a"]))
