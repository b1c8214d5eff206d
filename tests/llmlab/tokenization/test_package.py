"""What importing costs, asked of a fresh Python, since this one has imported everything already."""

import subprocess
import sys

from llmlab import errors, tokenization


def test_importing_tokenization_imports_no_heavy_library():
    program = """
import sys
import llmlab.tokenization
heavy = {"torch", "tokenizers", "transformers", "sentencepiece", "tiktoken"}
print(*(heavy & sys.modules.keys()))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr


def test_every_public_name_is_there_and_says_what_it_is():
    for name in tokenization.__all__:
        public = getattr(tokenization, name)
        if callable(public):
            assert public.__doc__, f"{name} has no docstring"


def test_all_errors_are_caught_as_ours_and_as_pythons_own():
    names = [name for name in tokenization.__all__ if name.endswith("Error")]
    assert len(names) == 7
    for name in names:
        error = getattr(tokenization, name)
        assert issubclass(error, tokenization.TokenizationError)
        assert issubclass(error, errors.LlmlabError)
        assert issubclass(error, ValueError)
