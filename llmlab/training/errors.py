"""Errors of training: each message says what is wrong, where, and what to do."""

from llmlab.errors import LlmlabError


class TrainingError(LlmlabError):
    """A training run cannot begin or go on."""


class NotFiniteError(TrainingError, ArithmeticError):
    """The loss or a gradient is infinite or no number; the weights are those of the step before."""
