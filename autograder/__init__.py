"""Checks what students write, tells them what they misunderstood, and grades it.

In a notebook: `from autograder import check, hint, progress`.
"""

from autograder.errors import AutograderError
from autograder.notebook import CheckFailed, check, hint, progress

__all__ = ["AutograderError", "CheckFailed", "check", "hint", "progress"]
