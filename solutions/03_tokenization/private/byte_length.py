"""`tokenization.byte_length`: right answers written differently."""

from autograder.exercise import Private

private = Private()


private.right_value(11)
private.right_value(len("naïve 🦉".encode()))
