"""What importing costs, asked of a fresh Python, since this one has imported everything already."""

import subprocess
import sys

from llmlab import data, errors


def test_importing_the_package_imports_no_heavy_library() -> None:
    program = """
import sys
import llmlab.data
heavy = {"datasets", "pyarrow", "pandas", "ftfy", "trafilatura", "py3langid", "distributed", "httpx"}
print(*(heavy & sys.modules.keys()))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    for name in data.__all__:
        public = getattr(data, name)
        if callable(public):
            assert public.__doc__, f"{name} has no docstring"


def test_all_errors_are_caught_as_ours() -> None:
    names = [name for name in data.__all__ if name.endswith("Error")]
    assert names
    for name in names:
        assert issubclass(getattr(data, name), data.DataError)
    assert issubclass(data.DataError, errors.LlmlabError)
    assert str(data.UnknownEntryError("a sentence")) == "a sentence"
