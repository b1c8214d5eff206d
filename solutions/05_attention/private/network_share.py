"""`attention.network_share`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(2.0)
private.right_value(8 / 4)
