"""`tokenization.ways_to_cut`: right answers written differently."""

from autograder.exercise import Private

private = Private()


private.right_value(8)
private.right_value(2**3)
