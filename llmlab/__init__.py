"""Everything that the labs teach, complete, tested and short enough to be read."""

__version__ = "0.1.0"
