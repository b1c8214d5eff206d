"""What a learner calls in a notebook: `check`, `hint`, `progress`."""

from autograder.notebook.checking import CheckFailed, check
from autograder.notebook.hints import hint
from autograder.notebook.progress_page import progress

__all__ = ["CheckFailed", "check", "hint", "progress"]
