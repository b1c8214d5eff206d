"""Writes the files of a new lab, with one exercise in them that works, for its author to replace."""

from __future__ import annotations

import re
from pathlib import Path

from autograder.errors import AuthoringError
from llmlab.errors import WorkspaceError
from llmlab.workspace import write_safely

_LAB = '''"""Lab {number:02}: {title}. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    {number},
    "{topic}",
    "{title}",
    {{
        "double": 1,
    }},
)
'''

_EXERCISE = '''"""`{topic}.double`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.{topic} import LAB


def _double(x: Tensor) -> Tensor:
    return 2 * x


exercise = LAB.exercise(
    "double",
    # Point this at the function in llmlab that the lab teaches.
    reference=_double,
    hints=("Where to look.", "The idea.", "The line, in words."),
    matters="Where a real model does this.",
)


@exercise.probe
def three_numbers(implementation: Any, generator: Generator) -> Any:
    """A tensor of three numbers."""
    return implementation(normal(generator, 3))


@exercise.faults(
    squares="Your code squares its input. Doubling adds it to itself. Reread 'The first idea'.",
    adds_two="Your code adds 2 to its input. Doubling multiplies by it. Reread 'The first idea'.",
    negative="Your code gives the double with the opposite sign. Reread 'The first idea'.",
)
def faulty(on: Switches) -> Any:
    def double(x: Tensor) -> Tensor:
        doubled = x + 2 if on("adds_two") else x * x if on("squares") else 2 * x
        return -doubled if on("negative") else doubled

    return double
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

_PRIVATE = '''"""`{topic}.double`: hidden probes, and right answers written differently."""

from typing import Any

from torch import Generator, Tensor

from autograder.exercise import Private, normal

private = Private()


@private.probe
def more_numbers(implementation: Any, generator: Generator) -> Any:
    """A tensor of seven numbers."""
    return implementation(normal(generator, 7))


@private.variant
def by_two(x: Tensor) -> Tensor:
    """Multiply."""
    return x * 2


@private.variant
def added(x: Tensor) -> Tensor:
    """Add by the method."""
    return x.add(x)
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
        root / "autograder" / "exercises" / topic / "__init__.py": _LAB,
        root / "autograder" / "exercises" / topic / "double.py": _EXERCISE,
        root / "solutions" / lab / f"{topic}.py": _SOURCE,
        root / "solutions" / lab / "private" / "double.py": _PRIVATE,
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
