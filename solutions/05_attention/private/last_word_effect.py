"""`attention.last_word_effect`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value("b")
private.right_value("".join(["b"]))
