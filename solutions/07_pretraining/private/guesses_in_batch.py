"""`pretraining.guesses_in_batch`: the right answer, written differently."""

from autograder.exercise import Private

private = Private()

private.right_value(2048)
private.right_value(8 * 256.0)
