"""Errors of llmlab: each message says what is wrong, where, and what to do."""


class LlmlabError(Exception):
    """Something that the caller gave cannot be used."""


class ShapeError(LlmlabError, ValueError):
    """A tensor or list has a shape that the operation cannot take."""


class ConfigurationError(LlmlabError, ValueError):
    """Sizes or choices do not fit together."""


class WorkspaceError(LlmlabError):
    """The folder of labs cannot be laid or opened."""
