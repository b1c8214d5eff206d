"""`pretraining.clipped_number`: the right answer, written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(4)
private.right_value(8 * 5 / (6**2 + 8**2) ** 0.5)
