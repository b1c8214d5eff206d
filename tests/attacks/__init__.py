"""Submissions that try to cheat, to look around, or to do harm; each is graded as real ones are."""

import pytest

# The harness asserts for all families, and should say as much as they would.
pytest.register_assert_rewrite("tests.attacks.harness")
