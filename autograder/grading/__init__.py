"""Grades a class of untrusted submissions: runs each in a sandbox, judges it outside, records it once."""

from autograder.grading.run import Run, Violation, load_history, load_runs, save_run

__all__ = ["Run", "Violation", "load_history", "load_runs", "save_run"]
