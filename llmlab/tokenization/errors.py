"""Errors of tokenization: each message says what is wrong, where, and what to do."""

from llmlab.errors import LlmlabError


class TokenizationError(LlmlabError, ValueError):
    """A tokenizer cannot be trained, built, read or written from what was given."""


class VocabularyError(TokenizationError):
    """A vocabulary has a hole, a duplicate or lacks a token that it needs."""


class MergesError(TokenizationError):
    """A list of merges does not fit its vocabulary, or is not a list of merges."""


class TokenizerFileError(TokenizationError):
    """A file of a tokenizer is missing, broken, or asks for something that is unknown here."""


class UnsupportedOptionError(TokenizerFileError):
    """A tokenizer.json asks for something that our tokenizers do not do, and its library does."""


class SpecialTokenError(TokenizationError):
    """A special token is empty, or given twice."""


class EmptyCorpusError(TokenizationError):
    """There is no text to learn from."""
