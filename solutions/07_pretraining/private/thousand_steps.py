"""`pretraining.thousand_steps`: the right answer, written differently."""

from autograder.exercise import Private

private = Private()

private.right_value("c")
private.right_value("".join(["c"]))
