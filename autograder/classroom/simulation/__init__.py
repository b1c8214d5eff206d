"""Writes the submissions of a class that does not exist, with the true score of each beside them.

An instructor tries the course on it before the students come, and the grader is measured by it: what was drawn for
a student says what the student has earned, whatever the grader finds.
"""

from autograder.classroom.simulation.answers import Answers
from autograder.classroom.simulation.attacks import ATTACKS
from autograder.classroom.simulation.drawing import Drawn, Student, draw
from autograder.classroom.simulation.standalone import faulty_text, misconception_text
from autograder.classroom.simulation.submissions import FOLDER, simulate, truth

__all__ = [
    "ATTACKS",
    "FOLDER",
    "Answers",
    "Drawn",
    "Student",
    "draw",
    "faulty_text",
    "misconception_text",
    "simulate",
    "truth",
]
