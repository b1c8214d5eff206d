"""Errors of the autograder: each says what is wrong, where, and what to do.

Every class here is shown to a person as one sentence, without a traceback; the command line
turns them into exit code 2.
"""


class AutograderError(Exception):
    """Something that the caller gave cannot be used; the message says what and what to do."""


class UnknownExercise(AutograderError):
    """No lab has an exercise with this id."""


class UnknownLab(AutograderError):
    """There is no lab of this name."""


class UnreadableNotebook(AutograderError):
    """A file that should be a notebook is empty, damaged or no notebook."""


class ChangedNotebook(AutograderError):
    """A notebook's check cells were deleted, duplicated or renamed, or it is of another lab."""


class UnreadableProgress(AutograderError):
    """The file of attempts is there, and cannot be read."""


class AuthoringError(AutograderError):
    """The source of a lab breaks a rule of the authoring format."""


class StaleLabs(AutograderError):
    """labs/ is not what the sources in solutions/ give."""


class EvidenceError(AutograderError):
    """What came back from the student's process is no well-formed evidence."""


class GradingError(AutograderError):
    """A class cannot be graded as asked; the message says what is missing."""


class DamagedRun(AutograderError):
    """A file of grading's own is not as it was written."""


class NothingGraded(AutograderError):
    """There are no grades of what was asked for."""


class SimulationRefused(AutograderError):
    """A simulated class cannot be written, or would stand where a real one does."""


class KeptSafe(AutograderError):
    """A file could not be written; what was there before is untouched."""


class TooCostly(AutograderError):
    """Work on a submission came to a limit on time or memory; the message ends a sentence that says which work."""


class Abandoned(AutograderError):
    """Work on a submission came to no end, which is no fault of the submission's; the message ends a sentence."""
