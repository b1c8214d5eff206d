"""`gpt.loud_exchange`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value("c")
private.right_value("".join(["c"]))
