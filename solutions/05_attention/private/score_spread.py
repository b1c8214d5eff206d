"""`attention.score_spread`: right answers written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(8.0)
private.right_value(64**0.5)
