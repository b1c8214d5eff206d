"""Errors of llmlab: each message says what is wrong, where, and what to do."""


class LlmlabError(Exception):
    """Something that the caller gave cannot be used."""


class ShapeError(LlmlabError, ValueError):
    """A tensor or list has a shape that the operation cannot take."""


class ConfigurationError(LlmlabError, ValueError):
    """Sizes or choices do not fit together."""


class DtypeError(LlmlabError, TypeError):
    """A tensor holds numbers of a kind that the operation would misread."""


class OutOfRangeError(LlmlabError, IndexError):
    """A token id or a position lies outside the table that it is looked up in."""


class DomainError(LlmlabError, ValueError):
    """A number lies where a function has no value, as the logarithm of 0."""


class WorkspaceError(LlmlabError):
    """The folder of labs cannot be laid or opened."""


class CheckpointError(LlmlabError):
    """A file of weights is damaged, or is not of this model."""


class CommunicationError(LlmlabError, RuntimeError):
    """Processes that work together cannot reach each other, or one of them ended."""


class DeadlockError(CommunicationError):
    """Every process waits for a message, and none is left to send one."""
