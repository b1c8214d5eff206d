"""Errors of the data: each message says what is wrong, where, and what to do."""

from llmlab.errors import LlmlabError


class DataError(LlmlabError):
    """A corpus or a model cannot be found, fetched or read."""


class UnknownEntryError(DataError, KeyError):
    """The registry has no corpus or model of this name."""

    # A KeyError shows the representation of its message, with quotation marks around it.
    __str__ = Exception.__str__


class NotAvailableError(DataError):
    """An entry is in none of the tiers that can be reached from here."""


class DownloadError(DataError, OSError):
    """A file cannot be downloaded, or the download broke off."""


class ChecksumError(DataError):
    """A file is not the one that the registry knows: its SHA-256 is another."""


class CorpusError(DataError, ValueError):
    """A corpus holds no text, or something that is no text."""


class PackError(DataError, ValueError):
    """A pack of token shards is damaged, or documents cannot be packed."""
