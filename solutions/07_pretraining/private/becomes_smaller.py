"""`pretraining.becomes_smaller`: the right answer, written differently."""

from autograder.exercise import Private

private = Private()

private.right_value("a")
private.right_value("".join(["a"]))
