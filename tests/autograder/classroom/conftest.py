"""A course with lab 00 released, as grading's tests have it."""

from __future__ import annotations

from tests.autograder.grading.conftest import room, sandbox, template

__all__ = ["room", "sandbox", "template"]
