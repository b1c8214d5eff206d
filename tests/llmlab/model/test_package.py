"""What importing costs, asked of a fresh Python, since this one has imported everything already."""

import subprocess
import sys

import llmlab.model


def packages_added(statement: str, after: str) -> set[str]:
    program = f"""
import sys
def packages():
    return {{name.partition(".")[0] for name in sys.modules}}
{after}
before = packages()
{statement}
print(*(packages() - before))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split()) - sys.stdlib_module_names


def test_importing_llmlab_imports_nothing_else():
    assert packages_added("import llmlab", after="pass") == {"llmlab"}


def test_importing_the_model_adds_only_jaxtyping_and_einops_to_torch():
    added = packages_added("import llmlab.model", after="import torch")
    # wadler_lindig is what jaxtyping prints its types with.
    assert added - {"wadler_lindig"} == {"llmlab", "jaxtyping", "einops"}


def test_every_public_name_is_there_and_says_what_it_is():
    for name in llmlab.model.__all__:
        assert getattr(llmlab.model, name).__doc__, f"{name} has no docstring"
