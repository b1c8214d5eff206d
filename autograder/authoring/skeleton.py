"""Writes the files of a new lab, with one exercise in them that works, for its author to replace."""

from __future__ import annotations

import re
from pathlib import Path

from autograder.errors import AuthoringError
from llmlab.errors import WorkspaceError
from llmlab.workspace import write_safely

_EXERCISES = '''"""Lab {number:02}: the exercises on {topic}."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Lab

LAB = Lab({number}, "{topic}", "{title}")


def _double(x: Tensor) -> Tensor:
    return 2 * x


double = LAB.exercise(
    "double",
    points=1,
    # Point this at the function in llmlab that the lab teaches.
    reference=_double,
    hints=("Where to look.", "The idea.", "The line, in words."),
)


@double.probe
def small_tensor(implementation: Any, generator: Generator) -> Any:
    """A tensor of three numbers."""
    return implementation(torch.randn(3, generator=generator))


@double.misconception(
    "Your code squares its input. Doubling adds it to itself. Reread 'The first idea'."
)
def squares(x: Tensor) -> Tensor:
    return x**2


@double.misconception(
    "Your code adds 2 to its input. Doubling multiplies by it. Reread 'The first idea'."
)
def adds_two(x: Tensor) -> Tensor:
    return x + 2
'''

_SOURCE = '''# %% [markdown]
# # Lab {number:02}: {title}
#
# What you will be able to do. What you need first. How long it takes.

# %%
import torch

from autograder import check, hint, progress

# %% [markdown]
# ## The first idea
#
# A question, the idea in words, the formula, a worked example.


# %% exercise="{topic}.double"
def double(x: torch.Tensor) -> torch.Tensor:
    """Return twice the input, of the same shape."""
    ### BEGIN SOLUTION
    return x + x
    ### END SOLUTION


# %% check="{topic}.double"
check("{topic}.double")

# %% [markdown] question="{topic}.why" points=2
# **In your own words.** What did you learn here that you could not have guessed?
#
# ### BEGIN SOLUTION
# What a full answer says, and how points are given.
# ### END SOLUTION
'''

_HIDDEN = '''"""Probes of lab {number:02} that are never released."""

from typing import Any

import torch

from autograder.exercise import HiddenProbes

HIDDEN = HiddenProbes("{topic}")


@HIDDEN.probe("double")
def matrix(implementation: Any, generator: torch.Generator) -> Any:
    """A matrix."""
    return implementation(torch.randn(2, 3, generator=generator))
'''

_VARIANTS = '''"""Correct answers to lab {number:02}, written differently: each must get full points."""

VARIANTS = {{"{topic}.double": [lambda x: x * 2, lambda x: x.add(x)]}}
'''

_CHAPTER = """# {title}

What the lab builds, and why.
"""


def write_skeleton(root: Path, lab: str) -> list[Path]:
    """Write the files of a new lab into a checkout; nothing that exists is overwritten.

    Args:
        root: The checkout.
        lab: The lab's folder, two digits and a topic: `19_agents`.

    Returns:
        The files written.

    Raises:
        WorkspaceError: There is no room, or no permission.
        AuthoringError: The name is out of form, the root is no checkout, or the number or a file is
            taken.
    """
    match = re.fullmatch(r"(\d\d)_([a-z][a-z_]*)", lab)
    if not match:
        raise AuthoringError(
            f"`{lab}` is no name for a lab; give two digits and a topic: 19_agents."
        )
    if not (root / "autograder" / "exercises").is_dir():
        raise AuthoringError(f"{root} is no checkout of llmlab; give one with --root.")
    number, topic = int(match[1]), match[2]
    for taken in sorted((root / "solutions").glob(f"{match[1]}_*")):
        if taken.name != lab:
            raise AuthoringError(f"Lab {match[1]} is {taken.name} already; choose another number.")
    texts = {
        root / "autograder" / "exercises" / f"{topic}.py": _EXERCISES,
        root / "solutions" / lab / f"{topic}.py": _SOURCE,
        root / "solutions" / lab / "hidden.py": _HIDDEN,
        root / "solutions" / lab / "variants.py": _VARIANTS,
        root / "course" / f"{lab}.md": _CHAPTER,
    }
    for path in texts:
        if path.exists():
            raise AuthoringError(f"{path} exists already; choose another topic, or edit it.")
    title = topic.replace("_", " ").capitalize()
    written: list[Path] = []
    try:
        for path, text in texts.items():
            write_safely(path, text.format(number=number, topic=topic, title=title).encode())
            written.append(path)
    except WorkspaceError:
        # Half a lab would stand in the way of the next try.
        for path in written:
            path.unlink()
        raise
    return written
