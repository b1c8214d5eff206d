"""What an author declares: exercises, probes, faults, comparisons, draws, and the register of labs."""

from autograder.exercise.comparison import at_most, close, same_set
from autograder.exercise.declaration import (
    Exercise,
    FaultyProgram,
    Lab,
    Misconception,
    Probe,
    Switches,
)
from autograder.exercise.draws import PUBLIC_SEED, fill_parameters, normal, whole
from autograder.exercise.private import Private

__all__ = [
    "PUBLIC_SEED",
    "Exercise",
    "FaultyProgram",
    "Lab",
    "Misconception",
    "Private",
    "Probe",
    "Switches",
    "at_most",
    "close",
    "fill_parameters",
    "normal",
    "same_set",
    "whole",
]
