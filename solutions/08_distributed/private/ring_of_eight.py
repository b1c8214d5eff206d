"""`distributed.ring_of_eight`: right answers written differently."""

from autograder.exercise import Private

private = Private()
private.right_value(" B)")
private.right_value("".join(["b"]))
