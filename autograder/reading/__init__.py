"""Reads the source of a notebook, without running it, and reports what a person should look at. It decides nothing.

Points come from behavior alone. A reading of the source can be wrong in both directions: what it does not know is
no fault, and what it does not find may be there. So each finding has a weight, and the course's policy says what
each weight does; see `autograder.grading.options`.
"""

from autograder.reading.cells import read_cells, read_files, read_notebook_cells
from autograder.reading.finding import Finding, Weight, as_remarks

__all__ = ["Finding", "Weight", "as_remarks", "read_cells", "read_files", "read_notebook_cells"]
