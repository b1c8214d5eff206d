"""`pretraining.shared_after_step`: the right answer, written differently."""

from autograder.exercise import Private

private = Private()

private.right_value("b")
private.right_value("".join(["b"]))
