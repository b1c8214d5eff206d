"""Small edits of a program: where a wrong answer may be off, and how a right one may be spoiled."""

from autograder.student.edits.edit import Action, Change, Edit, Kind
from autograder.student.edits.listing import edits_of

__all__ = ["Action", "Change", "Edit", "Kind", "edits_of"]
