"""`tokenization.rare_pair`: right answers written differently."""

from autograder.exercise import Private

private = Private()


private.right_value("c")
private.right_value("abc"[-1])
